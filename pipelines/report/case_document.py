"""A case file as a Word document, a page and JSON.

What belongs here: their form. What does not: what is in a case (case.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from jinja2 import Environment, FileSystemLoader, select_autoescape

from pipelines.documents.figures import DASH, half_up, percent
from pipelines.documents.official import xml_text
from pipelines.ingest.manifest import write_atomically
from pipelines.report.case import Case
from pipelines.warehouse.lists import Rows

BODY, HEAD = "仿宋", "黑体"
SIGNATURE = 4
"""Paragraphs at a letter's end that stay together."""


def write_case(case: Case, folder: Path) -> list[Path]:
    """Writes <code>_案卷.docx, .html and .json; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{case.code}_案卷"
    word, page, data = (stem.with_name(f"{stem.name}.{kind}") for kind in ("docx", "html", "json"))
    _word(case).save(str(word))
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
    html = environment.get_template("case.html").render(
        case=case, facts=[(rows, list(_texts(rows))) for rows in case.facts], since=[(rows, list(_texts(rows))) for rows in case.since]
    )  # fmt: skip
    write_atomically(page, html.encode())
    write_atomically(data, case_json(case).encode())
    return [word, page, data]


def case_json(case: Case) -> str:
    """The case as JSON: facts as lists of rows under their Chinese titles."""
    whole = {name: value for name, value in vars(case).items() if name not in ("facts", "since", "findings")}
    whole |= {
        part: [
            {"title": rows.listing.title, "total": rows.total, "rows": rows.frame.to_dicts()}
            for rows in getattr(case, part)
        ]
        for part in ("facts", "since")
    }
    return json.dumps(
        whole | {"findings": [asdict(one) for one in case.findings]}, ensure_ascii=False, indent=1, default=str
    )


def _texts(rows: Rows) -> Iterator[list[str]]:
    kinds = [column.kind for column in rows.columns]
    for row in rows.frame.rows():
        yield [_text(value, kind) for value, kind in zip(row, kinds, strict=True)]


def _text(value: Any, kind: str) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return DASH
    if kind in ("ratio", "yuan"):
        return percent(value) if kind == "ratio" else f"{half_up(value, 2):,}"
    if isinstance(value, float | Decimal):
        return f"{half_up(value, 4):,}".rstrip("0").rstrip(".")
    words = {True: "是", False: "否"} if isinstance(value, bool) else {}
    return words.get(value) or str(value)[: 10 if isinstance(value, datetime | date) else None]


def _word(case: Case) -> Any:
    document = Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin = section.bottom_margin = Cm(2)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = BODY, Pt(11)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), BODY)
    _line(document, f"{case.name} 案卷", HEAD, 18, centred=True)
    _line(
        document,
        f"{case.kind}　{case.code}　{case.city}　取数时点 {case.as_of}　数据截至 {case.data_date}　发布编号 {case.publication_id}",
        centred=True,
    )
    if case.summary:
        _line(document, "　".join(f"{title} {value}" for title, value in case.summary))
    _line(document, "一、事实", HEAD, 14)
    for rows in case.facts:
        _listed(document, rows)
    if case.empty:
        _line(document, f"没有记录：{'、'.join(case.empty)}。")
    _line(document, "二、监管发现", HEAD, 14)
    for place, finding in enumerate(case.findings, 1):
        _line(
            document,
            f"{place}．【{finding.severity}】{finding.name}　{finding.found_on}{'　已成事实，不能补正' if finding.is_past else ''}",
            HEAD,
        )
        _line(document, finding.explanation)
        state = f"　立案：{finding.problem}" if finding.problem else ""
        place_of = f"　来源：{finding.file_name} 第 {finding.line_no} 行" if finding.file_name else ""
        _line(document, f"依据：{finding.clause}　线索编号：{finding.finding_id}{place_of}{state}", size=9)
    if not case.findings:
        _line(document, "没有监管发现。")
    _line(document, "三、其后处理", HEAD, 14)
    for rows in case.since:
        _listed(document, rows)
    if not case.since:
        _line(document, "尚无问题立案、处罚、信用名单或投诉记录。")
    if case.letter:
        # A letter stands upright, and its signature never alone on a page.
        page = document.add_section(WD_SECTION.NEW_PAGE)
        page.orientation = WD_ORIENT.PORTRAIT
        page.page_width, page.page_height = Cm(21), Cm(29.7)
        _line(document, "关于安全生产责任保险有关问题的函（稿）", HEAD, 16, centred=True)
        for place, text in enumerate(case.letter):
            paragraph = _line(document, text, size=12)
            left = len(case.letter) - place
            paragraph.paragraph_format.keep_with_next = 1 < left <= SIGNATURE
            if left <= 2:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    return document


def _line(document: Any, text: str, font: str = BODY, size: float = 11, centred: bool = False) -> Any:
    paragraph = document.add_paragraph()
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(xml_text(text))
    run.font.name, run.font.size = font, Pt(size)
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)
    return paragraph


def _listed(document: Any, rows: Rows) -> None:
    shown = f"，列出前 {rows.frame.height} 条" if rows.frame.height < rows.total else ""
    _line(document, f"{rows.listing.title}（{rows.total} 条{shown}）", HEAD)
    table = document.add_table(rows=1, cols=len(rows.columns))
    table.style = "Table Grid"
    for cell, column in zip(table.rows[0].cells, rows.columns, strict=True):
        _cell(cell, column.title, HEAD)
    # The heading is repeated on every page.
    heading = table.rows[0]._tr.get_or_add_trPr()
    heading.append(heading.makeelement(qn("w:tblHeader"), {qn("w:val"): "true"}))
    for texts in _texts(rows):
        for cell, text in zip(table.add_row().cells, texts, strict=True):
            _cell(cell, text, BODY)


def _cell(cell: Any, text: str, font: str) -> None:
    run = cell.paragraphs[0].add_run(xml_text(text))
    run.font.name, run.font.size = font, Pt(8)
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)
