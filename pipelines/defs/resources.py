"""What assets need from outside: the home they work in and the knowledge date.

What belongs here: Dagster resources. What does not: what they are used for.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtCliResource
from dagster_dbt.asset_utils import get_manifest_and_translator_from_dbt_assets
from packaging.version import Version

from pipelines import waiting_dbt
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
    """dbt as installed here."""

    @cached_property
    def _cli_version(self) -> Version:
        """Read from the package, and not from a process that takes four seconds."""
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        """None: nothing here asks the database through Dagster, and to be able to takes more than a second."""

    def whole(self, arguments: list[str], context: dg.AssetExecutionContext) -> DbtCliInvocation:
        """Like `cli`, for all models, in the process that has loaded dbt meanwhile."""
        manifest, translator, _ = get_manifest_and_translator_from_dbt_assets([context.assets_def])
        target = self._get_unique_target_path(context=context)
        target.mkdir(parents=True)
        places = ["--target-path", str(target), "--log-path", str(target)]
        return DbtCliInvocation(
            process=waiting_dbt.build([*arguments, *places]),
            manifest=manifest,
            dagster_dbt_translator=translator,
            project_dir=Path(self.project_dir),
            target_path=target,
            raise_on_error=True,
            context=context,
            cli_version=self._cli_version,
        )
