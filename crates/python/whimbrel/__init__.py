"""Whimbrel inside a Python program: its migrations run when it starts.

    runner = MigrationRunner()
    plan = await runner.create_migration_plan()
    result = await runner.run_migrations(dry_run=False)
"""

from ._errors import (
    Interrupted,
    Locked,
    MigrationFailed,
    Refused,
    Unreachable,
    UsageError,
    WhimbrelError,
)
from ._native import __version__
from ._results import Database, Event, Migration, MigrationPlan, MigrationResult, Readiness
from ._runner import MigrationRunner

__all__ = [
    "Database",
    "Event",
    "Interrupted",
    "Locked",
    "Migration",
    "MigrationFailed",
    "MigrationPlan",
    "MigrationResult",
    "MigrationRunner",
    "Readiness",
    "Refused",
    "Unreachable",
    "UsageError",
    "WhimbrelError",
    "__version__",
]
