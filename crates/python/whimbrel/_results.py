"""What a call answers: frozen values, made from the report of the command."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Mapping, Optional, Tuple, Type, TypeVar

T = TypeVar("T")


def made(kind: Type[T], values: Mapping[str, Any]) -> T:
    """Makes a value of the fields that it has; a report may say more."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    frozen = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if name in known
    }
    return kind(**frozen)


@dataclass(frozen=True)
class Database:
    """A database as a person recognises it; never a secret."""

    host: str
    database: str
    role: str
    server_version: str
    found_in: str
    pooled: bool
    environment: Optional[str] = None


@dataclass(frozen=True)
class Migration:
    """A migration of a plan or a run."""

    history: str
    id: str
    name: str
    direction: str
    why: str
    statements: int
    #: `one`, or `steps` where it cannot be one transaction.
    transaction: str
    #: `done`, `done-by-another`, `failed`, `skipped`, `not-run` or `unknown`.
    result: str
    description: Optional[str] = None
    file: Optional[str] = None
    because: Optional[str] = None
    #: Its script; in plans only.
    sql: Optional[str] = None
    execution_time_ms: Optional[int] = None


@dataclass(frozen=True)
class MigrationPlan:
    """What a run would do."""

    database: Database
    migrations: Tuple[Migration, ...]
    remarks: Tuple[str, ...]
    is_refused: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.migrations

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> MigrationPlan:
        return made(cls, typed(report))


@dataclass(frozen=True)
class MigrationResult:
    """What a run did."""

    database: Database
    #: `done`, `nothing`, `done-by-another`, `shown` (a dry run), `failed` or `stopped`.
    outcome: str
    migrations: Tuple[Migration, ...]
    remarks: Tuple[str, ...]
    rehearsal: Mapping[str, Any]

    @property
    def applied(self) -> Tuple[Migration, ...]:
        """What this run applied."""
        return tuple(one for one in self.migrations if one.result == "done")

    @property
    def execution_time_ms(self) -> int:
        """How long they took together."""
        return sum(one.execution_time_ms or 0 for one in self.applied)

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> MigrationResult:
        return made(cls, typed(report))


@dataclass(frozen=True)
class Readiness:
    """Whether a database has what the program needs."""

    #: `ready`, `pending` or `ahead`.
    state: str
    #: What is pending, or what this program does not know.
    ids: Tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether the program can serve."""
        return self.state != "pending"


@dataclass(frozen=True)
class Event:
    """Something that happens during a call."""

    #: `started`, `done`, `statement`, `step`, `waiting`, `blocked`, `retry`, `notice` …
    kind: str
    migration: Optional[str] = None
    direction: Optional[str] = None
    milliseconds: Optional[int] = None
    number: Optional[int] = None
    of: Optional[int] = None
    percent: Optional[int] = None
    severity: Optional[str] = None
    message: Optional[str] = None
    blockers: Tuple[str, ...] = ()


def typed(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """A report with its parts as values."""
    return {
        **report,
        "database": made(Database, report["database"]),
        "migrations": [made(Migration, one) for one in report["migrations"]],
    }
