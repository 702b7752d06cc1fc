mock_provider "google" {
  source          = "./tests/google"
  override_during = plan
}

variables {
  project_id  = "demo-project"
  environment = "prod"
  images = {
    request_handler = "europe-west1-docker.pkg.dev/demo-project/choreo/request-handler@sha256:1111111111111111111111111111111111111111111111111111111111111111"
    planner         = "europe-west1-docker.pkg.dev/demo-project/choreo/planner@sha256:2222222222222222222222222222222222222222222222222222222222222222"
    job             = "europe-west1-docker.pkg.dev/demo-project/choreo/job@sha256:3333333333333333333333333333333333333333333333333333333333333333"
    catalog         = "europe-west1-docker.pkg.dev/demo-project/choreo/catalog@sha256:4444444444444444444444444444444444444444444444444444444444444444"
  }
}

run "the_database_is_private_encrypted_kept_and_migrated_first" {
  command = plan

  assert {
    condition     = google_sql_database_instance.main.settings[0].ip_configuration[0].ipv4_enabled == false && google_sql_database_instance.main.settings[0].ip_configuration[0].private_network != ""
    error_message = "The database has a public address."
  }

  assert {
    condition     = google_sql_database_instance.main.settings[0].ip_configuration[0].ssl_mode == "TRUSTED_CLIENT_CERTIFICATE_REQUIRED" && google_sql_database_instance.main.settings[0].connector_enforcement == "REQUIRED"
    error_message = "The database accepts connections without TLS or without a client certificate."
  }

  assert {
    condition     = anytrue([for flag in google_sql_database_instance.main.settings[0].database_flags : flag.name == "cloudsql.iam_authentication" && flag.value == "on"])
    error_message = "The database does not log in by IAM."
  }

  assert {
    condition     = google_sql_database_instance.main.deletion_protection && google_sql_database_instance.main.settings[0].deletion_protection_enabled
    error_message = "The database can be destroyed by mistake."
  }

  assert {
    condition = (
      google_sql_database_instance.main.settings[0].backup_configuration[0].enabled
      && google_sql_database_instance.main.settings[0].backup_configuration[0].point_in_time_recovery_enabled
      && google_sql_database_instance.main.settings[0].backup_configuration[0].backup_retention_settings[0].retained_backups >= 7
      && google_sql_database_instance.main.settings[0].final_backup_config[0].enabled
    )
    error_message = "The database is not backed up for a week, or cannot be brought back to a moment."
  }

  assert {
    condition     = length(terraform_data.migration) == 1 && contains(terraform_data.migration[0].triggers_replace, var.images.catalog)
    error_message = "A new release does not migrate the database."
  }

  assert {
    condition     = google_cloud_run_v2_job.migrate.template[0].template[0].containers[0].image == var.images.catalog && google_cloud_run_v2_job.migrate.template[0].template[0].max_retries == 0
    error_message = "The migration is not run once, from the release's own image."
  }
}

run "more_connections_than_the_database_accepts_are_refused" {
  command = plan

  variables {
    request_handler_instances = { min = 0, max = 30 }
  }

  expect_failures = [google_sql_database_instance.main]
}
