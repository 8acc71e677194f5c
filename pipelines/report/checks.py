"""What stands open before a return is filed (the check list on screen).

What belongs here: naming what is missing, late, waiting, failed or moved much. What does not: deciding whether to file all the same
(filing.py asks for a reason), the gates (pipelines/gates).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import duckdb

from pipelines.documents.figures import percent
from pipelines.report.contents import Check, Figure, Return
from pipelines.warehouse.headline import awaiting_confirmation
from pipelines.warehouse.lists import seen

MISSING, LATE, GATE, WAITING, PENDING, MOVED, APART = "缺项", "迟报", "闸门", "待核实", "待核", "变化较大", "对不上"


def open_checks(connection: duckdb.DuckDBPyConnection, report: Return) -> list[Check]:
    """What can be told from the warehouse: missing parts, late senders, gates, amounts and units waiting, parts that do not add up."""
    checks = [Check(kind=MISSING, text=text) for text in report.missing]
    late = dict.fromkeys(one for named in report.late_feeds.values() for one in named)
    checks += [Check(kind=LATE, text=one) for one in late]
    gates = connection.execute(
        "select title, unexpected_count from quality.gate_results where not success and severity <> 'info' order by stage, suite, expectation"
    ).fetchall()
    checks += [Check(kind=GATE, text=f"{title}（{count} 行不符）") for title, count in gates]
    if waiting := awaiting_confirmation(connection, report.jurisdiction, seen(connection)):
        checks.append(Check(kind=WAITING, text=f"全市{waiting}"))
    if report.pending_units:
        checks.append(Check(kind=PENDING, text=f"{report.pending_units} 家单位是否续保尚不可知，参保率未计入"))
    checks += [Check(kind=APART, text=one.words) for one in report.reconciled if not one.explained]
    return checks


def moved_much(figures: Iterable[Figure], before: Iterable[Figure], bound: Decimal, since: str) -> list[Check]:
    """Items of the notice that moved by more than a share of what they were.

    Args:
        bound: the share (rule return_moved_share).
        since: what `before` was, in words.
    """
    then = {figure.key: figure for figure in before}
    checks = []
    for figure in figures:
        old = then.get(figure.key)
        if not figure.is_main or old is None or figure.value is None or not old.value:
            continue
        share = abs(figure.value - old.value) / abs(old.value)
        if share > bound:
            text = f"{figure.title}：{since} {old.shown}，本次 {figure.shown}，变动 {percent(share)}"
            checks.append(Check(kind=MOVED, text=text))
    return checks
