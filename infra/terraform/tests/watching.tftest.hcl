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

run "what_must_not_go_unseen_raises_an_alarm_and_is_drawn" {
  command = plan

  assert {
    condition     = length(setsubtract(["failed-tasks", "dead-letters", "queue-age", "slow-planning", "slow-rendering"], keys(google_monitoring_alert_policy.alert))) == 0
    error_message = "An alarm is missing."
  }

  assert {
    condition     = google_monitoring_alert_policy.alert["dead-letters"].conditions[0].condition_threshold[0].threshold_value == 0
    error_message = "A single dead letter raises no alarm."
  }

  assert {
    condition     = length(google_monitoring_alert_policy.alert["failed-tasks"].conditions) == 2
    error_message = "Tasks that fail in the planner or in the render job are not counted."
  }

  assert {
    condition     = google_monitoring_alert_policy.alert["forgotten-sweeper"].conditions[0].condition_threshold[0].evaluation_missing_data == "EVALUATION_MISSING_DATA_ACTIVE"
    error_message = "A sweeper that never speaks raises no alarm."
  }

  assert {
    condition     = length(jsondecode(google_monitoring_dashboard.overview.dashboard_json).mosaicLayout.tiles) == length(local.charts)
    error_message = "The dashboard lacks a chart."
  }
}

run "alarms_are_sent_to_the_named_addresses" {
  command = plan

  variables {
    alert_emails = ["ana@example.com", "ben@example.com"]
  }

  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.alert : length(policy.notification_channels) == 2])
    error_message = "An alarm reaches nobody."
  }
}
