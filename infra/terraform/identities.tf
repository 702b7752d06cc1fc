locals {
  # One account for each part; what each may do is in grants.yaml.
  components = {
    request_handler = "Takes requests, answers polls"
    planner         = "Plans dances"
    render_job      = "Renders videos"
    catalog         = "Ingests songs and clips"
    migrator        = "Migrates the database and hands out its privileges"
    push            = "Carries Pub/Sub messages to the planner"
  }
}

resource "google_service_account" "component" {
  for_each = local.components

  account_id   = "${var.name}-${replace(each.key, "_", "-")}"
  display_name = "${var.name}: ${replace(each.key, "_", " ")}"
  description  = each.value

  depends_on = [google_project_service.api]
}
