"""The return as a Word document in the form of Chinese official documents (GB/T 9704-2012).

What belongs here: page, fonts, paragraphs, tables. What does not: what is said (annual.py).

Fonts are named and never embedded; each has an alternative name for machines without it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from pipelines.documents.charts import chinese_font, coverage_bars, png, share_bars
from pipelines.documents.figures import percent
from pipelines.report.annual import Part, Return, Table, printed

# GB/T 9704: 标题二号方正小标宋，正文三号仿宋，一级标题黑体，二级标题楷体，页码四号宋体。
TITLE, BODY, HEADING, SUBHEADING, NUMERAL = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体"
ALTERNATIVES = {TITLE: "宋体", BODY: "仿宋", HEADING: "SimHei", SUBHEADING: "楷体", NUMERAL: "SimSun"}
SIZE_TITLE, SIZE_BODY, SIZE_TABLE, SIZE_PAGE = Pt(22), Pt(16), Pt(10), Pt(14)
LINE = Pt(28)
WIDE = 8
"""A table with more columns lies across a turned page."""
NUMERALS = "一二三四五六七八九十"


NOT_IN_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """A text that may stand in a Word document: characters that XML has none of go, whatever landed before they were removed there."""
    return NOT_IN_XML.sub("", text)


def write_word(report: Return, path: Path) -> None:
    """Writes the document; the same return gives the same bytes."""
    document = docx.Document()
    _page(document)
    _styles(document)
    # A title breaks where its words do (GB/T 9704, 7.3.1).
    for line in report.title_lines:
        _paragraph(document, line, TITLE, SIZE_TITLE, align=WD_ALIGN_PARAGRAPH.CENTER, indent=False)
    _paragraph(document, "", BODY, SIZE_BODY)
    _paragraph(document, f"{report.addressee}：", BODY, SIZE_BODY, indent=False)
    _paragraph(
        document,
        f"按照{report.clause}要求，现将{report.jurisdiction_name}{report.stat_year}年安全生产责任保险（以下简称安责险）有关情况报告如下。"
        f"统计期间为{report.period_start:%Y年%-m月%-d日}至{report.period_end:%Y年%-m月%-d日}，取数时点为{report.as_of:%Y年%-m月%-d日}，数据截至{_day(report.data_date)}。",
        BODY, SIZE_BODY,
    )  # fmt: skip
    _chapters(document, report)
    _closing(document, report)
    _attachments(document, report)
    _properties(document, report)
    buffer = io.BytesIO()
    document.save(buffer)
    path.write_bytes(_with_fixed_times(buffer.getvalue()))


def _day(day: date | None) -> str:
    return f"{day:%Y年%-m月%-d日}" if day else "尚无"


def _chapters(document: Document, report: Return) -> None:
    """The parts of the city's document in their order (ref_return_part), chapters numbered 一、二、三; then what holds for all."""
    count = 0
    above = None
    for part in report.parts:
        if part.kind == "attachment":
            continue
        if part.chapter != above:
            _heading(document, count, part.chapter)
            above, count = part.chapter, count + 1
        WRITERS[part.kind](document, report, part)
    _heading(document, count, "口径、修订和缺项说明")
    _end(document, report)


def _heading(document: Document, count: int, title: str) -> None:
    _paragraph(document, f"{NUMERALS[count]}、{title}", HEADING, SIZE_BODY, keep=True)


def _target(document: Document, report: Return, part: Part) -> None:
    """Who has not reached the city's target of coverage."""
    districts = _table(report, str(part.subject))
    place = [column.title for column in districts.columns].index("服务覆盖率")
    target = report.coverage_target
    short = [str(row[0]) for row in districts.rows[1:] if target and row[place] is not None and row[place] < target]
    _paragraph(
        document,
        f"服务覆盖率目标为{percent(target)}。" + (f"尚未达到的区市：{'、'.join(short)}；名单见所附工作簿。" if short else "各区市均已达到。"),
        BODY, SIZE_BODY,
    )  # fmt: skip


def _listed(document: Document, report: Return, part: Part) -> None:
    table = _table(report, str(part.subject))
    if table.rows:
        _word_table(document, table, f"表　{table.title}")
    else:
        _paragraph(document, f"{table.title}：未收到相应数据。", BODY, SIZE_BODY)


