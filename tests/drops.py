"""What senders send, written for tests: a policy as text, tables as workbooks, files of any kind with any dirt.

What belongs here: content of drops that several tests use. What does not: homes to drop them into (conftest.py), a whole
world (pipelines/synth).
"""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from typing import Any

import polars as pl
import xlsxwriter
import xlwt
from conftest import make_uscc

POLICY = (
    "保单号,保险机构,被保险人统一社会信用代码,被保险人名称,所在区市,行业领域,险种,签单日期,保险起期,保险止期,签单保费,实收保费,投保人数,"
    "每人责任限额,累计责任限额,事故预防服务费占比,事故预防服务项目,事故预防服务频次,服务形式,保单状态\n"
)
HEADER = POLICY.strip().split(",")


def policy(number: str, **changed: str) -> str:
    row = {
        "保单号": number, "保险机构": "海岳财险", "被保险人统一社会信用代码": make_uscc(1), "被保险人名称": "甲公司", "所在区市": "环翠区", "行业领域": "危险化学品",
        "险种": "安责险", "签单日期": "2023-01-01", "保险起期": "2023-01-02", "保险止期": "2024-01-01", "签单保费": "1000", "实收保费": "1000", "投保人数": "10",
        "每人责任限额": "400000", "累计责任限额": "4000000", "事故预防服务费占比": "20%", "事故预防服务项目": "隐患排查", "事故预防服务频次": "1",
        "服务形式": "线下", "保单状态": "有效",
    }  # fmt: skip
    return ",".join((row | changed).values()) + "\n"


def xlsx(rows: list[list[Any]], sheet: str = "保单") -> bytes:
    return book({sheet: rows})


def book(sheets: dict[str, list[list[Any]]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as written:
        for name, rows in sheets.items():
            page = written.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return buffer.getvalue()


def xls(rows: list[list[Any]], first_row: int = 0) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("保单")
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            page.write(first_row + number, place, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def messy_row(rng: random.Random, number: int) -> list[str]:
    row = policy(f"P{number}").strip().split(",")
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        place = rng.randrange(len(row))
        row[place] = rng.choice(
            [
                "",
                "-",
                "９９",
                "2023年1月5日",
                "45000",
                "1,000",
                "￥3万",
                "20%",
                "'; drop table x; --",
                "=1+1",
                "{{ 7*7 }}",
                "某区",
                "9.14E+17",
                "\u3000环翠区\u3000",
                "a" * 300,
                "𠮷",
            ]
        )
    return row


def make_file(rng: random.Random, number: int) -> tuple[str, bytes, int]:
    """Name, content and how many rows a person would count in it."""
    rows = [messy_row(rng, number * 100 + place) for place in range(rng.randrange(0, 40))]
    if rows and rng.random() < 0.3:
        rows.append(list(rows[0]))
    above = [["保单清单"] + [""] * (len(HEADER) - 1)] if rng.random() < 0.3 else []
    below = [["合计"] + [""] * (len(HEADER) - 1)] if rng.random() < 0.3 else []
    table = [*above, HEADER, *rows, *below]
    filled = sum(any(cell.strip(" \u3000") for cell in row) for row in rows)
    kind = rng.choice(["csv", "csv", "csv", "xlsx", "xls", "jsonl", "parquet", "zip", "gz"])
    if kind == "xlsx":
        return f"{number}.xlsx", xlsx(table), filled
    if kind == "xls":
        return f"{number}.xls", xls(table), filled
    frame = (
        pl.DataFrame(rows, schema=HEADER, orient="row")
        if rows
        else pl.DataFrame(schema=dict.fromkeys(HEADER, pl.String))
    )
    if kind == "jsonl" and rows:
        return f"{number}.jsonl", frame.write_ndjson().encode(), filled
    if kind == "parquet":
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        return f"{number}.parquet", buffer.getvalue(), filled
    delimiter = rng.choice([",", ";", "\t"])
    text = "".join(
        delimiter.join(f'"{cell}"' if delimiter in cell or rng.random() < 0.1 else cell for cell in row) + "\n" for row in table
    )  # fmt: skip
    content = text.replace("\n", rng.choice(["\n", "\r\n"])).encode(
        rng.choice(["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    )
    if kind == "zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr(zipfile.ZipInfo("保单.csv", (2023, 1, 1, 0, 0, 0)), content)
        return f"{number}.zip", buffer.getvalue(), filled
    return (
        (f"{number}.csv.gz", gzip.compress(content, mtime=0), filled)
        if kind == "gz"
        else (f"{number}.csv", content, filled)
    )
