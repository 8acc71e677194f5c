"""Workbooks: worksheets that carry a feed's header, and the line numbers people see in them.

What belongs here: .xlsx and .xls. What does not: the zip a workbook comes in (archives.py).
"""

from __future__ import annotations

import io
import re
import zipfile

import fastexcel
import polars as pl
import python_calamine

from pipelines.feeds.contracts import Contract
from pipelines.ingest.readers.headers import HEADER_SEARCH_ROWS, find_header, no_header
from pipelines.ingest.readers.sheet import DEFAULT_LIMITS, Limits, Refused, Sheet, with_line_numbers

# Worksheets that explain a table and are none.
EXPLANATIONS = {"填写说明", "填表说明", "说明"}


def read_workbook(
    content: bytes, contract: Contract, first_rows: dict[int, int], limits: Limits = DEFAULT_LIMITS
) -> list[Sheet]:
    """Every visible worksheet that carries the feed's header.

    Args:
        first_rows: place of a sheet → number of its first row with a value; the reader drops empty rows
            above it, people count them.
    Raises:
        Refused: not a workbook (encrypted, truncated), or no sheet has the header.
    """
    found = []
    try:
        workbook = fastexcel.read_excel(content)
        for place, name in enumerate(workbook.sheet_names):
            sheet = workbook.load_sheet(name, header_row=None, dtypes="string")
            if sheet.visible == "visible" and sheet.width and name.strip() not in EXPLANATIONS:
                limits.width(sheet.width)
                table = _worksheet(name, sheet.to_polars(), contract, first_rows.get(place, 1))
                if table:
                    found.append(table)
    except (fastexcel.FastExcelError, ValueError, pl.exceptions.PolarsError) as error:
        raise Refused("not_a_workbook") from error
    if not found:
        raise no_header(contract)
    return found


def _worksheet(name: str, table: pl.DataFrame, contract: Contract, first_row: int) -> Sheet | None:
    match = find_header([list(row) for row in table.head(HEADER_SEARCH_ROWS).rows()], contract)
    if match is None:
        return None
    header_row, header = match
    body = table.slice(header_row + 1)
    rows = body.rename({column: f"c{place}" for place, column in enumerate(body.columns)}).cast(pl.String)
    return Sheet(name, header, with_line_numbers(rows, header_row + first_row), from_workbook=True)


def first_rows_of_xls(content: bytes) -> dict[int, int]:
    try:
        workbook = python_calamine.CalamineWorkbook.from_object(io.BytesIO(content))
        starts = [workbook.get_sheet_by_index(place).start for place in range(len(workbook.sheet_names))]
    except (python_calamine.CalamineError, OSError) as error:
        raise Refused("not_a_workbook") from error
    return {place: start[0] + 1 for place, start in enumerate(starts) if start}


def first_rows_of_xlsx(archive: zipfile.ZipFile) -> dict[int, int]:
    """Read off the first rows of each sheet's XML: cheap, whatever the size of the sheet."""
    starts = {}
    names = set(archive.namelist())
    if "xl/_rels/workbook.xml.rels" not in names:
        raise Refused("not_a_workbook")
    book = archive.read("xl/workbook.xml").decode("utf-8", errors="replace")
    links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", errors="replace")
    targets = {}
    for link in re.findall(r"<Relationship\b[^>]*>", links):
        identity, target = re.search(r'\bId="([^"]+)"', link), re.search(r'\bTarget="([^"]+)"', link)
        if identity and target:
            targets[identity.group(1)] = target.group(1)
    for place, tag in enumerate(re.findall(r"<sheet\b[^>]*>", book)):
        relation = re.search(r'\br:id="([^"]+)"', tag)
        target_path = targets.get(relation.group(1), "") if relation else ""
        path = target_path.lstrip("/") if target_path.startswith("/") else f"xl/{target_path}"
        if path not in names:
            continue
        with archive.open(path) as member:
            text = member.read(1 << 16).decode("utf-8", errors="replace")
        for row in re.finditer(r'<row\b[^>]*\br="(\d+)"[^>]*>(.*?)(?:</row>|$)', text, flags=re.S):
            if "<v" in row.group(2) or "<is>" in row.group(2):
                starts[place] = int(row.group(1))
                break
    return starts