def _problems(document: Document, report: Return, part: Part) -> None:
    problems = _table(report, str(part.subject))
    count = len(problems.rows)
    done = sum(1 for row in problems.rows if row[7] is not None)
    _paragraph(
        document,
        f"列入问题清单{count}项，已完成整改{done}项，清单见附件。" if count else "未收到问题清单数据。",
        BODY, SIZE_BODY,
    )  # fmt: skip


def _end(document: Document, report: Return) -> None:
    for note in report.notes:
        _paragraph(document, note, BODY, SIZE_BODY)
    if report.revised_from:
        _paragraph(document, f"与{report.revised_from}相比的变化：", BODY, SIZE_BODY)
        for revision in report.revisions:
            causes = f"（{'；'.join(revision.causes)}）" if revision.causes else ""
            _paragraph(
                document, f"{revision.name}由{revision.before}变为{revision.after}，变化{revision.change}{causes}。", BODY, SIZE_BODY
            )  # fmt: skip
        if not report.revisions:
            _paragraph(document, "没有变化。", BODY, SIZE_BODY)
    if report.missing:
        _paragraph(document, "以下内容缺少来源，未作填写：", BODY, SIZE_BODY)
        for number, text in enumerate(report.missing, 1):
            _paragraph(document, f"{number}．{text}。", BODY, SIZE_BODY)


def _figures(document: Document, report: Return, part: Part) -> None:
    """One paragraph per item, its variants after it, the basis in words."""
    figures = [figure for figure in report.figures if figure.section == part.subject]
    for figure in (figure for figure in figures if "." not in figure.item_no):
        variants = [other for other in figures if other.item_no.startswith(figure.item_no + ".")]
        text = f"{figure.item_no}．{figure.sentence()}。口径：{figure.basis}。"
        if variants:
            text += "相关指标：" + "；".join(other.sentence() for other in variants) + "。"
        # Not justified: long numbers do not break, and would pull the characters before them apart.
        _paragraph(document, text, BODY, SIZE_BODY, align=WD_ALIGN_PARAGRAPH.LEFT)


def _shares(document: Document, report: Return, part: Part) -> None:
    insurers = _table(report, str(part.subject))
    titles = [column.title for column in insurers.columns]
    share, pool = titles.index("承保份额"), titles.index("共保份额")
    rows = [row for row in insurers.rows[1:] if row[share]]
    if not rows:
        return
    listed = "；".join(
        f"{row[0]}{printed(row[share], 'ratio')}（共保份额{printed(row[pool], 'ratio')}）" for row in rows
    )
    _paragraph(document, f"各机构承保份额（共保分摊后实收保费占比）：{listed}。", BODY, SIZE_BODY)
    _chart(document, report, str(part.title), share_bars([str(row[0]) for row in rows], [row[share] for row in rows]))


def _coverage_chart(document: Document, report: Return, part: Part) -> None:
    table = _table(report, str(part.subject))
    titles = [column.title for column in table.columns]
    rows = table.rows[1:]
    columns = [[row[titles.index(title)] for row in rows] for title in ("参保率", "服务覆盖率")]
    _chart(document, report, str(part.title), coverage_bars([str(row[0]) for row in rows], columns[0], columns[1]))


def _chart(document: Document, report: Return, caption: str, chart: dict[str, object]) -> None:
    if chinese_font() is None:
        _paragraph(document, f"（{caption}：本机没有中文字体，未绘制。）", BODY, SIZE_BODY)
        return
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.keep_with_next = True
    paragraph.add_run().add_picture(io.BytesIO(png(chart)), width=Mm(150))
    _paragraph(document, caption, BODY, SIZE_TABLE, align=WD_ALIGN_PARAGRAPH.CENTER, indent=False)


def _narrative(document: Document, report: Return, part: Part) -> None:
    narrative = next(narrative for narrative in report.narratives if narrative.title == part.title)
    _paragraph(document, f"（{part.title}）", SUBHEADING, SIZE_BODY, keep=True)
    if not narrative.texts:
        _paragraph(document, f"未收到{'、'.join(narrative.kinds)}类文件，本部分缺。", BODY, SIZE_BODY)
    for text in narrative.texts:
        lines = [line.strip().lstrip("#*- ") for line in text.text.splitlines() if line.strip()]
        head = f"{text.title}（{text.issuer or text.provider}，{text.doc_date:%Y年%-m月%-d日}）。"
        _paragraph(document, head + (lines[0] if lines else ""), BODY, SIZE_BODY)
        for line in lines[1:]:
            _paragraph(document, line, BODY, SIZE_BODY)


