environment                = "prod"
database_tier              = "db-custom-2-7680"
database_high_availability = true
database_max_connections   = 250
request_handler_instances  = { min = 1, max = 10 }
planner_instances          = { min = 0, max = 10 }
