# The whole configuration, applied to a provider that answers but does nothing.
mock_provider "google" {
  source = "./tests/google"
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

run "everything_applies_and_the_outputs_say_where_it_is" {
  command = apply

  variables {
    # There is no job to execute here.
    migrate_on_apply = false
  }

  assert {
    condition     = output.api_url == "https://service-abc.a.run.app" && output.media_bucket == "demo-project-choreo-media"
    error_message = "The outputs do not say where the API or the bucket is."
  }

  assert {
    condition     = output.image_repository == "europe-west1-docker.pkg.dev/demo-project/choreo" && output.database_instance == "demo-project:europe-west1:choreo"
    error_message = "The outputs do not say where images or the database are."
  }

  assert {
    condition     = output.jobs == { render = "choreo-render", migrate = "choreo-migrate", ingest = "choreo-ingest" } && length(output.service_accounts) == 6
    error_message = "The outputs do not name the jobs or the accounts."
  }
}
