"""What a sender meant, in the places where a program easily takes something else: one small file a case.

Each case says what lands, which lines are quarantined and why, what is told, or why the file is refused. Values that are
written alike mean the same in every format: test_writers.py.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt
from conftest import Home, make_uscc
from drops import HEADER, policy

Cells = dict[str, Any]


@dataclass(frozen=True)
class Meant:
    """What becomes of a file.

    `landed`: key → columns and their values; `rejected` and `told`: (line, rule); `refused`: reason; `says`: words that stand
    in a message or among what was not read; `hides`: words that stand nowhere.
    """

    landed: dict[str, Cells] = field(default_factory=dict)
    rejected: set[tuple[int, str]] = field(default_factory=set)
    told: set[tuple[int, str]] = field(default_factory=set)
    refused: str | None = None
    says: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()


def row(number: str, **changed: Any) -> Cells:
    return dict(zip(HEADER, policy(number).strip().split(","), strict=True)) | changed


def csv(*rows: Cells | str, titles: dict[str, str] | None = None, drop: tuple[str, ...] = (), above: str = "", end: str = "\n") -> bytes:  # fmt: skip
    """`titles`: other headers; `drop`: columns left out; a row that is a text is written as it stands."""
    kept = [title for title in HEADER if title not in drop]
    lines = [",".join((titles or {}).get(title, title) for title in kept)]
    lines += [line if isinstance(line, str) else ",".join(str(line[title]) for title in kept) for line in rows]
    return (above + end.join([*lines, ""])).encode()


def xlsx(*rows: Cells, titles: dict[str, str] | None = None, more: dict[str, list[list[Any]]] | None = None, merge: str = "", epoch: datetime | None = None, formats: dict[str, str] | None = None) -> bytes:  # fmt: skip
    """`more`: other sheets; `merge`: a range; `formats`: number formats by title."""
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    sheet = book.active
    sheet.append([(titles or {}).get(title, title) for title in HEADER])
    for values in rows:
        sheet.append(list(values.values()))
    for title, form in (formats or {}).items():
        for cells in sheet.iter_rows(min_row=2, min_col=HEADER.index(title) + 1, max_col=HEADER.index(title) + 1):
            cells[0].number_format = form
    if merge:
        sheet.merge_cells(merge)
    for name, table in (more or {}).items():
        page = book.create_sheet(name)
        for values in table:
            page.append(values)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_error(text: str, old: bool = False) -> bytes:
    """A workbook whose second row has an error in an optional column."""
    titles = [*HEADER, "手续费"]
    buffer = io.BytesIO()
    if old:
        book = xlwt.Workbook()
        page = book.add_sheet("保单")
        for number, cells in enumerate([titles, [*row("P1").values(), 5], list(row("P2").values())]):
            for place, value in enumerate(cells):
                page.write(number, place, value)
        page.row(2).set_cell_error(len(HEADER), text)
        book.save(buffer)
    else:
        with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
            sheet = workbook.add_worksheet("保单")
            for number, cells in enumerate([titles, [*row("P1").values(), 5], list(row("P2").values())]):
                sheet.write_row(number, 0, cells)
            sheet.write_formula(2, len(HEADER), "=A1/0", None, text)
    return buffer.getvalue()


def jsonl(*rows: Cells | str) -> bytes:
    return "".join(
        (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n" for line in rows
    ).encode()


def raw(values: Cells, title: str, text: str) -> str:
    """The row as JSON with a value as it stands."""
    return json.dumps(values | {title: "@@"}, ensure_ascii=False).replace('"@@"', text)


def parquet(keys: pa.Array, **more: pa.Array) -> bytes:
    rows = [row(f"P{place}") for place in range(len(keys))]
    columns = {title: pa.array([values[title] for values in rows]) for title in HEADER} | {"保单号": keys} | more
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def money(amount: str) -> Decimal:
    return Decimal(amount)


WAN = {"签单保费": "签单保费（万元）", "实收保费": "实收保费（万元）"}
PERCENT = {"事故预防服务费占比": "事故预防服务费占比（%）"}
MAC = datetime(1904, 1, 1)
PHONE = "13800000001"
CASES: dict[str, tuple[str, Callable[[], bytes], Meant]] = {
    # identifiers
    "numbers of 16 digits and more in numeric cells": (
        ".xlsx", lambda: xlsx(row("x", 保单号=1053300390001234), row("x", 保单号=10533003900012345678), row("x", 保单号=105330039000123)),
        Meant({"105330039000123": {}}, {(2, "damaged_code"), (3, "damaged_code")}, says=("文本",)),
    ),
    "floats above 2^53 as keys": (".parquet", lambda: parquet(pa.array([9007199254740994.0, 3e15])), Meant({"3000000000000000": {}}, {(1, "damaged_code")})),
    "binary keys": (".parquet", lambda: parquet(pa.array([b"A1", b"A2"])), Meant({"A1": {}, "A2": {}})),
    "columns of types nobody asked for": (
        ".parquet", lambda: parquet(pa.array(["A1"]), 附件=pa.array([[["a"]]]), 签名=pa.array([[b"\xff"]], pa.list_(pa.binary()))),
        Meant({"A1": {}}, says=("附件", "签名")),
    ),
    "text guards": (
        ".csv", lambda: csv(policy("P1").strip().replace("P1", '="P1"'), policy("P2").strip().replace("P2", '"=""P2"""'), row("'P3"), row("`P4", 被保险人统一社会信用代码="'" + make_uscc(4))),
        Meant({"P1": {}, "P2": {}, "P3": {}, "P4": {"insured_uscc": make_uscc(4)}}),
    ),
    "what nobody sees in a key": (
        ".csv", lambda: csv(row("\u202aP1\u202c"), row("P\u200d2"), row("P3")), Meant({"P1": {}, "P2": {}, "P3": {}}, told={(2, "invisible_characters"), (3, "invisible_characters")}),
    ),
    "a key that looks like a phone": (".csv", lambda: csv(row(PHONE)), Meant({PHONE: {}})),
    # cells without a value
    "an error in an optional column": (".xlsx", lambda: with_error("#REF!"), Meant({"P1": {"commission": money("5.00")}}, {(3, "cell_error")}, says=("#REF!",))),
    "an error in an old workbook": (".xls", lambda: with_error("#NUM!", old=True), Meant({"P1": {"commission": money("5.00")}}, {(3, "cell_error")}, says=("#NUM!",))),
    "a formula that was never computed": (".xlsx", lambda: xlsx(row("P1", 实收保费="=K2*1"), row("P2")), Meant({"P2": {}}, {(2, "cell_error")})),
    # amounts and shares
    "units in header and cell": (
        ".csv", lambda: csv(row("P1", 签单保费="3", 实收保费="2.5"), row("P2", 签单保费="3万", 实收保费="30000元"), titles=WAN),
        Meant({"P1": {"premium_written": money("30000.00"), "premium_received": money("25000.00")}, "P2": {"premium_written": money("30000.00"), "premium_received": money("30000.00")}}),
    ),
    "a unit above the table": (".csv", lambda: csv(row("P1", 签单保费="3", 实收保费="3元"), above="单位：万元\n"), Meant({"P1": {"premium_written": money("30000.00"), "premium_received": money("3.00")}})),
    "decimal commas": (
        ".csv", lambda: csv(row("P1", 签单保费='"1.234,56"'), row("P2", 签单保费='"1234,56"'), row("P3", 签单保费='"1,2345"'), row("P4", 签单保费='"12,345.60"')),
        Meant({"P4": {"premium_written": money("12345.60")}}, {(2, "bad_number"), (3, "bad_number"), (4, "bad_number")}),
    ),
    "a percent format under a header with %": (
        ".xlsx", lambda: xlsx(row("P1", 事故预防服务费占比=0.15), row("P2", 事故预防服务费占比=1), titles=PERCENT, formats={"事故预防服务费占比": "0.00%"}),
        Meant({"P1": {"fee_ratio": money("0.15")}, "P2": {"fee_ratio": money("1")}}),
    ),
    "a percent format of less than one": (".xlsx", lambda: xlsx(row("P1", 事故预防服务费占比=0.005), formats={"事故预防服务费占比": "0.0%"}), Meant({"P1": {"fee_ratio": money("0.005")}})),
    "fifteen under a header with %": (".xlsx", lambda: xlsx(row("P1", 事故预防服务费占比=15), titles=PERCENT), Meant({"P1": {"fee_ratio": money("0.15")}})),
    "footnote marks are no digits": (
        ".csv", lambda: csv(row("P1①"), row("P2", 签单保费="1000①"), row("P3", 签单日期="2023-1-1①"), row("P4", 投保人数="10²"), row("P1")),
        Meant({"P1①": {}, "P1": {}}, {(3, "bad_number"), (4, "bad_date"), (5, "bad_number")}),
    ),
    "units of another kind": (
        ".csv", lambda: csv(row("P1", 投保人数="5万元"), row("P2", 签单保费="1000人"), row("P3", 事故预防服务费占比="20人"), row("P4", 投保人数="12人")),
        Meant({"P4": {"insured_persons": 12}}, {(2, "bad_number"), (3, "bad_number"), (4, "bad_number")}),
    ),
    **{
        f"a unit above the table: {above}": (".csv", lambda above=above: csv(row("P1"), above=f"{above}\n"), Meant({"P1": {"premium_written": money("10000000.00"), "insured_persons": 10}}))
        for above in ("单位：万元　制表人：张三", "金额单位：万元、人数单位：人", "单位：人民币（万元）", "单位：,万元", "保单明细表（万元）", "计量单位:万元 填报日期:2023-01-01")
    },
    "a header's own unit before the one above": (
        ".csv", lambda: csv(row("P1"), titles={"签单保费": "签单保费（元）"}, above="单位：万元\n"), Meant({"P1": {"premium_written": money("1000.00"), "premium_received": money("10000000.00")}}),
    ),
    "two units above the table": (".csv", lambda: csv(row("P1"), above="单位：万元\n单位：元\n"), Meant(refused="unclear_unit", says=("万元",))),
    "two units in a header": (".csv", lambda: csv(row("P1"), titles={"签单保费": "签单保费（元）（万元）"}), Meant(refused="missing_columns", says=("签单保费",))),
    "a unit in the upper of two header rows": (
        ".csv", lambda: csv(row("P1"), above=",".join("保费（万元）" if title == "签单保费" else "" if title == "实收保费" else title for title in HEADER) + "\n"),
        Meant({"P1": {"premium_written": money("10000000.00"), "premium_received": money("10000000.00"), "limit_per_person": money("400000.00")}}),
    ),
    "a line of units below the header": (".csv", lambda: csv(",".join("元" if title == "签单保费" else "" for title in HEADER), row("P1")), Meant({"P1": {}})),
    "a line of other units below the header": (".csv", lambda: csv(",".join("万元" if title == "签单保费" else "" for title in HEADER), row("P1")), Meant(refused="unclear_unit", says=("签单保费",))),
    "a header repeated at a page break": (".csv", lambda: csv(row("P1"), ",".join(HEADER), row("P2")), Meant({"P1": {}, "P2": {}})),
    "a second table in another unit": (
        ".csv", lambda: csv(row("P1"), ",".join("签单保费（万元）" if title == "签单保费" else title for title in HEADER), row("P2")), Meant(refused="unclear_unit"),
    ),
    # days
    "the end of a day": (
        ".csv", lambda: csv(row("P1", 保险止期="2024-01-01 24:00:00"), row("P2", 保险止期="2024年1月1日24时"), row("P3", 保险止期="2024年1月2日零时"), row("P4", 保险止期="2024-01-02 00:00")),
        Meant({f"P{number}": {"expiry_date": date(2024, 1, 1)} for number in (1, 2, 3, 4)}, told={(4, "ends_at_midnight"), (5, "ends_at_midnight")}),
    ),
    "days as a database writes them": (
        ".csv", lambda: csv(row("P1", 保险止期="2024-01-01 00:00:00"), row("P2", 保险止期="2024-01-02 00:00:00")),
        Meant({"P1": {"expiry_date": date(2024, 1, 1)}, "P2": {"expiry_date": date(2024, 1, 1)}}, told={(3, "ends_at_midnight")}),
    ),
    "the beginning of a day": (
        ".csv", lambda: csv(row("P1", 保险起期="2023年1月2日零时"), row("P2", 保险起期="2023-01-01T16:00:00Z"), row("P3", 保险起期="20230102000000")),
        Meant({f"P{number}": {"inception_date": date(2023, 1, 2)} for number in (1, 2, 3)}),
    ),
    "serials of 1904 in General cells": (
        ".xlsx", lambda: xlsx(row("P1", 保险起期=(date(2023, 1, 2) - MAC.date()).days), epoch=MAC), Meant({"P1": {"inception_date": date(2023, 1, 2)}}),
    ),
    # tables
    "a hidden sheet and one that is not the feed's": (
        ".xlsx", lambda: xlsx(row("P1"), more={"二月": [HEADER, list(row("P2").values())], "补录": [["名称", "单号"], ["丙", "P3"]]}),
        Meant({"P1": {}, "P2": {}}, says=("补录",)),
    ),
    "merged cells": (
        ".xlsx", lambda: xlsx(row("P1", 服务形式="线上"), row("P2", 服务形式=None), merge="S2:S3"), Meant({"P1": {"service_form": "线上"}, "P2": {"service_form": "线上"}}),
    ),
    "merged amounts": (
        ".xlsx", lambda: xlsx(row("P1", 签单保费=2000, 实收保费=2000), row("P2", 签单保费=None), merge="K2:K3"),
        Meant({"P1": {"premium_written": money("2000.00")}}, {(3, "cell_error")}, says=("合并",)),
    ),
    "totals and names that begin like one": (
        ".csv", lambda: csv(row("P1", 被保险人名称="合计划物流公司"), row("合计"), row("小计："), row("", 被保险人名称="总计"), row("示例"), row("合计1")),
        Meant({"P1": {}, "合计1": {}}),
    ),
    "a row without key": (".csv", lambda: csv(row("P1"), row("")), Meant({"P1": {}}, {(3, "missing_value")}, says=("保单号",))),
    "names in two forms": (".csv", lambda: csv(row("P1", 被保险人名称="⼤⽯ＡＢ１（北）公司")), Meant({"P1": {"insured_name": "大石AB1（北）公司"}})),
    # line ends
    "title lines and CR CR LF": (".csv", lambda: csv(row("P1"), row("P2"), above="保单明细表\r\r\n", end="\r\r\n"), Meant({"P1": {}, "P2": {}})),
    "a lone CR in a title": (".csv", lambda: csv(row("P1"), row("P2"), above="保单明细表\r单位：元\r\n", end="\r\n"), Meant({"P1": {}, "P2": {}})),
    "a CR in a quoted header": (".csv", lambda: csv(row("P1"), titles={"签单保费": '"签单\r保费"'}, end="\r\n"), Meant({"P1": {"premium_written": money("1000.00")}})),
    # damage
    "a quote that is never closed": (".csv", lambda: csv(row("P1"), row("P2", 被保险人名称='"丁'), row("P3")), Meant({"P1": {}, "P3": {}}, {(3, "damaged_line")})),
    "a quote in the middle": (".csv", lambda: csv(row("P1", 被保险人名称='丁5"管件'), row("P2")), Meant({"P1": {"insured_name": '丁5"管件'}, "P2": {}})),
    "escaped quotes": (".csv", lambda: csv(row("P1", 被保险人名称='"丁""丙""厂"')), Meant({"P1": {"insured_name": '丁"丙"厂'}})),
    "a field too many": (".csv", lambda: csv(row("P1"), policy("P2").strip() + "," + PHONE, row("P3")), Meant({"P1": {}, "P3": {}}, {(3, "ragged_row")}, hides=(PHONE,))),
    "a byte that is no text": (".csv", lambda: csv(row("P1"), row("P2"), row("P3")).replace("P2,海".encode(), b"P2,\xff"), Meant({"P1": {}, "P3": {}}, {(3, "damaged_text")})),
    "damaged everywhere": (".csv", lambda: csv(*[row(f"P{number}", 被保险人名称='"甲"x,,"') for number in range(8)]), Meant(refused="mostly_damaged")),
    "bad JSON lines": (
        ".jsonl", lambda: jsonl(row("P1"), raw(row("P2"), "签单保费", "Infinity"), '{"保单号": "P3", ', raw(row("P4"), "签单保费", "1e400"), row("P5")),
        Meant({"P1": {}, "P5": {}}, {(2, "bad_number"), (3, "damaged_line"), (4, "bad_number")}),
    ),
    "JSON numbers keep their digits": (
        ".jsonl", lambda: jsonl(raw(row("x"), "保单号", "9007199254740993"), raw(row("x"), "保单号", "10533003900.5")), Meant({"9007199254740993": {}, "10533003900.5": {}}),
    ),
    "JSON that says a thing twice": (".jsonl", lambda: jsonl(row("P1"), json.dumps(row("P2"), ensure_ascii=False)[:-1] + ', "签单保费": "5"}'), Meant({"P1": {}}, {(2, "damaged_line")})),
    "JSON columns in the order of the line": (".jsonl", lambda: jsonl(row("P1", 保费="2000")), Meant({"P1": {"premium_written": money("1000.00")}}, says=("与另一列同为「签单保费」",))),
    "JSON that is one array": (".jsonl", lambda: json.dumps([row("P1")], ensure_ascii=False, indent=1).encode(), Meant(refused="not_json_lines", says=("每行一个",))),
    "nested values": (".jsonl", lambda: jsonl(raw(row("P1"), "被保险人名称", '{"a": 1}'), raw(row("P2"), "保单号", "[1]"), row("P3")), Meant({"P3": {}}, {(1, "cell_error"), (2, "cell_error")})),
    "marks of emptiness as keys": (".csv", lambda: csv(row("-"), row("无"), row("''"), row("N/A"), row("P5")), Meant({"P5": {}}, {(line, "missing_value") for line in (2, 3, 4, 5)})),
    "phones in other spellings": (
        ".csv", lambda: csv(row("P1", 被保险人名称="甲 138-0013-8000"), row("P2", 投保人数="张三 138 0013 8000"), row("P3", 服务形式="0631-5231234")),
        Meant({"P1": {}, "P3": {}}, {(3, "bad_number")}, hides=("138-0013-8000", "138 0013 8000", "0631-5231234")),
    ),
    "true where a number belongs": (".jsonl", lambda: jsonl(raw(row("P1"), "投保人数", "true"), raw(row("P2"), "投保人数", "30")), Meant({"P2": {"insured_persons": 30}}, {(1, "bad_number")})),
    "bars between cells": (".csv", lambda: csv(row("P1")).replace(b",", b"|"), Meant({"P1": {}})),
    # headers
    "a required column is missing": (".csv", lambda: csv(row("P1"), drop=("保单状态",)), Meant(refused="missing_columns", says=("保单状态", "模板"))),
    "a required column under an unknown name": (
        ".csv", lambda: csv(row("P1"), titles={"保险止期": "保险止期截日"}), Meant(refused="missing_columns", says=("保险止期", "保险止期截日")),
    ),
    "the key under an unknown name": (".csv", lambda: csv(row("P1"), titles={"保单号": "保单流水编码"}), Meant(refused="missing_columns", says=("保单号", "保单流水编码"))),
    "headers of real systems": (
        ".csv", lambda: csv(row("P1"), titles={"保单号": "保险单号", "保险机构": "保险公司", "签单保费": "总保费", "累计责任限额": "累计赔偿限额"}),
        Meant({"P1": {"premium_written": money("1000.00"), "limit_aggregate": money("4000000.00")}}),
    ),
    "an optional column under an unknown name": (
        ".csv", lambda: csv(policy("P1").strip() + ",5", titles={"保单状态": "保单状态,手续费金额"}), Meant({"P1": {"commission": None}}, says=("手续费金额", "「手续费」")),
    ),
    "a file of withdrawals": (".csv", "保单号,记录状态\nP1,撤销\nP2,撤销\n".encode, Meant({"P1": {"record_status": "撤销"}, "P2": {}})),
    "withdrawals among other rows need all columns": (".csv", "保单号,记录状态\nP1,撤销\nP2,\n".encode, Meant(refused="missing_columns")),
    "a personal value under an unknown header": (
        ".csv", lambda: csv(policy("P1").strip() + "," + PHONE, titles={"保单状态": "保单状态,经办人手机"}), Meant({"P1": {}}, says=("经办人手机",), hides=(PHONE,)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_what_a_file_means(home: Home, case: str) -> None:
    suffix, make, meant = CASES[case]
    home.drop("weihai_hayc", "policy", "2024-02-01", f"a{suffix}", make())
    home.land()
    (file,) = home.files().to_dicts()
    found = sorted((home.settings.landing / "_issues").glob("*.parquet"))
    issues = pl.concat([pl.read_parquet(path) for path in found]).to_dicts() if found else []
    landed: dict[str, Cells] = {}
    for path in (home.settings.landing / "policy").glob("*.parquet"):
        landed |= {record["policy_no"]: record for record in pl.read_parquet(path).to_dicts()}
    by_severity = {
        severity: {(issue["line_no"], issue["rule_code"]) for issue in issues if issue["severity"] == severity}
        for severity in ("fatal", "reject", "warn")
    }
    assert {rule for _, rule in by_severity["fatal"]} == ({meant.refused} if meant.refused else set()), issues
    assert landed.keys() == meant.landed.keys(), (landed.keys(), issues)
    for key, values in meant.landed.items():
        assert {name: landed[key][name] for name in values} == values
    assert by_severity["reject"] == meant.rejected
    assert meant.told <= by_severity["warn"]
    assert file["rows_in"] == len(landed) + file["rows_quarantined"] + file["rows_duplicate"]
    words = " ".join(f"{issue['message']} {issue['raw_value']}" for issue in issues) + (file["reason"] or "")
    for word in meant.says:
        assert word in words, words
    everything = words + str(issues) + str(landed)
    for word in meant.hides:
        assert word not in everything
