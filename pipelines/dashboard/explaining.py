"""A number, explained: the records behind it, and those of a finding.

What belongs here: how an explanation is laid out. What does not: the explanation (pipelines/explain).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import streamlit as st

from pipelines.dashboard.shown import Shown, as_text
from pipelines.documents.figures import DASH, shown
from pipelines.explain.explain import Cell, Part, explain, explain_finding
from pipelines.explain.output import RECORD_TITLES, formula, titled, write_explanation
from pipelines.warehouse.evidence import Unknown

RECORDS = 500
"""Records of a number shown on the page; the workbook holds all of them."""


def start_explaining(metric: str, cell: Cell) -> None:
    st.session_state["explaining"] = (metric, cell)


def stop_explaining() -> None:
    st.session_state.pop("explaining", None)


def show_explanation(page: Shown) -> None:
    metric, cell = st.session_state["explaining"]
    st.button("← 返回", on_click=stop_explaining)
    try:
        with st.spinner("列出来源记录"):
            found = explain(page.source.path, metric, cell, limit=RECORDS)
    except (Unknown, duckdb.Error) as reason:
        st.info(f"这个数没有逐条记录可列：{reason}")
        return
    st.header(f"{found.metric.title}　{shown(found.value, found.metric.unit)}")
    st.write(f"{found.place}　{cell.stat_year} 年　{found.reach.dates}")
    st.markdown(
        f"**算式**　{formula(found)}  \n**定义**　{found.metric.definition}  \n**依据**　{found.metric.source or DASH}"
    )
    if found.stored is not None and found.value is not None and abs(float(found.stored) - float(found.value)) > 1e-6:
        st.warning(
            f"可见范围内的记录算出 {shown(found.value, found.metric.unit)}，数据仓中为 {shown(found.stored, found.metric.unit)}：其余记录不在本单位可见范围内。"
        )
    st.download_button(
        "下载工作簿（含全部记录）",
        lambda: _whole_explanation(page.source.path, metric, cell),
        file_name=f"{found.metric.title}_{cell.stat_year}.xlsx",
        on_click="ignore",  # writing the page anew would take away what is being fetched
    )
    for role, parts in (("分子", found.numerator), ("分母", found.denominator)):
        for part in parts:
            _part(role if found.denominator else "", part)
    if found.pending and found.pending.count:
        _part("待核（是否续保尚不可知）", found.pending)
    if found.not_in_numerator_count:
        st.subheader(f"在分母而不在分子：{found.not_in_numerator_count:,}")
        st.dataframe(titled(found.not_in_numerator, RECORD_TITLES), hide_index=True, placeholder=DASH)
    if found.left_out_summary.height:
        st.subheader("同一范围内未计入的记录与原因")
        st.dataframe(titled(found.left_out, RECORD_TITLES), hide_index=True, placeholder=DASH)


def _part(role: str, part: Part) -> None:
    st.subheader(f"{role} · {part.measure.title} {shown(part.value, part.measure.unit)}".removeprefix(" · "))
    st.dataframe(titled(part.records, RECORD_TITLES), hide_index=True, placeholder=DASH)
    if part.count > part.records.height:
        st.caption(f"列出前 {part.records.height:,} 条，共 {part.count:,} 条；工作簿含全部。")


def _whole_explanation(path: Path, metric: str, cell: Cell) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".xlsx", dir=path.parent) as file:
        write_explanation(explain(path, metric, cell), Path(file.name))
        return Path(file.name).read_bytes()


def show_finding(page: Shown, finding_id: str) -> None:
    found = explain_finding(page.source.path, finding_id)
    with st.container(border=True):
        st.subheader(found.finding["rule_name"])
        st.write(as_text(found.finding["explanation"]))
        st.caption(f"依据 {found.finding['clause']}　发现编号 {as_text(finding_id)}")
        st.dataframe(titled(found.records, RECORD_TITLES), hide_index=True, placeholder=DASH)
