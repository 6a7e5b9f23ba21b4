"""What a call raises: one class for each way in which the command ends."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Tuple

from ._results import MigrationResult


class WhimbrelError(Exception):
    """A call did not end well."""

    def __init__(self, error: Mapping[str, Any], result: Optional[MigrationResult] = None) -> None:
        super().__init__(error["message"])
        self._error = error
        #: The error's id: `whimbrel explain W4104` says more.
        self.code: str = error["code"]
        #: What the command would end with.
        self.exit_code: int = error["exit_code"]
        #: The error and what caused it, the outermost first.
        self.chain: Tuple[str, ...] = tuple(error["chain"])
        #: What to do, a sentence each.
        self.hints: Tuple[str, ...] = tuple(error["hints"])
        #: The places in files that it is about.
        self.places: Tuple[Mapping[str, Any], ...] = tuple(error["places"])
        #: What was done before, where a run had begun.
        self.result: Optional[MigrationResult] = result

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (self._error, self.result)


class MigrationFailed(WhimbrelError):
    """A migration failed, in the database or in the rehearsal."""


class UsageError(WhimbrelError):
    """The call, whimbrel.toml or a migration file cannot be understood."""


class Refused(WhimbrelError):
    """Refused for safety; nothing was run."""


class Unreachable(WhimbrelError):
    """The database could not be reached."""


class Locked(WhimbrelError):
    """Another run holds the lock."""


class Interrupted(WhimbrelError):
    """Somebody asked the run to stop; what was applied is recorded."""


_KINDS = {
    "failed": MigrationFailed,
    "usage": UsageError,
    "refused": Refused,
    "unreachable": Unreachable,
    "locked": Locked,
    "interrupted": Interrupted,
    "terminated": Interrupted,
    "hung-up": Interrupted,
}


def raised(answer: Mapping[str, Any]) -> WhimbrelError:
    """The exception of an answer that has an error."""
    error, report = answer["error"], answer.get("report")
    result = None if report is None else MigrationResult.of(report)
    return _KINDS.get(error["exit"], WhimbrelError)(error, result)
