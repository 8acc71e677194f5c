"""The suites of expectations/ as data.

What belongs here: reading and validating the suite files, filling in a feed's name and keys. What
does not: running them (run.py) and the expectations themselves (expectations/*.yaml).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from pipelines.feeds.contracts import Contract, contracts
from pipelines.settings import EXPECTATIONS

EVERY_FEED = "every_feed"


class Expectation(BaseModel):
    """One gate. `type` and `kwargs` are Great Expectations' own; critical blocks, warning is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    severity: Literal["critical", "warning"]
    type: str
    kwargs: dict[str, Any]


class Suite(BaseModel):
    """The gates of one table; `table` is `schema.table`, or a feed's name at the landing stage."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: str
    table: str = ""
    expectations: list[Expectation]


def _load(path: Path) -> Suite:
    return Suite.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def landing_suites() -> list[Suite]:
    """The table of files; and for each feed what every feed must hold and its own suite if it has one."""
    folder = EXPECTATIONS / "landing"
    every = _load(folder / f"{EVERY_FEED}.yaml")
    suites = [_load(folder / "files.yaml")]
    for feed, contract in contracts().items():
        own = folder / f"{feed}.yaml"
        expectations = [_for_feed(expectation, contract) for expectation in every.expectations]
        if own.exists():
            expectations += _load(own).expectations
        suites.append(Suite(suite=f"landing.{feed}", table=feed, expectations=expectations))
    return suites


def _for_feed(expectation: Expectation, contract: Contract) -> Expectation:
    words = {
        "{feed}": contract.feed,
        "{keys}": ", ".join(contract.required_key),
        "{keys_null}": " or ".join(f"{key} is null" for key in contract.required_key),
    }

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            for placeholder, word in words.items():
                value = value.replace(placeholder, word)
        return value

    return expectation.model_copy(
        update={"kwargs": {name: filled(value) for name, value in expectation.kwargs.items()}}
    )


def mart_suites() -> list[Suite]:
    return [_load(path) for path in sorted((EXPECTATIONS / "marts").glob("*.yaml"))]
