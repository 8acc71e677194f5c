"""What assets need from outside: the home they work in and the knowledge date.

What belongs here: Dagster resources. What does not: what they are used for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from pipelines.night.lock import writer_lock
from pipelines.settings import Settings, settings


class Home(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The home (ANZE_HOME) a run works in; it holds the writer's lock for the whole run."""

    path: str
    as_of: str = ""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Home"]:
        with writer_lock(self.settings()):
            yield self

    def settings(self) -> Settings:
        return settings(Path(self.path))
