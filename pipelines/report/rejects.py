"""What each sender gets back: one workbook in Chinese and the same as JSON (退回清单).

What belongs here: reading the quarantine of the publication and laying it out per sender, with a workbook of each feed's rejected
rows to be put right. What does not: the messages (feed contracts), the rules, the form of those workbooks (template.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines.documents.spreadsheet import workbook, write_table
from pipelines.feeds.contracts import all_contracts, general_rules
from pipelines.feeds.reference import Reference
from pipelines.ingest.as_sent import rows_as_sent
from pipelines.ingest.manifest import load_receipts, write_atomically
from pipelines.report.template import write_corrections
from pipelines.settings import Settings

SUMMARY = """
    select balance.feed, count(*) as files, sum(files.status = 'refused') as refused, sum(balance.rows_in) as rows_in,
        sum(balance.rows_accepted) as accepted, sum(balance.rows_quarantined) as quarantined, sum(balance.rows_duplicate) as duplicate
    from quality.file_balance as balance inner join quality.files as files using (file_id)
    where balance.provider = $provider group by balance.feed order by balance.feed
"""
OPEN = """
    select reject_no, feed, file_name, sheet, line_no, column_name, raw_value, record_key, rule_code, message, cast(received_at as date) as received
    from quality.quarantine where provider = $provider and status = 'open' order by feed, received_at, file_name, sheet, line_no, rule_code, column_name
"""
HINTS = """
    select feed, file_name, sheet, line_no, column_name, raw_value, record_key, rule_code, message
    from (
        select 1 as place, feed, file_name, sheet, line_no, column_name, raw_value, record_key, rule_code, message
        from quality.warnings where provider = $provider
        union all
        select 2 as place, feed, file_name, sheet, line_no, '' as column_name, null as raw_value, record_key, rule_code, message
        from quality.cross_feed_findings where provider = $provider
    )
    order by place, count(*) over (partition by rule_code), rule_code, feed, file_name, sheet, line_no
"""
UNREAD = """
    select feed, file_name, sheet, header, best_match, message, cast(received_at as date) as received
    from quality.unread where provider = $provider order by received_at desc, file_name, sheet, header
"""
COVERAGE = """
    select feed, covers_to, due, days_late, is_declared, last_received, declared_rows, loaded_rows, declared_amount, loaded_amount
    from quality.coverage where provider = $provider order by days_late desc nulls last, feed
"""
DECLARATIONS = """
    select feed, period, covers_to, nothing, declared_rows, loaded_rows, declared_amount, loaded_amount, differs, came_twice
    from quality.declarations where provider = $provider order by differs or came_twice desc, period desc, feed
"""
ROWS = """
    select feed, file_id, sheet, line_no, column_name, message, reject_no
    from quality.quarantine where provider = $provider and status = 'open' and line_no is not null
    order by feed, received_at, file_name, sheet, line_no
"""
HINTS_OF_A_RULE = 50
"""So many hints of one rule stand in the workbook, so that one rule's thousands do not bury the others; all are in the JSON."""
HEADINGS = {
    "reject_no": "退回编号", "header": "表头", "best_match": "疑为", "hints": "条数",
    "feed": "报送表", "file_name": "文件", "sheet": "工作表", "line_no": "行号", "column_name": "列", "raw_value": "原值", "record_key": "记录主键",
    "rule_code": "规则代码", "problem": "问题", "message": "怎样更正", "received": "收到日期", "files": "文件数", "refused": "整份退回", "rows_in": "数据行数",
    "covers_to": "数据截至", "due": "应报日期", "days_late": "迟报天数", "is_declared": "有声明", "last_received": "最近收到", "period": "期间", "nothing": "零报告",
    "declared_rows": "声明行数", "loaded_rows": "实收行数", "declared_amount": "控制金额", "loaded_amount": "实收金额", "differs": "不符", "came_twice": "疑似重复",
    "accepted": "接收", "quarantined": "隔离", "duplicate": "完全重复",
}  # fmt: skip


@dataclass(frozen=True)
class Rejects:
    """What was written for one sender."""

    provider: str
    name: str
    open_rows: int
    hints: int
    workbook: Path
    corrections: list[Path]


def write_rejects(settings: Settings, out: Path, only: str | None = None) -> list[Rejects]:
    """Writes `<provider>.xlsx` and `<provider>.json` for every sender with anything open or to check."""
    written = []
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        senders = connection.execute(
            "select distinct known.provider, coalesce(senders.name, known.provider) "
            "from (select provider from quality.files union select provider from quality.coverage where days_late > 0) as known "
            "left join marts.dim_provider as senders using (provider) order by 1"
        ).fetchall()
        as_of = connection.execute("select cast(as_of as varchar) from meta.publication").fetchall()[0][0]
        for provider, name in senders:
            if only not in (None, provider):
                continue
            tables = {
                name: _table(connection, sql, provider)
                for name, sql in (
                    ("汇总", SUMMARY),
                    ("退回明细", OPEN),
                    ("提示", HINTS),
                    ("未读内容", UNREAD),
                    ("报送完整性", COVERAGE),
                    ("声明核对", DECLARATIONS),
                )
            }
            late = connection.execute(
                "select count(*) from quality.coverage where provider = ? and days_late > 0", [provider]
            ).fetchall()[0][0]
            open_sheets = ("退回明细", "提示", "未读内容")
            if only is None and not late and not any(tables[name].height for name in open_sheets):
                continue
            rows = pl.DataFrame(connection.sql(ROWS, params={"provider": provider}).pl())
            corrections = _corrections(settings, out, provider, rows)
            written.append(_write(out, provider, name, as_of, tables, corrections))
    return written


