locals {
  # One chart each: its title and what it draws.
  charts = [
    { title = "Requests a second, by answer", filter = "${local.revision} AND resource.labels.service_name=\"${google_cloud_run_v2_service.request_handler.name}\" AND metric.type=\"run.googleapis.com/request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.labels.response_code_class"] },
    { title = "Answer time of the request handler, 95th percentile (ms)", filter = "${local.revision} AND resource.labels.service_name=\"${google_cloud_run_v2_service.request_handler.name}\" AND metric.type=\"run.googleapis.com/request_latencies\"", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", by = [] },
    { title = "Planning, 95th percentile (s)", filter = "${local.revision} AND ${local.user}/planning_seconds\"", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", by = [] },
    { title = "Rendering, 95th percentile (s)", filter = "${local.job} AND ${local.user}/rendering_seconds\"", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", by = [] },
    { title = "Failed renderings", filter = "${local.job} AND ${local.user}/failed_tasks\"", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = [] },
    { title = "Failed plannings", filter = "${local.revision} AND ${local.user}/failed_tasks\"", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = [] },
    { title = "Age of the planning queue (s)", filter = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.planning.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\"", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = [] },
    { title = "Dead letters", filter = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.planning.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/dead_letter_message_count\"", aligner = "ALIGN_SUM", reducer = "REDUCE_SUM", by = [] },
    { title = "Instances, by service", filter = "${local.revision} AND metric.type=\"run.googleapis.com/container/instance_count\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = ["resource.labels.service_name"] },
    { title = "Connections to the database", filter = "resource.type=\"cloudsql_database\" AND metric.type=\"cloudsql.googleapis.com/database/postgresql/num_backends\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = [] },
  ]
  charts_per_row = 2
  chart_width    = 24
  chart_height   = 16
}

resource "google_monitoring_dashboard" "overview" {
  dashboard_json = jsonencode({
    displayName = var.name
    mosaicLayout = {
      columns = local.charts_per_row * local.chart_width
      tiles = [
        for index, chart in local.charts : {
          xPos   = index % local.charts_per_row * local.chart_width
          yPos   = floor(index / local.charts_per_row) * local.chart_height
          width  = local.chart_width
          height = local.chart_height
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = {
                      alignmentPeriod    = "60s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = chart.reducer
                      groupByFields      = chart.by
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_logging_metric.event]
}
