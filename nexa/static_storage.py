"""Static files of an installation: under hashed names, and those compressed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from whitenoise.storage import CompressedManifestStaticFilesStorage

COMPRESSED: Final = (".gz", ".br")


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Compresses what pages name. The plain names stay, for the error pages, which are rarely seen:
    compressing them as well would double the time until a first start."""

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        known = set(paths)
        named = known & set(self.hashed_files.values())
        # An older release compressed plain names, too; browsers would go on getting what it held.
        stale = {path + ending for path in known - named for ending in COMPRESSED} - known
        self.delete_files(stale)
        yield from super().compress_files(named)
