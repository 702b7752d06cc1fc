environment         = "dev"
deletion_protection = false
database_tier       = "db-g1-small"
backups_kept        = 7
videos_kept_days    = 7

database_max_connections  = 60
request_handler_instances = { min = 0, max = 2 }
planner_instances         = { min = 0, max = 2 }
