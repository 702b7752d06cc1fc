terraform {
  required_version = ">= 1.9, < 2.0"

  required_providers {
    google = {
      source = "hashicorp/google"
      # 8.7.0 is the release whose schema the checks use; database_roles of google_sql_user needs 7.x.
      version = ">= 8.7.0, < 9.0.0"
    }
  }

  # The bucket and the prefix come from environments/<name>.gcs.tfbackend.
  backend "gcs" {}
}

provider "google" {
  project        = var.project_id
  region         = var.region
  default_labels = merge({ product = var.name, environment = var.environment }, var.labels)
}
