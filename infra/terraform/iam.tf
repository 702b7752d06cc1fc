locals {
  grants = {
    for grant in yamldecode(file("${path.module}/grants.yaml")) :
    "${grant.to} ${trimprefix(grant.role, "roles/")} ${grant.resource}${try(" ${grant.prefix}", "")}" => merge({ prefix = "" }, grant)
    if lookup(local.members, grant.to, "") != ""
  }

  members = merge(
    { for component, account in google_service_account.component : component => "serviceAccount:${account.email}" },
    {
      pubsub_agent    = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
      scheduler_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-cloudscheduler.iam.gserviceaccount.com"
      builder         = var.builder_service_account == "" ? "" : "serviceAccount:${var.builder_service_account}"
      deployer        = var.deployer_service_account == "" ? "" : "serviceAccount:${var.deployer_service_account}"
    },
  )
}

resource "google_pubsub_topic_iam_member" "grant" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "topic" }

  topic  = { planning = google_pubsub_topic.planning.id, dead_letters = google_pubsub_topic.dead_letters.id }[each.value.resource]
  role   = each.value.role
  member = local.members[each.value.to]
}

resource "google_pubsub_subscription_iam_member" "grant" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "subscription" }

  subscription = { planning = google_pubsub_subscription.planning.id }[each.value.resource]
  role         = each.value.role
  member       = local.members[each.value.to]
}

resource "google_storage_bucket_iam_member" "grant" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "bucket" }

  bucket = { media = google_storage_bucket.media.name }[each.value.resource]
  role   = each.value.role
  member = local.members[each.value.to]

  dynamic "condition" {
    for_each = each.value.prefix == "" ? [] : [each.value.prefix]
    content {
      title       = "only-${trimsuffix(condition.value, "/")}"
      description = each.value.why
      expression  = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.media.name}/objects/${condition.value}\")"
    }
  }
}

resource "google_secret_manager_secret_iam_member" "grant" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "secret" }

  secret_id = {
    gemini_api_key = google_secret_manager_secret.gemini_api_key.id
    api_tokens     = google_secret_manager_secret.api_tokens.id
  }[each.value.resource]
  role   = each.value.role
  member = local.members[each.value.to]
}

resource "google_cloud_run_v2_job_iam_member" "grant" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "job" }

  name     = { render = google_cloud_run_v2_job.render.name }[each.value.resource]
  location = var.region
  role     = each.value.role
  member   = local.members[each.value.to]
}

resource "google_cloud_run_v2_service_iam_member" "grant" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "service" }

  name = {
    planner         = google_cloud_run_v2_service.planner.name
    request_handler = google_cloud_run_v2_service.request_handler.name
  }[each.value.resource]
  location = var.region
  role     = each.value.role
  member   = local.members[each.value.to]
}

resource "google_service_account_iam_member" "grant" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "service_account" }

  service_account_id = google_service_account.component[each.value.resource].name
  role               = each.value.role
  member             = local.members[each.value.to]
}

resource "google_artifact_registry_repository_iam_member" "grant" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "repository" }

  repository = { images = google_artifact_registry_repository.images.name }[each.value.resource]
  location   = var.region
  role       = each.value.role
  member     = local.members[each.value.to]
}

# Cloud SQL knows no grant on one instance; the condition makes it one.
resource "google_project_iam_member" "only_for_database" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "project_only_for_database" }

  project = var.project_id
  role    = each.value.role
  member  = local.members[each.value.to]

  condition {
    title       = "only-${google_sql_database_instance.main.name}"
    description = each.value.why
    expression  = "resource.name == \"projects/${var.project_id}/instances/${google_sql_database_instance.main.name}\" && resource.service == \"sqladmin.googleapis.com\""
  }
}

# Who may call the API is the operator's choice, so it is a variable and not a line of grants.yaml.
resource "google_cloud_run_v2_service_iam_member" "api_caller" {
  for_each = setunion(var.api_callers, var.public_api ? ["allUsers"] : [])

  name     = google_cloud_run_v2_service.request_handler.name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.key
}
