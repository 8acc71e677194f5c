"""Word documents that people hand in: checked before anything of them is read.

What belongs here: refusing what is no plain document, its tagged figures, its text. What does not: what the figures are held against
(seal.py), what the text is for (narrative.py).
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from pipelines.ingest.readers.archives import BROKEN_ARCHIVE, no_entities, safe_members
from pipelines.ingest.readers.sheet import Limits, Refused

LARGEST = 50 << 20
UNFOLDED = 500 << 20
PROGRAMS = ("vbaProject", "embeddings/", "activeX/")
"""Members that hold programs or other files."""
REFUSED = {
    "bomb": f"展开后超过 {UNFOLDED >> 20} MB，不予读取：请压缩其中的图片后再交。",
    "xml_entities": "含有外部实体声明（DOCTYPE），不是正常的 Word 文件：请用 Word 或 WPS 另存后再交。",
    "encrypted": "加了密码：请去掉密码后再交。",
    "unsafe_path": "压缩包中的路径指向外面，不是正常的 Word 文件：请用 Word 或 WPS 另存后再交。",
}
"""What is wrong with an archive (feeds/refusals.yaml), said of a document."""


class NotADocument(Exception):
    """The file cannot be taken; the message says why and what to do."""


def opened(path: Path) -> Any:
    """A document that is whole, of a bearable size, and holds nothing that runs or reaches outside.

    Raises:
        NotADocument
    """
    try:
        if path.stat().st_size > LARGEST:
            raise NotADocument(f"「{path.name}」超过 {LARGEST >> 20} MB：请压缩其中的图片后再交。")
        content = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            safe_members(archive, members, Limits(expanded_bytes=UNFOLDED))
            no_entities(archive, members)
            if any(word in member.filename for member in members for word in PROGRAMS):
                raise NotADocument(f"「{path.name}」含有宏或嵌入的文件：请删去，另存为 .docx 后再交。")
            for member in members:
                if member.filename.endswith(".rels") and _reaches_outside(archive.read(member)):
                    raise NotADocument(f"「{path.name}」引用了外部的模板、图片或文件：请嵌入或删去后再交。")
        return docx.Document(io.BytesIO(content))
    except Refused as refused:
        said = REFUSED.get(refused.reason, refused.message)
        raise NotADocument(f"「{path.name}」{said}") from refused
    except (*BROKEN_ARCHIVE, SyntaxError, AttributeError) as broken:  # XML that is none is a SyntaxError
        raise NotADocument(
            f"「{path.name}」不是完好的 Word 文件（.docx）：请用 Word 或 WPS 另存为 .docx 后再交。"
        ) from broken


def _reaches_outside(relations: bytes) -> bool:
    return any(
        one.get("TargetMode") == "External" and not str(one.get("Type")).endswith("/hyperlink") for one in parse_xml(relations)
    )  # fmt: skip


def has_revisions(document: Any) -> bool:
    """Whether changes are tracked in it that nobody has accepted or rejected."""
    return any(
        True for name in ("w:ins", "w:del", "w:moveFrom", "w:moveTo") for _ in document.element.body.iter(qn(name))
    )


def controls(document: Any) -> list[tuple[str, str, str]]:
    """Tag, title and text of every tagged content control, in the order of the document."""
    found = []
    for control in document.element.body.iter(qn("w:sdt")):
        properties = control.find(qn("w:sdtPr"))
        named = {name: _value(properties, name) for name in ("w:tag", "w:alias")}
        content = control.find(qn("w:sdtContent"))
        if named["w:tag"] and content is not None:
            found.append((named["w:tag"], named["w:alias"], _visible(content)))
    return found


def _visible(content: Any) -> str:
    """The text of a control that a reader sees: a figure that is hidden while another stands beside it has been changed."""
    runs = (run for run in content.iter(qn("w:r")) if run.find(f"{qn('w:rPr')}/{qn('w:vanish')}") is None)
    return "".join(piece.text or "" for run in runs for piece in run.iter(qn("w:t")))


def _value(properties: Any, name: str) -> str:
    part = properties.find(qn(name)) if properties is not None else None
    return "" if part is None else str(part.get(qn("w:val")) or "")


def as_markdown(document: Any) -> str:
    """The text of a document as Markdown: headings and tables marked, pictures left out."""
    lines = []
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            rows = [[cell.text.replace("\n", " ").replace("|", "｜") for cell in row.cells] for row in block.rows]
            lines += [f"| {' | '.join(row)} |" for row in rows[:1]] + ["|" + "---|" * len(rows[0])] if rows else []
            lines += [f"| {' | '.join(row)} |" for row in rows[1:]] + [""]
        elif text := block.text.strip():
            mark = "# " if (block.style.name or "").startswith(("Heading", "Title", "标题")) else ""
            lines += [mark + text, ""]
    return "\n".join(lines).strip() + "\n"
