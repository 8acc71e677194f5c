"""The return as a Word document that a clerk can send: what stands where.

What belongs here: the parts of the notice in their order, their numbering, their sentences. What does not: what is said (annual.py), the form
of paragraphs and tables (pipelines/documents/official.py), reading it back (seal.py).

Numbering is 一、（一）1. : chapters of ref_return_part, every item of the notice within them, variants of an item. Figures are content
controls: sealing reads them back. Nothing of the machine is in the document: no draft marks, hashes or numbers of records (workbook, JSON).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from docx.document import Document

from pipelines.documents.charts import chinese_font, coverage_bars, png, share_bars
from pipelines.documents.figures import DASH, percent
from pipelines.documents.markdown import blocks
from pipelines.documents.official import (
    BODY,
    HEADING,
    SIZE_TITLE,
    SUBHEADING,
    TITLE,
    TITLE_LINE,
    WIDE,
    Head,
    Said,
    Words,
    centred,
    imprint,
    new_document,
    note,
    numeral,
    paragraph,
    picture,
    prose,
    saved,
    signature,
    table,
    turned,
)
from pipelines.report.contents import ALL, Column, Figure, Part, Return, Table, plain, printed

NOT_REACHED, WAITING = "以上数字未含下列尚未报齐的数据：", "全市另有金额待报送单位核实，未计入以上数字："
COMPARED = "与上一次报送（"
"""How the caveats under figures and the comparison with the last filing begin; sealing looks for them."""
IDENTITY = "return"
"""Tag of the title's content control: `return:<owner>:<year>`."""


def write_word(report: Return, path: Path) -> None:
    """Writes the document; the same return gives the same bytes."""
    path.write_bytes(_Document(report).made())


def identity(report: Return) -> str:
    """Whose return of which year a document is, as its title is tagged."""
    owner = report.jurisdiction if report.owner is None or report.owner.is_whole else report.owner.provider
    return f"{IDENTITY}:{owner}:{report.stat_year}"


def _day(day: date | None) -> str:
    return f"{day:%Y年%-m月%-d日}" if day else "尚无"


