resource "google_pubsub_topic" "planning" {
  name = "${var.name}-planning"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic" "dead_letters" {
  name = "${var.name}-planning-dead-letters"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.api]
}

resource "google_pubsub_subscription" "planning" {
  name  = "${var.name}-planning"
  topic = google_pubsub_topic.planning.id
  # The longest that Pub/Sub allows; a planner that is still at work must not be sent the same again.
  ack_deadline_seconds       = 600
  message_retention_duration = "${24 * 3600}s"

  push_config {
    # The path makes functions-framework name the topic as the event's source, as the emulator does.
    push_endpoint = "${google_cloud_run_v2_service.planner.uri}/${google_pubsub_topic.planning.id}"

    oidc_token {
      service_account_email = google_service_account.component["push"].email
      audience              = google_cloud_run_v2_service.planner.uri
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letters.id
    max_delivery_attempts = var.planning_attempts
  }

  # Without it, a subscription that nobody uses for 31 days is deleted.
  expiration_policy {
    ttl = ""
  }

  lifecycle {
    precondition {
      condition     = var.planner_timeout_seconds <= 600
      error_message = "planner_timeout_seconds is above 600, the acknowledgement deadline of the planning subscription."
    }
  }
}

# The planner fails the task of a dead letter, so that whoever waits for it is told.
resource "google_pubsub_subscription" "dead_letters" {
  name                       = "${var.name}-planning-dead-letters"
  topic                      = google_pubsub_topic.dead_letters.id
  ack_deadline_seconds       = 600
  message_retention_duration = "${7 * 24 * 3600}s"

  push_config {
    push_endpoint = "${google_cloud_run_v2_service.planner.uri}/${google_pubsub_topic.dead_letters.id}"

    oidc_token {
      service_account_email = google_service_account.component["push"].email
      audience              = google_cloud_run_v2_service.planner.uri
    }
  }

  retry_policy {
    minimum_backoff = "60s"
    maximum_backoff = "600s"
  }

  expiration_policy {
    ttl = ""
  }
}
