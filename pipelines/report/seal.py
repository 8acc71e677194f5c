"""The document as a clerk has edited it, held against the warehouse: its figures are read back and compared.

What belongs here: which figures and facts differ, are gone or are not the return's. What does not: reading a Word file safely (docx_in.py),
freezing it (filing.py).

The document is written again from the warehouse and both are read by the same reader. Figures are compared by the tags of their content
controls. Beside them every paragraph with a number in it and every row of a table that anze wrote must still stand as written, with words
added at most: numerators in brackets, names and units in headings, title, addressee and signature say as much as figures do. What people
wrote (narrative parts) and whatever a clerk adds are theirs.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

from pipelines.report.contents import Edit, Return
from pipelines.report.docx_in import Block, NotADocument, blocks, controls, disguised, opened, same
from pipelines.report.word import COMPARED, IDENTITY, NOT_REACHED, WAITING, identity, write_word

GONE, UNKNOWN = "（已删去）", "（没有此项）"
NUMBER = re.compile(r"[0-9%]|[一二三四五六七八九十百千万两]+(?:家|张|次|条|人次|万元|亿元|个百分点)")
"""What a clerk's words in the middle of a fact must not hold."""
CAVEATS = (same(NOT_REACHED), same(WAITING))
ALIKE = 0.5
SHOWN = 60


def edits(report: Return, path: Path) -> list[Edit]:
    """The figures and facts of an edited document that are not what the warehouse says, in the order of the document.

    Raises:
        NotADocument: it cannot be read, is another return's, or what is seen of it may differ from what is read.
    """
    document = opened(path)
    _is_of(report, controls(document), path.name)
    if how := disguised(document):
        raise NotADocument(f"「{path.name}」中有{how}，保存后再封存。")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.docx"
        write_word(_as_expected(report, blocks(document)), made)
        expected = opened(made)
        figures = list(_figures(controls(expected), controls(document)))
        facts = list(_facts(report, blocks(expected), blocks(document), {edit.tag for edit in figures}))
    return [*figures, *facts]


def _as_expected(report: Return, found: list[Block]) -> Return:
    """The return without what people wrote, which is held against nothing; and without the comparison with the last filing where the
    document was drafted before that one was filed."""
    kept = [narrative.model_copy(update={"texts": []}) for narrative in report.narratives]
    was_compared = any(same(COMPARED) in block.text for block in found)
    return report.model_copy(
        update={"narratives": kept} | ({} if was_compared else {"revised_from": "", "revisions": []})
    )


def _figures(expected: list[tuple[str, str, str]], found: list[tuple[str, str, str]]) -> Iterator[Edit]:
    theirs: dict[str, list[str]] = defaultdict(list)
    for tag, _, text in found:
        theirs[tag].append(text)
    ours: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for tag, title, text in expected:
        ours[tag].append((title, text))
    for tag, figures in ours.items():
        texts = theirs.get(tag, [])
        # A figure may stand twice (in a sentence and in its table): each is held against the same value.
        for place, (title, text) in enumerate(figures):
            there = texts[place] if place < len(texts) else GONE
            if same(there) != same(text):
                yield Edit(tag=tag, title=title, warehouse=text, document=there or GONE)
        for text in texts[len(figures) :]:
            yield Edit(tag=tag, title=figures[0][0], warehouse=UNKNOWN, document=text)
    for tag, title, text in found:
        if tag not in ours and ("/" in tag or ":" in tag):
            yield Edit(tag=tag, title=title or tag, warehouse=UNKNOWN, document=text)


def _facts(report: Return, expected: list[Block], found: list[Block], told: set[str]) -> Iterator[Edit]:
    """Paragraphs and rows that anze wrote and that are otherwise now. Those whose figures are listed already are not listed again."""
    named = {same(text) for text in (*report.title_lines, f"{report.addressee}：", report.issuer)}
    stands = [
        block
        for block in expected
        if block.is_row or NUMBER.search(block.text) or block.text in named or block.text.startswith(CAVEATS)
    ]
    matcher = SequenceMatcher(None, [block.text for block in stands], [block.text for block in found], autojunk=False)
    kept: set[int] = set()
    used: set[int] = set()
    for first, second, size in matcher.get_matching_blocks():
        kept |= set(range(first, first + size))
        used |= set(range(second, second + size))
    left = [block for place, block in enumerate(found) if place not in used]
    elsewhere = Counter(block.text for block in left if not block.is_row)
    for place, block in enumerate(stands):
        if place in kept or told & set(block.tags):
            continue
        if not block.is_row and elsewhere[block.text]:
            elsewhere[block.text] -= 1  # moved as a whole
            continue
        near = [other for other in left if other.is_row == block.is_row]
        if not block.is_row and any(_only_words_added(block.text, other.text) for other in near):
            continue
        closest = max(
            near,
            key=lambda other: SequenceMatcher(None, block.text, other.text, autojunk=False).quick_ratio(),
            default=None,
        )
        is_alike = (
            closest is not None and SequenceMatcher(None, block.text, closest.text, autojunk=False).ratio() > ALIKE
        )
        before, after = (
            _around(block.text, closest.text) if closest is not None and is_alike else (block.text[:SHOWN], GONE)
        )
        what = "表格的一行" if block.is_row else "本系统写的一段"
        yield Edit(
            tag=block.tags[0] if block.tags else "",
            title=f"{what}：{block.text[:20]}…",
            warehouse=before,
            document=after,
        )


def _only_words_added(ours: str, theirs: str) -> bool:
    """Whether a text is the other with words put in, none of them a number, nothing taken away."""
    if len(theirs) < len(ours):
        return False
    for what, first, last, begin, end in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if what != "equal" and (first != last or NUMBER.search(theirs[begin:end])):
            return False
    return True


def _around(ours: str, theirs: str) -> tuple[str, str]:
    """Where two texts differ, with a little of what stands before and after."""
    changes = [step for step in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes() if step[0] != "equal"]
    first, last = changes[0], changes[-1]
    before = ours[max(first[1] - 8, 0) : last[2] + 8]
    after = theirs[max(first[3] - 8, 0) : last[4] + 8]
    return before[:SHOWN], after[:SHOWN]


def _is_of(report: Return, found: list[tuple[str, str, str]], name: str) -> None:
    own = sorted({tag for tag, _, _ in found if tag.startswith(f"{IDENTITY}:")})
    if not own:
        raise NotADocument(
            f"「{name}」中没有年度报告的标识：请在 anze report 生成的 Word 文件上修改，保存为 .docx，标题处的内容控件不要删除；"
            "LibreOffice 7.4 及更早的版本保存时会丢掉标识，请用 Word、WPS 或较新的版本。"
        )
    if own != [identity(report)]:
        strange = next(tag for tag in own if tag != identity(report))
        _, owner, year = strange.split(":", 2)
        raise NotADocument(
            f"「{name}」是「{owner}」{year} 年的报告，不是「{identity(report).split(':')[1]}」{report.stat_year} 年的。"
        )
