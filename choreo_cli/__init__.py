"""The `choreo` command: what the product does, from a terminal."""
