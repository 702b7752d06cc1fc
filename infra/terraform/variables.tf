variable "project_id" {
  description = "Project that everything lives in."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id (6 to 30 of a-z, 0-9 and -), not its name or number."
  }
}

variable "region" {
  description = "Region of every regional resource."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as europe-west1, not a zone or a multi-region."
  }
}

variable "name" {
  description = "Prefix of every resource's name."
  type        = string
  default     = "choreo"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,11}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 13 of a-z, 0-9 and -: a service account's id has 30 characters at most."
  }
}

variable "environment" {
  description = "Environment, as a label: dev, staging or prod."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment must be dev, staging or prod."
  }
}

variable "labels" {
  description = "Labels added to every resource."
  type        = map(string)
  default     = {}
}

variable "images" {
  description = "Images to run, each by digest; Cloud Build writes them to images.auto.tfvars.json."
  type = object({
    request_handler = string
    planner         = string
    job             = string
    catalog         = string
  })

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", image))])
    error_message = "images must be named by digest, such as europe-west1-docker.pkg.dev/p/choreo/planner@sha256:<64 hex digits>; a tag can be moved."
  }
}

# --- who may call the API ---

variable "public_api" {
  description = "Whether anyone may call the request handler. Off: only api_callers, by ID token."
  type        = bool
  default     = false
}

variable "api_callers" {
  description = "IAM members that may call the request handler, such as serviceAccount:web@p.iam.gserviceaccount.com."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.api_callers : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", member))])
    error_message = "api_callers must be members such as user:ana@example.com; everybody is public_api = true."
  }
}

variable "playback_origins" {
  description = "Web origins whose pages may call the API and play videos, such as https://dance.example.com."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.playback_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "playback_origins must be origins such as https://dance.example.com, without a path and without *."
  }
}

variable "use_api_tokens" {
  description = "Whether callers must show a token of the secret, which needs a version first; with public_api, for callers without a Google account."
  type        = bool
  default     = false
}

variable "requests_per_minute" {
  description = "Requests that one caller may post in a minute; 0 for any number."
  type        = number
  default     = 120

  validation {
    condition     = var.requests_per_minute >= 0
    error_message = "requests_per_minute must be 0 or more."
  }
}

variable "videos_per_day" {
  description = "Videos that one caller may ask for in a day; 0 for any number."
  type        = number
  default     = 200

  validation {
    condition     = var.videos_per_day >= 0
    error_message = "videos_per_day must be 0 or more."
  }
}

variable "forwarded_hops" {
  description = "Proxies that append to X-Forwarded-For before a request is here: 1 is Cloud Run's own, 2 with a load balancer before it; 0 believes none."
  type        = number
  default     = 1

  validation {
    condition     = contains([0, 1, 2, 3, 4, 5], var.forwarded_hops)
    error_message = "forwarded_hops must be a whole number from 0 to 5."
  }
}

# --- request handler ---

variable "request_handler_instances" {
  description = "Fewest and most instances of the request handler."
  type        = object({ min = number, max = number })
  default     = { min = 0, max = 4 }

  validation {
    condition     = var.request_handler_instances.min >= 0 && var.request_handler_instances.max >= max(1, var.request_handler_instances.min)
    error_message = "request_handler_instances needs 0 <= min <= max and max >= 1."
  }
}

variable "request_handler_concurrency" {
  description = "Requests that one instance of the request handler serves at once."
  type        = number
  default     = 20

  validation {
    condition     = var.request_handler_concurrency >= 1 && var.request_handler_concurrency <= 1000
    error_message = "request_handler_concurrency must be from 1 to 1000."
  }
}

# --- planner ---

variable "planner_instances" {
  description = "Fewest and most instances of the planner; each plans one dance at a time."
  type        = object({ min = number, max = number })
  default     = { min = 0, max = 4 }

  validation {
    condition     = var.planner_instances.min >= 0 && var.planner_instances.max >= max(1, var.planner_instances.min)
    error_message = "planner_instances needs 0 <= min <= max and max >= 1."
  }
}

variable "planner_resources" {
  description = "CPU and memory of one planner."
  type        = object({ cpu = string, memory = string })
  default     = { cpu = "2", memory = "2Gi" }
}

variable "planner_timeout_seconds" {
  description = "Longest planning of one message; a song that was never analysed is what takes long."
  type        = number
  default     = 540

  validation {
    condition     = var.planner_timeout_seconds >= 60 && var.planner_timeout_seconds <= 600
    error_message = "planner_timeout_seconds must be from 60 to 600: Pub/Sub waits no longer for a push."
  }
}

variable "planning_attempts" {
  description = "Deliveries of one planning message before it becomes a dead letter."
  type        = number
  default     = 5

  validation {
    condition     = var.planning_attempts >= 5 && var.planning_attempts <= 100
    error_message = "planning_attempts must be from 5 to 100, the limits of Pub/Sub."
  }
}

variable "use_gemini" {
  description = "Whether the planner asks Gemini; the secret needs a version first. Off: the rules do the whole job."
  type        = bool
  default     = false
}

variable "gemini_key_version" {
  description = "Version of the Gemini key: a number, or latest."
  type        = string
  default     = "latest"

  validation {
    condition     = can(regex("^(latest|[1-9][0-9]*)$", var.gemini_key_version))
    error_message = "gemini_key_version must be a number or latest."
  }
}

variable "gemini_model" {
  description = "Gemini model that reads sentences."
  type        = string
  default     = "gemini-2.5-flash"
}

