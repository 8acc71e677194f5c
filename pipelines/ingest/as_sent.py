"""Rows of a drop as their sender wrote them, to be put right and sent again.

What belongs here: reading single rows of a file once more, under the contract's columns. What does not: whether they are good
(checks), the workbook they go into (pipelines/report).
"""

from __future__ import annotations

import hashlib

import polars as pl

from pipelines.feeds.contracts import Contract, all_contracts
from pipelines.ingest.checks.columns import as_meant, text_columns
from pipelines.ingest.checks.personal import masked_numbers
from pipelines.ingest.drop import ANYTHING
from pipelines.ingest.manifest import Receipt
from pipelines.ingest.masking import masked
from pipelines.ingest.readers.headers import MONEY_UNITS
from pipelines.ingest.readers.sheet import DAMAGED, RAGGED, HeaderCell, Refused, Sheet
from pipelines.ingest.readers.tables import tables
from pipelines.settings import Settings

_WITHOUT_UNIT = r"^[^元圆千万亿%％]*\d[^元圆千万亿%％]*$"


def rows_as_sent(settings: Settings, receipt: Receipt, lines: set[tuple[str, int]]) -> pl.DataFrame:
    """Rows of a drop: `sheet`, `line_no` and the contract's columns as text, amounts with the unit of their header.

    Nothing of a personal column, nothing that looks personal, nothing of a row that could not be taken apart. No rows where the
    drop is gone, another file than the one that was read, or cannot be read any more.

    Args:
        lines: (sheet, line number) of the rows.
    """
    contract = all_contracts()[receipt.feed]
    numbers = sorted({line for _, line in lines})
    found = [
        pl.DataFrame(schema={"sheet": pl.String, "line_no": pl.Int64, **dict.fromkeys(contract.columns, pl.String)})
    ]
    try:
        content = (settings.raw / receipt.path).read_bytes()
        if hashlib.sha256(content).hexdigest() != receipt.sha256:
            return found[0]  # not the file that was read: replaced since, or a link to another's
        for sheet in tables(content, receipt.path, contract):
            if sheet.is_known:
                rows = _rows(sheet, numbers, contract)
                found.append(
                    rows.filter(
                        pl.struct("sheet", "line_no").is_in([{"sheet": name, "line_no": line} for name, line in lines])
                    )
                )
    except (Refused, *ANYTHING):
        return found[0]
    return pl.concat(found)


def _rows(sheet: Sheet, numbers: list[int], contract: Contract) -> pl.DataFrame:
    rows = sheet.rows.filter(pl.col("line_no").is_in(numbers))
    text, _ = as_meant(text_columns(sheet, rows, contract), contract)
    headers = {cell.column: cell for cell in sheet.header if cell.column}
    text = text.with_columns(_with_unit(name, headers[name], contract) for name in contract.columns if name in headers)
    text = text.with_columns(
        pl.lit(None, pl.String).alias(name) if column.personal else masked(pl.col(name)).alias(name)
        for name, column in contract.columns.items()
        if column.personal or not contract.is_number(name)
    )
    text = text.with_columns(masked_numbers(text[name]) for name in contract.columns if contract.is_number(name))
    # What a damaged row has in its cells may be of other columns; its number is enough to find it.
    whole = ~rows["fault"].is_in([DAMAGED, RAGGED]).fill_null(False)
    text = text.with_columns(pl.when(whole).then(pl.col(name)).alias(name) for name in text.columns)
    return text.select(pl.lit(sheet.name).alias("sheet"), rows["line_no"], *contract.columns)


def _with_unit(name: str, header: HeaderCell, contract: Contract) -> pl.Expr:
    kind, value = contract.columns[name].type, pl.col(name)
    units = {number: unit for unit, number in MONEY_UNITS.items()}
    unit = units.get(header.unit or 1, "") if kind == "money" and header.unit not in (None, 1) else ""
    if kind == "ratio" and header.percent:
        unit = "%"
    return pl.when(value.str.contains(_WITHOUT_UNIT)).then(value + unit).otherwise(value).alias(name) if unit else value
