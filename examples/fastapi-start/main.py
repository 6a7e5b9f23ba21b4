"""A web server that migrates its database when it starts.

    pip install fastapi uvicorn ../../crates/python
    DATABASE_URL=postgres://… uvicorn main:app

Twenty workers may start at once: one of them migrates, the others wait for it, and none serves
before the schema is there.
"""

from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Response
from whimbrel import Event, MigrationRunner, WhimbrelError


def say(event: Event) -> None:
    if event.kind == "done":
        print(f"applied {event.migration} in {event.milliseconds} ms", flush=True)


runner = MigrationRunner(Path(__file__).parent, on_event=say)


@asynccontextmanager
async def lifespan(app: FastAPI):
    await runner.run_migrations()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/ready")
async def ready(response: Response):
    """Whether this replica can serve: the schema may have been taken back meanwhile."""
    try:
        readiness = await runner.readiness()
    except WhimbrelError as error:
        response.status_code = 503
        return {"schema": "unknown", "error": error.code}
    if not readiness.is_ready:
        response.status_code = 503
    return {"schema": readiness.state, "ids": readiness.ids}
