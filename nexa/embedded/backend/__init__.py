"""A PostgreSQL backend that starts the embedded server at its first connection."""
