locals {
  # Those that log in, and what they are called there: IAM drops the end of the address.
  database_users = {
    for component in ["request_handler", "planner", "render_job", "catalog", "migrator"] :
    component => trimsuffix(google_service_account.component[component].email, ".gserviceaccount.com")
  }

  # POOL_SIZE of choreo.database.engine, and as many again at a rush: what one instance may open.
  connections_per_instance = 10

  database_environment = {
    CLOUD_SQL_INSTANCE = google_sql_database_instance.main.connection_name
    DB_NAME            = google_sql_database.choreo.name
  }
}

resource "google_sql_database_instance" "main" {
  name                = var.name
  region              = var.region
  database_version    = var.database_version
  deletion_protection = var.deletion_protection

  settings {
    tier                        = var.database_tier
    edition                     = "ENTERPRISE"
    availability_type           = var.database_high_availability ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = 10
    disk_autoresize             = true
    disk_autoresize_limit       = 100
    deletion_protection_enabled = var.deletion_protection
    # Only Google's connectors get in, and they bring a client certificate and an IAM token.
    connector_enforcement = "REQUIRED"

    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.private.id
      ssl_mode        = "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"
    }

    database_flags {
      name  = "cloudsql.iam_authentication"
      value = "on"
    }

    database_flags {
      name  = "max_connections"
      value = tostring(var.database_max_connections)
    }

    backup_configuration {
      enabled                        = true
      start_time                     = "03:00"
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = 7

      backup_retention_settings {
        retained_backups = var.backups_kept
        retention_unit   = "COUNT"
      }
    }

    final_backup_config {
      enabled        = true
      retention_days = 30
    }

    maintenance_window {
      day          = 2
      hour         = 4
      update_track = "stable"
    }

    insights_config {
      query_insights_enabled  = true
      record_application_tags = false
      record_client_address   = false
    }
  }

  lifecycle {
    precondition {
      # 20 are left for renderings, which hold one each and only while they report, and for people.
      condition = (
        (var.request_handler_instances.max + var.planner_instances.max) * local.connections_per_instance + 20
        <= var.database_max_connections
      )
      error_message = "The instances may open more connections than database_max_connections allows: lower request_handler_instances.max or planner_instances.max, or raise database_max_connections."
    }
  }

  depends_on = [google_service_networking_connection.google_services]
}

resource "google_sql_database" "choreo" {
  name     = "choreo"
  instance = google_sql_database_instance.main.name
  # PostgreSQL drops no database that others use, so it goes with the instance.
  deletion_policy = "ABANDON"
}

resource "google_sql_user" "component" {
  for_each = local.database_users

  name     = each.value
  instance = google_sql_database_instance.main.name
  type     = "CLOUD_IAM_SERVICE_ACCOUNT"
  # PostgreSQL drops no user that owns tables, so they go with the instance too.
  deletion_policy = "ABANDON"
  # The migrator creates tables and grants the others what they need of each.
  database_roles = each.key == "migrator" ? ["cloudsqlsuperuser"] : null
}
