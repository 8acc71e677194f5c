"""Returns in tests: whose, and what a document says."""

from __future__ import annotations

from pathlib import Path

import docx
import duckdb
from conftest import Home, make_uscc

from pipelines.night.past_day import warehouse_at
from pipelines.report import filing
from pipelines.report.contents import Return
from pipelines.report.owners import Owed, owed_returns
from pipelines.settings import Settings

WHY = "测试"
"""A reason to file although something is open."""
POLICY = (
    "保单号,保险机构,被保险人统一社会信用代码,被保险人名称,所在区市,行业领域,险种,签单日期,保险起期,保险止期,签单保费,实收保费,投保人数,每人责任限额,"
    "累计责任限额,事故预防服务费占比,事故预防服务项目,事故预防服务频次,服务形式,保单状态\n"
)


def policy(number: str, unit: int, name: str, premium: str, start: str = "2023-02-01") -> str:
    end = f"{int(start[:4]) + 1}{start[4:]}"
    return (
        f"{number},海岳财险,{make_uscc(unit)},{name},环翠区,危险化学品,安责险,{start},{start},{end},{premium},{premium},10,400000,4000000,"
        "20%,隐患排查,1,线下,有效\n"
    )


def small_world(home: Home) -> Home:
    """One policy of 2023, whose unit's name starts a formula, and one document with markup in it."""
    home.drop(
        "weihai_hayc",
        "policy",
        "2023-12-05",
        "a.csv",
        POLICY + policy("P1", 1, "+cmd|'/c calc'!A1 & <安泰>", "12345.00"),
    )
    home.drop(
        "weihai_city", "document", "2023-11-20", "d.csv",
        "文件编号,文件类别,标题,发文单位,文件日期,年度,正文\nD1,典型案例,案例一 {{ 7*7 }} <b>,威海市应急管理局,2023-11-19,2023,"
        '"# 标题\n第二段 & 完 {{ 7*7 }} <b> **重点**"\n',
    )  # fmt: skip
    home.land()
    return home


def owed(settings: Settings, key: str, stat_year: int, day: str = "") -> Owed:
    """The return of a sender, or of a city (its compilation), as of a day."""
    with duckdb.connect(str(warehouse_at(settings, day)), read_only=True) as connection:
        cities = [row[0] for row in connection.execute("select distinct jurisdiction from meta.return_form").fetchall()]
        every = [one for city in cities for one in owed_returns(connection, city, stat_year)]
    return next(one for one in every if one.key == key)


def made(settings: Settings, key: str, stat_year: int, day: str, out: Path) -> tuple[Return, dict[str, Path]]:
    """A draft as of a day, written."""
    report = filing.make(settings, warehouse_at, owed(settings, key, stat_year, day), stat_year, day)
    return report, filing.write(report, out)


def filed(
    settings: Settings, key: str, stat_year: int, day: str, sealed: Path | None = None, because: str = ""
) -> filing.Filing:
    """A frozen return, whatever is open."""
    whose = owed(settings, key, stat_year, day)
    return filing.file(settings, warehouse_at, whose, stat_year, day, WHY, sealed, because)[0]


def text_of(path: Path) -> str:
    """All text of a document, content controls included; paragraphs, then cells."""
    document = docx.Document(str(path))
    spaces = document.element.body.iter("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}p")
    return "\n".join(
        "".join(
            piece.text or "" for piece in one.iter("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t")
        )
        for one in spaces
    )
