"""The annual return of one owner as data: every item of the notice, in its order, with its basis.

What belongs here: reading marts into the structure of contents.py. What does not: any computation of a metric (dbt_project/), who owes a
return (owners.py), the form of the documents (word.py, annual_workbook.py), freezing (filing.py).

What a notice asks for stands in rows: ref_return (owner, title, addressee, signature), ref_return_part (chapters, special parts,
annexes, in their order), ref_return_item (items of statistics).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.documents.figures import percent, wan
from pipelines.feeds.contracts import all_contracts
from pipelines.report.checks import open_checks
from pipelines.report.compilation import compiled
from pipelines.report.contents import Figure, Narrative, Owner, Part, Return, Text, plain
from pipelines.report.items import figures_of
from pipelines.report.owners import Owed, filled, owed_returns
from pipelines.report.tables import definitions, item_tables, tables
from pipelines.warehouse.evidence import Metric, metrics
from pipelines.warehouse.headline import HEADLINE, is_whole, points, same_days
from pipelines.warehouse.headline import pending as pending_in_words
from pipelines.warehouse.lists import seen
from pipelines.warehouse.reach import Reach, reach
from pipelines.warehouse.rules import rule_value
from pipelines.warehouse.tables import dicts, literal

CUMULATIVE = "insured_units_cumulative"


class NoSuchReturn(Exception):
    """The warehouse holds nothing for that jurisdiction and year; the message says what it holds."""


def collect(warehouse: Path, owed: Owed, stat_year: int, number: str, inputs_hash: str, code_version: str) -> Return:
    """Reads the return of an owner and year from a warehouse file; revisions are added by filing.py.

    Raises:
        NoSuchReturn: the warehouse has no such year.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        jurisdiction, owner = owed.jurisdiction, owed.owner
        cells = dicts(
            connection,
            "select period_start, period_end, as_of, pending_units, participation_rate_high from marts.supervision_metrics "
            "where jurisdiction = ? and stat_year = ? and district_code = ? and industry_code = ?",
            jurisdiction, stat_year, owner.district_code, owner.industry_code,
        )  # fmt: skip
        if not cells:
            years = _rows(
                connection, "select distinct stat_year from marts.supervision_metrics where jurisdiction = ? order by 1", jurisdiction
            )  # fmt: skip
            raise NoSuchReturn(
                f"没有 {stat_year} 年的统计。可用年度：{'、'.join(str(year[0]) for year in years) or '无'}。"
            )
        cell = cells[0]
        start, end, as_of = (cell[name] for name in ("period_start", "period_end", "as_of"))
        reached = reach(connection, jurisdiction)
        parts = _parts(connection, jurisdiction, owner, stat_year)
        narratives = [
            Narrative(
                title=str(part.title), kinds=kinds, texts=_texts(connection, jurisdiction, owner, stat_year, kinds)
            )
            for part in parts
            if part.kind == "narrative"
            for kinds in [str(part.document_kinds).split("|")]
        ]
        beside = {HEADLINE[0]: pending_in_words(cell), CUMULATIVE: reached.since}
        known = metrics(connection, "supervision_metrics")
        figures = [
            figure.model_copy(update={"beside": beside.get(figure.metric, "")})
            for figure in figures_of(connection, jurisdiction, owner, stat_year)
        ]
        feeds = _feeds_of(figures, known)
        made = tables(connection, jurisdiction, owner, stat_year, parts)
        year = {"year": str(stat_year)}
        report = Return(
            jurisdiction=jurisdiction,
            jurisdiction_name=owed.jurisdiction_name,
            owner=owner,
            stat_year=stat_year,
            period_start=start,
            period_end=end,
            as_of=as_of,
            data_date=reached.data_date,
            late_insurers=reached.missing(end),
            pending_units=cell["pending_units"],
            participation_rate_high=_as_decimal(cell["participation_rate_high"]),
            number=number,
            title=filled(owed.title, year).replace("|", ""),
            title_lines=filled(owed.title, year).split("|"),
            addressee=owed.addressee,
            issuer=owed.issuer,
            copy_to=owed.copy_to,
            notice=owed.notice,
            clause=" ".join(filter(None, (owed.source_doc, owed.article))),
            # Later years are measured against the last target set.
            coverage_target=rule_value(connection, "service_coverage_target", jurisdiction),
            parts=parts,
            figures=figures,
            tables=[
                *made,
                definitions(figures, owed.source_doc),
                *item_tables(connection, jurisdiction, owner, stat_year, figures),
            ],
            narratives=narratives,
            late_feeds=_late_feeds(connection, jurisdiction, owner, end, feeds),
            waiting=_waiting(connection, jurisdiction, feeds),
            revisions=[],
            revised_from="",
            missing=_missing(narratives, figures),
            notes=_notes(
                connection,
                jurisdiction,
                owner,
                cell,
                reached,
                end,
                any(figure.metric == CUMULATIVE for figure in figures),
            ),
            inputs_hash=inputs_hash,
            code_version=code_version,
        )
        if owner.is_whole:
            report = compiled(connection, report, owed_returns(connection, jurisdiction, stat_year), known)
        return report.model_copy(update={"checks": open_checks(connection, report)})


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return connection.execute(sql, list(parameters)).fetchall()


