"""Feed contracts: what a sender may write into each column and what it means.

What belongs here: the form of a contract and its loading. What does not: applying it
(pipelines/ingest/checks) and the contracts themselves (one YAML file per feed beside this, one per table of
reference data in reference/).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, field_validator

FOLDER = Path(__file__).parent
REFERENCE_FOLDER = FOLDER / "reference"
NOT_FEEDS = {"rules", "refusals", "every_feed"}
NOT_DECLARED = {"answer", "declaration"}
"""What is said about other data, and is itself neither complete nor owed."""

ColumnType = Literal["text", "uscc", "code", "date", "datetime", "month", "int", "money", "decimal", "ratio", "bool"]
Severity = Literal["reject", "warn"]

POLARS_TYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "uscc": pl.String(),
    "code": pl.String(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "month": pl.String(),
    "int": pl.Int64(),
    "money": pl.Decimal(18, 2),
    "decimal": pl.Decimal(18, 6),
    "ratio": pl.Decimal(9, 6),
    "bool": pl.Boolean(),
}


@dataclass(frozen=True)
class CodeTable:
    """A table of reference data whose codes others are of: the code's column, columns whose text is accepted beside it."""

    table: str
    code: str
    names: tuple[str, ...]


CODE_TABLES = {
    "jurisdiction": CodeTable("ref_jurisdiction", "jurisdiction", ("name",)),
    "district": CodeTable("ref_district", "district_code", ("name", "short_name")),
    "industry": CodeTable("ref_industry", "industry_code", ("name",)),
    "product": CodeTable("ref_product", "product_code", ("name",)),
    "insurer": CodeTable("ref_insurer", "insurer_code", ("name", "short_name")),
    "service_item": CodeTable("ref_service_item", "item_code", ("name",)),
    "hazard_criterion": CodeTable("ref_hazard_criterion", "criterion_code", ("name",)),
    "campaign": CodeTable("ref_campaign", "campaign_code", ("name",)),
    "finding_rule": CodeTable("ref_finding_rule", "rule_code", ("name",)),
    "edit": CodeTable("ref_edit", "edit_code", ("title",)),
}
"""What a contract's `codes` may name; `feed` beside it: the feeds themselves."""

HOME_SENDER = "_reference"
"""The folder of raw/ in which the home keeps its reference data, and its name as a sender."""

# What a value of a type may be at most and at least, whatever a contract says beside: what all models, gates, pages and reports
# are built to hold (trust.md 2; days: 1990 to 2100, pipelines/ingest/normalise.py).
BOUNDS: dict[str, float] = {"money": 1e11, "int": 1e9, "decimal": 1e9, "ratio": 1}

# Where a landed row came from; received time and file name hang on file_id (landing/files.parquet).
PROVENANCE: dict[str, pl.DataType] = {
    "file_id": pl.String(),
    "sheet": pl.String(),
    "line_no": pl.Int64(),
    "extra": pl.String(),
}


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Strict):
    """One column of a feed. `title` is the Chinese header; units: money yuan, ratio 0..1."""

    title: str
    type: ColumnType
    aliases: list[str] = []
    required: bool = False
    # Asked for in files received from this day on; older ones load without it, as they did.
    since: date | None = None
    codes: str | list[str] | None = None
    code_aliases: dict[str, str] = {}
    min: float | None = None
    max: float | None = None
    # A value that cannot be read is dropped with a warning; the row stays.
    lenient: bool = False
    # The last day of a time that begins on the day of this column: written as midnight (零时, 00:00), it ended the day before.
    ends: str | None = None
    # Kept only as a keyed hash.
    personal: bool = False
    # Several values in one cell, separated by / 、 ， ； or blanks; stored with 、 between them.
    many: bool = False
    description: str = ""
    example: str | None = None

    @property
    def words(self) -> dict[str, str]:
        """What people write for the codes of an inline list that are no Chinese: the first alias of each."""
        return {code: word for word, code in reversed(self.code_aliases.items()) if code.isascii()}

    @property
    def lowest(self) -> float | None:
        """The least value accepted; None: the type has none."""
        return self.min if self.min is not None else -BOUNDS[self.type] if self.type in BOUNDS else None

    @property
    def highest(self) -> float | None:
        return self.max if self.max is not None else BOUNDS.get(self.type)


class Rule(Strict):
    """A check over one row; `where` is SQL that is true for a row that breaks the rule."""

    code: str
    severity: Severity
    column: str
    where: str
    message: str


class Control(Strict):
    """By what a declaration (报送声明) of the feed is held against the rows: the columns of the day by which a record is of a month, the
    first that is filled counts, none: the feed is a list as it stands; and the amount that is summed (控制金额)."""

    period: list[str] = []
    amount: str | None = None


