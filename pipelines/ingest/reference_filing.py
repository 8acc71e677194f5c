"""Checking a workbook of reference data and filing it (收件登记) as drops of the home.

What belongs here: what is wrong with a workbook, cell by cell and between tables; which tables it changes; laying it under
raw/_reference. What does not: how its rows are read and versions chosen (drop.py, reference.py), the workbook's form
(pipelines/report/reference_book.py).

A workbook is checked by filing it in a copy of the home's reference data: what would be refused there is refused here.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from pipelines.feeds.contracts import CODE_TABLES, HOME_SENDER, Contract, reference_contracts
from pipelines.feeds.reference import Reference, code_key
from pipelines.ingest.landing import reference_of
from pipelines.ingest.manifest import Receipt, is_unfinished, load_receipts
from pipelines.ingest.receive import lay_down
from pipelines.ingest.reference import take_bundled
from pipelines.settings import Settings

Severity = Literal["错误", "提示"]
ERROR: Severity = "错误"
HINT: Severity = "提示"
FROM_TO = ("valid_from", "valid_to")


@dataclass(frozen=True)
class Fault:
    """What is wrong (错误: it cannot be filed) or missing (提示), where, and what to write. `line` 0: the sheet as a whole."""

    severity: Severity
    sheet: str
    line: int
    column: str
    message: str


@dataclass(frozen=True)
class Change:
    """A row that will be otherwise: its key in words, and each column that changes (before → after); none before: it is new."""

    table: str
    what: Literal["新增", "修改", "撤销"]
    key: str
    columns: str


@dataclass(frozen=True)
class Checked:
    """What a check found."""

    faults: list[Fault]
    changes: list[Change]

    @property
    def can_be_filed(self) -> bool:
        return all(fault.severity != ERROR for fault in self.faults)


def check_book(settings: Settings, book: Path, now: datetime) -> Checked:
    """What is wrong with a workbook, and what it would change, if it were received now. The home is not touched.

    Raises:
        NoBook: it is no workbook, or has no sheet of any table.
    """
    tables = tables_in(book)
    with _trial(settings) as trial:
        known = reference_of(trial)
        before = {name: known.table(name) for name in tables}  # read before they are made again
        filed = {path.relative_to(trial.raw).as_posix() for path in _file(trial, book, tables, now)}
        after = reference_of(trial)
        receipts = [receipt for path, receipt in load_receipts(trial.landing).items() if path in filed]
        faults = [*_of_rows(trial, receipts), *_twice(trial, receipts), *_between_tables(after, receipts)]
        changes = [change for name in tables for change in _changes(name, before[name], after.table(name))]
    return Checked(sorted(faults, key=_in_order), changes)


def _in_order(fault: Fault) -> tuple[bool, int, int]:
    """Errors first; what others depend on first: where a city is refused, all that is its is."""
    sheets = [contract.title for contract in reference_contracts().values()]
    return fault.severity != ERROR, sheets.index(fault.sheet), fault.line


class NoBook(Exception):
    """The file is no workbook of reference data; the message says why."""


def tables_in(book: Path) -> list[str]:
    """The tables that have a sheet in a workbook.

    Raises:
        NoBook: none has, or it is no workbook.
    """
    if is_unfinished(book.name):
        raise NoBook(
            f"{book.name} 是隐藏文件、未传完的文件或 Excel 打开时的锁文件。请另存为 参考数据.xlsx 这样的名字。"
        )
    try:
        sheets = set(CalamineWorkbook.from_path(str(book)).sheet_names)
    except (CalamineError, OSError) as error:
        raise NoBook(f"{book.name} 不是 Excel 工作簿，或已损坏。") from error
    tables = [name for name, contract in reference_contracts().items() if contract.title in sheets]
    if not tables:
        titles = "、".join(contract.title for contract in reference_contracts().values())
        raise NoBook(f"{book.name} 中没有参考数据的工作表。工作表应以表名命名：{titles}。")
    return tables


def file_book(settings: Settings, book: Path, changes: list[Change], now: datetime) -> list[Path]:
    """Files a workbook that has been checked under every table it changes; returns where it lies."""
    take_bundled(settings)  # what the check began with, too
    titles = {contract.title: name for name, contract in reference_contracts().items()}
    changed = list(dict.fromkeys(titles[change.table] for change in changes))
    filed = _file(settings, book, changed, now)
    reference_of(settings)
    return filed


@contextmanager
def _trial(settings: Settings) -> Iterator[Settings]:
    """A home of its own with the same reference data."""
    with tempfile.TemporaryDirectory(prefix="anze-reference-") as folder:
        trial = settings.model_copy(update={"home": Path(folder), "hash_key": "trial"})
        own = settings.raw / HOME_SENDER
        if own.exists():
            shutil.copytree(own, trial.raw / HOME_SENDER)
        yield trial


def _file(settings: Settings, book: Path, tables: list[str], now: datetime) -> list[Path]:
    return [lay_down(settings, book, HOME_SENDER, name, now) for name in tables]


def _of_rows(trial: Settings, receipts: list[Receipt]) -> Iterator[Fault]:
    """What reading refuses of the workbook, row by row, or of a sheet as a whole."""
    for receipt in receipts:
        contract = reference_contracts()[receipt.feed]
        for output in receipt.outputs:
            if output.startswith("_issues/"):
                yield from (_fault(contract, row) for row in pl.read_parquet(trial.landing / output).to_dicts())


def _fault(contract: Contract, row: dict[str, object]) -> Fault:
    column = contract.columns.get(str(row["column_name"]))
    line = row["line_no"]
    return Fault(
        ERROR if row["severity"] in ("reject", "fatal") else HINT,
        contract.title,
        line if isinstance(line, int) else 0,
        column.title if column else "",
        str(row["message"]),
    )


def _between_tables(reference: Reference, receipts: list[Receipt]) -> Iterator[Fault]:
    """What no row shows by itself. Rows that stand in another drop are named by their table, without a line."""
    book = [receipt.file_id for receipt in receipts]
    rows = {name: _placed(reference.rows(name), book) for name in reference_contracts()}
    for name, contract in reference_contracts().items():
        if {*FROM_TO} <= set(contract.columns):
            yield from _overlapping(contract, rows[name])
        yield from _codes_of_nothing(reference, contract, rows[name])
    yield from _aliases_of_nothing(reference, rows["ref_alias"])
    yield from _elsewhere(rows)
    yield from _missing(rows)


def _placed(rows: pl.DataFrame, book: list[str]) -> pl.DataFrame:
    """Rows with the line they have in the workbook; 0: they come from another drop."""
    return rows.with_columns(place=pl.when(pl.col("file_id").is_in(book)).then("line_no").otherwise(0).fill_null(0))


def _twice(trial: Settings, receipts: list[Receipt]) -> Iterator[Fault]:
    """Rows of one key within the workbook that say different things."""
    for receipt in receipts:
        contract = reference_contracts()[receipt.feed]
        key = "、".join(contract.columns[name].title for name in contract.key)
        for output in receipt.outputs:
            if output.startswith("_issues/"):
                continue
            rows = pl.read_parquet(trial.landing / output)
            first = rows.with_columns(first=pl.col("line_no").first().over(contract.key))
            for row in first.filter(pl.col("first") != pl.col("line_no")).to_dicts():
                yield Fault(
                    ERROR, contract.title, row["line_no"], contract.columns[contract.key[0]].title,
                    f"与第 {row['first']} 行的主键（{key}）相同。同一主键只留一行，或改正其中一行的主键。",
                )  # fmt: skip


def _overlapping(contract: Contract, rows: pl.DataFrame) -> Iterator[Fault]:
    """The home's rows of one key but for the day they begin whose days overlap: nobody would know which holds."""
    key = [name for name in contract.key if name != "valid_from"]
    if key == contract.key:
        return
    begins = pl.col("valid_from").fill_null(pl.date(1900, 1, 1))
    ordered = (
        rows.filter("is_home")
        .sort(begins)
        .with_columns(
            next_from=pl.col("valid_from").shift(-1).over(key), next_place=pl.col("place").shift(-1).over(key)
        )
    )
    found = ordered.filter(
        pl.col("next_from").is_not_null() & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("next_from")))
    )
    for row in found.to_dicts():
        line = row["next_place"] or row["place"]
        until = row["valid_to"] or "没有失效日期"
        yield Fault(
            ERROR, contract.title, line, contract.columns["valid_from"].title,
            f"有效期重叠：自 {row['valid_from']} 起的一行（{until}）与自 {row['next_from']} 起的一行。"
            f"请把前一行的「失效日期」填为后一行生效的前一天。",
        )  # fmt: skip