def _parts(connection: duckdb.DuckDBPyConnection, jurisdiction: str, owner: Owner, stat_year: int) -> list[Part]:
    """The parts of this kind of owner's return in this year."""
    rows = dicts(
        connection,
        f"""
        select {", ".join(Part.model_fields)} from meta.return_part
        where jurisdiction = ? and coalesce(owner_kind, ?) = ? and coalesce(valid_from_year, 0) <= ? and coalesce(valid_to_year, 9999) >= ?
        order by sort_no, owner_kind nulls first
        """,
        jurisdiction, owner.kind, owner.kind, stat_year, stat_year,
    )  # fmt: skip
    return [Part(**row) for row in rows]


def _texts(
    connection: duckdb.DuckDBPyConnection, jurisdiction: str, owner: Owner, stat_year: int, kinds: list[str]
) -> list[Text]:
    """Documents of these kinds: the owner's own; for the compilation, everybody's."""
    rows = dicts(
        connection,
        """
        select documents.doc_no, documents.title, documents.issuer, documents.doc_date, coalesce(documents.text, '') as text,
            providers.name as provider, files.file_name, documents.line_no
        from marts.fct_document as documents
        inner join marts.dim_provider as providers on documents.provider = providers.provider
        inner join quality.files as files on documents.file_id = files.file_id
        where providers.jurisdiction = ? and documents.year = ? and list_contains(?, documents.kind) and (? or documents.provider = ?)
        order by documents.doc_date, documents.provider, documents.doc_no
        """,
        jurisdiction, stat_year, kinds, owner.is_whole, owner.provider,
    )  # fmt: skip
    return [Text(**row) for row in rows]


def _missing(narratives: list[Narrative], figures: list[Figure]) -> list[str]:
    """What the notice asks for and nobody has sent, or that cannot be worked out."""
    missing = [f"{part.title}：未收到{'、'.join(part.kinds)}类文件" for part in narratives if not part.texts]
    return missing + [f"{figure.name}：分母为零，无法计算" for figure in figures if figure.value is None]


def _feeds_of(figures: list[Figure], known: dict[str, Metric]) -> dict[str, set[str]]:
    """The feeds that each section's figures are counted from."""
    sections: dict[str, set[str]] = {}
    for figure in figures:
        metric = known.get(figure.metric)
        for measure in (*metric.numerator, *metric.denominator) if metric else ():
            named = re.findall(r"'(\w+)'", measure.feed)
            sections.setdefault(figure.section, set()).update((*measure.depends, *named))
    return sections


