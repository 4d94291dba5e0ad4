"""Providers are known to the registry alone; a new folder is held to it without being named."""

from __future__ import annotations

from pathlib import Path

import grimp
import pytest

import integrations

FOLDER = Path(integrations.__file__).parent
PROVIDERS = sorted(
    path.name for path in FOLDER.iterdir() if (path / "__init__.py").exists() and path.name != "hub"
)


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("nexa", "crm", "integrations", "imports", cache_dir=None)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_provider_is_known_to_itself_only(graph: grimp.ImportGraph, provider: str) -> None:
    package = f"integrations.{provider}"

    importers = {
        importer
        for module in (package, *graph.find_descendants(package))
        for importer in graph.find_modules_that_directly_import(module)
    }

    assert [name for name in importers if not f"{name}.".startswith(f"{package}.")] == []
