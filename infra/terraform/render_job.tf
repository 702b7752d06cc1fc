locals {
  scratch_folder = "/scratch"

  # What a rendering asks for too much fails with a sentence instead of ending without one: the
  # process may ask for less than the container has, and for less processor time than its timeout.
  render_memory_mib      = tonumber(regex("^[0-9]+", var.render_resources.memory)) * (endswith(var.render_resources.memory, "Gi") ? 1024 : 1)
  render_memory_left_mib = 256
  render_cpu_seconds     = floor(var.render_timeout_seconds * 0.9)
}

resource "google_cloud_run_v2_job" "render" {
  name                = "${var.name}-render"
  location            = var.region
  launch_stage        = var.disk_volume_launch_stage
  deletion_protection = var.deletion_protection

  template {
    task_count = 1

    template {
      service_account       = google_service_account.component["render_job"].email
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      timeout               = "${var.render_timeout_seconds}s"
      max_retries           = var.render_retries

      vpc_access {
        egress = "PRIVATE_RANGES_ONLY"
        network_interfaces {
          network    = google_compute_network.private.id
          subnetwork = google_compute_subnetwork.run.id
        }
      }

      # A container's own files are kept in its memory; clips and videos need a disk.
      volumes {
        name = "scratch"
        empty_dir {
          medium     = "DISK"
          size_limit = var.scratch_size
        }
      }

      containers {
        image = var.images.job

        resources {
          limits = var.render_resources
        }

        volume_mounts {
          name       = "scratch"
          mount_path = local.scratch_folder
        }

        # The planner adds TASK_ID and, when it fits, BLUEPRINT_JSON to each execution.
        dynamic "env" {
          for_each = merge(local.database_environment, {
            DB_USER         = local.database_users["render_job"]
            USE_GCS         = "true"
            GCS_BUCKET_NAME = google_storage_bucket.media.name
            METRICS         = "log"
            JOB_MEMORY_MIB  = tostring(local.render_memory_mib - local.render_memory_left_mib)
            JOB_CPU_SECONDS = tostring(local.render_cpu_seconds)
            SCRATCH_DIR     = local.scratch_folder
            TMPDIR          = local.scratch_folder
          })
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }

  depends_on = [terraform_data.migration, google_sql_user.component, google_project_iam_member.only_for_database]
}
