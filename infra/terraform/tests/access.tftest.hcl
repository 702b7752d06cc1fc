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

run "every_part_has_its_own_account_and_no_more_than_it_needs" {
  command = plan

  assert {
    condition     = length(distinct([for account in google_service_account.component : account.account_id])) == 6
    error_message = "Two parts share a service account."
  }

  assert {
    condition     = toset(keys(google_service_account.component)) == toset(["request_handler", "planner", "render_job", "catalog", "migrator", "push"])
    error_message = "A part has no account of its own, or an account has no part."
  }

  assert {
    condition = alltrue([
      for grant in google_project_iam_member.only_for_database :
      contains(["roles/cloudsql.client", "roles/cloudsql.instanceUser"], grant.role)
      && grant.condition[0].expression == "resource.name == \"projects/demo-project/instances/choreo\" && resource.service == \"sqladmin.googleapis.com\""
    ])
    error_message = "A role is granted on the whole project."
  }

  assert {
    condition = alltrue([
      for grant in local.grants : !contains(["roles/owner", "roles/editor", "roles/viewer"], grant.role) && !strcontains(lower(grant.role), "admin")
    ])
    error_message = "A part has a basic role or administers something."
  }

  assert {
    condition = alltrue([
      for key, grant in google_storage_bucket_iam_member.grant :
      grant.condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/demo-project-choreo-media/objects/outputs/\")"
      if startswith(key, "render_job storage.objectUser") || startswith(key, "planner storage.objectUser")
    ])
    error_message = "The render job or the planner may write outside outputs/."
  }

  assert {
    condition = { for key, grant in local.grants : grant.resource => grant.to... if grant.kind == "secret" } == {
      gemini_api_key = ["planner"]
      api_tokens     = ["request_handler"]
    }
    error_message = "A secret may be read by another part than the one that needs it."
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.api_caller) == 0
    error_message = "Somebody may call the API though nobody was named."
  }

  assert {
    condition     = google_cloud_run_v2_service.planner.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "The planner can be reached from the internet."
  }
}

run "nothing_runs_as_the_default_account" {
  command = plan

  override_resource {
    target          = google_service_account.component["request_handler"]
    override_during = plan
    values          = { email = "choreo-request-handler@demo-project.iam.gserviceaccount.com", name = "request_handler" }
  }
  override_resource {
    target          = google_service_account.component["planner"]
    override_during = plan
    values          = { email = "choreo-planner@demo-project.iam.gserviceaccount.com", name = "planner" }
  }
  override_resource {
    target          = google_service_account.component["render_job"]
    override_during = plan
    values          = { email = "choreo-render-job@demo-project.iam.gserviceaccount.com", name = "render_job" }
  }
  override_resource {
    target          = google_service_account.component["catalog"]
    override_during = plan
    values          = { email = "choreo-catalog@demo-project.iam.gserviceaccount.com", name = "catalog" }
  }
  override_resource {
    target          = google_service_account.component["migrator"]
    override_during = plan
    values          = { email = "choreo-migrator@demo-project.iam.gserviceaccount.com", name = "migrator" }
  }
  override_resource {
    target          = google_service_account.component["push"]
    override_during = plan
    values          = { email = "choreo-push@demo-project.iam.gserviceaccount.com", name = "push" }
  }

  assert {
    condition = (
      google_cloud_run_v2_service.request_handler.template[0].service_account == "choreo-request-handler@demo-project.iam.gserviceaccount.com"
      && google_cloud_run_v2_service.planner.template[0].service_account == "choreo-planner@demo-project.iam.gserviceaccount.com"
      && google_cloud_run_v2_job.render.template[0].template[0].service_account == "choreo-render-job@demo-project.iam.gserviceaccount.com"
      && google_cloud_run_v2_job.ingest.template[0].template[0].service_account == "choreo-catalog@demo-project.iam.gserviceaccount.com"
      && google_cloud_run_v2_job.migrate.template[0].template[0].service_account == "choreo-migrator@demo-project.iam.gserviceaccount.com"
      && google_pubsub_subscription.planning.push_config[0].oidc_token[0].service_account_email == "choreo-push@demo-project.iam.gserviceaccount.com"
    )
    error_message = "A part runs as another account than its own."
  }

  assert {
    condition = alltrue([
      for component, user in google_sql_user.component :
      user.name == "choreo-${replace(component, "_", "-")}@demo-project.iam" && user.type == "CLOUD_IAM_SERVICE_ACCOUNT"
    ])
    error_message = "A part logs in to the database with a password, or under a name that IAM does not know."
  }

  assert {
    condition = [
      for component, user in google_sql_user.component : component if length(coalesce(user.database_roles, [])) > 0
    ] == ["migrator"]
    error_message = "Another part than the migrator has a role that may change the schema."
  }

  assert {
    condition     = google_service_account_iam_member.grant["request_handler iam.serviceAccountTokenCreator request_handler"].service_account_id == "request_handler"
    error_message = "The request handler signs as somebody else."
  }

  assert {
    condition = [
      for grant in google_cloud_run_v2_service_iam_member.grant : grant.member
    ] == ["serviceAccount:choreo-push@demo-project.iam.gserviceaccount.com"]
    error_message = "Another account than the push account may call the planner."
  }
}

run "named_callers_get_in" {
  command = plan

  variables {
    api_callers = ["serviceAccount:web@demo-project.iam.gserviceaccount.com"]
  }

  assert {
    condition     = keys(google_cloud_run_v2_service_iam_member.api_caller) == ["serviceAccount:web@demo-project.iam.gserviceaccount.com"]
    error_message = "Not exactly the named caller may call the API."
  }
}

run "everybody_gets_in_only_when_a_variable_says_so" {
  command = plan

  variables {
    public_api = true
  }

  assert {
    condition     = keys(google_cloud_run_v2_service_iam_member.api_caller) == ["allUsers"]
    error_message = "public_api does not open the API."
  }

  assert {
    condition     = !anytrue([for grant in google_cloud_run_v2_service_iam_member.grant : grant.member == "allUsers"])
    error_message = "public_api opens more than the API."
  }
}

run "the_caller_is_read_behind_as_many_proxies_as_there_are" {
  command = plan

  variables {
    forwarded_hops = 2
  }

  assert {
    condition = anytrue([
      for variable in google_cloud_run_v2_service.request_handler.template[0].containers[0].env :
      variable.name == "FORWARDED_HOPS" && variable.value == "2"
    ])
    error_message = "The request handler is not told how many proxies are before it."
  }
}

run "proxies_are_whole" {
  command = plan

  variables {
    forwarded_hops = 1.5
  }

  expect_failures = [var.forwarded_hops]
}
