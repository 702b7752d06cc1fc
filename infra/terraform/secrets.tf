# What they hold is added by hand, so that it is never in the state: docs/operations.md says how.
resource "google_secret_manager_secret" "gemini_api_key" {
  secret_id = "${var.name}-gemini-api-key"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret" "api_tokens" {
  secret_id = "${var.name}-api-tokens"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.api]
}
