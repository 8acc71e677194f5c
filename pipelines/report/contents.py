"""What a return consists of: owner, figures, tables, narrative parts, what changed, what is open.

What belongs here: the structure that Word, Excel and JSON are written from (its JSON schema is published with every return). What does not:
where its content comes from (annual.py, tables.py, compilation.py), the form of the documents.

Money is in yuan, ratios are fractions, everywhere; they are rounded where they are printed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from pipelines.documents.figures import DASH, half_up, percent, shown, wan

ALL = "ALL"
Kind = Literal["text", "count", "yuan", "ratio", "date", "number"]
KIND_OF_UNIT: dict[str, Kind] = {"比例": "ratio", "元": "yuan", "分": "number", "指数": "number"}
WHOLE = "whole"


class Owner(BaseModel):
    """Whose return it is and of what (ref_return): a department its field, an area its area, the city's bureau or office the whole."""

    provider: str = Field(description="报送单位代码；由市里汇总而没有市级单位时为空")
    name: str
    kind: str = Field(description="industry_department、district_bureau 或 city_bureau")
    scope: str = Field(description="field 本行业，area 本辖区，whole 全市")
    scope_name: str = Field(description="行业、辖区或城市的名称")
    district_code: str = ALL
    industry_code: str = ALL
    obligation_code: str = ""
    due_date: date | None = Field(default=None, description="报送期限；该年度不必报送或没有期限时为空")

    @property
    def is_whole(self) -> bool:
        return self.scope == WHOLE


class Figure(BaseModel):
    """One item of the return with its basis in words."""

    item_no: str
    section: str
    item_code: str
    name: str
    metric: str
    unit: str
    value: Decimal | None = Field(description="比率为小数；分母为零时为空")
    numerator: Decimal | None
    denominator: Decimal | None
    parts_unit: str = Field(description="分子、分母的单位")
    shown: str = Field(description="按印出的位数四舍五入")
    basis: str
    clause: str
    differs: str = Field(default="", description="与所属事项口径不同时，为什么不同")
    beside: str = Field(default="", description="须与数值并列说明的话：待核单位，累计数自哪一天起有数据")
    insurer_code: str = Field(default=ALL, description="承保份额所说的保险机构")
    insurer_name: str = ""

    @property
    def is_main(self) -> bool:
        """Whether the notice asks for it by itself; else it is a variant of the item it is numbered under."""
        return "." not in self.item_no

    @property
    def key(self) -> str:
        """What the figure is within its return: the tag of its content control."""
        return f"{self.item_no}/{self.metric}" + (f"/{self.insurer_code}" if self.insurer_code != ALL else "")

    @property
    def title(self) -> str:
        """What the content control says it is."""
        return f"事项{self.item_no} {self.name}" + (f" {self.insurer_name}" if self.insurer_name else "")

    @property
    def printed(self) -> str:
        """The number as the document prints it: without separators or spaces."""
        return plain(self.shown)

    @property
    def made_of(self) -> str:
        """A ratio's numerator and denominator; empty for other figures."""
        if self.unit != "比例" or self.value is None:
            return ""
        above, below = (part_in_words(value, self.parts_unit) for value in (self.numerator, self.denominator))
        return f"{above}÷{below}"


class Column(BaseModel):
    """A column of a table: `yuan` is shown in 万元, `ratio` in percent. `in_word` false: only in the workbook (numbers of records)."""

    title: str
    kind: Kind
    code: str = ""
    in_word: bool = True


class Table(BaseModel):
    """A table of the return, unrounded; rows hold values in the order of the columns."""

    code: str
    title: str
    columns: list[Column]
    rows: list[list[Any]]
    notes: list[str] = []
    in_word: bool = Field(default=True, description="也印在文件中；否则只在工作簿中")
    keys: list[str] = Field(default=[], description="各行是什么：区市、行业、机构代码或事项编号")
    kinds: list[Kind] = Field(default=[], description="各行数值的种类，各行不同时（汇编表）")

    def kind_at(self, row: int, column: int) -> Kind:
        kind = self.columns[column].kind
        return self.kinds[row] if self.kinds and kind == "number" else kind

    def tag(self, row: int, column: int) -> str:
        """The tag of a number's content control; empty: not a figure that is read back."""
        named = self.columns[column].code
        if not named or not self.keys or self.kind_at(row, column) in ("text", "date"):
            return ""
        return f"{self.code}:{self.keys[row]}:{named}"


class Text(BaseModel):
    """A narrative part as sent by a department (feed `document`)."""

    doc_no: str
    title: str
    issuer: str | None
    doc_date: date
    text: str
    provider: str
    file_name: str
    line_no: int


class Part(BaseModel):
    """A part of the document in its order: what kind of thing stands there (word.py), of what, under which chapter."""

    chapter: str
    kind: str
    subject: str | None
    title: str | None
    document_kinds: str | None = Field(description="文字材料取自哪几类文件，以 | 分隔")
    item_no: str | None = Field(default=None, description="通知所列的第几项")
    note: str | None