def _codes_of_nothing(reference: Reference, contract: Contract, rows: pl.DataFrame) -> Iterator[Fault]:
    """Rows in force that use a code which is withdrawn: one city's withdrawal would stop the night of both."""
    for name, column in contract.columns.items():
        if isinstance(column.codes, str):
            table = CODE_TABLES[column.codes]
            known = reference.table(table.table)[table.code].implode()
            for row in rows.filter(pl.col(name).is_not_null() & ~pl.col(name).is_in(known)).to_dicts():
                key = "　".join(str(row[part]) for part in contract.key if row[part] is not None)
                yield Fault(
                    ERROR, contract.title, row["place"], column.title,
                    f"「{key}」还在用「{row[name]}」，它在「{reference_contracts()[table.table].title}」中已撤销。请先撤销或改正这一行。",
                )  # fmt: skip


def _aliases_of_nothing(reference: Reference, rows: pl.DataFrame) -> Iterator[Fault]:
    contract = reference_contracts()["ref_alias"]
    for (listed,), aliases in rows.group_by("code_list", maintain_order=True):
        table = CODE_TABLES[str(listed)]
        known = reference.table(table.table).select(
            pl.concat_list(table.code, *table.names).list.explode().alias("key")
        )
        keys = known.select(code_key(pl.col("key"))).to_series().implode()
        for row in aliases.filter(~code_key(pl.col("code")).is_in(keys)).to_dicts():
            yield Fault(
                ERROR, contract.title, row["place"], contract.columns["code"].title,
                f"「{row['code']}」不是「{reference_contracts()[table.table].title}」中的代码或名称。请填其中一个，或先在该表补上。",
            )  # fmt: skip


