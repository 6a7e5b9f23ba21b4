"""The compiled half; use the package `whimbrel`, not this."""

from typing import Any, Callable, Mapping, Optional

__version__: str

class Stop:
    """The wish that a call ends; asked twice, at once."""

    def __init__(self) -> None: ...
    def ask(self) -> None: ...

def call(
    wanted: Mapping[str, Any], stop: Stop, on_event: Optional[Callable[[str], object]]
) -> str: ...
