"""What the counter does for a signed-in sender, for pages and calls alike.

What belongs here: which sender is meant, what it may send, owes and has sent, rows as a file, corrections. What does not: HTTP
(api.py, pages.py), the desk (desk.py).
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.counter.desk import Desk, Entry, NotTaken
from pipelines.counter.tokens import Token
from pipelines.feeds.contracts import Contract, contracts
from pipelines.feeds.reference import Provider, Reference
from pipelines.ingest.as_sent import rows_as_sent
from pipelines.ingest.drop import may_send
from pipelines.ingest.landing import reference_of
from pipelines.ingest.manifest import Receipt
from pipelines.ingest.readers.sheet import Refused
from pipelines.report.template import write_corrections
from pipelines.settings import CHINA, Settings
from pipelines.warehouse.tables import reading

IN_WAREHOUSE = "in_warehouse"
WORDS = {"received": "正在检查", "refused": "整份退回", "checked": "已检查，等待夜间入库", IN_WAREHOUSE: "已入库"}
"""States of a drop for people."""


class Service:
    """Everything for senders of one home."""

    def __init__(self, settings: Settings, desk: Desk, limit: int) -> None:
        self.settings, self.desk, self.limit = settings, desk, limit

    @property
    def reference(self) -> Reference:
        return reference_of(self.settings)

    def sender(self, token: Token, asked: str = "") -> Provider:
        """The sender a token speaks for: the one asked for, or its only one.

        Raises:
            NotTaken: not one of the token's, or which one is not said.
        """
        if asked and asked not in token.providers:
            raise NotTaken(403, f"这个令牌不能为「{asked}」报送。")
        if not asked and len(token.providers) > 1:
            raise NotTaken(400, f"这个令牌可为几个单位报送，请写明 provider：{'、'.join(token.providers)}。")
        known = self.reference.providers().get(asked or token.providers[0])
        if known is None:
            raise NotTaken(403, f"报送单位「{asked or token.providers[0]}」已不在清单内。")
        return known

    def contract(self, feed: str, sender: Provider) -> Contract:
        """A feed that the sender may send.

        Raises:
            NotTaken
        """
        contract = contracts().get(feed)
        if contract is None:
            raise NotTaken(404, f"没有报送表「{feed}」。可用：{'、'.join(self.feeds(sender))}")
        try:
            may_send(sender, contract)
        except Refused as refused:
            raise NotTaken(403, refused.message) from None
        return contract

    def feeds(self, sender: Provider) -> dict[str, str]:
        """Feeds a sender may send, with their titles."""
        found = {}
        for feed, contract in contracts().items():
            try:
                may_send(sender, contract)
            except Refused:
                continue
            found[feed] = contract.title
        return found

    async def take(
        self, chunks: AsyncIterator[bytes], sender: Provider, feed: str, name: str, dry_run: bool = False
    ) -> tuple[Entry, bool]:
        contract = self.contract(feed, sender)
        return await self.desk.take(chunks, sender.provider, contract.feed, name, self.limit, dry_run)

    async def take_rows(self, rows: list[dict[str, Any]], sender: Provider, feed: str) -> tuple[Entry, bool]:
        """Rows as a drop of their own: dated, kept and explained as any other (answers, declarations)."""
        contract = self.contract(feed, sender)
        unknown = sorted({name for row in rows for name in row} - set(contract.columns))
        if unknown or not rows:
            raise NotTaken(
                400, f"没有这些列：{'、'.join(unknown)}。可用：{'、'.join(contract.columns)}" if unknown else "没有行。"
            )
        written = io.StringIO()
        table = csv.writer(written)
        used = [name for name in contract.columns if any(name in row for row in rows)]
        table.writerow(contract.columns[name].title for name in used)
        table.writerows([_cell(row.get(name)) for name in used] for row in rows)

        async def chunks() -> AsyncIterator[bytes]:
            yield written.getvalue().encode()

        return await self.take(chunks(), sender, feed, f"{contract.title}_{datetime.now(CHINA):%Y%m%dT%H%M%S}.csv")

    def receipt(self, entry: Entry) -> dict[str, Any]:
        """A drop as it is told of: what was found, and whether a publication knows it."""
        publication = self.desk.in_warehouse(entry) if entry.path else ""
        state = IN_WAREHOUSE if publication and entry.state == "checked" else entry.state
        return {name: value for name, value in asdict(entry).items() if name != "path"} | {
            "state": state,
            "publication": publication,
        }

    def entry(self, sender: Provider, number: str) -> Entry:
        """Raises NotTaken where the sender has no such drop: another's is as one that is not there."""
        found = self.desk.entry(sender.provider, number)
        if found is None:
            raise NotTaken(404, f"没有编号为「{number[:40]}」的文件。")
        return found

    def issues(self, entry: Entry) -> pl.DataFrame:
        """Problems with the titles of their columns."""
        titles = {name: column.title for name, column in contracts()[entry.feed].columns.items()}
        return self.desk.issues(entry).with_columns(
            column_title=pl.col("column_name").replace_strict(
                titles, default=pl.col("column_name"), return_dtype=pl.String
            )
        )

    def corrections(self, entry: Entry, path: Path) -> bool:
        """Writes the correction workbook: the rejected rows as sent, their faults as comments. False: nothing is rejected."""
        found = self.desk.issues(entry).filter(pl.col("severity") == "reject", pl.col("line_no").is_not_null())
        if found.is_empty():
            return False
        receipt = Receipt(
            path=entry.path, provider=entry.provider, feed=entry.feed, received_at=entry.received_at, size=entry.size, mtime_ns=0, sha256=entry.sha256,
            file_id="", contract="", status="loaded",
        )  # fmt: skip
        rows = rows_as_sent(self.settings, receipt, set(found.select("sheet", "line_no").iter_rows())).with_row_index(
            "row"
        )
        faults = (
            found.join(rows.select("sheet", "line_no", "row"), on=["sheet", "line_no"])
            .group_by("row", "column_name", maintain_order=True)
            .agg(pl.col("message").unique(maintain_order=True).str.join("\n"))
        )
        messages = {(row, column): message for row, column, message in faults.iter_rows()}
        reference = self.reference
        write_corrections(entry.feed, path, rows, messages, reference, reference.providers().get(entry.provider))
        return True

    def obligations(self, sender: Provider) -> dict[str, Any]:
        """What is owed by when, as of the last publication: how far each feed reaches, what documents are due; and what waits for an answer."""
        if not self.settings.published.exists():
            return {"as_of": None, "feeds": [], "documents": [], "to_confirm": []}
        with reading(self.settings.published) as connection:

            def rows(sql: str) -> list[dict[str, Any]]:
                found = connection.execute(sql, [sender.provider])
                names = [column[0] for column in found.description or ()]
                return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

            as_of = connection.execute("select as_of from meta.publication").fetchall()[0][0]
            feeds = rows(
                "select feed, covers_to, due, days_late, is_owed, is_declared from quality.coverage where provider = ? order by days_late desc nulls last, feed"
            )
            documents = rows(
                "select name, stat_year, due_date, received_on, state from meta.return_calendar where provider = ? order by due_date desc limit 20"
            )
            waiting = rows(
                "select feed, record_key, column_name, amount, usual_amount, file_name, line_no from quality.to_confirm where provider = ? order by received_at"
            )
        titles = {feed: contract.title for feed, contract in contracts().items()}
        return {
            "as_of": as_of, "feeds": [row | {"title": titles.get(row["feed"], row["feed"])} for row in feeds], "documents": documents, "to_confirm": waiting,
        }  # fmt: skip


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)
