"""The ways the world writes a table: each writer takes the same typed rows and gives the bytes of a file.

What belongs here: containers and their quirks, spellings of values that mean the same. What does not: what must come of
them (ingest/test_writers.py), dirt (drops.py).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from itertools import product
from typing import Any

import openpyxl
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
import xlwt
from openpyxl.cell import WriteOnlyCell

Row = dict[str, Any]
"""Title → text, date, Decimal of an amount, whole number, float of a share."""
Spelling = Callable[[Any], str]
Writer = Callable[[list[Row]], bytes]


# ---- spellings of a value as text ----


def plain(value: Any) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else str(value)


def spelling(
    day: str = "%Y-%m-%d",
    amount: Callable[[Decimal], str] = str,
    share: Callable[[float], str] = str,
    text: Callable[[str], str] = str,
) -> Spelling:
    def spell(value: Any) -> str:
        if isinstance(value, date):
            return f"{value:{day}}"
        if isinstance(value, Decimal):
            return amount(value)
        if isinstance(value, float):
            return share(value)
        return text(value) if isinstance(value, str) else str(value)

    return spell


def full_width(text: str) -> str:
    """Letters and digits as an input method in its wide state writes them."""
    return "".join(
        chr(ord(character) + 0xFEE0) if character.isascii() and character.isalnum() else character for character in text
    )


SPELLINGS: dict[str, Spelling] = {
    "days with slashes": spelling(day="%Y/%m/%d"),
    "days without zeros": lambda value: f"{value.year}.{value.month}.{value.day}" if isinstance(value, date) else plain(value),
    "days in Chinese": lambda value: f"{value.year}年{value.month}月{value.day}日" if isinstance(value, date) else plain(value),
    "days as digits": spelling(day="%Y%m%d"),
    "days as serials": lambda value: str((value - date(1899, 12, 30)).days) if isinstance(value, date) else plain(value),
    "days with seconds": spelling(day="%Y-%m-%d 00:00:00"),
    "days of fourteen digits": spelling(day="%Y%m%d000000"),
    "days with a zone": spelling(day="%Y-%m-%dT00:00:00+08:00"),
    "amounts in groups": spelling(amount=lambda value: f"{value:,}"),
    "amounts with a sign": spelling(amount=lambda value: f"￥{value:,}元"),
    "amounts in wan": spelling(amount=lambda value: f"{value / 10_000}万元"),
    "shares in percent": spelling(share=lambda value: f"{round(value * 100)}%"),
    "full width": spelling(text=full_width, amount=lambda value: full_width(str(value))),
    "blanks around": lambda value: f" \u3000{plain(value)}\t",
    "text guards": spelling(text=lambda text: f'="{text}"'),
    "apostrophes": spelling(text=lambda text: f"'{text}" if text[-1].isalnum() and text.isascii() else text),
    "marks of direction": spelling(text=lambda text: f"\u202a{text}\u202c"),
}  # fmt: skip


# ---- text files ----


def csv_file(
    delimiter: str = ",",
    encoding: str = "utf-8",
    end: str = "\n",
    quoting: int = csv.QUOTE_MINIMAL,
    spell: Spelling = plain,
    above: Sequence[str] = (),
    below: Sequence[str] = (),
    retitle: Callable[[str], str] = str,
) -> Writer:
    def write(rows: list[Row]) -> bytes:
        text = io.StringIO()
        text.writelines(line + end for line in above)
        writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
        writer.writerow([retitle(title) for title in rows[0]])
        writer.writerows([spell(value) for value in row.values()] for row in rows)
        text.writelines(line + end for line in below)
        return text.getvalue().encode(encoding)

    return write


def zipped(write: Writer) -> Writer:
    def pack(rows: list[Row]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("保单.csv", write(rows))
        return buffer.getvalue()

    return pack


# ---- records ----


def json_value(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else f"{value:%Y-%m-%d}" if isinstance(value, date) else value


def json_lines(
    ascii_only: bool = False, end: str = "\n", texts: bool = False, reverse: bool = False, gaps: bool = False
) -> Writer:
    def write(rows: list[Row]) -> bytes:
        lines = []
        for row in rows:
            record = {title: plain(value) if texts else json_value(value) for title, value in row.items()}
            if reverse:
                record = dict(reversed(record.items()))
            if gaps:
                record |= {"备注": None, "附件": [{"名称": "甲"}]}
            lines.append(json.dumps(record, ensure_ascii=ascii_only) + end)
        return "".join(lines).encode()

    return write


def parquet(column: Callable[[list[Any]], pa.Array], **options: Any) -> Writer:
    def write(rows: list[Row]) -> bytes:
        buffer = io.BytesIO()
        pq.write_table(pa.table({title: column([row[title] for row in rows]) for title in rows[0]}), buffer, **options)
        return buffer.getvalue()

    return write


def typed(values: list[Any]) -> pa.Array:
    return pa.array(values, pa.decimal128(18, 2) if isinstance(values[0], Decimal) else None)


def floats(values: list[Any]) -> pa.Array:
    return pa.array([float(value) for value in values]) if isinstance(values[0], Decimal | int) else pa.array(values)


def stamps(values: list[Any]) -> pa.Array:
    return pa.array([datetime(value.year, value.month, value.day) for value in values], pa.timestamp("us")) if isinstance(values[0], date) else typed(values)  # fmt: skip


def texts(values: list[Any]) -> pa.Array:
    return pa.array([plain(value) for value in values], pa.large_string())


def dictionaries(values: list[Any]) -> pa.Array:
    return pa.array([plain(value) for value in values]).dictionary_encode()


def from_polars(rows: list[Row]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(rows).write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


# ---- workbooks ----


def cell_value(value: Any) -> Any:
    """As a person types it: days as days, numbers as numbers."""
    return float(value) if isinstance(value, Decimal) else value


def with_openpyxl(spell: Callable[[Any], Any] = cell_value, day: str = "yyyy-mm-dd", mac: bool = False, title_rows: int = 0, index: bool = False) -> Writer:  # fmt: skip
    """`index`: the column of row numbers without a header that pandas writes first."""

    def write(rows: list[Row]) -> bytes:
        book = openpyxl.Workbook()
        if mac:
            book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        sheet = book.active
        for _ in range(title_rows):
            sheet.append(["二〇二三年保单明细表"])
        if title_rows:
            sheet.merge_cells(start_row=1, end_row=title_rows, start_column=1, end_column=8)
        sheet.append([*([None] if index else []), *rows[0]])
        for number, row in enumerate(rows):
            sheet.append([*([number] if index else []), *(spell(value) for value in row.values())])
        for cells in sheet.iter_rows(min_row=title_rows + 2):
            for cell in cells:
                if cell.is_date:
                    cell.number_format = day
        return saved(book)

    return write


def write_only(rows: list[Row]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("保单")
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append([WriteOnlyCell(sheet, cell_value(value)) for value in row.values()])
    return saved(book)


def sheets(state: str, parts: int) -> Writer:
    """The rows on several sheets, all but the first in a state of their own (hidden, veryHidden, visible)."""

    def write(rows: list[Row]) -> bytes:
        book = openpyxl.Workbook()
        for part in range(parts):
            sheet = book.active if part == 0 else book.create_sheet(f"第{part + 1}页")
            sheet.append(list(rows[0]))
            for row in rows[part::parts]:
                sheet.append([cell_value(value) for value in row.values()])
            sheet.sheet_state = state if part else "visible"
        return saved(book)

    return write


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_xlsxwriter(spell: Callable[[Any], Any] = cell_value, percent: bool = False, table: bool = False, formulas: bool = False, at: tuple[int, int] = (0, 0), **options: Any) -> Writer:  # fmt: skip
    """`table`: an Excel table with its filter; `formulas`: amounts as formulas with their value; `at`: of the header."""

    def write(rows: list[Row]) -> bytes:
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer, {"in_memory": True, **options}) as book:
            sheet = book.add_worksheet("保单")
            day, share = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "0.00%"})
            titles = list(rows[0])
            sheet.write_row(*at, titles)
            for number, row in enumerate(rows, at[0] + 1):
                for place, value in enumerate(map(spell, row.values()), at[1]):
                    if isinstance(value, date):
                        sheet.write_datetime(number, place, datetime(value.year, value.month, value.day), day)
                    elif formulas and isinstance(value, float) and value > 1:
                        sheet.write_formula(number, place, f"={value}*1", None, value)
                    elif percent and isinstance(value, float) and value < 1:
                        sheet.write_number(number, place, value, share)
                    elif isinstance(value, str):
                        sheet.write_string(number, place, value)
                    else:
                        sheet.write(number, place, value)
            if table:
                last = (at[0] + len(rows), at[1] + len(titles) - 1)
                sheet.add_table(*at, *last, {"columns": [{"header": title} for title in titles]})
        return buffer.getvalue()

    return write


def with_xlwt(spell: Callable[[Any], Any] = cell_value, mac: bool = False, percent: bool = False) -> Writer:
    def write(rows: list[Row]) -> bytes:
        book = xlwt.Workbook(encoding="utf-8")
        book.dates_1904 = mac
        day, share = xlwt.easyxf(num_format_str="yyyy-mm-dd"), xlwt.easyxf(num_format_str="0.00%")
        sheet = book.add_sheet("保单")
        for place, title in enumerate(rows[0]):
            sheet.write(0, place, title)
        for number, row in enumerate(rows, 1):
            for place, value in enumerate(map(spell, row.values())):
                if isinstance(value, date):
                    sheet.write(number, place, datetime(value.year, value.month, value.day), day)
                elif percent and isinstance(value, float) and value < 1:
                    sheet.write(number, place, value, share)
                else:
                    sheet.write(number, place, value)
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()

    return write


def polars_workbook(rows: list[Row]) -> bytes:
    buffer = io.BytesIO()
    frame = pl.DataFrame(rows)
    frame.with_columns(pl.col(pl.Decimal).cast(pl.Float64)).write_excel(buffer)
    return buffer.getvalue()


def hand_written(places: bool = True, prefix: str = "", inline: bool = True, rich: bool = False, absolute: bool = False) -> Writer:  # fmt: skip
    """XML as other office programs write it: cells without their place, a namespace prefix, texts cut into runs."""

    def write(rows: list[Row]) -> bytes:
        p, shared = (f"{prefix}:" if prefix else ""), []
        namespace = f'xmlns{":" + prefix if prefix else ""}="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'

        def text(value: str) -> str:
            half = len(value) // 2
            runs = [value[:half], value[half:]] if rich and half else []
            if runs:
                return "".join(f'<{p}r><{p}t xml:space="preserve">{escape(run)}</{p}t></{p}r>' for run in runs)
            return f'<{p}t xml:space="preserve">{escape(value)}</{p}t>'

        def cell(row: int, place: int, value: Any) -> str:
            name = f' r="{column_name(place)}{row}"' if places else ""
            if isinstance(value, date):
                return f'<{p}c{name} s="1"><{p}v>{(value - date(1899, 12, 30)).days}</{p}v></{p}c>'
            if not isinstance(value, str):
                return f"<{p}c{name}><{p}v>{value}</{p}v></{p}c>"
            if inline:
                return f'<{p}c{name} t="inlineStr"><{p}is>{text(value)}</{p}is></{p}c>'
            shared.append(value)
            return f'<{p}c{name} t="s"><{p}v>{len(shared) - 1}</{p}v></{p}c>'

        table = [list(rows[0]), *([cell_value(value) for value in row.values()] for row in rows)]
        body = "".join(
            f"<{p}row{f' r={chr(34)}{number}{chr(34)}' if places else ''}>"
            + "".join(cell(number, place, value) for place, value in enumerate(row))
            + f"</{p}row>"
            for number, row in enumerate(table, 1)
        )
        head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        package = "http://schemas.openxmlformats.org/package/2006"
        kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        folder = "/xl/" if absolute else ""
        parts = {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{kinds}.styles+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="{kinds}.sharedStrings+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<{p}workbook {namespace} xmlns:rel="{relation}"><{p}sheets><{p}sheet name="保单" sheetId="1" rel:id="rId1"/></{p}sheets></{p}workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{relation}/worksheet" Target="{folder}worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{relation}/styles" Target="{folder}styles.xml"/><Relationship Id="rId3" Type="{relation}/sharedStrings" Target="{folder}sharedStrings.xml"/></Relationships>',
            "xl/styles.xml": f'<{p}styleSheet {namespace}><{p}cellXfs count="2"><{p}xf numFmtId="0"/><{p}xf numFmtId="14"/></{p}cellXfs></{p}styleSheet>',
            "xl/worksheets/sheet1.xml": f"<{p}worksheet {namespace}><{p}sheetData>{body}</{p}sheetData></{p}worksheet>",
            "xl/sharedStrings.xml": f"<{p}sst {namespace}>" + "".join(f"<{p}si>{text(value)}</{p}si>" for value in shared) + f"</{p}sst>",
        }  # fmt: skip
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            for part, content in parts.items():
                file.writestr(part, head + content)
        return buffer.getvalue()

    return write


def column_name(place: int) -> str:
    return (chr(64 + place // 26) if place >= 26 else "") + chr(65 + place % 26)


def in_wan(title: str) -> str:
    return f"{title}（万元）" if title in ("签单保费", "实收保费", "每人责任限额", "累计责任限额") else title


def by_spelling(value: Any) -> Any:
    """Amounts with their sign and days in Chinese, as text cells."""
    return SPELLINGS["days in Chinese"](value) if isinstance(value, date) else SPELLINGS["amounts with a sign"](value)


ENDS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r", "CRCRLF": "\r\r\n"}
DELIMITERS = {"commas": ",", "semicolons": ";", "tabs": "\t"}
TEXTS: dict[str, Writer] = {
    **{f"{name}, {encoding}": csv_file(delimiter, encoding) for (name, delimiter), encoding in product(DELIMITERS.items(), ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])},
    **{f"lines end {name}": csv_file(end=end) for name, end in ENDS.items()},
    **{f"all quoted, lines end {name}": csv_file(end=end, quoting=csv.QUOTE_ALL) for name, end in ENDS.items()},
    **{f"{name}, title above, total below, lines end {end}": csv_file(delimiter, end=ENDS[end], above=["保单明细表"], below=[f"合计{delimiter * 19}"]) for (name, delimiter), end in product(DELIMITERS.items(), ENDS)},
    **{name: csv_file(spell=spell) for name, spell in SPELLINGS.items()},
    "headers in wan": csv_file(retitle=in_wan, spell=spelling(amount=lambda value: str(value / 10_000))),
    "headers in wan, cells in yuan": csv_file(retitle=in_wan, spell=spelling(amount=lambda value: f"{value}元")),
}  # fmt: skip
WRITERS: dict[str, tuple[str, Writer]] = {
    **{name: (".csv", write) for name, write in TEXTS.items()},
    "gzip": (".csv.gz", lambda rows: gzip.compress(csv_file()(rows))),
    "zip": (".zip", zipped(csv_file(encoding="gb18030"))),
    "text under the name of a workbook": (".xls", csv_file("\t", "gb18030")),
    "json": (".jsonl", json_lines()),
    "json in ASCII": (".jsonl", json_lines(ascii_only=True)),
    "json, CRLF": (".jsonl", json_lines(end="\r\n")),
    "json of texts": (".jsonl", json_lines(texts=True)),
    "json, other order": (".jsonl", json_lines(reverse=True)),
    "json with nulls and lists": (".jsonl", json_lines(gaps=True)),
    "parquet": (".parquet", parquet(typed)),
    "parquet of floats": (".parquet", parquet(floats, compression="gzip")),
    "parquet of stamps": (".parquet", parquet(stamps, row_group_size=100)),
    "parquet of texts": (".parquet", parquet(texts, version="1.0")),
    "parquet of dictionaries": (".parquet", parquet(dictionaries, data_page_version="2.0")),
    "parquet of polars": (".parquet", from_polars),
    "openpyxl": (".xlsx", with_openpyxl()),
    "openpyxl, texts": (".xlsx", with_openpyxl(plain)),
    "openpyxl, General days": (".xlsx", with_openpyxl(day="General")),
    "openpyxl, days as shown in China": (".xlsx", with_openpyxl(day='yyyy"年"m"月"d"日"')),
    "openpyxl, 1904": (".xlsx", with_openpyxl(mac=True)),
    "openpyxl, 1904, General days": (".xlsx", with_openpyxl(mac=True, day="General")),
    "openpyxl, merged title": (".xlsx", with_openpyxl(title_rows=2)),
    "openpyxl, index without header": (".xlsx", with_openpyxl(index=True)),
    "openpyxl, spelled": (".xlsx", with_openpyxl(by_spelling)),
    "openpyxl, write only": (".xlsx", write_only),
    "three sheets": (".xlsx", sheets("visible", 3)),
    "hidden sheets": (".xlsx", sheets("hidden", 2)),
    "very hidden sheets": (".xlsx", sheets("veryHidden", 2)),
    "xlsxwriter": (".xlsx", with_xlsxwriter()),
    "xlsxwriter, texts": (".xlsx", with_xlsxwriter(plain)),
    "xlsxwriter, inline strings": (".xlsx", with_xlsxwriter(constant_memory=True)),
    "xlsxwriter, 1904": (".xlsx", with_xlsxwriter(date_1904=True)),
    "xlsxwriter, percent": (".xlsx", with_xlsxwriter(percent=True)),
    "xlsxwriter, a table": (".xlsx", with_xlsxwriter(table=True)),
    "xlsxwriter, formulas": (".xlsx", with_xlsxwriter(formulas=True)),
    "xlsxwriter, away from the corner": (".xlsx", with_xlsxwriter(at=(4, 3))),
    "xlsxwriter, spelled": (".xlsx", with_xlsxwriter(by_spelling)),
    "polars": (".xlsx", polars_workbook),
    "xlwt": (".xls", with_xlwt()),
    "xlwt, texts": (".xls", with_xlwt(plain)),
    "xlwt, 1904": (".xls", with_xlwt(mac=True)),
    "xlwt, percent": (".xls", with_xlwt(percent=True)),
    "xlwt, spelled": (".xls", with_xlwt(by_spelling)),
    "an xlsx named xls": (".xls", with_xlsxwriter()),
    "an xls named xlsx": (".xlsx", with_xlwt()),
    **{
        f"by hand{', no places' * (not places)}{', prefix' * bool(prefix)}{', shared' * (not inline)}{', runs' * rich}": (".xlsx", hand_written(places, prefix, inline, rich))
        for places, prefix, inline, rich in product([True, False], ["", "x"], [True, False], [False, True])
    },
    "by hand, absolute links": (".xlsx", hand_written(absolute=True)),
}  # fmt: skip
