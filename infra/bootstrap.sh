#!/bin/bash
# Prepares a project for Terraform, once: the bucket of its state, and the two accounts of the pipeline.
#
# Usage:  infra/bootstrap.sh PROJECT [REGION [NAME]]
#
# These accounts are not in the Terraform state, since a configuration that could grant itself powers
# could take any. Running it again changes nothing. It needs gcloud, and an owner of the project.
set -euo pipefail

if [[ $# -lt 1 || $# -gt 3 || $1 == -* ]]; then
  sed -n '2,4s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
project=$1
region=${2:-europe-west1}
name=${3:-choreo}
bucket=$project-$name-state
domain=$project.iam.gserviceaccount.com

# Reads the project to plan a change of it; builds, scans and pushes images.
builder_roles=(
  roles/viewer
  roles/iam.securityReviewer
  roles/logging.logWriter
  roles/ondemandscanning.admin
  roles/cloudbuild.builds.editor
)

# Makes and changes what infra/terraform describes, and nothing else.
deployer_roles=(
  roles/artifactregistry.admin
  roles/cloudbuild.builds.editor
  roles/cloudscheduler.admin
  roles/cloudsql.admin
  roles/compute.networkAdmin
  roles/iam.serviceAccountAdmin
  roles/iam.serviceAccountUser
  roles/logging.configWriter
  roles/logging.logWriter
  roles/monitoring.editor
  roles/pubsub.admin
  roles/resourcemanager.projectIamAdmin
  roles/run.admin
  roles/secretmanager.admin
  roles/servicenetworking.networksAdmin
  roles/serviceusage.serviceUsageAdmin
  roles/storage.admin
)

say() { printf '%s\n' "== $*"; }

say "interfaces that Terraform itself needs"
gcloud services enable --project="$project" cloudresourcemanager.googleapis.com iam.googleapis.com \
  iamcredentials.googleapis.com serviceusage.googleapis.com storage.googleapis.com cloudbuild.googleapis.com

say "bucket of the state: gs://$bucket"
if ! gcloud storage buckets describe "gs://$bucket" --project="$project" >/dev/null 2>&1; then
  gcloud storage buckets create "gs://$bucket" --project="$project" --location="$region" \
    --uniform-bucket-level-access --public-access-prevention
fi
gcloud storage buckets update "gs://$bucket" --versioning

for account in builder deployer; do
  email=$name-$account@$domain
  say "account $email"
  if ! gcloud iam service-accounts describe "$email" --project="$project" >/dev/null 2>&1; then
    gcloud iam service-accounts create "$name-$account" --project="$project" --display-name="$name: $account"
  fi
  roles="${account}_roles[@]"
  for role in "${!roles}"; do
    gcloud projects add-iam-policy-binding "$project" --member="serviceAccount:$email" --role="$role" \
      --condition=None --format=none
  done
  gcloud storage buckets add-iam-policy-binding "gs://$bucket" --member="serviceAccount:$email" \
    --role=roles/storage.objectUser --format=none
done

say "the builder may ask for a deployment; the deployer calls the API as itself"
gcloud iam service-accounts add-iam-policy-binding "$name-deployer@$domain" --project="$project" \
  --member="serviceAccount:$name-builder@$domain" --role=roles/iam.serviceAccountUser --format=none
gcloud iam service-accounts add-iam-policy-binding "$name-deployer@$domain" --project="$project" \
  --member="serviceAccount:$name-deployer@$domain" --role=roles/iam.serviceAccountTokenCreator --format=none

say "done; docs/operations.md goes on from here"