def _late_feeds(
    connection: duckdb.DuckDBPyConnection, jurisdiction: str, owner: Owner, period_end: date, feeds: dict[str, set[str]]
) -> dict[str, list[str]]:
    """Per section of figures: who is late or silent with a feed they are counted from."""
    late = _rows(
        connection,
        """
        select reaches.feed, providers.name, reaches.covers_to
        from quality.coverage as reaches
        inner join marts.dim_provider as providers on reaches.provider = providers.provider
        where reaches.jurisdiction = ? and reaches.is_owed and reaches.days_late > 0 and coalesce(reaches.covers_to < ?, true)
            and (providers.district_code is null or ? in ('ALL', providers.district_code))
            and (providers.industry_code is null or ? in ('ALL', providers.industry_code))
        order by reaches.feed, providers.provider
        """,
        jurisdiction, period_end, owner.district_code, owner.industry_code,
    )  # fmt: skip
    contracts = all_contracts()
    said = {
        section: [
            f"{name}的{contracts[feed].title}" + (f"（截至{_day(covers_to)}）" if covers_to else "（从未报送）")
            for feed, name, covers_to in late
            if feed in own
        ]
        for section, own in feeds.items()
    }
    return {section: lines for section, lines in said.items() if lines}


def _waiting(connection: duckdb.DuckDBPyConnection, jurisdiction: str, feeds: dict[str, set[str]]) -> dict[str, str]:
    """Per section of figures: amounts of the city that were asked back and do not count yet (quality.to_confirm), by feed."""
    asked = _rows(
        connection,
        "select feed, count(*), cast(sum(amount) as double) from quality.to_confirm where jurisdiction = ? group by feed order by feed",
        jurisdiction,
    )
    contracts = all_contracts()
    said = {
        section: "、".join(
            f"{contracts[feed].title}{count}笔（共{plain(wan(amount))}万元）"
            for feed, count, amount in asked
            if feed in own
        )
        for section, own in feeds.items()
    }
    return {section: line for section, line in said.items() if line}


def _notes(
    connection: duckdb.DuckDBPyConnection, jurisdiction: str, owner: Owner, cell: dict[str, Any], reached: Reach, period_end: date, has_cumulative: bool
) -> list[str]:  # fmt: skip
    """What holds for all figures: the dates, who is late, units of which nobody knows yet, since when cumulative figures count, how a part
    of a year stands beside the same days of the year before, and how totals are made."""
    seen_tables = seen(connection)
    said = [
        f"统计期间为{_day(cell['period_start'])}至{_day(period_end)}，取数时点为{_day(cell['as_of'])}，只计该日及以前收到的数据；"
        + (
            f"各保险机构的保单数据都已报到{_day(reached.data_date)}，有的更晚。"
            if reached.data_date
            else "尚有保险机构没有报送过保单数据。"
        )
    ]
    if late := reached.missing(period_end):
        said.append(f"本期数据尚未报齐的保险机构：{'、'.join(late)}。")
    if words := pending_in_words(cell):
        said.append(
            f"参保率{words}：待核单位最近的保障在其保险机构数据截至之后到期，是否续保尚不可知，不作应保未保处理。"
        )
    if reached.since and has_cumulative:
        said.append(f"{reached.since}。")
    where = (
        f"jurisdiction = {literal(jurisdiction)} and district_code = {literal(owner.district_code)} "
        f"and industry_code = {literal(owner.industry_code)}"
    )
    same = same_days(connection, where, seen_tables)
    if not is_whole(period_end) and same:
        titles = dict(
            connection.execute(
                "select metric, chinese_name from meta.metric_catalogue where table_name = 'supervision_metrics'"
            ).fetchall()
        )
        compared = [
            f"{titles[name]}{percent(same.now[name])}，上年同期{percent(same.before[name])}（{points(same.now[name] - same.before[name])}）"
            for name in HEADLINE
            if same.now[name] is not None and same.before[name] is not None
        ]
        said.append(
            f"本年尚未结束，各保险机构的数据都报到的只有1月1日至{same.part_end:%-m月%-d日}，这一段与上年同期比较（期间不同，与前列各数不同）："
            f"{'；'.join(compared)}。"
        )
    said += [
        "保单按保险起期归入年度，区市和行业按保单所载，名录按名录所载；合计按单位去重，比率的合计为分子之和除以分母之和。",
        "简单赔付率为（已决＋未决）÷保费，并列已付口径；金额以元汇总后换算为万元，四舍五入至两位小数，各项相加与合计可能有尾差。",
        "分母为零时以“—”表示，不作零处理。",
    ]
    return said


def _day(day: date) -> str:
    return f"{day:%Y年%-m月%-d日}"


def _as_decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
