"""The form of Chinese official documents (党政机关公文格式, GB/T 9704-2012) in Word: page, fonts, paragraphs, tables, content controls.

What belongs here: how a paragraph, a table, a signature or a tagged figure is laid down. What does not: what a document says
(pipelines/report).

Fonts are named and never embedded; each has an alternative name for machines without it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

# GB/T 9704: 标题二号方正小标宋，正文三号仿宋，一级标题黑体，二级标题楷体，页码四号宋体。
TITLE, BODY, HEADING, SUBHEADING, NUMERAL = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体"
ALTERNATIVES = {TITLE: "宋体", BODY: "仿宋", HEADING: "SimHei", SUBHEADING: "楷体", NUMERAL: "SimSun"}
SIZE_TITLE, SIZE_BODY, SIZE_TABLE, SIZE_NOTE, SIZE_PAGE = Pt(22), Pt(16), Pt(10), Pt(10.5), Pt(14)
LINE, TITLE_LINE, TABLE_LINE = Pt(28), Pt(34), Pt(16)
WIDE = 8
"""A table with more columns lies across a turned page."""
DENSE = 12
"""A table with more columns is set smaller."""
TAG = 64
"""Characters of a content control's tag and title that Word takes."""
AFTER_GRID = (
    "w:spacing",
    "w:ind",
    "w:contextualSpacing",
    "w:jc",
    "w:textAlignment",
    "w:outlineLvl",
    "w:rPr",
    "w:sectPr",
)
"""What may stand behind w:snapToGrid in a paragraph's properties: Word insists on the order of the schema."""
NUMERALS = "〇一二三四五六七八九"
ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
BLANK = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) +(?=[\d+−-])|(?<=\d) +(?=[\u4e00-\u9fff])")
MINUS = re.compile(r"(?<![\dA-Za-z])-(?=\d)")
NOT_IN_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """A text that may stand in a Word document: characters that XML has none of go, whatever landed before they were removed there."""
    return NOT_IN_XML.sub("", text)


