"""What each department, district or insurer may see of the published warehouse.

What belongs here: turning the dated rights that a publication carries (meta.row_rights) into views over its file. What does not:
the rights themselves (pipelines/feeds/reference/ref_row_right.csv, rows of the home) and what is made of the views (pipelines/publish/extract.py, pipelines/site).

A table is seen when a row of the audience's kind or of `every` names it (`schema.*` for all of a schema; the kind's own
rows go first, then the first that fits decides), and of it the rows `rows_by` says. A table that no row names is not
seen. Keys of policies, services and units that the audience may not see are blanked wherever they stand; findings that
speak of foreign records lose those words.
"""

from __future__ import annotations

import fnmatch
import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb

from pipelines.settings import settings
from pipelines.warehouse.dictionary import PUBLISHED_SCHEMAS
from pipelines.warehouse.evidence import EVIDENCE_KEY, KNOWN
from pipelines.warehouse.held_back import as_json, from_json
from pipelines.warehouse.tables import literal

UNIT_COLUMNS = ("uscc", "insured_uscc", "unit_uscc", "builder_uscc", "target_code")
HIDDEN = "（不在本范围）"

# Columns that say something of the policy a row names, beside its number: shown only with it. A unit's own row adds its policies
# up, so that it says nothing of any of them where one is not the audience's to see.
OF_THE_POLICY = {
    "marts.accident_lookback": (
        "insurer_code", "insured_persons", "limit_per_person", "limit_aggregate", "services_before", "last_service_on", "insurer_failure",
        "claim_no", "claim_provider", "report_date", "decide_date", "paid_date", "paid_to_date", "is_claim_late",
    ),
    "marts.insured_objects": ("insurer_code", "inception_date", "cover_end", "premium_received", "insured_persons", "limit_aggregate"),
    "marts.unit_360": (
        "policies_in_force", "policy_no", "policy_provider", "insurer_code", "first_insured_on", "cover_end", "insured_persons", "premium_received",
        "services_last_year", "last_service_on", "satisfaction", "claims", "claims_paid",
    ),
}  # fmt: skip


class NoAudience(Exception):
    """There is no such provider, or it has no rights; the message says which there are."""


@dataclass(frozen=True)
class Audience:
    """A sender (marts.dim_provider) with what limits it; empty = not limited."""

    provider: str
    kind: str
    name: str
    jurisdiction: str
    district_code: str
    industry_code: str
    insurer_code: str

    @property
    def target_code(self) -> str:
        """What it is called in assessments: its district, field or insurer."""
        return self.district_code or self.industry_code or self.insurer_code


@dataclass(frozen=True)
class Right:
    """A row of meta.row_rights."""

    tables: tuple[str, ...]
    rows_by: str


def audiences(warehouse: Path) -> list[Audience]:
    """Every sender that some right of a publication speaks of, in the order cities and kinds are listed.

    Raises:
        NoAudience: the file is of an earlier version of the program.
    """
    names = list(Audience.__dataclass_fields__)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        try:
            rows = connection.execute(
                f"select {', '.join(names)} from marts.dim_provider "
                "where kind in (select kind from meta.row_rights) order by all"
            ).fetchall()
        except duckdb.CatalogException:
            raise NoAudience("当前发布由旧版程序生成，请先运行 anze nightly。") from None
    return [Audience(*(value or "" for value in row)) for row in rows]


KINDS = {
    "city_bureau": "市应急管理局", "district_bureau": "区市应急管理局", "industry_department": "行业主管部门", "financial_regulator": "金融监管部门",
    "insurer": "保险机构",
}  # fmt: skip
"""The kinds of audience in the order in which they are listed."""


