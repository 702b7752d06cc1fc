locals {
  # choreo_cli.main reads what to grant on which table from choreo.database.grants.
  database_grantees = join(",", [
    for component, user in local.database_users : "${component}=${user}" if component != "migrator"
  ])
}

resource "google_cloud_run_v2_job" "migrate" {
  name                = "${var.name}-migrate"
  location            = var.region
  deletion_protection = var.deletion_protection

  template {
    task_count = 1

    template {
      service_account       = google_service_account.component["migrator"].email
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      timeout               = "900s"
      # A migration that failed is looked at by a person, not tried again.
      max_retries = 0

      vpc_access {
        egress = "PRIVATE_RANGES_ONLY"
        network_interfaces {
          network    = google_compute_network.private.id
          subnetwork = google_compute_subnetwork.run.id
        }
      }

      containers {
        image = var.images.catalog
        args  = ["migrate"]

        resources {
          limits = { cpu = "1", memory = "512Mi" }
        }

        dynamic "env" {
          for_each = merge(local.database_environment, {
            DB_USER     = local.database_users["migrator"]
            DB_GRANTEES = local.database_grantees
          })
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }

  depends_on = [google_sql_user.component, google_project_iam_member.only_for_database]
}

# Services and the render job wait for this, so no new code meets an old schema.
resource "terraform_data" "migration" {
  count = var.migrate_on_apply ? 1 : 0

  triggers_replace = [var.images.catalog, local.database_grantees]

  provisioner "local-exec" {
    command = "gcloud run jobs execute ${google_cloud_run_v2_job.migrate.name} --project=${var.project_id} --region=${var.region} --wait"
  }
}

resource "google_cloud_run_v2_job" "ingest" {
  name                = "${var.name}-ingest"
  location            = var.region
  deletion_protection = var.deletion_protection

  template {
    task_count = 1

    template {
      service_account       = google_service_account.component["catalog"].email
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      timeout               = "${6 * 3600}s"
      max_retries           = 1

      vpc_access {
        egress = "PRIVATE_RANGES_ONLY"
        network_interfaces {
          network    = google_compute_network.private.id
          subnetwork = google_compute_subnetwork.run.id
        }
      }

      # Originals are uploaded under inbox/ and read in place; one at a time is held in memory.
      volumes {
        name = "media"
        gcs {
          bucket    = google_storage_bucket.media.name
          read_only = true
        }
      }

      containers {
        image = var.images.catalog
        args  = ["ingest", "--songs", "/media/inbox/songs", "--moves", "/media/inbox/moves"]

        resources {
          limits = { cpu = "4", memory = "4Gi" }
        }

        volume_mounts {
          name       = "media"
          mount_path = "/media"
        }

        dynamic "env" {
          for_each = merge(local.database_environment, {
            DB_USER         = local.database_users["catalog"]
            USE_GCS         = "true"
            GCS_BUCKET_NAME = google_storage_bucket.media.name
          })
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }

  depends_on = [terraform_data.migration]
}
