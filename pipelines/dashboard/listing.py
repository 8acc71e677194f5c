"""A list with search and download, and tables of cells whose numbers can be clicked.

What belongs here: how rows are laid out and written to files. What does not: which lists there are
(pipelines/warehouse/lists.py).
"""

from __future__ import annotations

import io
from typing import Any

import polars as pl
import streamlit as st

from pipelines.dashboard.explaining import start_explaining
from pipelines.dashboard.shown import Shown
from pipelines.documents.figures import DASH
from pipelines.documents.spreadsheet import workbook, write_csv, write_table
from pipelines.explain.explain import ALL
from pipelines.warehouse import headline
from pipelines.warehouse.headline import CELL_COLUMNS, Catalogue
from pipelines.warehouse.lists import Listing, Rows, read
from pipelines.warehouse.tables import literal

LIST_ROWS = 5_000
FILE_ROWS = 200_000


def show_list(page: Shown, listing: Listing, note: str = "", select: str = "") -> Rows | None:
    """A list with search and download; only what the filters leave. `select`: a click on a row chooses it."""
    st.header(listing.title)
    words = st.text_input(
        "搜索", key=f"search_{listing.code}", placeholder="单位、编号或任何文字", label_visibility="collapsed"
    )
    rows = read(page.connection, listing, LIST_ROWS, place_of(page, listing), page.tables)
    frame = rows.frame
    if words:
        text = pl.concat_str(pl.all().cast(pl.String).fill_null(""), separator="\t")
        frame = frame.filter(text.str.contains(words, literal=True))
    if frame.is_empty():
        st.info("没有符合的记录。")
        return None
    kinds = {column.title: column.kind for column in rows.columns}
    config: dict[str, Any] = {
        title: st.column_config.NumberColumn(format="percent") for title, kind in kinds.items() if kind == "ratio"
    }
    if select:
        st.dataframe(
            frame,
            key=f"list_{listing.code}",
            on_select="rerun",
            selection_mode="single-row",
            hide_index=True,
            placeholder=DASH,
            column_config=config,
        )
    else:
        st.dataframe(frame, hide_index=True, placeholder=DASH, column_config=config)
    st.caption(
        f"共 {rows.total:,} 条"
        + (f"，列出最需处理的前 {LIST_ROWS:,} 条" if rows.total > LIST_ROWS else "")
        + f"　来源表 {listing.table}　{page.reach.dates}　{note}"
    )
    left, right, _ = st.columns([1, 1, 4])
    # Writing the page anew would take away what is being fetched.
    left.download_button(
        "导出 Excel", lambda: _excel(page, listing), file_name=f"{listing.title}.xlsx", on_click="ignore"
    )
    right.download_button(
        "导出 CSV", lambda: _csv(page, listing), file_name=f"{listing.title}.csv", mime="text/csv", on_click="ignore"
    )
    return Rows(listing, rows.columns, frame, rows.total)


def _csv(page: Shown, listing: Listing) -> bytes:
    frame = read(page.connection, listing, FILE_ROWS, place_of(page, listing), page.tables).frame
    target = io.BytesIO()
    write_csv(frame, target)
    return target.getvalue()


def _excel(page: Shown, listing: Listing) -> bytes:
    frame = read(page.connection, listing, FILE_ROWS, place_of(page, listing), page.tables).frame
    target = io.BytesIO()
    with workbook(target) as book:
        write_table(book, listing.title[:31], frame, f"{listing.title}　{page.reach.dates}")
    return target.getvalue()


def cell_table(page: Shown, key: str, first: str, rows: headline.Rows, name: str, code: str) -> None:
    """Cells as a table; a click on a number explains it."""
    names = [column for column in CELL_COLUMNS if column in page.metrics]
    titles = headline.titles(names, page.metrics)

    def clicked() -> None:
        for place, column in st.session_state[key].selection.cells:
            if column in titles:
                start_explaining(names[titles.index(column)], page.cell(**{code: rows[place][code]}))

    st.dataframe(
        cell_texts(rows, names, page.metrics, first, name),
        key=key,
        on_select=clicked,
        selection_mode="single-cell",
        hide_index=True,
        placeholder=DASH,
    )
    st.caption("点任一数字，列出它的算式与来源记录（文件与行）。合计按单位去重，比率由合计的分子分母相除。")


def cell_texts(rows: headline.Rows, names: list[str], metrics: Catalogue, first: str, name: str) -> pl.DataFrame:
    body = [
        [str(row[name]), *(headline.cell_text(row[column], metrics[column].unit) for column in names)] for row in rows
    ]
    return pl.DataFrame(body, schema=[first, *headline.titles(names, metrics)], orient="row")


def cell_condition(page: Shown) -> str:
    return f"district_code = {literal(page.district_code)} and industry_code = {literal(page.industry_code)}"


def place_of(page: Shown, listing: Listing) -> str:
    """The filters, as far as the list has such columns."""
    columns = {
        row[0] for row in page.connection.execute(f"select column_name from (describe {listing.table})").fetchall()
    }
    chosen = {
        "jurisdiction": page.jurisdiction,
        "district_code": page.district_code,
        "industry_code": page.industry_code,
        "insurer_code": page.insurer_code,
    }
    limits = [
        f"listed.{column} = {literal(value)}" for column, value in chosen.items() if value != ALL and column in columns
    ]
    return " and ".join(limits) or "true"