class Narrative(BaseModel):
    """A part of the return that people write. Without documents it is missing, and said to be."""

    title: str
    kinds: list[str]
    texts: list[Text]


class Revision(BaseModel):
    """A number that differs from the last filing, and what changed it; `records` name examples (in the workbook only)."""

    name: str
    before: str
    after: str
    change: str
    causes: list[str]
    records: list[str] = []


class Reconciled(BaseModel):
    """A figure of the whole city beside the sum of the parts that others report: what of it nobody reports, what counts twice."""

    item_no: str
    name: str
    measure: str = Field(description="计数或金额的列名；比率按分子、分母各一行")
    by: str = Field(description="按行业部门或区市")
    unit: str
    parts: Decimal = Field(description="各单独报送的单位之和")
    unreported: Decimal = Field(description="没有单独报送的行业（区市）之和")
    twice: Decimal = Field(description="在几个部分中都计、全市只计一次的，多出的数")
    twice_items: int = Field(description="这样的单位（保单、机构）有几个")
    part_only: Decimal = Field(description="只在部分中计、全市不计的（须在全部应保行业参保）")
    whole_only: Decimal = Field(description="只计入全市、不属任何部分的（统筹）")
    whole: Decimal
    words: str
    explained: bool = Field(description="逐项相加后与已发布的数一致")


class Check(BaseModel):
    """What stands open before a return is filed."""

    kind: str
    text: str


class Edit(BaseModel):
    """A figure of the sealed document that differs from the warehouse."""

    tag: str
    title: str
    warehouse: str
    document: str


class Return(BaseModel):
    """The return of an owner and year as of a day."""

    schema_version: str = "2"
    jurisdiction: str
    jurisdiction_name: str
    owner: Owner | None = Field(default=None, description="由谁报送；第一版封存的报告为空，都是全市的")
    stat_year: int
    period_start: date
    period_end: date
    as_of: date = Field(description="取数时点")
    data_date: date | None = Field(description="数据截至：应报保单的各保险机构中最早的一天；都没有报送则为空")
    late_insurers: list[str] = Field(description="本期数据尚未报齐的保险机构")
    pending_units: int = Field(description="待核单位：是否续保尚不可知，参保率未计入")
    participation_rate_high: Decimal | None = Field(description="参保率上限：待核单位都已续保时")
    number: str = Field(description="报送编号；草稿为空")
    title: str
    title_lines: list[str]
    addressee: str
    issuer: str
    copy_to: str = ""
    notice: str = Field(default="", description="依据文件的全称和文号")
    clause: str
    coverage_target: Decimal | None = Field(
        default=None, description="服务覆盖率目标（meta.rule_versions），没有则为空"
    )
    parts: list[Part]
    figures: list[Figure]
    tables: list[Table]
    narratives: list[Narrative]
    reconciled: list[Reconciled] = []
    late_feeds: dict[str, list[str]] = Field(
        default={}, description="统计部分 → 迟报或未报、与其数字有关的单位和报送表"
    )
    waiting: dict[str, str] = Field(
        default={}, description="统计部分 → 与其数字有关、待报送单位核实而未计入的金额（全市）"
    )
    revisions: list[Revision]
    revised_from: str = Field(description="所比较的上一次报送及其取数时点；无则为空")
    missing: list[str] = Field(description="缺少的部分，逐项列明，不代拟")
    checks: list[Check] = Field(default=[], description="封存前应当看到的未决事项")
    incomplete: str = Field(default="", description="有未决事项而仍然封存的理由")
    edits: list[Edit] = Field(default=[], description="封存的人工编辑稿中与数据仓不同的数，已说明理由")
    edit_reason: str = ""
    notes: list[str]
    inputs_hash: str
    code_version: str

    @property
    def scope(self) -> str:
        """In words: the city and its field or area."""
        if self.owner is None or self.owner.is_whole:
            return self.jurisdiction_name
        return f"{self.jurisdiction_name}{self.owner.scope_name}{'领域' if self.owner.scope == 'field' else ''}"

    def table(self, code: str) -> Table:
        return next(table for table in self.tables if table.code == code)


def plain(text: str) -> str:
    """A printed number as official documents write it: no separators, no space before the unit."""
    return text.replace(",", "").replace(" ", "")


def part_in_words(value: Decimal | None, unit: str) -> str:
    """A numerator or denominator as printed; visits are whole, though they are reckoned by days."""
    if unit == "元":
        return f"{plain(wan(value))}万元"
    return plain(shown(half_up(value, 0) if unit == "次" and value is not None else value, unit))


def printed(value: Any, kind: Kind) -> str:
    """A value of a table as the document prints it; money in 万元, ratios in percent, whose units stand in the heading."""
    if value is None:
        return DASH
    if kind == "yuan":
        return plain(wan(value))
    if kind == "ratio":
        return plain(percent(value)).removesuffix("%")
    if kind == "date":
        return f"{value:%Y-%m-%d}"
    if kind == "count":
        return f"{int(value)}"
    return f"{half_up(value, 2)}" if kind == "number" and not isinstance(value, str) else str(value)