class _Document:
    """A return being written."""

    def __init__(self, report: Return) -> None:
        self.report = report
        self.document: Document = new_document()
        self.chapter = 0
        self.block = 0
        order = [part.subject for part in report.parts if part.kind == "attachment"]
        annexes = [table for table in report.tables if table.in_word and table.rows and table.code in order]
        self.annexes = sorted(annexes, key=lambda table: order.index(table.code))

    def made(self) -> bytes:
        report = self.report
        # A title breaks where its words do (7.3.1).
        for place, line in enumerate(report.title_lines):
            said: Said = [Words(line, identity(report), "报告标题")] if place == 0 else line
            centred(self.document, said, TITLE, SIZE_TITLE, line=TITLE_LINE)
        paragraph(self.document, "")
        paragraph(self.document, f"{report.addressee}：", indent=False)
        paragraph(
            self.document,
            f"按照{report.notice}{prose(report.clause.split(' ')[-1]) if ' ' in report.clause else ''}要求，现将{report.scope}{report.stat_year}年"
            f"安全生产责任保险（以下简称安责险）有关情况报告如下。",
        )
        self._chapters()
        self._closing()
        self._annexes()
        if report.copy_to:
            imprint(self.document, report.copy_to)
        return saved(self.document, report.title, report.issuer, report.as_of)

    def _chapters(self) -> None:
        above = None
        for part in self.report.parts:
            if part.kind == "attachment":
                continue
            if part.chapter != above:
                self._heading(part.chapter)
                above = part.chapter
            WRITERS[part.kind](self, part)
        self._heading("数据口径和完整性说明")
        for text in self.report.notes:
            self._item(text)
        self._revisions()

    def _heading(self, title: str) -> None:
        self.chapter, self.block = self.chapter + 1, 0
        paragraph(self.document, f"{numeral(self.chapter)}、{title}", HEADING, keep=True)

    def _numbered(self, title: str, said: Said = "", keep: bool = False) -> None:
        """An item of the second level: （一）title。said."""
        self.block += 1
        rest = [said] if isinstance(said, str) else list(said)
        paragraph(
            self.document, [Words(f"（{numeral(self.block)}）{title}。", font=SUBHEADING), *rest], keep=keep
        )  # fmt: skip

    def _item(self, text: str) -> None:
        self.block += 1
        paragraph(self.document, f"（{numeral(self.block)}）{prose(text)}")

    def _closing(self) -> None:
        """附件说明 and the signature block (7.3.4, 7.3.5); whatever stands before them stays on their page."""
        for last in self.document.paragraphs[-1:]:
            last.paragraph_format.keep_with_next = True
        lines = [f"{number}．{annex.title}" for number, annex in enumerate(self.annexes, 1)]
        if len(lines) == 1:
            lines = [lines[0].split("．", 1)[1]]
        paragraph(self.document, "", keep=True)
        for place, line in enumerate(lines):
            paragraph(self.document, ("附件：" if place == 0 else "　　　") + line, keep=True)
        paragraph(self.document, "", keep=True)
        signature(self.document, self.report.issuer, _day(self.report.as_of))

    def _annexes(self) -> None:
        for number, annex in enumerate(self.annexes, 1):
            turned(self.document, len(_columns(annex)) > WIDE)
            paragraph(
                self.document, "附件" + (str(number) if len(self.annexes) > 1 else ""), HEADING, indent=False, keep=True
            )
            centred(self.document, annex.title, TITLE, SIZE_TITLE, line=TITLE_LINE)
            note(
                self.document,
                f"{self.report.scope}　{self.report.stat_year}年　取数时点：{_day(self.report.as_of)}",
                right=True,
                keep=True,
            )
            self._table(annex, len(_columns(annex)) > WIDE)

    def _table(self, listed: Table, across: bool = False) -> None:
        columns = _columns(listed)
        heads = [Head(_head(column), _share(column, listed), column.kind != "text") for _, column in columns]
        rows = [
            [self._cell(listed, row, place, values[place]) for place, _ in columns]
            for row, values in enumerate(listed.rows)
        ]
        table(self.document, heads, rows, across)
        if listed.notes:
            note(self.document, prose(f"注：{'；'.join(text.rstrip('。；') for text in listed.notes)}。"))

    def _cell(self, listed: Table, row: int, place: int, value: object) -> Said:
        text = printed(value, listed.kind_at(row, place))
        text = prose(text) if listed.code == "definitions" else text
        tag = listed.tag(row, place)
        named = f"{listed.title} {listed.rows[row][0]} {listed.columns[place].title}"
        return [Words(text, tag, named)] if tag else text

    def _revisions(self) -> None:
        report = self.report
        if not report.revised_from:
            return
        changed = [
            f"{one.name}由{plain(one.before)}变为{plain(one.after)}，变化{plain(one.change)}" + (f"（{'；'.join(one.causes)}）" if one.causes else "")
            for one in report.revisions
        ]  # fmt: skip
        self._item(f"{COMPARED}{report.revised_from}）相比：" + ("；".join(changed) if changed else "没有变化") + "。")

    # How each kind of part is written (ref_return_part.kind).

    def figures(self, part: Part) -> None:
        """An item per number, its variants under it, each with why it differs; then who is late with what they are counted from."""
        named = [figure for figure in self.report.figures if figure.section == part.subject and not figure.insurer_name]
        for figure in (figure for figure in named if figure.is_main):
            variants = [other for other in named if other.item_no.startswith(figure.item_no + ".")]
            self._numbered(figure.name, _sentence(figure), keep=bool(variants))
            for place, other in enumerate(variants, 1):
                paragraph(self.document, [f"{place}．{other.name}：", *_sentence(other)])
        if not self._shares_follow(str(part.subject)):
            self._caveats(str(part.subject))

    def _shares_follow(self, section: str) -> bool:
        """Whether shares of insurers, which are of the same section, stand after its other items: the caveats stand after them."""
        has_part = any(part.kind == "shares" for part in self.report.parts)
        return has_part and any(figure.insurer_name and figure.section == section for figure in self.report.figures)

    def _caveats(self, section: str) -> None:
        if late := self.report.late_feeds.get(section):
            paragraph(self.document, f"{NOT_REACHED}{'、'.join(late)}。")
        if waiting := self.report.waiting.get(section):
            paragraph(self.document, f"{WAITING}{waiting}。")

    def shares(self, part: Part) -> None:
        """承保份额 of each insurer, the agreed pool share beside it where there is a pool."""
        insurers = [figure for figure in self.report.figures if figure.insurer_name and figure.metric == "market_share"]
        pools = {figure.insurer_code: figure for figure in self.report.figures if figure.metric == "pool_share"}
        said: list[str | Words] = []
        for figure in insurers:
            said += ["；" if said else "", f"{figure.insurer_name}", Words(figure.printed, figure.key, figure.title)]
            if pool := pools.get(figure.insurer_code):
                said += ["（共保份额", Words(pool.printed, pool.key, pool.title), "）"]
        name = insurers[0].name if insurers else "承保份额"
        if not said:
            self._numbered(name, "本期没有实收保费，无承保份额。")
            return
        self._numbered(
            name,
            [
                "按共保分摊后实收保费计：",
                *said,
                "。共保份额只在共保业务之内计算，与承保份额的分母不同。" if pools else "。",
            ],
        )
        self._caveats(insurers[0].section)
        self._chart(str(part.title), share_bars([f.insurer_name for f in insurers], [_float(f) for f in insurers]))

    def coverage_chart(self, part: Part) -> None:
        listed = self.report.table(str(part.subject))
        codes = [column.code for column in listed.columns]
        rows = [row for row, key in zip(listed.rows, listed.keys, strict=True) if key != ALL]
        if rows:
            columns = [[row[codes.index(code)] for row in rows] for code in ("participation_rate", "service_coverage")]
            self._chart(str(part.title), coverage_bars([str(row[0]) for row in rows], columns[0], columns[1]))

    def target(self, part: Part) -> None:
        """Who has not reached the city's target of coverage."""
        listed, target = self.report.table(str(part.subject)), self.report.coverage_target
        place = [column.code for column in listed.columns].index("service_coverage")
        known = [
            row for row, key in zip(listed.rows, listed.keys, strict=True) if key != ALL and row[place] is not None
        ]
        short = [str(row[0]) for row in known if target and row[place] < target]
        what = listed.columns[0].title
        said = f"尚未达到的{what}：{'、'.join(short)}。" if short else f"有在保单位的{what}均已达到。"
        if not known or target is None:
            said = "没有在保单位，无法对照。" if target is not None else ""
        self._numbered(str(part.title or "目标完成对照"), f"服务覆盖率目标为{plain(percent(target))}。{said}")

    def narrative(self, part: Part) -> None:
        narrative = next(narrative for narrative in self.report.narratives if narrative.title == part.title)
        if not narrative.texts:
            self._numbered(str(part.title), f"未收到{'、'.join(narrative.kinds)}类文件，本部分缺。")
            return
        several = len({text.provider for text in narrative.texts}) > 1
        self._numbered(str(part.title), keep=True)
        for text in narrative.texts:
            if several or len(narrative.texts) > 1:
                by = f"（{text.issuer or text.provider}）" if several else ""
                paragraph(self.document, f"{text.title}{by}。", SUBHEADING, keep=True)
            for block in blocks(text.text):
                paragraph(self.document, block.text, SUBHEADING if block.heading else BODY, keep=block.heading)

    def listed(self, part: Part) -> None:
        """A table in the body, under its number."""
        listed = self.report.table(str(part.subject))
        self._standing(str(part.title or listed.title), listed)

    def owners(self, part: Part) -> None:
        """Who owed a part, and who has sent it."""
        listed = self.report.table("owners")
        states = [str(row[-1]) for row in listed.rows]
        absent = [str(row[0]) for row in listed.rows if row[-1] in ("逾期未报", "待报")]
        late = [str(row[0]) for row in listed.rows if row[-1] == "迟报"]
        owing = sum(state != "不必报送" for state in states)
        said = f"应报{owing}家，已报{owing - len(absent)}家"
        said += f"，其中迟报{len(late)}家（{'、'.join(late)}）" if late else ""
        said += f"；尚未报送{len(absent)}家：{'、'.join(absent)}。" if absent else "。"
        self._standing("报送情况", listed, said)

    def parts(self, part: Part) -> None:
        """Why the parts do not add up to the whole, where they do not."""
        apart = [
            one for one in self.report.reconciled if one.twice or one.part_only or one.whole_only or not one.explained
        ]
        said = [one.words for one in apart]
        if not self.report.reconciled:
            return
        rest = "下列各数的部分之和与全市不同，其余计数、金额一致" if said else "各项计数、金额的部分之和与全市一致"
        self._numbered("部分与合计", f"{rest}；比率不能相加，全市的比率为合计的分子除以合计的分母。")
        for place, words in enumerate(said, 1):
            paragraph(self.document, f"{place}．{prose(words)}")

    def campaign(self, part: Part) -> None:
        """专项活动: whom it was to reach and reached, what became of the major hazards found in its days."""
        listed = self.report.table(f"campaign_{part.subject}")
        if not listed.rows or ALL not in listed.keys:
            self._numbered(str(part.title), "没有属于本次活动的单位或服务记录。")
            return
        row = listed.keys.index(ALL)
        at = {column.code: place for place, column in enumerate(listed.columns)}

        def told(code: str, unit: str) -> list[str | Words]:
            cell = self._cell(listed, row, at[code], listed.rows[row][at[code]])
            # The total stands in the sentence and in the table: one content control each, with one meaning.
            return [*([cell] if isinstance(cell, str) else list(cell)), unit]

        self._numbered(
            str(part.title),
            ["应覆盖在保单位", *told("target_units", "家，已覆盖"), *told("reached_units", "家，覆盖率"), *told("progress", "%，开展服务"),
             *told("visits", "次；活动期间发现重大隐患"), *told("major_hazards", "条，已复查"), *told("major_hazards_rechecked", "条，投保单位拒不整改"),
             *told("major_hazards_refused", "条，其中已向主管部门报告"), *told("refusals_reported", "条。")],
            keep=True,
        )  # fmt: skip
        self._table(listed)

    def problems(self, part: Part) -> None:
        listed = self.report.table(str(part.subject))
        done = [column.title for column in listed.columns].index("完成")
        count, closed = len(listed.rows), sum(1 for row in listed.rows if row[done] is not None)
        said = f"列入问题清单{count}项，已完成整改{closed}项，清单见附件。" if count else "本期没有收到问题清单数据。"
        self._numbered(str(part.title or listed.title), said)

    def _standing(self, title: str, listed: Table, said: str = "") -> None:
        if not listed.rows:
            self._numbered(title, "未收到相应数据。")
            return
        self._numbered(title, said, keep=True)
        self._table(listed)

    def _chart(self, caption: str, chart: dict[str, object]) -> None:
        if chinese_font() is None:
            paragraph(self.document, f"（{caption}：本机没有中文字体，未绘制。）")
        else:
            picture(self.document, png(chart), caption)