def grouped(warehouse: Path, everybody: list[Audience]) -> list[tuple[str, list[tuple[str, list[Audience]]]]]:
    """Audiences by city and kind, each city's own bureau first: (city, [(kind, audiences)])."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = dict(
            connection.execute("select distinct jurisdiction, jurisdiction_name from marts.dim_district").fetchall()
        )
    found = []
    for city in dict.fromkeys(one.jurisdiction for one in everybody):
        of_city = [one for one in everybody if one.jurisdiction == city]
        kinds = [*KINDS, *sorted({one.kind for one in of_city} - KINDS.keys())]
        groups = [(KINDS.get(kind, kind), [one for one in of_city if one.kind == kind]) for kind in kinds]
        found.append((names.get(city) or city, [(title, members) for title, members in groups if members]))
    return found


def audience(warehouse: Path, provider: str) -> Audience:
    """The audience of a provider code in a publication.

    Raises:
        NoAudience: unknown, or without rights.
    """
    known = {one.provider: one for one in audiences(warehouse)}
    if provider not in known:
        raise NoAudience(f"没有报送单位「{provider}」，或它没有查看权限。可选：{'、'.join(known)}。")
    return known[provider]


def rights(whole: duckdb.DuckDBPyConnection, kind: str) -> list[Right]:
    """The rights of a kind of audience on the day of a publication (attached as `whole`), in the order they are looked at."""
    rows = whole.execute(
        "select tables, rows_by from whole.meta.row_rights, (select max(as_of) as day from whole.meta.publication) "
        "where kind in (?, 'every') and valid_from <= day and (valid_to is null or day <= valid_to) "
        "order by kind = 'every', sort_no, valid_from desc",
        [kind],
    ).fetchall()
    return [Right(tuple(tables.split("|")), rows_by) for tables, rows_by in rows]


@dataclass(frozen=True)
class Views:
    """What an audience sees of the published file.

    connection: its schemas are views of what is seen; the file itself is attached as `whole`.
    conditions: of every table that is seen, which of its rows.
    columns: of every table of the file, with their types.
    who: the audience.
    """

    connection: duckdb.DuckDBPyConnection
    conditions: dict[str, str]
    columns: dict[str, dict[str, str]]
    who: Audience

    @cached_property
    def words(self) -> dict[str, dict[str, tuple[str, str]]]:
        """The Chinese name and unit of every column of every table, as far as the audience sees the dictionary."""
        return dictionary_words(self.connection) if "meta.data_dictionary" in self.conditions else {}

    def rows(self, table: str) -> str:
        """The rows seen, keys not yet blanked: to count, to choose from and to find names in; keys in them are not for showing."""
        return f"(select * from whole.{table} where {self.conditions[table]})"

    def blanked(self, table: str, names: list[str], rows: str) -> str:
        """Columns as they may be shown, of a query that has all columns of `rows`: what to blank is looked for in these rows only."""
        joined = _Joined()
        masked = {name: _masked(table, name, self.columns[table], joined) for name in names}
        if table == "marts.findings":
            return _without_foreign_records(masked, rows, joined, self.who)
        return f"select {', '.join(masked.values())} from ({rows}) as rows_of_table {joined}"


def dictionary_words(connection: duckdb.DuckDBPyConnection, table: str = "") -> dict[str, dict[str, tuple[str, str]]]:
    """The Chinese name and unit of every column by table and column, or of one table only (`marts.findings`)."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for name, column, title, unit in connection.execute(
        "select table_schema || '.' || table_name as name, column_name, chinese_name, unit from meta.data_dictionary where ? in ('', name)",
        [table],
    ).fetchall():
        found.setdefault(name, {})[column] = title, unit
    return found


@contextmanager
def open_as(warehouse: Path, who: Audience) -> Iterator[Views]:
    """What one audience sees of the published warehouse, which is only read."""
    with open_whole(warehouse) as whole:
        yield see_as(whole, who)


def open_whole(warehouse: Path, often: bool = False) -> duckdb.DuckDBPyConnection:
    """The published file, attached as `whole` to a database in memory.

    Args:
        often: findings are going to be read more than once: which records they name is found once and kept.
    """
    connection = duckdb.connect(":memory:", config=_limits())
    connection.execute(f"attach {literal(str(warehouse))} as whole (read_only)")
    connection.execute(f"create {'table' if often else 'view'} memory.named_by_finding as {_NAMED_BY_FINDING}")
    connection.execute(
        "create table memory.column_list as "
        "select schema_name || '.' || table_name as name, "
        "list(column_name order by column_index) as columns, list(data_type order by column_index) as types "
        "from duckdb_columns() where database_name = 'whole' and schema_name = any(?) group by all order by 1",
        [PUBLISHED_SCHEMAS],
    )
    return connection


