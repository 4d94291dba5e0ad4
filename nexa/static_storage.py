"""Static files of an installation: under hashed names, and those compressed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Compresses what pages name. The plain names stay, for the error pages, which are rarely seen:
    compressing them as well would double the time until a first start."""

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        named = set(self.hashed_files.values())
        yield from super().compress_files([path for path in paths if path in named])