def numeral(number: int) -> str:
    """一 to 九十九, as chapters and sections are numbered."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{NUMERALS[tens]}十"
    return head + (NUMERALS[ones] if ones or not tens else "")


def prose(text: str) -> str:
    """Words of the warehouse as a document writes them: dates in words, brackets full-width, no blanks beside numbers, a minus for a minus."""
    dated = ISO_DATE.sub(lambda day: f"{day[1]}年{int(day[2])}月{int(day[3])}日", text)
    full = dated.replace("(", "（").replace(")", "）")
    return MINUS.sub("−", BLANK.sub("", full))


def nested(title: str) -> str:
    """A title that may stand within 《》: its own book marks become single ones (GB/T 15834-2011, 4.15)."""
    return title.replace("《", "〈").replace("》", "〉")


@dataclass(frozen=True)
class Words:
    """A piece of a paragraph. With a tag it is a content control: `title` tells in Word what it is, `tag` is read back."""

    text: str
    tag: str = ""
    title: str = ""
    font: str = ""


Said = str | Sequence[str | Words]


def new_document() -> Document:
    document = docx.Document()
    _page(document)
    _styles(document)
    return document


def paragraph(
    document: Document,
    said: Said,
    font: str = BODY,
    size: Pt = SIZE_BODY,
    align: WD_ALIGN_PARAGRAPH | None = None,
    indent: bool = True,
    keep: bool = False,
    line: Pt = LINE,
) -> Any:
    """Adds a paragraph; `keep`: on the same page as the one after it."""
    added = document.add_paragraph()
    form = added.paragraph_format
    form.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    form.line_spacing = line
    form.space_before = form.space_after = Pt(0)
    form.keep_with_next = keep
    form.widow_control = True
    # Not justified: long numbers do not break, and would pull the characters before them apart.
    added.alignment = align if align is not None else WD_ALIGN_PARAGRAPH.LEFT
    if indent:
        _indent(added, first_line_characters=2)
    _say(added, said, font, size)
    return added


def centred(document: Document, said: Said, font: str, size: Pt, keep: bool = True, line: Pt = LINE) -> Any:
    return paragraph(document, said, font, size, WD_ALIGN_PARAGRAPH.CENTER, indent=False, keep=keep, line=line)


def signature(document: Document, signed_by: str, day: str) -> None:
    """署名 and 成文日期 four characters from the right, on one page with what stands before them (7.3.5): that must keep with them."""
    for text, keep in ((signed_by, True), (day, False)):
        added = paragraph(document, text, align=WD_ALIGN_PARAGRAPH.RIGHT, indent=False, keep=keep)
        _indent(added, right_characters=4)


def imprint(document: Document, copy_to: str) -> None:
    """版记: the line 抄送 between two rules (7.4), after everything else."""
    paragraph(document, "", indent=False)
    added = paragraph(document, f"抄送：{copy_to}。", BODY, SIZE_PAGE, indent=False)
    borders = OxmlElement("w:pBdr")
    for side in ("top", "bottom"):
        rule = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "auto")):
            rule.set(qn(f"w:{name}"), value)
        borders.append(rule)
    added._p.get_or_add_pPr().insert_element_before(borders, "w:shd", "w:tabs", "w:snapToGrid", *AFTER_GRID)


def picture(document: Document, image: bytes, caption: str) -> None:
    """A chart with its caption under it, on one page."""
    added = document.add_paragraph()
    added.alignment = WD_ALIGN_PARAGRAPH.CENTER
    added.paragraph_format.keep_with_next = True
    added.add_run().add_picture(io.BytesIO(image), width=Mm(150))
    centred(document, caption, BODY, SIZE_NOTE, keep=False)


def turned(document: Document, wide: bool) -> None:
    """A new page for an annex, across when its table is wide."""
    section = document.add_section()
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (Mm(297), Mm(210)) if wide else (Mm(210), Mm(297))
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = (
        (Mm(26), Mm(24), Mm(20), Mm(20)) if wide else (Mm(37), Mm(35), Mm(28), Mm(26))
    )


@dataclass(frozen=True)
class Head:
    """A column of a table: its title, its share of the width, whether it holds numbers (set to the right, so that points align)."""

    title: str
    share: float
    number: bool


def table(document: Document, heads: Sequence[Head], rows: Sequence[Sequence[Said]], across: bool = False) -> None:
    """A table as wide as the type area (`across`: of a turned page), whose header is repeated on every page and whose rows are never torn."""
    size = SIZE_TABLE if len(heads) <= DENSE else Pt(8)
    grid = document.add_table(rows=1, cols=len(heads))
    grid.style = "Table Grid"
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    grid.autofit = False
    whole = Mm(257) if across else Mm(156)
    widths = [int(whole * head.share / sum(head.share for head in heads)) for head in heads]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    _marked(grid.rows[0], "w:tblHeader")
    _marked(grid.rows[0], "w:cantSplit")
    for cell, head, width in zip(grid.rows[0].cells, heads, widths, strict=True):
        cell.width = width
        _cell(cell, head.title, HEADING, size, WD_ALIGN_PARAGRAPH.CENTER)
    for row in rows:
        added = grid.add_row()
        _marked(added, "w:cantSplit")
        for cell, said, head, width in zip(added.cells, row, heads, widths, strict=True):
            cell.width = width
            _cell(cell, said, BODY, size, WD_ALIGN_PARAGRAPH.RIGHT if head.number else WD_ALIGN_PARAGRAPH.LEFT)


def note(document: Document, text: str, right: bool = False, keep: bool = False) -> None:
    """A small line above or under a table."""
    align = WD_ALIGN_PARAGRAPH.RIGHT if right else None
    _off_grid(paragraph(document, text, BODY, SIZE_NOTE, align, indent=False, keep=keep, line=TABLE_LINE))


def saved(document: Document, title: str, author: str, day: Any) -> bytes:
    """The file, the same bytes for the same content: nothing of the machine or the hour goes into it."""
    properties = document.core_properties
    properties.title, properties.author = xml_text(title)[:250], xml_text(author)[:250]
    properties.created = properties.modified = datetime(day.year, day.month, day.day)
    properties.last_modified_by, properties.revision, properties.comments = xml_text(author)[:250], 1, ""
    buffer = io.BytesIO()
    document.save(buffer)
    return _with_fixed_times(buffer.getvalue())


def _say(added: Any, said: Said, font: str, size: Pt) -> None:
    for piece in [said] if isinstance(said, str) else said:
        words = Words(piece) if isinstance(piece, str) else piece
        run = added.add_run(xml_text(words.text))
        _font(run, words.font or font, size)
        if words.tag:
            _control(run._r, words)


def _control(run: Any, words: Words) -> None:
    """Puts a run into a content control. It is not locked: who deletes it must be able to, and sealing says that it is gone."""
    control, properties, content = (OxmlElement(f"w:{name}") for name in ("sdt", "sdtPr", "sdtContent"))
    for name, value in (("alias", words.title or words.tag), ("tag", words.tag)):
        part = OxmlElement(f"w:{name}")
        part.set(qn("w:val"), xml_text(value)[:TAG])
        properties.append(part)
    run.addprevious(control)
    control.append(properties)
    control.append(content)
    content.append(run)


def _cell(cell: Any, said: Said, font: str, size: Pt, align: WD_ALIGN_PARAGRAPH) -> None:
    added = cell.paragraphs[0]
    added.alignment = align
    added.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    _off_grid(added)
    _say(added, said, font, size)


def _marked(row: Any, name: str) -> None:
    mark = OxmlElement(name)
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _off_grid(added: Any) -> None:
    """The page's grid of 22 lines would stretch every row of a table to one of them."""
    grid = OxmlElement("w:snapToGrid")
    grid.set(qn("w:val"), "0")
    added._p.get_or_add_pPr().insert_element_before(grid, *AFTER_GRID)


def _indent(added: Any, first_line_characters: int = 0, right_characters: int = 0) -> None:
    """Indents in characters, as Chinese documents count them."""
    form = added._p.get_or_add_pPr().get_or_add_ind()
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
        added = footer.paragraphs[0]
        added.alignment = align
        if align == WD_ALIGN_PARAGRAPH.RIGHT:
            _indent(added, right_characters=1)
        _font(added.add_run("— "), NUMERAL, SIZE_PAGE)
        _page_number(added)
        _font(added.add_run(" —"), NUMERAL, SIZE_PAGE)


def _page_number(added: Any) -> None:
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = added.add_run()
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


def _with_fixed_times(content: bytes) -> bytes:
    """The same archive with a fixed time on every member."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name))
    return target.getvalue()