# --- render job ---

variable "render_resources" {
  description = "CPU and memory of one rendering. The process may ask for 256 MiB less than this."
  type        = object({ cpu = string, memory = string })
  default     = { cpu = "2", memory = "2Gi" }

  validation {
    condition     = can(regex("^([1-9][0-9]?Gi|[1-9][0-9]{3,4}Mi)$", var.render_resources.memory))
    error_message = "render_resources.memory must be from 1Gi (or 1000Mi) on, in whole Gi or Mi, such as 2Gi or 1536Mi."
  }
}

variable "render_timeout_seconds" {
  description = "Longest rendering of one video, per attempt."
  type        = number
  default     = 1800

  validation {
    condition     = var.render_timeout_seconds >= 60 && var.render_timeout_seconds <= 86400
    error_message = "render_timeout_seconds must be from 60 to 86400."
  }
}

variable "render_retries" {
  description = "Further attempts of a rendering whose container failed."
  type        = number
  default     = 1

  validation {
    condition     = var.render_retries >= 1 && var.render_retries <= 10
    error_message = "render_retries must be from 1 to 10: with 0, moving a machine for maintenance loses a video."
  }
}

variable "scratch_size" {
  description = "Disk volume of one rendering, for clips, song and video."
  type        = string
  default     = "10Gi"

  validation {
    condition     = can(regex("^[1-9][0-9]*Gi$", var.scratch_size))
    error_message = "scratch_size must be whole gibibytes such as 10Gi."
  }
}

variable "disk_volume_launch_stage" {
  description = "Launch stage that the disk volume asks for; GA once the region offers it so."
  type        = string
  default     = "BETA"

  validation {
    condition     = contains(["BETA", "GA"], var.disk_volume_launch_stage)
    error_message = "disk_volume_launch_stage must be BETA or GA."
  }
}

# --- database ---

variable "database_version" {
  description = "PostgreSQL release."
  type        = string
  default     = "POSTGRES_17"

  validation {
    condition     = can(regex("^POSTGRES_1[5-9]$", var.database_version))
    error_message = "database_version must be POSTGRES_15 or later; the SQL is tried on 15 and later."
  }
}

variable "database_tier" {
  description = "Machine of the database."
  type        = string
  default     = "db-custom-1-3840"
}

variable "database_high_availability" {
  description = "Whether a standby in a second zone takes over."
  type        = bool
  default     = false
}

variable "database_max_connections" {
  description = "Connections that the database accepts; what the instances may open must fit."
  type        = number
  default     = 100

  validation {
    condition     = var.database_max_connections >= 25 && var.database_max_connections <= 5000
    error_message = "database_max_connections must be from 25 to 5000."
  }
}

variable "backups_kept" {
  description = "Daily backups of the database that are kept."
  type        = number
  default     = 14

  validation {
    condition     = var.backups_kept >= 7
    error_message = "backups_kept must be 7 or more."
  }
}

variable "deletion_protection" {
  description = "Whether database, services and jobs refuse to be destroyed."
  type        = bool
  default     = true
}

variable "migrate_on_apply" {
  description = "Whether an apply runs the migration job before new code serves; it needs gcloud. Off only to roll back."
  type        = bool
  default     = true
}

# --- media ---

variable "media_location" {
  description = "Location of the bucket; empty for the region."
  type        = string
  default     = ""
}

variable "videos_kept_days" {
  description = "Days until a finished video is deleted."
  type        = number
  default     = 30

  validation {
    condition     = var.videos_kept_days >= 1
    error_message = "videos_kept_days must be 1 or more."
  }
}

variable "deleted_media_kept_days" {
  description = "Days during which a deleted or replaced clip or song can be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.deleted_media_kept_days >= 7 && var.deleted_media_kept_days <= 90
    error_message = "deleted_media_kept_days must be from 7 to 90, the limits of soft delete."
  }
}

# --- watching ---

variable "alert_emails" {
  description = "Addresses that alarms are sent to."
  type        = set(string)
  default     = []
}

variable "alert_limits" {
  description = "When alarms go off: seconds of planning and rendering (95th percentile), age of the queue, failed tasks in an hour."
  type = object({
    planning_seconds  = optional(number, 60)
    rendering_seconds = optional(number, 300)
    queue_age_seconds = optional(number, 300)
    failed_tasks      = optional(number, 3)
  })
  default = {}
}

# --- delivery ---

variable "builder_service_account" {
  description = "E-mail of the account that builds and pushes images; empty when no pipeline does."
  type        = string
  default     = ""
}

variable "deployer_service_account" {
  description = "E-mail of the account that applies this configuration in Cloud Build; empty when no pipeline does."
  type        = string
  default     = ""
}

variable "source_repository" {
  description = "Cloud Build repository (projects/P/locations/L/connections/C/repositories/R) whose pushes are released; empty for no triggers."
  type        = string
  default     = ""

  validation {
    condition     = var.source_repository == "" || can(regex("^projects/[^/]+/locations/[^/]+/connections/[^/]+/repositories/[^/]+$", var.source_repository))
    error_message = "source_repository must look like projects/P/locations/L/connections/C/repositories/R."
  }
}

variable "release_branch" {
  description = "Branch whose pushes are released."
  type        = string
  default     = "main"
}

variable "state_bucket" {
  description = "Bucket of the Terraform state, where plans and releases are kept too; needed with source_repository."
  type        = string
  default     = ""
}