def see_as(whole: duckdb.DuckDBPyConnection, who: Audience) -> Views:
    """What an audience sees of a file opened by `open_whole`, on a connection of its own."""
    connection = whole.cursor()
    own = f'"seen by {who.provider}"'
    connection.execute(f"attach ':memory:' as {own}; use {own}")
    for schema in PUBLISHED_SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    mine = rights(connection, who.kind)
    _visible(connection, who)
    columns = {
        table: dict(zip(names, types, strict=True))
        for table, names, types in connection.execute("from memory.column_list").fetchall()
    }
    conditions = {table: _first_that_applies(table, set(names), mine, who) for table, names in columns.items()}
    views = Views(connection, {table: where for table, where in conditions.items() if where is not None}, columns, who)
    for table in views.conditions:
        connection.execute(f"create view {table} as {views.blanked(table, list(columns[table]), views.rows(table))}")
    return views


def _limits() -> dict[str, str | bool | int | float | list[str]]:
    """Within memory like everything that works on whole tables; whoever may only read the home spills elsewhere."""
    return {
        "memory_limit": settings().memory_limit,
        "temp_directory": str(Path(tempfile.gettempdir()) / f"anze-{os.getpid()}"),
        "autoinstall_known_extensions": False,
    }


def _visible(connection: duckdb.DuckDBPyConnection, who: Audience) -> None:
    """Tables of the policies and units the audience may see, of the units it may not, and of its units that others
    insure too."""
    _held_city(connection, who)
    limits = [
        f"{column} = {literal(value)}"
        for column, value in (
            ("jurisdiction", who.jurisdiction), ("district_code", who.district_code), ("industry_code", who.industry_code),
        )
        if value
    ]  # fmt: skip
    policies = " and ".join(limits + ([f"insurer_code = {literal(who.insurer_code)}"] if who.insurer_code else []))
    connection.execute(
        f"create temp table visible_policy as select provider, policy_no from whole.marts.fct_policy where {policies}"
    )
    roster = "" if who.insurer_code else f"union select uscc from whole.marts.fct_roster where {' and '.join(limits)}"
    connection.execute(
        f"create temp table visible_unit as select insured_uscc as uscc from whole.marts.fct_policy where {policies} {roster}"
    )
    connection.execute(
        "create temp table hidden_unit as select uscc from whole.marts.dim_unit where uscc not in (select uscc from visible_unit)"
    )
    connection.execute(
        "create temp table unit_of_others as select distinct insured_uscc as uscc from whole.marts.fct_policy as policies "
        "anti join visible_policy as seen on seen.provider = policies.provider and seen.policy_no = policies.policy_no "
        "where insured_uscc in (from visible_unit)"
    )


def _first_that_applies(table: str, names: set[str], mine: list[Right], who: Audience) -> str | None:
    """The condition of the first right that names the table and has the column it goes by; None: not seen."""
    for right in mine:
        if any(fnmatch.fnmatchcase(table, pattern) for pattern in right.tables):
            where = _where(right.rows_by, names, who)
            if where is not None or right.rows_by == "none":
                return where
    return None


