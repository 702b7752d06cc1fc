resource "google_cloud_run_v2_service" "request_handler" {
  name                = "${var.name}-request-handler"
  location            = var.region
  description         = "Takes requests for choreography videos and answers polls"
  ingress             = "INGRESS_TRAFFIC_ALL"
  deletion_protection = var.deletion_protection

  template {
    service_account                  = google_service_account.component["request_handler"].email
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = var.request_handler_concurrency
    timeout                          = "30s"

    scaling {
      min_instance_count = var.request_handler_instances.min
      max_instance_count = var.request_handler_instances.max
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"
      network_interfaces {
        network    = google_compute_network.private.id
        subnetwork = google_compute_subnetwork.run.id
      }
    }

    containers {
      image = var.images.request_handler

      ports {
        container_port = 8080
      }

      resources {
        limits            = { cpu = "1", memory = "512Mi" }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      # Probes come from inside. From outside, run.app keeps paths that end in z to itself.
      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 15
        http_get {
          path = "/healthz"
        }
      }

      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 3
        http_get {
          path = "/healthz"
        }
      }

      dynamic "env" {
        for_each = merge(
          local.database_environment,
          {
            DB_USER           = local.database_users["request_handler"]
            USE_GCS           = "true"
            GCS_BUCKET_NAME   = google_storage_bucket.media.name
            PUBSUB_TOPIC      = google_pubsub_topic.planning.id
            RATE_PER_MINUTE   = tostring(var.requests_per_minute)
            VIDEOS_PER_DAY    = tostring(var.videos_per_day)
            VIDEOS_KEPT_DAYS  = tostring(var.videos_kept_days)
            FORWARDED_HOPS    = tostring(var.forwarded_hops)
            METRICS           = "log"
            LOG_EXECUTION_ID  = "true"
            BLUEPRINT_VERSION = "1.0"
            # Each request may be of a client that stalls; the probes must come through beside them.
            THREADS = tostring(var.request_handler_concurrency + 4)
          },
          length(var.playback_origins) == 0 ? {} : { CORS_ORIGINS = join(",", var.playback_origins) },
          var.use_api_tokens ? { API_TOKEN_SECRET = "${google_secret_manager_secret.api_tokens.id}/versions/latest" } : {},
        )
        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }

  depends_on = [terraform_data.migration, google_sql_user.component, google_project_iam_member.only_for_database]
}