def _elsewhere(rows: dict[str, pl.DataFrame]) -> Iterator[Fault]:
    """Senders of a district of another city."""
    senders = rows["ref_provider"].join(
        rows["ref_district"].select("district_code", district_city="jurisdiction"), on="district_code", how="inner"
    )
    for row in senders.filter(pl.col("jurisdiction") != pl.col("district_city")).to_dicts():
        yield Fault(
            ERROR, "报送单位", row["place"], "区市",
            f"「{row['name']}」的区市 {row['district_code']} 属于「{row['district_city']}」，与它的统计辖区「{row['jurisdiction']}」不一致。",
        )  # fmt: skip


def _missing(rows: dict[str, pl.DataFrame]) -> Iterator[Fault]:
    """What a city has begun and not finished: hints, as it may be meant so."""
    cities, senders, forms = rows["ref_jurisdiction"], rows["ref_provider"], rows["ref_return"]
    of_kind = {
        kind: senders.filter(kind=kind) for kind in ("district_bureau", "industry_department", "insurer", "city_bureau")
    }
    mandatory = (
        rows["ref_industry_duty"]
        .filter("is_mandatory", pl.col("jurisdiction").is_not_null(), pl.col("valid_to").is_null())
        .join(rows["ref_industry"].select("industry_code", "name"), on="industry_code")
    )
    # The returns a city asks for: its own, else the common ones; of each kind of owner that has a form, a deadline for that kind.
    columns = ["obligation_code", "owner_kind"]
    owed = pl.concat(
        [
            cities.select("jurisdiction", "name").join(forms.drop("title"), on="jurisdiction"),
            cities.join(forms, on="jurisdiction", how="anti").join(
                forms.filter(pl.col("jurisdiction").is_null(), pl.col("owner_kind").is_null()).select(columns),
                how="cross",
            ),
        ],
        how="diagonal",
    )
    due = rows["ref_deadline"].select("jurisdiction", "obligation_code", owner_kind="sender_kind")
    for_all = due.filter(pl.col("jurisdiction").is_null()).drop("jurisdiction")
    of_parts = pl.col("owner_kind").fill_null("city_bureau") != "city_bureau"
    no_deadline = pl.concat(
        [
            asked.join(due, on=["jurisdiction", *of], how="anti").join(for_all, on=of, how="anti")
            for asked, of in ((owed.filter(of_parts), columns), (owed.filter(~of_parts), columns[:1]))
        ]
    )
    has_own = pl.col("jurisdiction").is_in(forms["jurisdiction"].drop_nulls().implode())
    asks = "「{name}」的报送事项「{obligation_code}」没有期限：请在「报送期限」补一行，写明由谁、几月几日前报送。"
    for sheet, column, lacking, message in (
        ("区市", "区市代码", rows["ref_district"].join(of_kind["district_bureau"], on="district_code", how="anti"),
         "「{name}」没有应急管理局：请在「报送单位」补一行，类别为区市应急管理局，区市为 {district_code}。"),
        ("强制投保行业", "行业领域", mandatory.join(of_kind["industry_department"], on=["jurisdiction", "industry_code"], how="anti"),
         "「{name}」没有行业主管部门：由应急管理局直接监管的不必补；否则请在「报送单位」补一行，类别为行业主管部门。"),
        ("保险机构", "保险机构代码", rows["ref_insurer"].join(of_kind["insurer"], on="insurer_code", how="anti"),
         "「{name}」没有报送单位：请在「报送单位」补一行，类别为保险机构，写明为哪个城市报送。"),
        ("年度报告", "报送事项代码", no_deadline.filter(has_own), asks),
        ("统计辖区", "统计辖区代码", no_deadline.filter(~has_own), asks),
        ("统计辖区", "统计辖区代码", cities.join(of_kind["city_bureau"], on="jurisdiction", how="anti"),
         "「{name}」没有市应急管理局：请在「报送单位」补一行，类别为市应急管理局。"),
    ):  # fmt: skip
        yield from (Fault(HINT, sheet, row["place"], column, message.format(**row)) for row in lacking.to_dicts())


