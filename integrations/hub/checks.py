"""System checks of the hub's set-up."""

from __future__ import annotations