WRITERS: dict[str, Callable[[Document, Return, Part], None]] = {
    "figures": _figures, "coverage_chart": _coverage_chart, "shares": _shares, "narrative": _narrative, "target": _target,
    "table": _listed, "problems": _problems,
}  # fmt: skip
"""How each kind of part is written (ref_return_part.kind)."""


def _closing(document: Document, report: Return) -> None:
    """附件说明, then the signature block four characters from the right (GB/T 9704, 7.3)."""
    attached = [table for table in report.tables if table.in_word and table.rows]
    _paragraph(document, "", BODY, SIZE_BODY)
    for number, table in enumerate(attached, 1):
        prefix = "附件：" if number == 1 else "　　　"
        _paragraph(document, f"{prefix}{number}．{table.title}", BODY, SIZE_BODY)
    _paragraph(document, "", BODY, SIZE_BODY)
    for text in (report.issuer, f"{report.as_of:%Y年%-m月%-d日}"):
        signature = _paragraph(document, text, BODY, SIZE_BODY, align=WD_ALIGN_PARAGRAPH.RIGHT, indent=False)
        _indent(signature, right_characters=4)
    filed = report.number or "草稿（未封存）"
    _paragraph(document, f"（报送编号：{filed}；数据指纹：{report.inputs_hash}）", BODY, SIZE_TABLE)


def _attachments(document: Document, report: Return) -> None:
    for number, table in enumerate((table for table in report.tables if table.in_word and table.rows), 1):
        section = document.add_section()
        wide = len(table.columns) > WIDE
        section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = (Mm(297), Mm(210)) if wide else (Mm(210), Mm(297))
        section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = (
            (Mm(26), Mm(24), Mm(20), Mm(20)) if wide else (Mm(37), Mm(35), Mm(28), Mm(26))
        )
        _paragraph(document, f"附件{number}", HEADING, SIZE_BODY, indent=False)
        _word_table(
            document,
            table,
            table.title,
            f"{report.jurisdiction_name}　{report.stat_year}年　取数时点{report.as_of:%Y-%m-%d}　数据截至{_day(report.data_date)}",
        )


def _word_table(document: Document, table: Table, caption: str, unit: str = "") -> None:
    _paragraph(document, caption, TITLE, SIZE_BODY, align=WD_ALIGN_PARAGRAPH.CENTER, indent=False, keep=True)
    if unit:
        _paragraph(
            document, unit, BODY, SIZE_TABLE, align=WD_ALIGN_PARAGRAPH.RIGHT, indent=False, keep=True, line=Pt(16)
        )
    grid = document.add_table(rows=1, cols=len(table.columns))
    grid.style = "Table Grid"
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    grid.autofit = False
    # The page's width, names taking twice what a number takes.
    shares = [2.2 if column.kind == "text" else 1.25 if column.kind == "yuan" else 1.0 for column in table.columns]
    whole_width = Mm(257) if len(table.columns) > WIDE else Mm(156)
    widths = [int(whole_width * share / sum(shares)) for share in shares]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    header = grid.rows[0]
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    header._tr.get_or_add_trPr().append(repeat)
    for cell, column, width in zip(header.cells, table.columns, widths, strict=True):
        cell.width = width
        _cell(cell, column.title, HEADING, WD_ALIGN_PARAGRAPH.CENTER)
    for row in table.rows:
        added = grid.add_row()
        whole = OxmlElement("w:cantSplit")
        added._tr.get_or_add_trPr().append(whole)
        for cell, value, column, width in zip(added.cells, row, table.columns, widths, strict=True):
            cell.width = width
            align = WD_ALIGN_PARAGRAPH.LEFT if column.kind == "text" else WD_ALIGN_PARAGRAPH.RIGHT
            _cell(cell, printed(value, column.kind), BODY, align)
    if table.notes:
        notes = _paragraph(
            document,
            f"注：{'；'.join(note.rstrip('。') for note in table.notes)}。",
            BODY,
            SIZE_TABLE,
            indent=False,
            line=Pt(16),
        )
        _off_grid(notes)


