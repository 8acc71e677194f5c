"""A part of the return that people write, handed in as Markdown or Word: it becomes a drop of the feed `document` of its sender.

What belongs here: making the row. What does not: how drops are received (pipelines/ingest/receive.py), how the text is printed (word.py).
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tempfile
from datetime import datetime
from pathlib import Path

from pipelines.documents.official import xml_text
from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import Provider
from pipelines.ingest.manifest import in_unicode
from pipelines.ingest.receive import Received, file_drop
from pipelines.report.docx_in import NotADocument, as_markdown, disguised, opened
from pipelines.settings import Settings

FEED = "document"
HEADING = re.compile(r"^#{1,6}\s+(.+)$", re.MULTILINE)
ENCODINGS = ("utf-8-sig", "gb18030")


def kinds() -> list[str]:
    """The kinds of documents there are."""
    codes = contracts()[FEED].columns["kind"].codes
    return list(codes) if isinstance(codes, list) else []


def hand_in(
    settings: Settings, provider: Provider, stat_year: int, kind: str, source: Path, now: datetime
) -> tuple[Received, str]:
    """Files a text as a document of its sender; the same title handed in again corrects it.

    Returns:
        what came of it, and the document's number.
    Raises:
        NotADocument: neither Markdown nor a Word file that can be read, or empty.
    """
    text = _text_of(source)
    first = HEADING.search(text)
    title = (first.group(1) if first else Path(in_unicode(source.name)).stem).strip()
    if first and not text[: first.start()].strip():
        text = text[first.end() :].lstrip("\n")  # its heading is its title
    if not text.strip():
        raise NotADocument(f"「{source.name}」只有标题，没有文字。")
    number = f"CL-{stat_year}-{kind}-{hashlib.sha256(title.encode()).hexdigest()[:8]}"
    row = {
        "doc_no": number, "kind": kind, "title": title, "issuer": provider.name, "district_code": provider.district_code or "",
        "industry_code": provider.industry_code or "", "doc_date": f"{now:%Y-%m-%d}", "year": str(stat_year), "text": text,
    }  # fmt: skip
    columns = contracts()[FEED].columns
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(columns[name].title for name in row)
    table.writerow(row.values())
    with tempfile.TemporaryDirectory() as folder:
        drop = Path(folder) / f"{kind}_{stat_year}.csv"
        drop.write_text(written.getvalue(), encoding="utf-8")
        return file_drop(settings, drop, provider.provider, FEED, now), number


def _text_of(source: Path) -> str:
    if source.suffix.lower() == ".docx":
        document = opened(source)
        if how := disguised(document):
            raise NotADocument(f"「{source.name}」中有{how}，保存后再交。")
        text = as_markdown(document)
    elif source.suffix.lower() in (".md", ".markdown", ".txt"):
        text = _decoded(source)
    else:
        raise NotADocument(f"「{source.name}」：文字材料请用 Markdown（.md、.txt）或 Word（.docx）。")
    if not text.strip():
        raise NotADocument(f"「{source.name}」没有文字。")
    return text


def _decoded(source: Path) -> str:
    content = source.read_bytes()
    for encoding in ENCODINGS:
        try:
            return xml_text(content.decode(encoding)).replace("\r\n", "\n")
        except UnicodeDecodeError:
            continue
    raise NotADocument(f"「{source.name}」不是 UTF-8 或 GB18030 编码的文本：请另存为 UTF-8 后再交。")
