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

run "without_a_repository_there_is_no_pipeline" {
  command = plan

  assert {
    condition     = length(google_cloudbuild_trigger.release) + length(google_cloudbuild_trigger.deploy) == 0
    error_message = "A trigger was made for no repository."
  }
}

run "a_release_is_planned_at_once_and_applied_when_a_person_agrees" {
  command = plan

  variables {
    source_repository        = "projects/demo-project/locations/europe-west1/connections/code/repositories/choreo"
    builder_service_account  = "choreo-builder@demo-project.iam.gserviceaccount.com"
    deployer_service_account = "choreo-deployer@demo-project.iam.gserviceaccount.com"
    state_bucket             = "demo-project-choreo-state"
  }

  assert {
    condition     = google_cloudbuild_trigger.deploy[0].approval_config[0].approval_required && google_cloudbuild_trigger.deploy[0].service_account != google_cloudbuild_trigger.release[0].service_account
    error_message = "A release is applied without approval, or by the account that built it."
  }

  assert {
    condition     = google_artifact_registry_repository_iam_member.grant["builder artifactregistry.writer images"].member == "serviceAccount:choreo-builder@demo-project.iam.gserviceaccount.com"
    error_message = "The builder cannot push images."
  }

  assert {
    condition     = google_cloudbuild_trigger.deploy[0].substitutions["_API_TOKENS"] == ""
    error_message = "The smoke request shows a token that the API does not ask for."
  }
}

run "the_smoke_request_shows_a_token_where_callers_must" {
  command = plan

  variables {
    source_repository        = "projects/demo-project/locations/europe-west1/connections/code/repositories/choreo"
    builder_service_account  = "choreo-builder@demo-project.iam.gserviceaccount.com"
    deployer_service_account = "choreo-deployer@demo-project.iam.gserviceaccount.com"
    state_bucket             = "demo-project-choreo-state"
    use_api_tokens           = true
  }

  assert {
    condition = (
      google_cloudbuild_trigger.deploy[0].substitutions["_API_TOKENS"] == "choreo-api-tokens"
      && google_secret_manager_secret_iam_member.grant["deployer secretmanager.secretAccessor api_tokens"].role == "roles/secretmanager.secretAccessor"
    )
    error_message = "The smoke request has no token to show, or may not read it."
  }
}

run "one_account_must_not_build_and_deploy" {
  command = plan

  variables {
    source_repository        = "projects/demo-project/locations/europe-west1/connections/code/repositories/choreo"
    builder_service_account  = "choreo-builder@demo-project.iam.gserviceaccount.com"
    deployer_service_account = "choreo-builder@demo-project.iam.gserviceaccount.com"
    state_bucket             = "demo-project-choreo-state"
  }

  expect_failures = [google_cloudbuild_trigger.deploy]
}
