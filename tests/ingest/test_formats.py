"""The same records in every format give the same landing table; hostile and broken files are refused with a reason."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from conftest import Home
from drops import HEADER, POLICY, policy, xls, xlsx

from pipelines.feeds.contracts import contracts
from pipelines.ingest.readers.sheet import Limits, Refused
from pipelines.ingest.readers.tables import read

ROWS = [
    policy(f"P{number}", 实收保费=f"{1000 + number}.50", 投保人数=str(number), 被保险人名称=f"甲，{number}号“公司”")
    .strip()
    .split(",")
    for number in range(1, 30)
]
TEXT = "\n".join(",".join(row) for row in [HEADER, *ROWS]) + "\n"


def frame() -> pl.DataFrame:
    return pl.DataFrame(ROWS, schema=HEADER, orient="row")


def parquet(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


def typed() -> pl.DataFrame:
    return frame().with_columns(
        pl.col("保险起期", "保险止期", "签单日期").str.to_date(),
        pl.col("实收保费", "签单保费").cast(pl.Float64),
        pl.col("投保人数").cast(pl.Int32),
    )


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


FORMATS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "utf-8": ("a.csv", TEXT.encode),
    "utf-8 with mark": ("a.csv", lambda: TEXT.encode("utf-8-sig")),
    "gb18030": ("a.csv", lambda: TEXT.encode("gb18030")),
    "utf-16": ("a.csv", lambda: TEXT.encode("utf-16")),
    "tabs and CRLF": ("a.txt", lambda: TEXT.replace(",", "\t").replace("\n", "\r\n").encode()),
    "CR only": ("a.csv", lambda: TEXT.replace("\n", "\r").encode()),
    "quoted": ("a.csv", lambda: ("\n".join(",".join(f'"{cell}"' for cell in row) for row in [HEADER, *ROWS])).encode()),
    "other column order": ("a.csv", lambda: frame().select(HEADER[::-1]).write_csv().encode()),
    "English headers": ("a.csv", lambda: TEXT.replace("保单号", "policy_no").replace("保险起期", "inception_date").encode()),
    "xlsx": ("a.xlsx", lambda: xlsx([HEADER, *ROWS])),
    "xls": ("a.xls", lambda: xls([HEADER, *ROWS])),
    "text under the name of a workbook": ("a.xls", lambda: TEXT.replace(",", "\t").encode("gb18030")),
    "json lines": ("a.jsonl", lambda: frame().write_ndjson().encode()),
    "json lines, typed": ("a.jsonl", lambda: typed().write_ndjson().encode()),
    "parquet": ("a.parquet", lambda: parquet(frame())),
    "parquet, typed": ("a.parquet", lambda: parquet(typed())),
    "zip": ("a.zip", lambda: archive(x__csv=TEXT.encode("gb18030"))),
    "gz": ("a.csv.gz", lambda: gzip.compress(TEXT.encode())),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_landing_table(tmp_path: Path, kind: str) -> None:
    def landed(folder: Path, name: str, content: bytes) -> pl.DataFrame:
        home = Home(folder)
        home.drop("weihai_hayc", "policy", "2023-02-01", name, content)
        counts = home.land()["policy"]
        assert (counts.rows_in, counts.rows_accepted, counts.rows_quarantined) == (29, 29, 0)
        columns = list(contracts()["policy"].columns)
        return pl.read_parquet(home.settings.landing / "policy" / "*.parquet").select(columns)

    name, make = FORMATS[kind]
    assert landed(tmp_path / "a", name, make()).equals(landed(tmp_path / "b", "b.csv", TEXT.encode()))


def lines(content: bytes, name: str) -> list[int]:
    return [line for sheet in read(content, name, contracts()["policy"]) for line in sheet.rows["line_no"].to_list()]


def test_lines_of_each_format_are_those_a_person_counts() -> None:
    assert lines(xls([HEADER, *ROWS[:2]], first_row=3), "a.xls") == [5, 6]
    assert lines(("\n" + frame().head(2).write_ndjson().replace("\n", "\n\n")).encode(), "a.jsonl") == [2, 4]
    assert lines(parquet(frame().head(2)), "a.parquet") == [1, 2]


def test_several_sheets_and_several_members() -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for name in ("一月", "二月"):
            page = book.add_worksheet(name)
            page.write_row(0, 0, HEADER)
            page.write_row(1, 0, ROWS[0])
        book.add_worksheet("说明").write(0, 0, "填表说明")
    sheets = read(archive(book__xlsx=buffer.getvalue(), more__csv=TEXT.encode()), "a.zip", contracts()["policy"])
    assert [(sheet.name, sheet.rows.height) for sheet in sheets] == [
        ("book.xlsx/一月", 1),
        ("book.xlsx/二月", 1),
        ("more.csv", 29),
    ]


def test_header_cells_merged_downwards() -> None:
    above = ["保单信息", *HEADER[1:3], *[""] * (len(HEADER) - 3)]
    below = [HEADER[0], "", "", *HEADER[3:]]
    sheet = read(xlsx([above, below, ROWS[0]]), "a.xlsx", contracts()["policy"])[0]
    assert [cell.text for cell in sheet.header] == HEADER
    assert sheet.rows["line_no"].to_list() == [3]


def test_bad_line_of_json_is_quarantined_and_the_rest_loads(home: Home) -> None:
    good = frame().head(2).write_ndjson()
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.jsonl", good + '{"保单号": "P9"\n[1]\n')
    landed = home.land()["policy"]
    assert (landed.rows_in, landed.rows_accepted, landed.rows_quarantined) == (4, 2, 2)


def test_wan_header_and_percent_header(home: Home) -> None:
    text = (
        TEXT.replace("实收保费", "实收保费（万元）")
        .replace("事故预防服务费占比", "事故预防服务费占比(%)")
        .replace(",20%,", ",20,")
    )
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", text.replace("1001.50", "1.5"))
    home.land()
    first = pl.read_parquet(home.settings.landing / "policy" / "*.parquet").sort("line_no").row(0, named=True)
    assert (str(first["premium_received"]), str(first["fee_ratio"])) == ("15000.00", "0.200000")


def test_workbook_cells_of_every_type(home: Home) -> None:
    """Dates as dates, money as numbers, a ratio as a percentage; a code kept as a number is lost."""
    from datetime import date, datetime

    def typed_row(row: list[str], uscc: object) -> list[Any]:
        cells: list[Any] = list(row)
        cells[2] = uscc
        cells[7], cells[8], cells[9] = (
            datetime(2023, 1, 1, 9, 30),
            date(2023, 1, 2),
            45292,
        )  # 2024-01-01 as a serial day
        cells[10], cells[11], cells[12], cells[15], cells[17] = 1000.5, 1000.5, 10, 0.2, 1
        return cells

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        page.write_row(1, 0, typed_row(ROWS[0], ROWS[0][2]))
        page.write_row(2, 0, typed_row(ROWS[1], 913710001234567891))
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.xlsx", buffer.getvalue())
    landed = home.land()["policy"]
    assert (landed.rows_accepted, landed.rows_quarantined) == (1, 1)
    row = pl.read_parquet(home.settings.landing / "policy" / "*.parquet").row(0, named=True)
    assert [str(row[name]) for name in ("issue_date", "inception_date", "expiry_date", "premium_received", "insured_persons", "fee_ratio")] == [
        "2023-01-01", "2023-01-02", "2024-01-01", "1000.50", "10", "0.200000",
    ]  # fmt: skip
    issue = pl.read_parquet(home.settings.landing / "_issues" / "*.parquet").select("line_no", "rule_code").rows()
    assert issue == [(3, "damaged_code")]


def test_destroyed_codes_are_rejected_even_where_the_check_character_fits(home: Home) -> None:
    # 91371000 + … + 000 with a fitting check character: valid by GB 32100, yet every code of the column ends so.
    fitting = next(code for code in (f"9137100{number:08d}000" for number in range(10**5)) if _fits(code))
    rows = "".join(policy(f"P{number}", 被保险人统一社会信用代码=fitting) for number in range(3))
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", POLICY + rows)
    landed = home.land()["policy"]
    assert (landed.rows_accepted, landed.rows_quarantined) == (0, 3)
    codes = pl.read_parquet(home.settings.landing / "_issues" / "*.parquet")["rule_code"].unique().to_list()
    assert codes == ["damaged_code"]


def _fits(code: str) -> bool:
    from stdnum.cn import uscc

    return bool(uscc.is_valid(code))


def zip_bomb() -> bytes:
    return archive(big__csv=b"0" * (8 << 20))


def lying_bomb() -> bytes:
    """A member that says it is small."""
    content = bytearray(zip_bomb())
    size = (8 << 20).to_bytes(4, "little")
    small = (100).to_bytes(4, "little")
    return bytes(content).replace(size, small)


def with_entities() -> bytes:
    good = io.BytesIO(xlsx([HEADER, ROWS[0]]))
    buffer = io.BytesIO()
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(buffer, "w") as target:
        for member in source.infolist():
            content = source.read(member)
            if member.filename.endswith("sheet1.xml"):
                content = content.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', 1)
            target.writestr(member, content)
    return buffer.getvalue()


def encrypted_zip() -> bytes:
    content = bytearray(archive(a__csv=TEXT.encode()))
    content[6] |= 1
    central = content.find(b"PK\x01\x02")
    content[central + 8] |= 1
    return bytes(content)


LIMITS = Limits(expanded_bytes=1 << 20, cell_characters=1000)


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (zip_bomb, "a.zip", "bomb"),
        (lying_bomb, "a.zip", {"bomb", "malformed"}),
        (lambda: gzip.compress(b"0" * (8 << 20)), "a.csv.gz", "bomb"),
        (with_entities, "a.xlsx", "xml_entities"),
        (lambda: archive(**{"../../etc/cron__csv": TEXT.encode()}), "a.zip", "unsafe_path"),
        (lambda: archive(**{"/etc/cron__csv": TEXT.encode()}), "a.zip", "unsafe_path"),
        (lambda: archive(inner__zip=archive(a__csv=TEXT.encode())), "a.zip", "nested_archive"),
        (encrypted_zip, "a.zip", "encrypted"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") * 9, "a.xlsx", "encrypted"),
        (lambda: xlsx([HEADER, ROWS[0]])[:2000], "a.xlsx", "not_a_workbook"),
        (lambda: xls([HEADER, ROWS[0]])[:3000], "a.xls", "not_a_workbook"),
        (lambda: parquet(frame())[:-20], "a.parquet", "bad_parquet"),
        (lambda: gzip.compress(TEXT.encode())[:-9], "a.csv.gz", "malformed"),
        (lambda: TEXT.replace("甲", "甲" * 2000).encode(), "a.csv", "cell_too_long"),
        (archive, "a.zip", {"empty", "malformed"}),
        (lambda: b'{"a": 1}\n', "a.jsonl", "no_header"),
        (lambda: parquet(pl.DataFrame({"a": [1]})), "a.parquet", "no_header"),
    ],
)  # fmt: skip
def test_whole_file_refusals(content: Callable[[], bytes], name: str, reason: str | set[str]) -> None:
    with pytest.raises(Refused) as refused:
        read(content(), name, contracts()["policy"], LIMITS)
    assert refused.value.reason in ({reason} if isinstance(reason, str) else reason)
    assert refused.value.message
