"""The same 300 records through every way of writing them land equal, or the rows that differ are refused with the cause.

Compared value by value with the truth the files were written from, with the reader's own code nowhere on that side.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import Home, make_uscc
from writers import WRITERS, Row, csv_file, hand_written

ROWS = 300
# Title → column, as feeds.md has them; written down again so that a swapped pair is seen.
COLUMNS = {
    "保单号": "policy_no", "保险机构": "insurer_code", "被保险人统一社会信用代码": "insured_uscc", "被保险人名称": "insured_name", "所在区市": "district_code",
    "行业领域": "industry_code", "险种": "product_code", "签单日期": "issue_date", "保险起期": "inception_date", "保险止期": "expiry_date", "签单保费": "premium_written",
    "实收保费": "premium_received", "投保人数": "insured_persons", "每人责任限额": "limit_per_person", "累计责任限额": "limit_aggregate",
    "事故预防服务费占比": "fee_ratio", "事故预防服务项目": "service_items", "事故预防服务频次": "service_frequency", "服务形式": "service_form", "保单状态": "status",
}  # fmt: skip
CODES = {
    "海岳财险": "HAYC",
    "危险化学品": "hazchem",
    "安责险": "azx",
    "环翠区": "371002",
    "文登区": "371003",
    "荣成市": "371082",
}
NAMES = [
    "甲（威海）化工有限公司",
    "乙 & 丙<机械>厂",
    "丁“一”车间",
    "O'Neil 管件",
    "示例科技公司",
    "合计划物流公司",
    "𠮷野建材",
    "名,带逗号;分号公司",
]


def records(seed: int = 1) -> list[Row]:
    rng = random.Random(seed)
    rows = []
    for number in range(ROWS):
        first = date(2023, 1, 1) + timedelta(days=rng.randrange(300))
        premium = Decimal(rng.randrange(10_000, 9_999_999)) / 100
        rows.append(
            {
                "保单号": f"PA-{number:06d}", "保险机构": "海岳财险", "被保险人统一社会信用代码": make_uscc(number), "被保险人名称": rng.choice(NAMES),
                "所在区市": rng.choice(["环翠区", "文登区", "荣成市"]), "行业领域": "危险化学品", "险种": "安责险", "签单日期": first - timedelta(days=3),
                "保险起期": first, "保险止期": first + timedelta(days=364), "签单保费": premium, "实收保费": premium - Decimal("0.05"),
                "投保人数": rng.randrange(1, 500), "每人责任限额": Decimal("400000.00"), "累计责任限额": Decimal(rng.randrange(1, 99) * 1_000_000),
                "事故预防服务费占比": rng.choice([0.15, 0.2, 0.21]), "事故预防服务项目": "隐患排查、安全培训", "事故预防服务频次": rng.randrange(1, 5),
                "服务形式": "线下", "保单状态": rng.choice(["有效", "注销"]),
            }
        )  # fmt: skip
    return rows


def meaning(row: Row) -> dict[str, Any]:
    """What must land for a record."""
    meant = {}
    for title, value in row.items():
        cell = value.meant if isinstance(value, Dirty) else CODES.get(value, value) if isinstance(value, str) else value
        meant[COLUMNS[title]] = Decimal(str(cell)) if isinstance(cell, float) else cell
    return meant


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[dict[str, Any], pl.DataFrame]]]:
    """For each writer: the line of `files` and the rows that landed."""
    home = Home(tmp_path_factory.mktemp("writers"))
    for place, (suffix, write) in enumerate(WRITERS.values()):
        # Each writer has rows of its own: the same bytes twice would be the same file.
        home.drop("weihai_hayc", "policy", "2024-02-01", f"{place:03d}{suffix}", write(records(place)))
    home.land()
    files = {row["file_name"].split(".")[0]: row for row in home.files().to_dicts()}
    rows = pl.read_parquet(home.settings.landing / "policy" / "*.parquet")
    yield {
        name: (files[f"{place:03d}"], rows.filter(pl.col("file_id") == files[f"{place:03d}"]["file_id"]))
        for place, name in enumerate(WRITERS)
    }


@pytest.mark.parametrize("name", list(WRITERS))
def test_every_way_of_writing_means_the_same(landed: dict[str, tuple[dict[str, Any], pl.DataFrame]], name: str) -> None:
    file, rows = landed[name]
    assert (file["status"], file["rows_in"], file["rows_accepted"]) == ("loaded", ROWS, ROWS), file
    expected = {row["保单号"].upper(): meaning(row) for row in records(list(WRITERS).index(name))}
    found = {row["policy_no"]: row for row in rows.select(COLUMNS.values()).to_dicts()}
    assert found.keys() == expected.keys()
    different = {
        (column, str(found[key][column]), str(value))
        for key, row in expected.items()
        for column, value in row.items()
        if found[key][column] != value
    }
    assert not different, (len(different), sorted(different)[:5])


def test_there_are_ninety() -> None:
    assert len(WRITERS) >= 90 and len({write for _, write in WRITERS.values()}) >= 60
    assert hand_written()(records()) != hand_written(places=False)(records())


class Dirty(str):
    """A cell that is written as it stands, and what it means; None: it is refused with words."""

    meant: Any
    rule: str | None

    def __new__(cls, text: str, meant: Any = None, rule: str | None = None) -> Dirty:
        made = super().__new__(cls, text)
        made.meant, made.rule = meant, rule
        return made


# What people write, and what they mean: by title. Where nobody can know what is meant, the rule that says so.
DIRT: dict[str, list[Dirty]] = {
    "签单日期": [
        Dirty("2022年12月5日", date(2022, 12, 5)), Dirty("２０２２．１２．５", date(2022, 12, 5)), Dirty("2022/12/05 00:00", date(2022, 12, 5)), Dirty("20221205", date(2022, 12, 5)),
        Dirty("44900", date(2022, 12, 5)), Dirty("2022-12-05T00:00:00+08:00", date(2022, 12, 5)), Dirty("2022-12-04T16:00:00Z", date(2022, 12, 5)), Dirty("2022年12月5日零时", date(2022, 12, 5)),
        Dirty("20221205000000", date(2022, 12, 5)), Dirty("5/12/2022", rule="bad_date"), Dirty("2022-02-30", rule="bad_date"), Dirty("某日", rule="bad_date"), Dirty("22-12-5", rule="bad_date"),
        Dirty("", rule="missing_value"), Dirty("无", rule="missing_value"), Dirty("#REF!", rule="cell_error"),
    ],
    "签单保费": [
        Dirty("１，２３４．５", Decimal("1234.50")), Dirty("￥12,345", Decimal("12345.00")), Dirty("1.2万元", Decimal("12000.00")), Dirty("3亿", Decimal("300000000.00")),
        Dirty("12 345.60", Decimal("12345.60")), Dirty("1.005", Decimal("1.01")), Dirty("人民币8000元整", Decimal("8000.00")), Dirty("1.234,56", rule="bad_number"), Dirty("1234,56", rule="bad_number"), Dirty("12,34", rule="bad_number"),
        Dirty("1,2345", rule="bad_number"), Dirty("约一万", rule="bad_number"), Dirty("1e5", rule="bad_number"), Dirty("-5", rule="out_of_range"), Dirty("#DIV/0!", rule="cell_error"),
        Dirty("1e400", rule="bad_number"), Dirty("Infinity", rule="bad_number"),
    ],
    "投保人数": [Dirty("２０人", 20), Dirty("1,234", 1234), Dirty("12.0", 12), Dirty("12.5", rule="bad_number"), Dirty("true", rule="bad_number"), Dirty("十人", rule="bad_number")],
    "事故预防服务费占比": [Dirty("20％", Decimal("0.2")), Dirty("0.2%", Decimal("0.002")), Dirty("15 %", Decimal("0.15")), Dirty("150", rule="out_of_range"), Dirty("两成", rule="bad_number")],
    "被保险人名称": [
        Dirty("甲\u200b公司\u202c", "甲公司"), Dirty("⼤⽯化工", "大石化工"), Dirty("ｇｅ工程Ｃ１", "ge工程C1"), Dirty("  甲\u3000", "甲"), Dirty('丁"5"管件', '丁"5"管件'), Dirty("甲\x07公司", "甲公司"),
        Dirty("=1+1", rule="cell_error"), Dirty("无", "无"), Dirty("甲\ufffd公司", rule="damaged_text"),
    ],
    "保单状态": [Dirty("有 效", "有效"), Dirty("有效。", rule="unknown_code"), Dirty("\u202a有效\u202c", "有效"), Dirty("正常", rule="unknown_code")],
    "所在区市": [Dirty("威海市环翠区", "371002"), Dirty("371082", "371082"), Dirty("３７１００２", "371002"), Dirty("浦东新区", rule="provider_mismatch"), Dirty("某区", rule="unknown_code")],
}  # fmt: skip
TEXT_WRITERS = [
    "commas, utf-8", "tabs, utf-16", "semicolons, gb18030", "all quoted, lines end CRCRLF", "json of texts", "parquet of texts", "openpyxl, texts", "xlsxwriter, texts", "xlwt, texts", "by hand, runs",
]  # fmt: skip


def test_dirt_is_read_as_it_was_meant_or_refused_with_words(tmp_path: Path) -> None:
    home = Home(tmp_path)
    sent: dict[str, list[Row]] = {}
    for place, name in enumerate(TEXT_WRITERS):
        rng = random.Random(place)
        rows = records(place)
        suffix, write = WRITERS[name]
        for row in rows:
            for title in rng.sample(list(DIRT), rng.choice([0, 1, 1, 2])):
                row[title] = rng.choice(DIRT[title])
            if suffix in (".xlsx", ".xls") and "\x07" in row["被保险人名称"]:
                row["被保险人名称"] = "甲公司"  # XML 1.0 has no control characters
        sent[name] = rows
        home.drop("weihai_hayc", "policy", "2024-02-01", f"{place:03d}{suffix}", write(rows))
    home.land()
    files = home.files().sort("file_name").to_dicts()
    landed = pl.read_parquet(home.settings.landing / "policy" / "*.parquet")
    issues = pl.read_parquet(home.settings.landing / "_issues" / "*.parquet").filter(pl.col("severity") == "reject")
    for file, (name, rows) in zip(files, sent.items(), strict=True):
        assert file["status"] == "loaded" and file["rows_in"] == ROWS, (name, file)
        found = {row["policy_no"]: row for row in landed.filter(pl.col("file_id") == file["file_id"]).to_dicts()}
        told = (
            issues.filter(pl.col("file_id") == file["file_id"])
            .group_by("line_no")
            .agg("rule_code", "column_name", "message")
        )
        by_row = dict(zip(told["line_no"].to_list(), told.to_dicts(), strict=True))
        first = 1 if name.startswith(("json", "parquet")) else 2  # the others have a header
        for number, row in enumerate(rows):
            refused = {
                (cell.rule, COLUMNS[title]) for title, cell in row.items() if isinstance(cell, Dirty) and cell.rule
            }
            about = (name, {title: cell for title, cell in row.items() if isinstance(cell, Dirty)})
            if refused:
                issue = by_row.pop(number + first, None)
                assert row["保单号"] not in found, about
                assert issue and refused <= set(zip(issue["rule_code"], issue["column_name"], strict=True)), (
                    about,
                    issue,
                )
            else:
                expected = meaning(row)
                assert row["保单号"] in found, (about, by_row.get(number + first))
                landed_row = {column: found[row["保单号"]][column] for column in expected}
                assert landed_row == expected, about
        assert not by_row, (name, by_row)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n"])
def test_damage_costs_its_lines(tmp_path: Path, encoding: str, end: str) -> None:
    """Broken quotes, fields too many and too few, bytes that are no text, in a tenth of the lines: those, and no others."""
    home = Home(tmp_path)
    rng = random.Random(encoding + repr(end))
    rows = records()
    lines = csv_file(encoding=encoding, end=end)(rows).split(end.encode())
    damage: list[Callable[[bytes], bytes]] = [
        lambda line: line.replace("海岳财险".encode(encoding), '"海岳财险'.encode(encoding)),
        lambda line: line.replace("海岳财险".encode(encoding), '"海岳"财险"'.encode(encoding)),
        lambda line: line + b",more",
        lambda line: line[: line.rindex(b",")],
        lambda line: line.replace("线下".encode(encoding), b"\xff\xff"),
        lambda line: line[: len(line) // 2],
    ]
    spoiled = set(rng.sample(range(1, ROWS + 1), ROWS // 10))
    for line in spoiled:
        lines[line] = rng.choice(damage)(lines[line])
    home.drop("weihai_hayc", "policy", "2024-02-01", "a.csv", end.encode().join(lines))
    home.land()
    (file,) = home.files().to_dicts()
    assert (file["rows_in"], file["rows_accepted"], file["rows_quarantined"]) == (
        ROWS,
        ROWS - len(spoiled),
        len(spoiled),
    ), file
    issues = pl.read_parquet(home.settings.landing / "_issues" / "*.parquet").filter(pl.col("severity") == "reject")
    assert set(issues["line_no"]) == {line + 1 for line in spoiled}
    landed = pl.read_parquet(home.settings.landing / "policy" / "*.parquet").select(COLUMNS.values())
    expected = {row["保单号"]: meaning(row) for number, row in enumerate(rows, 1) if number not in spoiled}
    assert {row["policy_no"]: row for row in landed.to_dicts()} == expected
