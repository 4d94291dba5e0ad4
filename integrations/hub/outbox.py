"""Turns changes of the CRM into dirty jobs for the connections that watch them."""

from __future__ import annotations
