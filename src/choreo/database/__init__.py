"""Tables, stores and migrations; the same code on PostgreSQL and SQLite."""
