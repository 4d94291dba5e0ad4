"""What imports and exports remember."""

from __future__ import annotations

from imports.models.exports import ExportJob
from imports.models.jobs import ImportJob
from imports.models.problems import ImportProblem
from imports.models.rehearsal import RehearsedKey, RehearsedRecord

__all__ = ["ExportJob", "ImportJob", "ImportProblem", "RehearsedKey", "RehearsedRecord"]
