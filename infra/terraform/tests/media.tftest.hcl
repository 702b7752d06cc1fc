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

run "the_bucket_is_private_recoverable_and_forgets_only_videos" {
  command = plan

  assert {
    condition     = google_storage_bucket.media.uniform_bucket_level_access && google_storage_bucket.media.public_access_prevention == "enforced"
    error_message = "An object of the bucket could be made public."
  }

  assert {
    condition     = google_storage_bucket.media.soft_delete_policy[0].retention_duration_seconds >= 7 * 24 * 3600 && google_storage_bucket.media.force_destroy == false
    error_message = "A deleted clip cannot be restored for a week, or the bucket can be destroyed with its library."
  }

  assert {
    condition = alltrue([
      for rule in google_storage_bucket.media.lifecycle_rule :
      [for condition in rule.condition : condition.matches_prefix] == [tolist(["outputs/"])]
      if anytrue([for action in rule.action : action.type == "Delete"])
    ])
    error_message = "A lifecycle rule deletes songs or clips."
  }

  assert {
    condition = anytrue(flatten([
      for rule in google_storage_bucket.media.lifecycle_rule : [for condition in rule.condition : condition.age == 30]
      if anytrue([for action in rule.action : action.type == "Delete"])
    ]))
    error_message = "Finished videos are kept for ever."
  }

  assert {
    condition     = length(google_storage_bucket.media.cors) == 0
    error_message = "An origin that nobody named may read."
  }
}

run "a_player_elsewhere_may_ask_for_ranges" {
  command = plan

  variables {
    playback_origins = ["https://dance.example.com"]
  }

  assert {
    condition = (
      google_storage_bucket.media.cors[0].origin == tolist(["https://dance.example.com"])
      && toset(google_storage_bucket.media.cors[0].method) == toset(["GET", "HEAD"])
      && contains(google_storage_bucket.media.cors[0].response_header, "Content-Range")
    )
    error_message = "A named origin cannot play by ranges, or may do more than read."
  }
}

run "any_origin_is_refused" {
  command = plan

  variables {
    playback_origins = ["https://*"]
  }

  expect_failures = [var.playback_origins]
}
