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

run "what_runs_is_pinned_bounded_protected_and_has_its_disk" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_job.render.template[0].template[0].volumes[0].empty_dir[0].medium == "DISK" && google_cloud_run_v2_job.render.template[0].template[0].volumes[0].empty_dir[0].size_limit == "10Gi"
    error_message = "The scratch folder is in memory, where it would end the rendering."
  }

  assert {
    condition = (
      google_cloud_run_v2_job.render.template[0].template[0].containers[0].volume_mounts[0].name == google_cloud_run_v2_job.render.template[0].template[0].volumes[0].name
      && anytrue([
        for variable in google_cloud_run_v2_job.render.template[0].template[0].containers[0].env :
        variable.name == "SCRATCH_DIR" && variable.value == google_cloud_run_v2_job.render.template[0].template[0].containers[0].volume_mounts[0].mount_path
      ])
    )
    error_message = "The job's SCRATCH_DIR is not where the disk is mounted."
  }

  assert {
    condition     = google_cloud_run_v2_job.render.template[0].template[0].max_retries >= 1
    error_message = "A rendering that loses its machine is not tried again."
  }

  assert {
    condition = alltrue([
      for image in [
        google_cloud_run_v2_service.request_handler.template[0].containers[0].image,
        google_cloud_run_v2_service.planner.template[0].containers[0].image,
        google_cloud_run_v2_job.render.template[0].template[0].containers[0].image,
        google_cloud_run_v2_job.ingest.template[0].template[0].containers[0].image,
        google_cloud_run_v2_job.migrate.template[0].template[0].containers[0].image,
      ] : can(regex("@sha256:[0-9a-f]{64}$", image))
    ])
    error_message = "Something runs an image by a tag, which can be moved."
  }

  assert {
    condition = alltrue([
      for access in [
        google_cloud_run_v2_service.request_handler.template[0].vpc_access[0],
        google_cloud_run_v2_service.planner.template[0].vpc_access[0],
        google_cloud_run_v2_job.render.template[0].template[0].vpc_access[0],
        google_cloud_run_v2_job.ingest.template[0].template[0].vpc_access[0],
        google_cloud_run_v2_job.migrate.template[0].template[0].vpc_access[0],
      ] : access.egress == "PRIVATE_RANGES_ONLY" && length(access.network_interfaces) == 1
    ])
    error_message = "A part is not in the private network."
  }

  assert {
    condition = alltrue([
      for service in [google_cloud_run_v2_service.request_handler, google_cloud_run_v2_service.planner] :
      service.template[0].scaling[0].max_instance_count >= 1
      && service.template[0].scaling[0].max_instance_count <= 100
      && service.template[0].containers[0].resources[0].startup_cpu_boost
      && length(service.template[0].containers[0].startup_probe) == 1
    ])
    error_message = "A service is unbounded, starts slowly or is not probed."
  }

  assert {
    condition = alltrue([
      google_cloud_run_v2_service.request_handler.deletion_protection,
      google_cloud_run_v2_service.planner.deletion_protection,
      google_cloud_run_v2_job.render.deletion_protection,
      google_cloud_run_v2_job.ingest.deletion_protection,
      google_cloud_run_v2_job.migrate.deletion_protection,
    ])
    error_message = "A service or a job can be destroyed by mistake."
  }

  assert {
    condition     = !anytrue([for variable in google_cloud_run_v2_service.planner.template[0].containers[0].env : startswith(variable.name, "GEMINI")])
    error_message = "The planner would look for a key that nobody added."
  }
}

run "a_tag_is_refused" {
  command = plan

  variables {
    images = {
      request_handler = "europe-west1-docker.pkg.dev/demo-project/choreo/request-handler:latest"
      planner         = "europe-west1-docker.pkg.dev/demo-project/choreo/planner@sha256:2222222222222222222222222222222222222222222222222222222222222222"
      job             = "europe-west1-docker.pkg.dev/demo-project/choreo/job@sha256:3333333333333333333333333333333333333333333333333333333333333333"
      catalog         = "europe-west1-docker.pkg.dev/demo-project/choreo/catalog@sha256:4444444444444444444444444444444444444444444444444444444444444444"
    }
  }

  expect_failures = [var.images]
}

run "with_gemini_the_planner_knows_the_name_and_not_the_key" {
  command = plan

  variables {
    use_gemini         = true
    gemini_key_version = "3"
  }

  assert {
    condition = [
      for variable in google_cloud_run_v2_service.planner.template[0].containers[0].env : variable.value if variable.name == "GEMINI_API_KEY_SECRET"
    ] == ["projects/demo-project/secrets/choreo-gemini-api-key/versions/3"]
    error_message = "The planner is not told which version of the key to read."
  }

  assert {
    condition     = !anytrue([for variable in google_cloud_run_v2_service.planner.template[0].containers[0].env : variable.name == "GEMINI_API_KEY"])
    error_message = "The key itself is in the environment, and so in the state."
  }
}

run "a_rendering_that_asks_for_too_much_ends_before_its_container_does" {
  command = plan

  assert {
    condition = {
      for variable in google_cloud_run_v2_job.render.template[0].template[0].containers[0].env :
      variable.name => variable.value if contains(["JOB_MEMORY_MIB", "JOB_CPU_SECONDS"], variable.name)
    } == { JOB_MEMORY_MIB = "1792", JOB_CPU_SECONDS = "1620" }
    error_message = "The job's own limits do not lie below its container's."
  }
}

run "the_limits_of_a_rendering_follow_its_container" {
  command = plan

  variables {
    render_resources       = { cpu = "1", memory = "1536Mi" }
    render_timeout_seconds = 600
  }

  assert {
    condition = {
      for variable in google_cloud_run_v2_job.render.template[0].template[0].containers[0].env :
      variable.name => variable.value if contains(["JOB_MEMORY_MIB", "JOB_CPU_SECONDS"], variable.name)
    } == { JOB_MEMORY_MIB = "1280", JOB_CPU_SECONDS = "540" }
    error_message = "The job's own limits do not follow its container's."
  }
}

run "a_memory_that_nobody_can_read_is_refused" {
  command = plan

  variables {
    render_resources = { cpu = "2", memory = "2 GB" }
  }

  expect_failures = [var.render_resources]
}

run "a_planner_slower_than_pub_sub_waits_is_refused" {
  command = plan

  variables {
    planner_timeout_seconds = 900
  }

  expect_failures = [var.planner_timeout_seconds]
}

run "callers_are_known_by_tokens_when_a_variable_says_so" {
  command = plan

  variables {
    use_api_tokens   = true
    playback_origins = ["https://dance.example.com"]
  }

  assert {
    condition = length([
      for variable in google_cloud_run_v2_service.request_handler.template[0].containers[0].env : variable
      if variable.name == "API_TOKEN_SECRET" && can(regex("^projects/[^/]+/secrets/[^/]+/versions/latest$", variable.value))
    ]) == 1
    error_message = "The request handler is not told where the tokens are."
  }

  assert {
    condition = !anytrue([
      for variable in google_cloud_run_v2_service.request_handler.template[0].containers[0].env : variable.name == "API_TOKEN" || variable.value == "*"
    ])
    error_message = "Tokens are in the environment, or every origin may call."
  }
}
