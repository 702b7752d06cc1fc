resource "google_storage_bucket" "media" {
  name                        = "${var.project_id}-${var.name}-media"
  location                    = var.media_location == "" ? var.region : var.media_location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  # A deleted or replaced clip can be restored for this long.
  soft_delete_policy {
    retention_duration_seconds = var.deleted_media_kept_days * 24 * 3600
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = var.videos_kept_days
      matches_prefix = ["outputs/"]
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  # A player on another origin asks for ranges and has to read these headers.
  dynamic "cors" {
    for_each = length(var.playback_origins) == 0 ? [] : [var.playback_origins]
    content {
      origin          = cors.value
      method          = ["GET", "HEAD"]
      response_header = ["Accept-Ranges", "Content-Length", "Content-Range", "Content-Type", "ETag", "Range"]
      max_age_seconds = 3600
    }
  }

  depends_on = [google_project_service.api]
}
