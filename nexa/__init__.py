"""The project: configuration, the embedded database and the operator's commands."""
