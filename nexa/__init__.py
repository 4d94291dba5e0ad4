"""The project: configuration, the embedded database and the operator's commands."""

from __future__ import annotations

# As pyproject.toml has it.
VERSION = "0.1.0"
