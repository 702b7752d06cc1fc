environment         = "dev"
deletion_protection = false
database_tier       = "db-f1-micro"
backups_kept        = 7
videos_kept_days    = 7

database_max_connections  = 50
request_handler_instances = { min = 0, max = 2 }
planner_instances         = { min = 0, max = 2 }
