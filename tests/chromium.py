"""Finds a Chromium for the browser tests, or installs one where that is allowed.

`python -m tests.chromium` prints its path; exit code 1 says that there is none and why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

# The shell without a window first: it does the same for pages with a third less work.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FONTS = "fonts-liberation"


def chromium_found() -> str | None:
    """The path of one on this machine: named by CHROMIUM, the system's, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    for name in [named] if named else NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if os.access(own, os.X_OK) else None


def chromium_made() -> str | None:
    """One that is there already, else from the system's packages, else Playwright's download."""
    return (
        chromium_found()
        or (_from_packages() and chromium_found())
        or (_from_playwright() and chromium_found())
        or None
    )


def _from_packages() -> bool:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print("Installing Chromium from the system's packages …", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", FONTS)

    def is_done(*command: str) -> bool:
        return subprocess.run(command, env=quiet, check=False).returncode == 0

    # Not every system that has the browser has the shell.
    return is_done("apt-get", "update", "-qq") and any(
        is_done(*install, name) for name in (SHELL, "chromium")
    )


def _from_playwright() -> bool:
    print("Downloading Playwright's own Chromium …", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium-headless-shell", "chromium"]
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    made = chromium_made()
    if made is None:
        print(
            "There is no Chromium, and it could not be installed: as root, apt-get would do it; "
            "else Playwright's download must be reachable. Or name one: CHROMIUM=/path/to/chromium",
            file=sys.stderr,
        )
        sys.exit(1)
    print(made)
