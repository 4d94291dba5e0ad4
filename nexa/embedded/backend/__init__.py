"""Django's door to the embedded PostgreSQL: `ENGINE = "nexa.embedded.backend"`."""
