"""Word documents that people hand in: checked before anything of them is read, and what a reader sees of them.

What belongs here: refusing what is no plain document, its tagged figures, its visible text. What does not: what the figures are held against
(seal.py), what the text is for (narrative.py).

What is read must be what is seen: a document in which the two may differ (hidden, white or tiny text, fields, bound controls, alternatives,
text boxes, symbols, directions of writing, tracked changes) is refused rather than interpreted.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from pipelines.ingest.readers.archives import safe_members
from pipelines.ingest.readers.sheet import Limits, Refused

LARGEST = 50 << 20
UNFOLDED = 500 << 20
REFUSED = {
    "bomb": f"展开后超过 {UNFOLDED >> 20} MB，不予读取：请压缩其中的图片后再交。",
    "encrypted": "加了密码：请去掉密码后再交。",
    "unsafe_path": "压缩包中的路径指向外面，不是正常的 Word 文件：请用 Word 或 WPS 另存后再交。",
}
"""What is wrong with an archive (feeds/refusals.yaml), said of a document."""
RUNS = (
    "vba",
    "macro",
    "oleobject",
    "activex",
    "ms-office",
    "spreadsheetml",
    "presentationml",
    "octet-stream",
    "htm",
    "rtf",
)
"""Words in the content type of a part that runs, or is another file."""
REACHES = (
    "oleobject",
    "package",
    "attachedtemplate",
    "subdocument",
    "afchunk",
    "control",
    "frame",
    "vbaproject",
    "externallink",
)
"""Kinds of relations through which a document runs something or reaches outside."""
HYPERLINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
ALTERNATIVE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
REVISIONS = (
    "ins", "del", "moveFrom", "moveTo", "rPrChange", "pPrChange", "sectPrChange", "tblPrChange", "trPrChange", "tcPrChange", "cellIns", "cellDel", "cellMerge",
    "commentReference", "commentRangeStart",
)  # fmt: skip
DISGUISES = {
    "隐藏文字": ("vanish", "webHidden", "specVanish", "hidden"), "删除线": ("strike", "dstrike"), "上下标": ("vertAlign",), "反向书写": ("rtl", "bdo", "dir", "bidi"),
    "特殊符号": ("sym",), "绑定的内容控件": ("dataBinding",), "嵌入的内容": ("altChunk", "object", "pict", "control", "subDoc"), "文本框": ("txbxContent",),
}  # fmt: skip
"""Elements by which what is read and what is seen may differ; those that say no (w:val="0") do not count."""
FIELDS = re.compile(r"\s*(PAGE|NUMPAGES|HYPERLINK)\b")
"""Fields that may stand in a document."""
SMALLEST = 14
"""Half points; text below 7 points is not meant to be read."""
OFF = ("0", "false", "off", "none", "baseline")
THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
FULL_WIDTH = str.maketrans("０１２３４５６７８９．，％＋－", "0123456789.,%+-")


class NotADocument(Exception):
    """The file cannot be taken; the message says why and what to do."""


@dataclass(frozen=True)
class Block:
    """A paragraph, or a row of a table with its cells joined by `|`: its text as compared (`same`), the tags of its content controls."""

    text: str
    is_row: bool
    tags: tuple[str, ...]


def opened(path: Path) -> Any:
    """A document that is whole, of a bearable size, and holds nothing that runs or reaches outside.

    Raises:
        NotADocument
    """
    if not path.is_file():
        raise NotADocument(f"没有文件「{path}」。")
    if path.stat().st_size > LARGEST:
        raise NotADocument(f"「{path.name}」超过 {LARGEST >> 20} MB：请压缩其中的图片后再交。")
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            safe_members(archive, members, Limits(expanded_bytes=UNFOLDED))
            if fault := _fault(archive, members):
                raise NotADocument(f"「{path.name}」{fault}")
        document = docx.Document(io.BytesIO(content))
        if document.element.body is None or not hasattr(document, "sections"):
            raise ValueError("no body")
        return document
    except Refused as refused:
        raise NotADocument(f"「{path.name}」{REFUSED.get(refused.reason, refused.message)}") from refused
    except NotADocument:
        raise
    except Exception as broken:  # whatever a parser makes of hostile bytes
        raise NotADocument(
            f"「{path.name}」不是完好的 Word 文件（.docx）：请用 Word 或 WPS 另存为 .docx 后再交。"
        ) from broken


def _fault(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> str:
    """Why the parts of an archive are no plain document; empty: they are one."""
    names = [member.filename.lower() for member in members]
    if len(set(names)) < len(names):
        return "中有重名的部分，不是正常的 Word 文件：请用 Word 或 WPS 另存后再交。"
    for member in members:
        if not member.filename.lower().endswith((".xml", ".rels")):
            continue
        content = archive.read(member)
        if (
            b"<!DOCTYPE" in content
            or b"<!ENTITY" in content
            or not content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")
        ):
            return "含有外部实体声明（DOCTYPE）或不是 UTF-8 编码：请用 Word 或 WPS 另存后再交。"
        if member.filename.lower() == "[content_types].xml":
            kinds = [str(one.get("ContentType") or "").lower() for one in parse_xml(content)]
            if any(word in kind for kind in kinds for word in RUNS):
                return "含有宏或嵌入的文件：请删去，另存为 .docx 后再交。"
        if member.filename.lower().endswith(".rels") and any(_reaches_outside(one) for one in parse_xml(content)):
            return "引用了外部的模板、图片或文件：请嵌入或删去后再交。"
    return ""


def _reaches_outside(relation: Any) -> bool:
    kind = str(relation.get("Type"))
    if kind.rsplit("/", 1)[-1].lower() in REACHES:
        return True
    if relation.get("TargetMode") != "External":
        return False
    return kind != HYPERLINK or not str(relation.get("Target")).lower().startswith(("http://", "https://", "mailto:"))


def disguised(document: Any) -> str:
    """How what is seen of a document may differ from what is read, in words; empty: it does not.

    Tracked changes and comments are looked for in every part: a document that is filed has none.
    """
    parts = [
        part
        for part in document.part.package.iter_parts()
        if str(part.partname).startswith("/word/") and str(part.partname).endswith(".xml")
    ]
    roots = {str(part.partname): part.element if hasattr(part, "element") else parse_xml(part.blob) for part in parts}
    hidden = {
        str(style.get(qn("w:styleId")))
        for name, root in roots.items() if "styles" in name
        for style in root.iter(qn("w:style")) if next(_disguises(style), "")
    }  # fmt: skip
    for name, root in roots.items():
        if any(True for revision in REVISIONS for _ in root.iter(qn(f"w:{revision}"))):
            return "修订标记或批注：请先接受或拒绝全部修订、删去批注"
        if any(word in name for word in ("document", "header", "footer", "footnotes", "endnotes")):
            if found := next(_disguises(root), ""):
                return found
            if any(
                style.get(qn("w:val")) in hidden
                for style in root.iter(qn("w:rStyle"), qn("w:pStyle"), qn("w:tblStyle"))
            ):
                return "隐藏、浅色或看不清的样式：请改为正文样式"
    return ""


def _disguises(root: Any) -> Iterator[str]:
    """What of an element may be seen otherwise than it is read."""
    for element in root.iter(qn("w:instrText"), qn("w:fldSimple")):
        code = element.text if element.tag == qn("w:instrText") else element.get(qn("w:instr"))
        if code and not FIELDS.match(code):
            yield "域代码：请改为普通文字"
    for name, elements in DISGUISES.items():
        for element in root.iter(*(qn(f"w:{one}") for one in elements)):
            if (element.get(qn("w:val")) or "1").lower() not in OFF:
                yield f"{name}：请改为普通文字"
    if any(True for _ in root.iter(ALTERNATIVE)):
        yield "文本框或图形：请改为普通文字或图片"
    if any(isinstance(element.tag, str) and element.tag.startswith(MATH) for element in root.iter()):
        yield "公式：请改为普通文字"
    if any(_is_pale(str(element.get(qn("w:val")) or "")) for element in root.iter(qn("w:color"))):
        yield "看不清的浅色文字：请改为黑色"
    for element in root.iter(qn("w:sz")):
        size = str(element.get(qn("w:val")) or "")
        if size.isdigit() and int(size) < SMALLEST:
            yield "看不清的小字：请改为正常字号"


def _is_pale(colour: str) -> bool:
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", colour):
        return False
    return min(int(colour[place : place + 2], 16) for place in (0, 2, 4)) > 0xC0


def controls(document: Any) -> list[tuple[str, str, str]]:
    """Tag, title and text of every tagged content control, in the order of the document."""
    found = []
    for control in document.element.body.iter(qn("w:sdt")):
        properties = control.find(qn("w:sdtPr"))
        content = control.find(qn("w:sdtContent"))
        tag = _value(properties, "w:tag")
        if tag and content is not None:
            found.append((tag, _value(properties, "w:alias"), _text(content)))
    return found


def _value(properties: Any, name: str) -> str:
    part = properties.find(qn(name)) if properties is not None else None
    return "" if part is None else str(part.get(qn("w:val")) or "")


def _text(element: Any) -> str:
    """The text of an element as it stands on paper."""
    pieces = {qn("w:tab"): " ", qn("w:br"): " ", qn("w:cr"): " ", qn("w:noBreakHyphen"): "-"}
    return "".join(
        str(piece.text or "") if piece.tag == qn("w:t") else pieces[piece.tag]
        for piece in element.iter(qn("w:t"), *pieces)
    )


def blocks(document: Any) -> list[Block]:
    """Paragraphs and rows of tables in their order, content controls around them opened, paragraphs without text left out."""
    return [block for block in _blocks(document.element.body) if block.text.strip("|")]


def _blocks(element: Any) -> Iterator[Block]:
    for child in element:
        if child.tag == qn("w:p"):
            yield Block(same(_text(child)), False, _tags(child))
        elif child.tag == qn("w:tbl"):
            for row in child.iter(qn("w:tr")):
                cells = [same(_text(cell)) for cell in row.iter(qn("w:tc"))]
                yield Block("|".join(cells), True, _tags(row))
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml"), qn("w:smartTag")):
            yield from _blocks(child)


def _tags(element: Any) -> tuple[str, ...]:
    return tuple(_value(control.find(qn("w:sdtPr")), "w:tag") for control in element.iter(qn("w:sdt")))


def same(text: str) -> str:
    """A text as it is compared: blanks, full-width digits and thousands separators do not count."""
    plain = "".join(text.translate(FULL_WIDTH).split())
    return THOUSANDS.sub(lambda number: number[0].replace(",", ""), plain)


ESCAPED = re.compile(r"([\\`*_\[\]<>#|~])|^(\s*)([-+]|\d+[.)])(?=\s)")


def as_markdown(document: Any) -> str:
    """The visible text of a document as Markdown: headings and tables marked, pictures left out, what Markdown would read as marks
    escaped."""
    styles = {style.style_id: str(style.name or "") for style in document.styles}
    lines = []
    for child in document.element.body.iter(qn("w:p"), qn("w:tbl")):
        if child.tag == qn("w:tbl"):
            rows = [[_escaped(_text(cell)) for cell in row.iter(qn("w:tc"))] for row in child.iter(qn("w:tr"))]
            lines += [f"| {' | '.join(row)} |" for row in rows[:1]] + ["|" + "---|" * len(rows[0])] if rows else []
            lines += [f"| {' | '.join(row)} |" for row in rows[1:]] + [""]
        elif not any(parent.tag == qn("w:tbl") for parent in child.iterancestors()) and (text := _text(child).strip()):
            properties = child.find(qn("w:pPr"))
            style = styles.get(_value(properties, "w:pStyle"), "")
            mark = "# " if style.lower().startswith(("heading", "title", "标题")) else ""
            lines += [mark + _escaped(text), ""]
    return "\n".join(lines).strip() + "\n"


def _escaped(text: str) -> str:
    return ESCAPED.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text)
