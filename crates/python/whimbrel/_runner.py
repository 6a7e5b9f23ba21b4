"""The migrations of a project, and how a program runs them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, Optional, TypeVar, Union

from . import _native
from ._errors import raised
from ._results import Event, MigrationPlan, MigrationResult, Readiness, made

T = TypeVar("T")


class MigrationRunner:
    """The migrations of a folder, and how they are run.

    Without `database_url` the database is found where `whimbrel` finds it: `DATABASE_URL`, `.env`,
    the project's configuration. Each call is there twice: for asyncio, and with `_blocking` at its
    end without. Python's lock is free meanwhile.
    """

    def __init__(
        self,
        folder: Union[str, "os.PathLike[str]"] = ".",
        *,
        database_url: Optional[str] = None,
        history: Optional[str] = None,
        wait: Optional[float] = None,
        refuse_ahead: bool = False,
        rehearse: bool = False,
        binary: Union[str, "os.PathLike[str]", None] = None,
        on_event: Optional[Callable[[Event], object]] = None,
    ) -> None:
        """
        :param wait: seconds to wait for another run; as whimbrel.toml says, or five minutes.
        :param refuse_ahead: refuse a database that has migrations which this folder lacks.
        :param rehearse: try what is pending in a throw-away Postgres first. That needs the program
            `whimbrel`, beside this interpreter or on the PATH, or named as `binary`.
        :param on_event: hears what happens, on a thread of the run.
        """
        self._wanted: Dict[str, Any] = {
            "folder": os.path.abspath(os.fspath(folder)),
            "database_url": database_url,
            "history": history,
            "wait": wait,
            "refuse_ahead": refuse_ahead,
            "rehearse": rehearse,
            "helper": _helper(binary) if rehearse else None,
        }
        self._on_event = on_event

    async def create_migration_plan(self, target: Optional[str] = None) -> MigrationPlan:
        """Says what :meth:`run_migrations` would run, with the SQL; writes nothing."""
        return await _aside(lambda stop: self._plan(target, stop))

    def create_migration_plan_blocking(self, target: Optional[str] = None) -> MigrationPlan:
        """The same without asyncio."""
        return self._plan(target, _native.Stop())

    async def run_migrations(
        self, dry_run: bool = False, target: Optional[str] = None
    ) -> MigrationResult:
        """Applies what is pending, up to `target` where it is given.

        Cancelled, it asks its run to stop cleanly, and ends when that has: the migration under way
        is rolled back or finished, and recorded.
        """
        return await _aside(lambda stop: self._run(dry_run, target, stop))

    def run_migrations_blocking(
        self, dry_run: bool = False, target: Optional[str] = None
    ) -> MigrationResult:
        """The same without asyncio; Ctrl-C asks the run to stop cleanly."""
        return self._run(dry_run, target, _native.Stop())

    async def readiness(self) -> Readiness:
        """Tells whether the schema is there; writes nothing."""
        return await _aside(self._readiness)

    def readiness_blocking(self) -> Readiness:
        """The same without asyncio."""
        return self._readiness(_native.Stop())

    def _plan(self, target: Optional[str], stop: _native.Stop) -> MigrationPlan:
        return MigrationPlan.of(self._call("plan", target, stop)["report"])

    def _run(self, dry_run: bool, target: Optional[str], stop: _native.Stop) -> MigrationResult:
        what = "plan" if dry_run else "run"
        return MigrationResult.of(self._call(what, target, stop)["report"])

    def _readiness(self, stop: _native.Stop) -> Readiness:
        return made(Readiness, self._call("readiness", None, stop))

    def _call(self, what: str, target: Optional[str], stop: _native.Stop) -> Dict[str, Any]:
        hear = self._on_event
        tell = None if hear is None else lambda text: hear(made(Event, json.loads(text)))
        wanted = {**self._wanted, "what": what, "target": target}
        answer: Dict[str, Any] = json.loads(_native.call(wanted, stop, tell))
        if "error" in answer:
            raise raised(answer)
        return answer


def _helper(binary: Union[str, "os.PathLike[str]", None]) -> Optional[str]:
    """The program that watches over a throw-away Postgres; without it, the call says so."""
    if binary is not None:
        return os.fspath(binary)
    return shutil.which("whimbrel", path=sysconfig.get_path("scripts")) or shutil.which("whimbrel")


async def _aside(work: Callable[[_native.Stop], T]) -> T:
    """Works on a thread; cancelled, asks it to stop and waits until it has."""
    stop = _native.Stop()
    # A thread of its own: many calls that wait must not use up those of the loop.
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whimbrel")
    done = asyncio.get_running_loop().run_in_executor(pool, work, stop)
    pool.shutdown(wait=False)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.ask()
        while not done.done():
            try:
                await asyncio.wait({done})
            except asyncio.CancelledError:
                stop.ask()
        # Looked at, so that asyncio does not report it: the caller has gone.
        if not done.cancelled():
            done.exception()
        raise
