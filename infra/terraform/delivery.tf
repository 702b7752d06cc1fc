# cloudbuild.yaml makes a release; deploy.cloudbuild.yaml applies it when a person has approved its plan.
locals {
  build_substitutions = {
    _REGION       = var.region
    _NAME         = var.name
    _ENVIRONMENT  = var.environment
    _STATE_BUCKET = var.state_bucket
  }
}

resource "google_cloudbuild_trigger" "release" {
  count = var.source_repository == "" ? 0 : 1

  name            = "${var.name}-release"
  location        = var.region
  description     = "Tests, builds, pushes, scans and plans each push to ${var.release_branch}"
  filename        = "cloudbuild.yaml"
  service_account = "projects/${var.project_id}/serviceAccounts/${var.builder_service_account}"
  substitutions   = local.build_substitutions

  repository_event_config {
    repository = var.source_repository
    push {
      branch = "^${var.release_branch}$"
    }
  }

  lifecycle {
    precondition {
      condition     = var.builder_service_account != "" && var.state_bucket != ""
      error_message = "source_repository needs builder_service_account and state_bucket too."
    }
  }
}

resource "google_cloudbuild_trigger" "deploy" {
  count = var.source_repository == "" ? 0 : 1

  name            = "${var.name}-deploy"
  location        = var.region
  description     = "Applies a planned release; waits for a person's approval"
  service_account = "projects/${var.project_id}/serviceAccounts/${var.deployer_service_account}"
  substitutions = merge(local.build_substitutions, {
    _DEPLOYER = var.deployer_service_account
    # Where callers show tokens, the smoke request shows one too.
    _API_TOKENS = var.use_api_tokens ? google_secret_manager_secret.api_tokens.secret_id : ""
  })

  source_to_build {
    repository = var.source_repository
    ref        = "refs/heads/${var.release_branch}"
    repo_type  = "UNKNOWN"
  }

  git_file_source {
    repository = var.source_repository
    path       = "deploy.cloudbuild.yaml"
    revision   = "refs/heads/${var.release_branch}"
    repo_type  = "UNKNOWN"
  }

  approval_config {
    approval_required = true
  }

  lifecycle {
    precondition {
      condition     = var.deployer_service_account != "" && var.deployer_service_account != var.builder_service_account
      error_message = "source_repository needs deployer_service_account, another account than builder_service_account."
    }
  }
}
