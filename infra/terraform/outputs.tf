output "api_url" {
  description = "Where the API and the page are."
  value       = google_cloud_run_v2_service.request_handler.uri
}

output "media_bucket" {
  description = "Bucket of songs, clips and videos; originals go under inbox/songs and inbox/moves."
  value       = google_storage_bucket.media.name
}

output "image_repository" {
  description = "Where images are pushed."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "gemini_secret" {
  description = "Secret to which the Gemini key is added."
  value       = google_secret_manager_secret.gemini_api_key.secret_id
}

output "jobs" {
  description = "Names of the Cloud Run jobs."
  value = {
    render  = google_cloud_run_v2_job.render.name
    migrate = google_cloud_run_v2_job.migrate.name
    ingest  = google_cloud_run_v2_job.ingest.name
  }
}

output "database_instance" {
  description = "Cloud SQL instance, as connectors name it."
  value       = google_sql_database_instance.main.connection_name
}

output "service_accounts" {
  description = "E-mail of each component's account."
  value       = { for component, account in google_service_account.component : component => account.email }
}

output "dashboard" {
  description = "Dashboard in Cloud Monitoring."
  value       = google_monitoring_dashboard.overview.id
}
