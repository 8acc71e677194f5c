"""What assets need from outside: the home they work in and the knowledge date.

What belongs here: Dagster resources. What does not: what they are used for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource
from packaging.version import Version

from pipelines.lock import writer_lock
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


class InstalledDbt(DbtCliResource):
    """dbt as installed here. Its version is read from the package instead of a process that takes four seconds."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))