def _changes(name: str, before: pl.DataFrame, after: pl.DataFrame) -> Iterator[Change]:
    """The rows of a table that are not what they were."""
    contract = reference_contracts()[name]
    values = [column for column in before.columns if column not in contract.key]
    old, new = before.with_columns(there=True), after.with_columns(there=True)
    both = old.join(
        new, on=contract.key, how="full", coalesce=True, nulls_equal=True, suffix="_new", maintain_order="right_left"
    )
    for row in both.to_dicts():
        key = "　".join(str(row[column]) for column in contract.key if row[column] is not None)
        otherwise = [
            f"{contract.columns[column].title} {_shown(row[column])} → {_shown(row[f'{column}_new'])}"
            for column in values
            if row[column] != row[f"{column}_new"]
        ]
        if not row["there"]:
            said = "　".join(_shown(row[f"{column}_new"]) for column in values if row[f"{column}_new"] is not None)
            yield Change(contract.title, "新增", key, said)
        elif not row["there_new"]:
            yield Change(contract.title, "撤销", key, "")
        elif otherwise:
            yield Change(contract.title, "修改", key, "；".join(otherwise))


def _shown(value: object) -> str:
    if value is None:
        return "空"
    if isinstance(value, bool):
        return "是" if value else "否"
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text and text.replace(".", "").replace("-", "").isdigit() else text
