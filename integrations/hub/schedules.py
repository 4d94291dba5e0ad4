"""The one row that has the queue run the hub each minute."""

from __future__ import annotations