def _cell(cell: Any, text: str, font: str, align: WD_ALIGN_PARAGRAPH) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.alignment = align
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    _off_grid(paragraph)
    _font(paragraph.add_run(xml_text(text)), font, SIZE_TABLE)


def _off_grid(paragraph: Any) -> None:
    """The page's grid of 22 lines would stretch every row of a table to one of them."""
    grid = OxmlElement("w:snapToGrid")
    grid.set(qn("w:val"), "0")
    paragraph._p.get_or_add_pPr().append(grid)


def _paragraph(
    document: Document,
    text: str,
    font: str,
    size: Pt,
    align: WD_ALIGN_PARAGRAPH | None = None,
    indent: bool = True,
    keep: bool = False,
    line: Pt = LINE,
) -> Any:
    paragraph = document.add_paragraph()
    form = paragraph.paragraph_format
    form.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    form.line_spacing = line
    form.space_before = form.space_after = Pt(0)
    form.keep_with_next = keep
    paragraph.alignment = align if align is not None else WD_ALIGN_PARAGRAPH.JUSTIFY
    if indent:
        _indent(paragraph, first_line_characters=2)
    _font(paragraph.add_run(xml_text(text)), font, size)
    return paragraph


def _indent(paragraph: Any, first_line_characters: int = 0, right_characters: int = 0) -> None:
    """Indents in characters, as Chinese documents count them."""
    form = paragraph._p.get_or_add_pPr().get_or_add_ind()
    # Both ways: in characters for Word and WPS, in twentieths of a point for what does not count characters.
    twips = int(SIZE_BODY.pt * 20)
    if first_line_characters:
        form.set(qn("w:firstLineChars"), str(first_line_characters * 100))
        form.set(qn("w:firstLine"), str(first_line_characters * twips))
    if right_characters:
        form.set(qn("w:rightChars"), str(right_characters * 100))
        form.set(qn("w:right"), str(right_characters * twips))


def _font(run: Any, name: str, size: Pt) -> None:
    run.font.size = size
    run.font.name = name
    fonts = run._r.get_or_add_rPr().get_or_add_rFonts()
    for kind in ("w:eastAsia", "w:hAnsi", "w:ascii"):
        fonts.set(qn(kind), name)


def _page(document: Document) -> None:
    """A4, 版心 156 × 225 mm, 22 lines of 28.95 pt; page numbers outside, “— 1 —”."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    grid = OxmlElement("w:docGrid")
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), "579")
    for old in section._sectPr.findall(qn("w:docGrid")):
        section._sectPr.remove(old)
    section._sectPr.append(grid)
    document.settings.odd_and_even_pages_header_footer = True
    for footer, align in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        paragraph = footer.paragraphs[0]
        paragraph.alignment = align
        if align == WD_ALIGN_PARAGRAPH.RIGHT:
            _indent(paragraph, right_characters=1)
        _font(paragraph.add_run("— "), NUMERAL, SIZE_PAGE)
        _page_number(paragraph)
        _font(paragraph.add_run(" —"), NUMERAL, SIZE_PAGE)


def _page_number(paragraph: Any) -> None:
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()
        _font(run, NUMERAL, SIZE_PAGE)
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = text
        run._r.append(mark)


def _styles(document: Document) -> None:
    """The default font, and for each font named the one to take where it is not installed."""
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = BODY, SIZE_BODY
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), BODY)
    part = next(part for part in document.part.package.iter_parts() if str(part.partname) == "/word/fontTable.xml")
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{alternative}"/></w:font>'
        for name, alternative in ALTERNATIVES.items()
    )
    part._blob = part.blob.replace(b"</w:fonts>", fonts.encode() + b"</w:fonts>")


def _properties(document: Document, report: Return) -> None:
    """Nothing of the machine or the hour goes into the file."""
    moment = datetime(report.as_of.year, report.as_of.month, report.as_of.day)
    properties = document.core_properties
    properties.title, properties.author = report.title, report.issuer
    properties.created = properties.modified = moment
    properties.last_modified_by, properties.revision, properties.comments = "anze", 1, f"取数时点 {report.as_of}"


def _with_fixed_times(content: bytes) -> bytes:
    """The same archive with a fixed time on every member."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name))
    return target.getvalue()


def _table(report: Return, code: str) -> Table:
    return next(table for table in report.tables if table.code == code)