def _where(rows_by: str, names: set[str], who: Audience) -> str | None:
    """The condition on the rows of a table; None: none of them, or the table has no such column."""
    city = literal(who.jurisdiction)
    in_city = (
        f"jurisdiction = {city}" if "jurisdiction" in names
        else f"district_code in (select district_code from whole.marts.dim_district where jurisdiction = {city})" if "district_code" in names
        else f"provider in (select provider from whole.marts.dim_provider where jurisdiction = {city})" if "provider" in names
        else _is_visible("policy_no", names) if "policy_no" in names
        else None
    )  # fmt: skip
    unit = next((name for name in UNIT_COLUMNS if name in names), None)
    conditions = {
        "all": "true",
        "jurisdiction": in_city if "jurisdiction" not in names else f"(jurisdiction = {city} or jurisdiction is null)",
        "jurisdiction_provider": in_city,
        "district": f"district_code = {literal(who.district_code)}" if "district_code" in names else None,
        "industry": f"industry_code = {literal(who.industry_code)} and {in_city}"
        if "industry_code" in names and in_city
        else None,
        "insurer": f"insurer_code = {literal(who.insurer_code)} and {in_city}"
        if "insurer_code" in names and in_city
        else None,
        "policy": _is_visible("policy_no", names) if "policy_no" in names else None,
        "unit": f"{unit} in (from visible_unit)" if unit else None,
        "provider": f"provider = {literal(who.provider)}" if "provider" in names else None,
        "target": f"target_code = {literal(who.target_code)} and {in_city}" if "target_code" in names else None,
        "none": None,
    }
    return conditions[rows_by]


def _held_city(connection: duckdb.DuckDBPyConnection, who: Audience) -> None:
    """The audience's city, if the publication holds it back: its knowledge date, and why, as it says of its own city only."""
    connection.execute("create temp table held_city (as_of date, held_back varchar)")
    if "held_back" not in [
        column[0] for column in connection.execute("select * from whole.meta.publication limit 0").description or []
    ]:
        return
    text = connection.execute("select held_back from whole.meta.publication").fetchall()[0][0]
    for city in from_json(text):
        if city.jurisdiction == who.jurisdiction and city.as_of:
            connection.execute("insert into held_city values (?, ?)", [city.as_of, as_json([city])])


def _is_visible(policy: str, names: Collection[str]) -> str:
    """The condition that the audience may see the policy that a column of a table names. A number is a policy only with its sender."""
    return f"({_owner(policy, names)}, {policy}) in (from visible_policy)"


def _owner(policy: str, names: Collection[str]) -> str:
    owner = policy.replace("policy_no", "policy_provider")
    return owner if owner in names else "provider"


class _Joined:
    """What `rows_of_table` is joined with to know which of its cells may be shown, each once. A join, as DuckDB then keeps whichever
    side is smaller at hand; for `in (…)` within a column it would keep all keys, of a province's units for twenty rows."""

    def __init__(self) -> None:
        self.joins: dict[str, str] = {}

    def among(self, keys: str, **columns: str) -> str:
        """The condition that a row is among the keys of a table; `columns`: of the table → of the row, never null where it is."""
        return f"({self._with(keys, {key: f'rows_of_table.{column}' for key, column in columns.items()})} is not null)"

    def names_hidden_service(self) -> str:
        """The condition that the service a row names is of a policy the audience may not see."""
        service = {"provider": "rows_of_table.provider", "service_no": "rows_of_table.service_no"}
        found = self._with("whole.marts.fct_service", service)
        of = found.split(".", maxsplit=1)[0]
        policy = {"provider": f"coalesce({of}.policy_provider, {of}.provider)", "policy_no": f"{of}.policy_no"}
        return f"({found} is not null and {self._with('visible_policy', policy)} is null)"

    def _with(self, table: str, on: dict[str, str]) -> str:
        """A key column of the table joined on keys (column → expression): null where there is no such row."""
        condition = " and ".join(f"{{0}}.{key} = {expression}" for key, expression in on.items())
        alias = self.joins.setdefault(f"left join {table} as {{0}} on {condition}", f"joined_{len(self.joins)}")
        return f"{alias}.{list(on)[-1]}"

    def __str__(self) -> str:
        return " ".join(join.format(alias) for join, alias in self.joins.items())


