"""The demo: one command from an empty folder to a working CRM, and the check that drives it."""