WRITERS: dict[str, Callable[[_Document, Part], None]] = {
    "figures": _Document.figures, "coverage_chart": _Document.coverage_chart, "shares": _Document.shares, "narrative": _Document.narrative,
    "target": _Document.target, "table": _Document.listed, "problems": _Document.problems, "campaign": _Document.campaign,
    "owners": _Document.owners, "parts": _Document.parts,
}  # fmt: skip
"""How each kind of part is written (ref_return_part.kind)."""


def _sentence(figure: Figure) -> list[str | Words]:
    """The number, what a ratio is of, what must be said beside it, and why it differs from the item it stands under."""
    said: list[str | Words] = [Words(figure.printed, figure.key, figure.title)]
    if figure.made_of:
        said.append(f"（{figure.made_of}）")
    if figure.value is None:
        said.append("（分母为零，不能计算）")
    if figure.beside:
        said.append(f"，{prose(plain(figure.beside))}")
    if figure.differs:
        said.append(f"；{figure.differs}")
    return [*said, "。"]


def _columns(listed: Table) -> list[tuple[int, Column]]:
    return [(place, column) for place, column in enumerate(listed.columns) if column.in_word]


def _head(column: Column) -> str:
    """A heading with its unit, so that cells hold numbers alone and their points align."""
    return column.title + {"yuan": "（万元）", "ratio": "（%）"}.get(column.kind, "")


def _share(column: Column, listed: Table) -> float:
    """Names take about twice what a number takes; what people wrote or explain takes more."""
    if column.kind != "text":
        return {"yuan": 1.25, "date": 1.7}.get(column.kind, 1.0)
    longest = max((len(str(row[listed.columns.index(column)] or DASH)) for row in listed.rows), default=0)
    return min(max(longest / 6, 1.0), 4.5)


def _float(figure: Figure) -> float | None:
    return None if figure.value is None else float(figure.value)
