locals {
  revision = "resource.type=\"cloud_run_revision\""
  job      = "resource.type=\"cloud_run_job\""
  user     = "metric.type=\"logging.googleapis.com/user/${var.name}"

  # docs/operations.md has a section for each key: what it means and what to do.
  alerts = {
    failed-tasks = {
      severity = "ERROR"
      filters  = [for resource in [local.revision, local.job] : "${resource} AND ${local.user}/failed_tasks\""]
      above    = var.alert_limits.failed_tasks
      window   = "3600s"
      aligner  = "ALIGN_SUM"
      reducer  = "REDUCE_SUM"
    }
    dead-letters = {
      severity = "ERROR"
      filters  = ["resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.planning.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/dead_letter_message_count\""]
      above    = 0
      window   = "300s"
      aligner  = "ALIGN_SUM"
      reducer  = "REDUCE_SUM"
    }
    queue-age = {
      severity = "ERROR"
      filters  = ["resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.planning.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""]
      above    = var.alert_limits.queue_age_seconds
      window   = "60s"
      aligner  = "ALIGN_MAX"
      reducer  = "REDUCE_MAX"
    }
    slow-planning = {
      severity = "WARNING"
      filters  = ["${local.revision} AND ${local.user}/planning_seconds\""]
      above    = var.alert_limits.planning_seconds
      window   = "900s"
      aligner  = "ALIGN_PERCENTILE_95"
      reducer  = "REDUCE_MAX"
    }
    slow-rendering = {
      severity = "WARNING"
      filters  = ["${local.job} AND ${local.user}/rendering_seconds\""]
      above    = var.alert_limits.rendering_seconds
      window   = "900s"
      aligner  = "ALIGN_PERCENTILE_95"
      reducer  = "REDUCE_MAX"
    }
    failed-executions = {
      severity = "ERROR"
      filters  = ["${local.job} AND metric.type=\"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result=\"failed\""]
      above    = 0
      window   = "300s"
      aligner  = "ALIGN_SUM"
      reducer  = "REDUCE_SUM"
    }
    request-errors = {
      severity = "ERROR"
      filters  = ["${local.revision} AND resource.labels.service_name=\"${google_cloud_run_v2_service.request_handler.name}\" AND metric.type=\"run.googleapis.com/request_count\" AND metric.labels.response_code_class=\"5xx\""]
      above    = 5
      window   = "300s"
      aligner  = "ALIGN_SUM"
      reducer  = "REDUCE_SUM"
    }
    forgotten-sweeper = {
      severity = "WARNING"
      filters  = ["resource.type=\"pubsub_topic\" AND resource.labels.topic_id=\"${google_pubsub_topic.planning.name}\" AND metric.type=\"pubsub.googleapis.com/topic/send_request_count\""]
      # The sweeper alone publishes 15 messages in this window.
      below   = 5
      window  = "900s"
      aligner = "ALIGN_SUM"
      reducer = "REDUCE_SUM"
    }
    database-disk = {
      severity = "WARNING"
      filters  = ["resource.type=\"cloudsql_database\" AND resource.labels.database_id=\"${var.project_id}:${google_sql_database_instance.main.name}\" AND metric.type=\"cloudsql.googleapis.com/database/disk/utilization\""]
      above    = 0.85
      window   = "300s"
      aligner  = "ALIGN_MEAN"
      reducer  = "REDUCE_MAX"
    }
    database-connections = {
      severity = "WARNING"
      filters  = ["resource.type=\"cloudsql_database\" AND resource.labels.database_id=\"${var.project_id}:${google_sql_database_instance.main.name}\" AND metric.type=\"cloudsql.googleapis.com/database/postgresql/num_backends\""]
      above    = floor(var.database_max_connections * 0.8)
      window   = "300s"
      aligner  = "ALIGN_MAX"
      reducer  = "REDUCE_SUM"
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  type         = "email"
  display_name = "${var.name}: ${each.key}"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "alert" {
  for_each = local.alerts

  display_name          = "${var.name}: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]

  dynamic "conditions" {
    for_each = each.value.filters
    content {
      display_name = "${each.key} ${conditions.key + 1}"

      condition_threshold {
        filter          = conditions.value
        comparison      = can(each.value.below) ? "COMPARISON_LT" : "COMPARISON_GT"
        threshold_value = try(each.value.below, each.value.above)
        duration        = can(each.value.below) ? "300s" : "0s"
        # Silence means that all is well, except from those who must be heard.
        evaluation_missing_data = can(each.value.below) ? "EVALUATION_MISSING_DATA_ACTIVE" : null

        aggregations {
          alignment_period     = each.value.window
          per_series_aligner   = each.value.aligner
          cross_series_reducer = each.value.reducer
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "What it means and what to do: docs/operations.md, alarm `${each.key}`."
  }

  alert_strategy {
    auto_close = "1800s"
  }

  # An alarm on a metric that does not exist is refused.
  depends_on = [google_logging_metric.event]
}