class Contract(Strict):
    feed: str
    title: str
    source: str
    # home: reference data (参考数据), which the home itself keeps.
    sender: Literal["insurer", "department", "any", "home"]
    # Kinds of senders that may send this feed beside, in the name of one of its senders.
    also_from: list[Literal["service_org"]] = []
    key: list[str]
    # Whose number the key is (trust.md 1). sender: given by the sender, so that a record is (provider, key) and nobody
    # else's row touches it. world: several rightful senders describe one thing, and the newest word of those who stand counts.
    identity: Literal["sender", "world"]
    # Key columns that may be empty; an empty one is part of the key.
    optional_key: list[str] = []
    # Columns that must agree with what ref_provider says of the sender.
    provider_scope: list[str]
    columns: dict[str, Column]
    control: Control = Control()
    # Of moments whose time of day matters: the landed column that says whether one was written (a day alone is its midnight).
    timed: dict[str, str] = {}
    rules: list[Rule] = []

    @field_validator("columns")
    @classmethod
    def _codes_named(cls, columns: dict[str, Column]) -> dict[str, Column]:
        unnamed = [name for name, column in columns.items() if (column.type == "code") != (column.codes is not None)]
        if unnamed:
            raise ValueError(f"type code and `codes` go together: {unnamed}")
        return columns

    def is_number(self, name: str) -> bool:
        """Whether a text column holds numbers of records (of policies, claims, vouchers, projects), which are compared as such:
        codes of reference data are names that are taken as they are written."""
        if self.sender == "home":
            return False
        return self.columns[name].type == "text" and (name in self.key or name.endswith(("_no", "_id", "_code")))

    @property
    def required_key(self) -> list[str]:
        return [name for name in self.key if name not in self.optional_key]

    def landing_schema(self) -> dict[str, pl.DataType]:
        """Column → type of this feed's landing files."""
        columns = {name: POLARS_TYPES[column.type] for name, column in self.columns.items()}
        return columns | dict.fromkeys(self.timed.values(), POLARS_TYPES["bool"]) | PROVENANCE


class GeneralRule(Strict):
    severity: Severity
    title: str
    message: str


@lru_cache
def contracts() -> dict[str, Contract]:
    """All feeds by name. A new feed is a new YAML file in this folder."""
    return _in_folder(FOLDER)


@lru_cache
def feed_titles() -> dict[str, str]:
    """The feeds that one can declare complete, or owe: name → title."""
    return {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["title"]
        for path in sorted(FOLDER.glob("*.yaml"))
        if path.stem not in NOT_FEEDS | NOT_DECLARED
    }


@lru_cache
def about_records() -> dict[str, Column]:
    """Columns that every feed and every table of reference data accepts beside its own."""
    written = yaml.safe_load((FOLDER / "every_feed.yaml").read_text(encoding="utf-8"))
    return {name: Column.model_validate(column) for name, column in written.items()}


def _in_folder(folder: Path) -> dict[str, Contract]:
    loaded = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.stem not in NOT_FEEDS:
            written = yaml.safe_load(path.read_text(encoding="utf-8"))
            for column in written["columns"].values():
                if column.get("codes") == "feed":
                    aliases = {title: name for name, title in feed_titles().items()}
                    column |= {"codes": list(feed_titles()), "code_aliases": aliases}
            contract = Contract.model_validate({**written, "columns": {**written["columns"], **about_records()}})
            if contract.feed != path.stem:
                raise ValueError(f"{path.name} describes {contract.feed}")
            loaded[contract.feed] = contract
    return loaded


@lru_cache
def reference_contracts() -> dict[str, Contract]:
    """All tables of reference data by name, each after those that its codes are of. A new table is a new YAML file in
    reference/."""
    loaded = _in_folder(REFERENCE_FOLDER)
    looked_at = {
        name: [
            CODE_TABLES[column.codes].table
            for column in contract.columns.values()
            if isinstance(column.codes, str) and CODE_TABLES[column.codes].table != name
        ]
        for name, contract in loaded.items()
    }
    return {name: loaded[name] for name in TopologicalSorter(looked_at).static_order()}


def all_contracts() -> dict[str, Contract]:
    """Feeds and tables of reference data by name."""
    return contracts() | reference_contracts()


@lru_cache
def general_rules() -> dict[str, GeneralRule]:
    """Rules that hold for every feed, by code."""
    raw = yaml.safe_load((FOLDER / "rules.yaml").read_text(encoding="utf-8"))
    return {code: GeneralRule.model_validate(rule) for code, rule in raw.items()}


@lru_cache
def refusal_messages() -> dict[str, str]:
    """Reason code → message, for files refused whole."""
    return dict(yaml.safe_load((FOLDER / "refusals.yaml").read_text(encoding="utf-8")))
