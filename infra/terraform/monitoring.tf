locals {
  # What the parts log, one line per event: `event` names it, `seconds` says how long it took.
  events = {
    failed_tasks      = { event = "task_failed", unit = "1", description = "Tasks that failed for good" }
    planning_seconds  = { event = "planned", unit = "s", description = "Planning of one dance, its analysis included" }
    rendering_seconds = { event = "rendered", unit = "s", description = "Fetching, rendering and publishing one video" }
  }
}

resource "google_logging_metric" "event" {
  for_each = local.events

  name            = "${var.name}/${each.key}"
  description     = each.value.description
  filter          = "resource.type=(\"cloud_run_revision\" OR \"cloud_run_job\") AND jsonPayload.event=\"${each.value.event}\""
  value_extractor = each.value.unit == "s" ? "EXTRACT(jsonPayload.seconds)" : null

  label_extractors = {
    component = "EXTRACT(jsonPayload.component)"
  }

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = each.value.unit == "s" ? "DISTRIBUTION" : "INT64"
    unit         = each.value.unit
    display_name = each.value.description

    labels {
      key        = "component"
      value_type = "STRING"
    }
  }

  dynamic "bucket_options" {
    for_each = each.value.unit == "s" ? [1] : []
    content {
      # 0.1 s to about 30 minutes.
      exponential_buckets {
        num_finite_buckets = 48
        growth_factor      = 1.225
        scale              = 0.1
      }
    }
  }

  depends_on = [google_project_service.api]
}
