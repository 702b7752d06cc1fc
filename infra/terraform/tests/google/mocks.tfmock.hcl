mock_data "google_project" {
  defaults = {
    number = "123456789012"
  }
}

mock_resource "google_service_account" {
  defaults = {
    email = "component@demo-project.iam.gserviceaccount.com"
    name  = "projects/demo-project/serviceAccounts/component@demo-project.iam.gserviceaccount.com"
  }
}

mock_resource "google_cloud_run_v2_service" {
  defaults = {
    uri = "https://service-abc.a.run.app"
  }
}

mock_resource "google_pubsub_topic" {
  defaults = {
    id = "projects/demo-project/topics/topic"
  }
}

mock_resource "google_sql_database_instance" {
  defaults = {
    connection_name = "demo-project:europe-west1:choreo"
  }
}

mock_resource "google_cloud_run_v2_job" {
  defaults = {
    id = "projects/demo-project/locations/europe-west1/jobs/choreo-render"
  }
}

mock_resource "google_secret_manager_secret" {
  defaults = {
    id = "projects/demo-project/secrets/choreo-gemini-api-key"
  }
}

mock_resource "google_compute_network" {
  defaults = {
    id = "projects/demo-project/global/networks/choreo"
  }
}
