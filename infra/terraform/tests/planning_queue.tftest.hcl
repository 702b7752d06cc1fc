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

run "the_queue_loses_nothing_and_repeats_nothing_at_work" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.planning.ack_deadline_seconds >= tonumber(trimsuffix(google_cloud_run_v2_service.planner.template[0].timeout, "s"))
    error_message = "The planner may run longer than Pub/Sub waits for it."
  }

  assert {
    condition     = google_pubsub_subscription.planning.ack_deadline_seconds == 600
    error_message = "The acknowledgement deadline is not the longest that Pub/Sub allows."
  }

  assert {
    condition     = google_pubsub_subscription.dead_letters.ack_deadline_seconds >= tonumber(trimsuffix(google_cloud_run_v2_service.planner.template[0].timeout, "s"))
    error_message = "A dead letter may be sent again while the planner is at it."
  }

  assert {
    condition     = google_cloud_run_v2_service.planner.template[0].max_instance_request_concurrency == 1
    error_message = "One planner plans several dances at once."
  }

  assert {
    condition = alltrue([
      for subscription in [google_pubsub_subscription.planning, google_pubsub_subscription.dead_letters] :
      subscription.push_config[0].oidc_token[0].service_account_email != ""
      && subscription.push_config[0].oidc_token[0].audience == google_cloud_run_v2_service.planner.uri
      && startswith(subscription.push_config[0].push_endpoint, google_cloud_run_v2_service.planner.uri)
    ])
    error_message = "A subscription pushes without an ID token, or not to the planner."
  }

  assert {
    condition = alltrue([
      for subscription in [google_pubsub_subscription.planning, google_pubsub_subscription.dead_letters] :
      subscription.expiration_policy[0].ttl == "" && subscription.retry_policy[0].maximum_backoff == "600s"
    ])
    error_message = "A subscription expires when idle, or retries without backing off."
  }

  assert {
    condition     = google_cloud_scheduler_job.sweeper.schedule == "* * * * *" && jsondecode(base64decode(google_cloud_scheduler_job.sweeper.pubsub_target[0].data)).sweep == true
    error_message = "The sweeper does not publish {\"sweep\": true} every minute."
  }
}

run "what_cannot_be_planned_becomes_a_dead_letter_that_somebody_reads" {
  command = plan

  override_resource {
    target          = google_pubsub_topic.dead_letters
    override_during = plan
    values          = { id = "projects/demo-project/topics/dead-letters" }
  }

  override_resource {
    target          = google_pubsub_subscription.planning
    override_during = plan
    values          = { id = "projects/demo-project/subscriptions/planning" }
  }

  assert {
    condition     = google_pubsub_subscription.planning.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead_letters.id
    error_message = "The planning subscription has no dead letters."
  }

  assert {
    condition     = google_pubsub_subscription.dead_letters.topic == google_pubsub_topic.dead_letters.id
    error_message = "Nobody reads the dead letters."
  }

  assert {
    condition = anytrue([
      for grant in google_pubsub_topic_iam_member.grant :
      grant.topic == google_pubsub_topic.dead_letters.id
      && grant.role == "roles/pubsub.publisher"
      && grant.member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    ])
    error_message = "Pub/Sub may not publish to the topic of dead letters, so they would be lost."
  }

  assert {
    condition = anytrue([
      for grant in google_pubsub_subscription_iam_member.grant :
      grant.subscription == google_pubsub_subscription.planning.id
      && grant.role == "roles/pubsub.subscriber"
      && grant.member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    ])
    error_message = "Pub/Sub may not take dead letters from the planning subscription."
  }
}
