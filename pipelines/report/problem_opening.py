"""Findings become problems (问题清单): rows for a bureau to check, complete and send, as its feed `problem` reads them.

What belongs here: which columns a finding fills. What does not: findings (marts), what becomes of problems (marts.problem_list, which the
findings then show). Source: 威应急发〔2023〕11号 四(三): problems found become a list with measures and a deadline.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import Provider, Reference
from pipelines.report.template import write_corrections

TARGETS = {"生产经营单位", "承保机构", "服务机构"}


class NotOpened(Exception):
    """A finding that cannot become a problem; the message says which and why."""


def problem_rows(warehouse: Path, finding_ids: list[str], due: date, measure: str) -> tuple[pl.DataFrame, str]:
    """Rows of the feed `problem`, as text, one for each finding, and the city they are of.

    Args:
        due: the deadline. measure: empty: what the finding asks for.
    Raises:
        NotOpened: unknown, of several cities, already a problem, or of nobody who can be asked.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            """
            select finding_id, rule_name, jurisdiction, subject_type, subject_code, unit_uscc, explanation, problem_no, as_of
            from marts.findings, meta.publication where list_contains($1, finding_id) order by finding_id
            """,
            [finding_ids],
        ).fetchall()
    missing = sorted(set(finding_ids) - {row[0] for row in found})
    if missing:
        raise NotOpened(
            f"没有发现「{'、'.join(missing)}」。发现编号见监管发现清单，或 anze query --example findings_by_rule。"
        )
    cities = sorted({row[2] for row in found})
    if len(cities) > 1:
        raise NotOpened(f"这些发现分属 {'、'.join(cities)}，问题清单由各市分别报送，请分开立案。")
    opened = [f"{row[0]}（{row[7]}）" for row in found if row[7]]
    if opened:
        raise NotOpened(f"已经立案：{'、'.join(opened)}。")
    rows = []
    for finding_id, name, _, subject_type, subject, unit, explanation, _, as_of in found:
        kind, code = (subject_type, subject) if subject_type in TARGETS else ("生产经营单位", unit)
        if not code:
            raise NotOpened(f"发现「{finding_id}」针对{subject_type}，不是单位或机构，不能列入问题清单。")
        number = hashlib.sha256(finding_id.encode()).hexdigest()[:10].upper()
        rows.append(
            {"problem_no": f"XT-{number}", "found_date": str(as_of), "origin": "系统筛查", "target_type": kind, "target_code": code, "kind": name,
             "measure": measure or explanation, "due": str(due), "finding": finding_id}
        )  # fmt: skip
    names = list(contracts()["problem"].columns)
    frame = pl.DataFrame(rows).with_columns(
        pl.lit(None, pl.String).alias(name) for name in names if name not in rows[0]
    )
    return frame.select(names), cities[0]


def write_problems(path: Path, rows: pl.DataFrame, reference: Reference, provider: Provider | None) -> None:
    """Writes the rows as the workbook of the feed, with its drop-downs."""
    note = "请核对对象、整改措施和期限，补充处置升级等，然后作为问题清单报送；报送后监管发现显示立案编号和整改状态。"
    write_corrections("problem", path, rows, {}, reference, provider, note)
