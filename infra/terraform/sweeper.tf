# The planner publishes again what was forgotten, and fails what is too old.
resource "google_cloud_scheduler_job" "sweeper" {
  name        = "${var.name}-sweeper"
  description = "Asks the planner to look for forgotten tasks"
  region      = var.region
  schedule    = "* * * * *"
  time_zone   = "Etc/UTC"

  pubsub_target {
    topic_name = google_pubsub_topic.planning.id
    data       = base64encode(jsonencode({ sweep = true }))
  }

  retry_config {
    # The next one comes in a minute.
    retry_count = 0
  }

  depends_on = [google_project_service.api]
}
