resource "google_artifact_registry_repository" "images" {
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  description   = "Images of the request handler, planner, render job and catalogue."

  docker_config {
    immutable_tags = true
  }

  cleanup_policies {
    id     = "keep-what-a-rollback-needs"
    action = "KEEP"
    most_recent_versions {
      keep_count = 20
    }
  }

  cleanup_policies {
    id     = "delete-the-rest"
    action = "DELETE"
    condition {
      older_than = "${60 * 24 * 3600}s"
    }
  }

  depends_on = [google_project_service.api]
}