def _masked(table: str, name: str, names: Collection[str], joined: _Joined) -> str:
    """A column with the keys of foreign policies and units blanked, and what is said of such a policy."""
    column = f'rows_of_table."{name}"'
    if table == "meta.publication" and name == "as_of":
        return f"coalesce((select as_of from held_city), {column}) as as_of"
    if table == "meta.publication" and name == "held_back":
        return "coalesce((select held_back from held_city), '') as held_back"
    if table.startswith("meta."):
        return column
    shown = _shown(table, name, names, joined)
    return column if shown is None else f'case when {shown} then {column} end as "{name}"'


def _shown(table: str, name: str, names: Collection[str], joined: _Joined) -> str | None:
    """When a cell may be shown; None: always."""

    def is_visible(policy: str) -> str:
        return joined.among("visible_policy", provider=_owner(policy, names), policy_no=policy)

    number = name.replace("policy_provider", "policy_no")
    if name in OF_THE_POLICY.get(table, ()):
        if table == "marts.unit_360":
            return (
                f"not {joined.among('hidden_unit', uscc='uscc')} and not {joined.among('unit_of_others', uscc='uscc')}"
            )
        return f"rows_of_table.policy_no is null or {is_visible('policy_no')}"
    if number.endswith("policy_no") and number in names:
        return is_visible(number)
    if name == "service_no":
        return f"not {joined.names_hidden_service()}"
    unit = {"top_name": "top_uscc", "unit_name": "unit_uscc"}.get(name, name)
    if unit in names and (unit.endswith("uscc") or unit in ("target_code", "subject_code")):
        return f"not {joined.among('hidden_unit', uscc=unit)}"
    return None


# The records that findings name as evidence, with the policy and unit each belongs to.
_NAMED_BY_FINDING = f"""
    with keys as (
        select finding_id, unnest(string_split(evidence_keys, '；')) as evidence_key from whole.marts.findings
    )
    select keys.finding_id, known.provider, known.record_key, known.policy_provider, known.policy_no, known.unit
    from keys inner join ({KNOWN.replace("marts.", "whole.marts.")}) as known
        on keys.evidence_key = {EVIDENCE_KEY}
"""


def _without_foreign_records(masked: dict[str, str], findings: str, joined: _Joined, who: Audience) -> str:
    """The query of findings without the words in evidence and sentence that name records of others.

    Args:
        masked: columns with their other keys blanked, by name.
    """
    select = ", ".join(
        f"case when words is null then {name} else "
        f"list_reduce(list_prepend({name}, words), lambda text, word: replace(text, word, '{HIDDEN}')) end as {name}"
        if name in ("evidence_keys", "explanation")
        else column
        for name, column in masked.items()
    )
    return f"""
        with rows_found as materialized ({findings}),
        named as (
            select named.*, units.uscc is not null as is_hidden_unit,
                -- A policy that nobody sent is nobody's to see but of the sender that names it.
                named.policy_no is not null and policies.policy_no is null
                and (named.policy_provider is not null or named.provider <> {literal(who.provider)}) as is_hidden_policy
            from rows_found inner join memory.named_by_finding as named on named.finding_id = rows_found.finding_id
            left join visible_policy as policies on policies.provider = named.policy_provider and policies.policy_no = named.policy_no
            left join hidden_unit as units on units.uscc = named.unit
        ), hidden as (
            select * from named where is_hidden_policy or (policy_no is null and is_hidden_unit)
        ), words as (
            select finding_id, record_key as word from hidden
            union select finding_id, policy_no from hidden where is_hidden_policy
            union select finding_id, unit from hidden where is_hidden_unit
            union select finding_id, name from hidden inner join whole.marts.dim_unit on unit = uscc where is_hidden_unit
            union select finding_id, unit_uscc from rows_found where unit_uscc in (from hidden_unit)
            union select finding_id, unit_name from rows_found where unit_uscc in (from hidden_unit)
        ), hidden_word as (
            -- The longest first: the number of a hazard holds the number of its service.
            select finding_id, list(word order by length(word) desc, word) as words
            from words where word is not null group by all
        )
        select {select} from rows_found as rows_of_table {joined} left join hidden_word on hidden_word.finding_id = rows_of_table.finding_id
    """
