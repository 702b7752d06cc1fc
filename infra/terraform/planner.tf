resource "google_cloud_run_v2_service" "planner" {
  name        = "${var.name}-planner"
  location    = var.region
  description = "Plans choreographies; called by Pub/Sub alone"
  # A push from a subscription of the same project counts as internal.
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  deletion_protection = var.deletion_protection

  template {
    service_account       = google_service_account.component["planner"].email
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
    # Planning is work for the processor: two at once would only both be late.
    max_instance_request_concurrency = 1
    timeout                          = "${var.planner_timeout_seconds}s"

    scaling {
      min_instance_count = var.planner_instances.min
      max_instance_count = var.planner_instances.max
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"
      network_interfaces {
        network    = google_compute_network.private.id
        subnetwork = google_compute_subnetwork.run.id
      }
    }

    containers {
      image = var.images.planner

      ports {
        container_port = 8080
      }

      resources {
        limits            = var.planner_resources
        cpu_idle          = true
        startup_cpu_boost = true
      }

      # A function that takes events answers nothing but POST, so the port is what shows its health.
      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 30
        tcp_socket {
          port = 8080
        }
      }

      dynamic "env" {
        for_each = merge(
          local.database_environment,
          {
            DB_USER                   = local.database_users["planner"]
            USE_GCS                   = "true"
            GCS_BUCKET_NAME           = google_storage_bucket.media.name
            PUBSUB_TOPIC              = google_pubsub_topic.planning.id
            RENDER_JOB                = google_cloud_run_v2_job.render.id
            CLOUD_RUN_TIMEOUT_SECONDS = tostring(var.planner_timeout_seconds)
            METRICS                   = "log"
            LOG_EXECUTION_ID          = "true"
            BLUEPRINT_VERSION         = "1.0"
            MOVE_EMBEDDINGS_CACHE_TTL = "3600"
            VECTOR_SEARCH_TOP_K       = "20"
          },
          var.use_gemini ? {
            GEMINI_API_KEY_SECRET = "${google_secret_manager_secret.gemini_api_key.id}/versions/${var.gemini_key_version}"
            GEMINI_MODEL          = var.gemini_model
          } : {},
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
