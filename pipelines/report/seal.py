"""The document as a clerk has edited it, held against the warehouse: its figures are read back and compared.

What belongs here: which figures differ, are gone or are not the return's. What does not: reading a Word file safely (docx_in.py), freezing it
(filing.py).
"""

from __future__ import annotations

import tempfile
import unicodedata
from collections import defaultdict
from pathlib import Path

from pipelines.report.contents import Edit, Return
from pipelines.report.docx_in import NotADocument, controls, has_revisions, opened
from pipelines.report.word import IDENTITY, identity, write_word

GONE, UNKNOWN = "（已删去）", "（没有此项）"


def edits(report: Return, path: Path) -> list[Edit]:
    """The figures of an edited document that are not what the warehouse says, in the order of the document.

    Separators, spaces and full-width digits do not count; a figure that is typed anew in its place is compared as any other. Text outside
    the content controls is the clerk's own.

    Raises:
        NotADocument: it cannot be read, is another return's, or holds changes that nobody has accepted.
    """
    document = opened(path)
    found = controls(document)
    _is_of(report, found, path.name)
    if has_revisions(document):
        raise NotADocument(f"「{path.name}」中还有修订标记：请先接受或拒绝全部修订，保存后再封存。")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.docx"
        write_word(report, made)
        expected = controls(opened(made))
    theirs: dict[str, list[str]] = defaultdict(list)
    for tag, _, text in found:
        theirs[tag].append(text)
    ours: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for tag, title, text in expected:
        ours[tag].append((title, text))
    differing = []
    for tag, figures in ours.items():
        if tag.startswith(f"{IDENTITY}:"):
            continue
        texts = theirs.get(tag, [])
        # A figure may stand twice (in a sentence and in its table): each is held against the same value.
        for place, (title, text) in enumerate(figures):
            there = texts[place] if place < len(texts) else GONE
            if same(there) != same(text):
                differing.append(Edit(tag=tag, title=title, warehouse=text, document=there or GONE))
        differing += [
            Edit(tag=tag, title=figures[0][0], warehouse=figures[0][1], document=text)
            for text in texts[len(figures) :]
            if same(text) != same(figures[0][1])
        ]
    strange = [(tag, title, text) for tag, title, text in found if tag not in ours and ":" in tag + "/" and "/" in tag]
    return differing + [
        Edit(tag=tag, title=title or tag, warehouse=UNKNOWN, document=text) for tag, title, text in strange
    ]


def same(text: str) -> str:
    """A number's text as it is compared."""
    return "".join(unicodedata.normalize("NFKC", text).replace(",", "").split())


def _is_of(report: Return, found: list[tuple[str, str, str]], name: str) -> None:
    own = [tag for tag, _, _ in found if tag.startswith(f"{IDENTITY}:")]
    if not own:
        raise NotADocument(
            f"「{name}」中没有年度报告的标识：请在 anze report 生成的 Word 文件上修改，保存为 .docx，标题处的内容控件不要删除；"
            "LibreOffice 7.4 及更早的版本保存时会丢掉标识，请用 Word、WPS 或较新的版本。"
        )
    if own[0] != identity(report):
        _, owner, year = own[0].split(":", 2)
        raise NotADocument(
            f"「{name}」是「{owner}」{year} 年的报告，不是「{identity(report).split(':')[1]}」{report.stat_year} 年的。"
        )