def _table(connection: duckdb.DuckDBPyConnection, sql: str, provider: str) -> pl.DataFrame:
    frame = pl.DataFrame(connection.sql(sql, params={"provider": provider}).pl())
    titles = pl.DataFrame(
        [
            (feed, name, column.title)
            for feed, contract in all_contracts().items()
            for name, column in contract.columns.items()
        ],
        schema=["feed", "column_name", "column_title"],
        orient="row",
    )
    feeds = {feed: contract.title for feed, contract in all_contracts().items()}
    problems = {code: rule.title for code, rule in general_rules().items()}
    if "column_name" in frame.columns:
        frame = frame.join(titles, on=["feed", "column_name"], how="left", maintain_order="left").with_columns(
            column_name=pl.coalesce("column_title", pl.lit("")),
            problem=pl.col("rule_code").replace(problems),
        )
        frame = frame.drop("column_title")
        order = [name for name in HEADINGS if name in frame.columns]
        frame = frame.select(order)
    return frame.with_columns(feed=pl.col("feed").replace(feeds)).rename(
        {name: HEADINGS[name] for name in frame.columns}
    )


def _corrections(settings: Settings, out: Path, provider: str, problems: pl.DataFrame) -> list[Path]:
    """One workbook for each feed of which rows are open: the rows as they were sent, their faults as comments."""
    receipts = {receipt.file_id: receipt for receipt in load_receipts(settings.landing).values()}
    written = []
    for (feed,), of_feed in problems.group_by("feed", maintain_order=True):
        rows = pl.concat(
            rows_as_sent(
                settings, receipts[str(file_id)], set(lines.select("sheet", "line_no").iter_rows())
            ).with_columns(file_id=pl.lit(file_id))
            for (file_id,), lines in of_feed.group_by("file_id", maintain_order=True)
            if file_id in receipts
        )
        numbers = of_feed.unique(["file_id", "sheet", "line_no"], keep="first", maintain_order=True)
        place = ["file_id", "sheet", "line_no"]
        rows = rows.join(numbers.select(*place, "reject_no"), on=place, how="inner", maintain_order="left")
        rows = rows.with_columns(corrects=pl.col("reject_no")).with_row_index("row")
        faults = (
            of_feed.join(rows.select(*place, "row"), on=place)
            .group_by("row", "column_name", maintain_order=True)
            .agg(pl.col("message").unique(maintain_order=True).str.join("\n"))
        )
        if rows.height:
            path = out / f"{provider}_{feed}_更正.xlsx"
            messages = {(row, column): message for row, column, message in faults.iter_rows()}
            reference = Reference.on(settings.landing)
            write_corrections(str(feed), path, rows, messages, reference, reference.providers().get(provider))
            written.append(path)
    return written


def _write(
    out: Path, provider: str, name: str, as_of: str, tables: dict[str, pl.DataFrame], corrections: list[Path]
) -> Rejects:
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{provider}.xlsx"
    notes = {
        "汇总": f"{name}　报送情况汇总（取数时点 {as_of}）。数据行数 = 接收 + 隔离 + 完全重复。",
        "退回明细": "以下各行未入库。请在更正工作簿中按批注改好后报送，或在下一批文件中重新报送（主键不变，或在「退回编号」列写明编号）；被接收后自动销号。不会再报的，用答复（answer）写明退回编号和「不再补报」。",
        "提示": f"以下各行已入库，请核对；同一规则最多列 {HINTS_OF_A_RULE} 条，全部见同名 JSON。属跨表核对的，缺的一方到达后自动消失，不必重报。",
        "提示汇总": "各规则的提示条数。",
        "未读内容": "文件中没有读取的工作表和列，其余照常入库。",
        "报送完整性": "各报送表的数据报齐到哪一天、尚未报齐的期间应于何日前报到。没有报送声明的，数据截至按最近一份入库文件的收到日期计；该期间没有可报记录的，请在报送声明中报零报告。",
        "声明核对": "各期间声明的行数、控制金额与实收。不符的请查明漏报、退回未补或重复报送，补报或更正后重新声明该期间。",
    }
    hints = tables["提示"]
    shown = {
        **tables,
        "提示": hints.filter(pl.int_range(pl.len()).over("规则代码") < HINTS_OF_A_RULE),
        "提示汇总": hints.group_by("规则代码", "问题", maintain_order=True).agg(pl.len().alias("条数")),
    }
    partial = path.with_name(f".{path.name}.tmp")
    with workbook(partial) as book:
        for sheet, frame in shown.items():
            write_table(book, sheet, frame, notes[sheet])
    partial.replace(path)
    content = {
        "provider": provider,
        "name": name,
        "as_of": as_of,
        **{sheet: frame.to_dicts() for sheet, frame in tables.items()},
    }
    text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
    write_atomically(out / f"{provider}.json", text.encode())
    return Rejects(provider, name, tables["退回明细"].height, tables["提示"].height, path, corrections)
