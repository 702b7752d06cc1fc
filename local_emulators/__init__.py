"""The whole flow on one machine: what Google Cloud does, done by small local services."""
