"""Bytes of a dropped file → its tables, whatever its format.

What belongs here: telling formats apart and how much a cell may hold. What does not: reading one of them (the other
modules), whether a value is good (pipelines/ingest/checks). Nothing here raises for bad input except Refused.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath

import polars as pl

from pipelines.feeds.contracts import NOT_DECLARED, Contract, contracts
from pipelines.ingest.readers.archives import BROKEN_ARCHIVE, files_in, gunzip, no_entities, safe_members
from pipelines.ingest.readers.delimited import read_csv
from pipelines.ingest.readers.records import read_jsonl, read_parquet
from pipelines.ingest.readers.sheet import DEFAULT_LIMITS, Content, Limits, Refused, Sheet
from pipelines.ingest.readers.workbooks import DECLARATION, read_xls, read_xlsx

SUFFIXES = {".csv", ".txt", ".tsv", ".xlsx", ".xls", ".jsonl", ".parquet", ".zip", ".gz"}
LIST_OF_SHEETS = 1 << 20
"""Bytes of a workbook's list of sheets that are looked at for a sheet 报送声明."""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def tables(content: Content, file_name: str, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> Iterator[Sheet]:
    """All tables of a file that carry this feed's header, one after another; large texts in blocks.

    What a file is, is read off its first bytes; its name only decides between kinds of text. In a workbook of reference data
    every table has a sheet of its name; the others are other tables. A sheet 报送声明 beside the feed's own is a table of another feed
    (`declarations_in`).

    Raises:
        Refused: the file cannot be read as this feed. It may come after the first tables.
    """
    sheets = _tables(content, file_name, contract, limits)
    if contract.sender == "home":
        found = list(sheets)
        sheets = iter([sheet for sheet in found if sheet.name == contract.title] or found)
    is_declared = contract.feed not in NOT_DECLARED and holds_declaration(content)
    for sheet in sheets:
        if not (is_declared and sheet.name.strip() == DECLARATION):
            yield _within_cell_limit(sheet, limits)


def holds_declaration(content: Content) -> bool:
    """Whether a file is a workbook that may have a sheet 报送声明; told by a look at its list of sheets."""
    if content[:8].startswith(OLE):
        return content.find(DECLARATION.encode("utf-16-le")) >= 0
    if not content[:4].startswith(b"PK\x03\x04"):
        return False
    with (
        suppress(Exception),  # whoever reads it next says what is wrong with it
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        archive.open("xl/workbook.xml") as sheets,
    ):
        # Nobody has looked at the archive yet: no more of the list is unpacked than any honest one has.
        return DECLARATION.encode() in sheets.read(LIST_OF_SHEETS)
    return False


def declarations_in(content: Content, limits: Limits = DEFAULT_LIMITS) -> Iterator[Sheet]:
    """The sheets 报送声明 of a workbook that was read as another feed, as that feed's tables.

    Raises:
        Refused: they have another header.
    """
    contract = contracts()["declaration"]
    if content[:8].startswith(OLE):
        sheets = read_xls(bytes(content), contract, limits, only=DECLARATION)
    else:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheets = read_xlsx(bytes(content), archive, contract, limits, only=DECLARATION)
    yield from (_within_cell_limit(sheet, limits) for sheet in sheets)


def read(content: Content, file_name: str, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> list[Sheet]:
    """All tables of a file at once; see `tables`."""
    return list(tables(content, file_name, contract, limits))


def _tables(content: Content, file_name: str, contract: Contract, limits: Limits) -> Iterator[Sheet]:
    if not len(content):
        raise Refused("empty")
    suffix = PurePosixPath(file_name).suffix.lower()
    if suffix not in SUFFIXES:
        raise Refused("unsupported_format", suffix=suffix)
    start = content[:8]
    if start.startswith(b"\x1f\x8b"):
        yield from _tables(gunzip(content, limits), PurePosixPath(file_name).stem, contract, limits)
    elif start.startswith(b"PK\x03\x04"):
        yield from _read_zip(bytes(content), suffix, contract, limits)
    elif start.startswith(OLE):
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            raise Refused("encrypted")
        yield from read_xls(bytes(content), contract, limits)
    elif start.startswith(b"PAR1"):
        yield read_parquet(bytes(content), contract, limits)
    elif suffix in (".xls", ".xlsx", ".zip", ".gz", ".parquet"):
        if suffix == ".xls" and content[:4096].lstrip()[:1] != b"<" and b"\x00" not in content[:4096]:
            yield from read_csv(content, contract, limits)  # text under the name of a workbook, as some systems export
        else:
            raise Refused("not_a_workbook" if suffix.startswith(".xls") else "malformed", detail="文件内容与扩展名不符")
    elif suffix == ".jsonl":
        yield read_jsonl(bytes(content), contract, limits)
    else:
        yield from read_csv(content, contract, limits)


def _within_cell_limit(sheet: Sheet, limits: Limits) -> Sheet:
    if sheet.rows.estimated_size() <= limits.cell_characters:
        return sheet  # all cells together are not as long
    cells = [name for name in sheet.rows.columns if name not in ("line_no", "fault")]
    # Bytes are known without looking; only where there are too many are characters counted.
    for longest in (pl.col(cells).str.len_bytes().max(), pl.col(cells).str.len_chars().max()):
        if (sheet.rows.select(pl.max_horizontal(longest)).item() or 0) <= limits.cell_characters:
            return sheet
    raise Refused("cell_too_long", limit=limits.cell_characters)


def _read_zip(content: bytes, suffix: str, contract: Contract, limits: Limits) -> list[Sheet]:
    """A workbook (.xlsx is a zip) or an archive of files; sheets of an archive are named after their member."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            safe_members(archive, members, limits)
            if any(member.filename == "xl/workbook.xml" for member in members):
                no_entities(archive, members)
                return read_xlsx(content, archive, contract, limits)
            if suffix == ".xlsx":
                raise Refused("not_a_workbook")
            return _read_files(files_in(archive, members), contract, limits)
    except BROKEN_ARCHIVE as error:
        raise Refused(
            "not_a_workbook" if suffix.startswith(".xls") else "malformed", detail="压缩文件损坏或截断"
        ) from error


def _read_files(files: Iterator[tuple[str, bytes]], contract: Contract, limits: Limits) -> list[Sheet]:
    """The tables of all files of an archive; one that cannot be read spoils the archive, so that nothing is half loaded."""
    sheets = []
    for name, content in files:
        try:
            found = read(content, PurePosixPath(name).name, contract, limits)
        except Refused as refused:
            raise Refused(refused.reason, **refused.details, member=name) from refused
        sheets += [replace(sheet, name=f"{name}/{sheet.name}" if sheet.name else name) for sheet in found]
    if not sheets:
        raise Refused("empty")
    return sheets
