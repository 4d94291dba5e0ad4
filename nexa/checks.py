"""System checks of the set-up."""

from __future__ import annotations
