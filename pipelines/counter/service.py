"""What the counter does for a signed-in sender, for pages and calls alike.

What belongs here: which sender is meant, what it may send, owes, has sent and is asked; what a publication knows of a drop; rows as a
file; corrections. What does not: HTTP (api.py, pages.py), the desk (desk.py).
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.access.guard import Denied, Visitor
from pipelines.counter.desk import CHECKED, READABLE, RECEIVED, Desk, Entry
from pipelines.feeds.contracts import Contract, contracts
from pipelines.feeds.reference import Provider, Reference
from pipelines.ingest.as_sent import rows_as_sent
from pipelines.ingest.drop import may_send
from pipelines.ingest.manifest import Receipt, receipt_number
from pipelines.ingest.readers.sheet import Refused
from pipelines.report.template import columns_described, write_corrections, write_template
from pipelines.settings import CHINA, Settings, use_home
from pipelines.warehouse.tables import reading

IN_WAREHOUSE, TO_CONFIRM = "in_warehouse", "to_confirm"
WORDS = {
    "received": "已收到，等待检查", "readable": "可以读取，正在检查", "refused": "整份退回", "checked": "已检查，等待夜间入库",
    IN_WAREHOUSE: "已入库", TO_CONFIRM: "已入库，有金额待确认",
}  # fmt: skip
"""States of a drop for people."""
OF_ONE_ROW = ("answer", "declaration")
"""Feeds that have forms of their own, and are seldom sent as files."""
ASKED = 500
"""Questions of each kind on a page; the answer to them may be sent as a file."""
QUESTIONS = {
    "to_confirm": """
        select subject_no, feed, record_key, column_name, amount, usual_amount, file_name, sheet, line_no
        from quality.to_confirm where provider = $provider order by received_at, subject_no, column_name
    """,
    "rejected": """
        select reject_no as subject_no, feed, any_value(record_key) as record_key, string_agg(distinct message, ' ') as message, file_name, sheet, line_no,
            any_value(answer_text) as answer_text
        from quality.quarantine where provider = $provider and status = 'open'
        group by reject_no, feed, file_name, sheet, line_no order by max(received_at), subject_no
    """,
    "hints": """
        select subject_no, feed, record_key, message, file_name, sheet, line_no, answer_text
        from quality.cross_feed_findings where provider = $provider and answer_text is null order by rule_code, file_name, sheet, line_no
    """,
}
"""What a sender may be asked, as the last publication has it: amounts to confirm, rejected rows, hints."""


@dataclass(frozen=True)
class Known:
    """What the last publication knows of a sender's drops. `loaded`: numbers of drops in it and when each was received last; `asked`: of
    those with amounts to confirm."""

    publication_id: str = ""
    loaded: dict[str, datetime] = field(default_factory=dict)
    asked: frozenset[str] = field(default_factory=frozenset)


class Service:
    """Everything for senders of one home."""

    def __init__(self, settings: Settings, desk: Desk, limit: int) -> None:
        self.settings, self.desk, self.limit = settings, desk, limit

    @property
    def reference(self) -> Reference:
        """The reference data as the last night, or the start of the server, read them."""
        return Reference.on(self.settings.landing)

    def sender(self, visitor: Visitor, asked: str = "") -> Provider:
        """The sender a visitor speaks for: the one asked for, or its only one.

        Raises:
            Denied: none of the visitor's, or which one is not said.
        """
        if not visitor.senders or (asked and asked not in visitor.senders):
            raise Denied(403, f"不能为「{asked or '任何单位'}」报送。")
        if not asked and len(visitor.senders) > 1:
            raise Denied(400, f"可为几个单位报送，请写明 provider：{'、'.join(visitor.senders)}。")
        known = self.reference.providers().get(asked or visitor.senders[0])
        if known is None:
            raise Denied(403, f"报送单位「{asked or visitor.senders[0]}」已不在清单内。")
        return known

    def contract(self, feed: str, sender: Provider) -> Contract:
        """A feed that the sender may send.

        Raises:
            Denied
        """
        contract = contracts().get(feed)
        if contract is None:
            raise Denied(404, f"没有报送表「{feed[:40]}」。可用：{'、'.join(self.feeds(sender))}")
        try:
            may_send(sender, contract)
        except Refused as refused:
            raise Denied(403, refused.message) from None
        return contract

    def feeds(self, sender: Provider) -> dict[str, str]:
        """Feeds a sender may send, with their titles; those of single rows last."""
        found = {}
        for feed, contract in contracts().items():
            try:
                may_send(sender, contract)
            except Refused:
                continue
            found[feed] = contract.title
        return dict(sorted(found.items(), key=lambda item: item[0] in OF_ONE_ROW))

    def columns(self, feed: str, sender: Provider) -> pl.DataFrame:
        """The columns of a feed for whoever fills them in."""
        return columns_described(self.contract(feed, sender), self.reference, sender)

    def template(self, feed: str, sender: Provider) -> Path:
        """A template of a feed, in a temporary file that is the caller's to remove."""
        contract, path = self.contract(feed, sender), _temporary()
        write_template(contract.feed, path, self.reference, sender)
        return path

    async def take(self, chunks: AsyncIterator[bytes], sender: Provider, feed: str, name: str) -> tuple[Entry, bool]:
        contract = self.contract(feed, sender)
        return await self.desk.take(chunks, sender.provider, contract.feed, name, self.limit)

    async def try_out(
        self, chunks: AsyncIterator[bytes], sender: Provider, feed: str, name: str
    ) -> tuple[Entry, pl.DataFrame]:
        """What would be found in a file, and its problems with the titles of their columns; nothing is filed."""
        contract = self.contract(feed, sender)
        entry, issues = await self.desk.try_out(chunks, sender.provider, contract.feed, name, self.limit)
        return entry, _titled(contract, issues)

    async def take_rows(self, rows: list[dict[str, Any]], sender: Provider, feed: str) -> tuple[Entry, bool]:
        """Rows as a drop of their own: dated, kept and explained as any other (answers, declarations)."""
        contract = self.contract(feed, sender)
        unknown = sorted({name for row in rows for name in row} - set(contract.columns))
        if unknown or not rows or not all(rows):
            raise Denied(
                400, f"没有这些列：{'、'.join(unknown)}。可用：{'、'.join(contract.columns)}" if unknown else "没有行。"
            )
        written = io.StringIO()
        table = csv.writer(written)
        used = [name for name in contract.columns if any(name in row for row in rows)]
        table.writerow(contract.columns[name].title for name in used)
        table.writerows([_cell(row.get(name)) for name in used] for row in rows)

        try:
            content = written.getvalue().encode()
        except UnicodeEncodeError:
            raise Denied(400, "内容有不成对的代理字符，不是文字。") from None
        while self._was_overtaken(sender, contract.feed, content):
            content += b"\n"  # what was said before something else is said anew: another content, so that it counts

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        name = f"{contract.title}_{datetime.now(CHINA):%Y%m%dT%H%M%S}.csv"
        about = tuple(_cell(row["subject_no"]) for row in rows if "subject_no" in row)
        return await self.desk.take(chunks(), sender.provider, contract.feed, name, self.limit, about)

    def _was_overtaken(self, sender: Provider, feed: str, content: bytes) -> bool:
        """Whether these rows were said before, and others of the feed since."""
        known = self.desk.entry(sender.provider, receipt_number(sender.provider, feed, sha256(content).hexdigest()))
        if known is None:
            return False
        entries, _ = self.desk.entries(sender.provider, 1, ASKED)
        return any(entry.feed == feed and entry.received_at > known.received_at for entry in entries)

    # --- what has been sent

    def entry(self, sender: Provider, number: str) -> Entry:
        """Raises Denied where the sender has no such drop: another's is as one that is not there."""
        found = self.desk.entry(sender.provider, number)
        if found is None:
            raise Denied(404, f"没有编号为「{number[:40]}」的文件。")
        return found

    def receipts(self, sender: Provider, entries: Iterable[Entry]) -> list[dict[str, Any]]:
        """Drops as they are told of: what was found, and whether the last publication knows them."""
        with self._published() as connection:
            known = _known(connection, sender) if connection else Known()
        return [_receipt(entry, known) for entry in entries]

    def receipt(self, sender: Provider, entry: Entry) -> dict[str, Any]:
        return self.receipts(sender, [entry])[0]

    def issues(self, entry: Entry) -> pl.DataFrame:
        """Problems with the titles of their columns."""
        return _titled(contracts()[entry.feed], self.desk.issues(entry))

    def hints(self, sender: Provider, entry: Entry) -> list[str]:
        """What does not fit other feeds, as of the last publication: of a drop that is in it, what it found; of one that is not yet, the
        policies it names that nobody has sent."""
        with self._published() as connection:
            if connection is None:
                return []
            of_file = "select file_id from quality.file_balance where provider = $provider and receipt_no = $number"
            asked = {"provider": sender.provider, "number": entry.number}
            if connection.execute(of_file, asked).fetchall():
                rows = connection.execute(
                    f"select message from quality.cross_feed_findings where provider = $provider and file_id in ({of_file}) order by sheet, line_no limit {ASKED}",
                    asked,
                ).fetchall()
                return [str(message) for (message,) in rows]
            named = self.desk.policies(entry)
            if named.is_empty():
                return []
            with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
                named.write_parquet(file.name)
                rows = connection.execute(
                    f"""
                    select record_key, policy_no from read_parquet($file) as named
                    where policy_no not in (select policy_no from marts.fct_policy where provider = $provider)
                        and policy_no not in (select policy_no from marts.fct_policy where $uscc is not null)
                    order by sheet, line_no limit {ASKED}
                    """,
                    {
                        "file": file.name,
                        "provider": sender.provider,
                        "uscc": sender.uscc if sender.kind == "service_org" else None,
                    },
                ).fetchall()
        title = contracts()[entry.feed].title
        return [
            f"{title}「{key}」的保单「{policy}」在最近一次发布中还没有。已另行报送的不必理会；没有报送的请补报，或核对保单号。"
            for key, policy in rows
        ]

    async def corrections(self, entry: Entry) -> Path:
        """The correction workbook (the rejected rows as sent, their faults as comments), in a temporary file that is the caller's to remove.

        Raises:
            Denied: nothing is rejected.
        """
        found = self.desk.issues(entry).filter(pl.col("severity") == "reject", pl.col("line_no").is_not_null())
        if found.is_empty():
            raise Denied(404, "没有退回的行，不必更正。")
        path = _temporary()
        try:
            await self.desk.written(partial(corrections_in_process, str(self.settings.home), entry, found, str(path)))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    # --- what is owed and asked

    def obligations(self, sender: Provider) -> dict[str, Any]:
        """What is owed by when, as of the last publication: how far each feed reaches, what documents are due; days late as of today."""
        with self._published() as connection:
            if connection is None:
                return {"as_of": None, "feeds": [], "documents": []}
            as_of = connection.execute("select as_of from meta.publication").fetchall()[0][0]
            feeds = _dicts(
                connection,
                "select feed, covers_to, due, is_owed, is_declared from quality.coverage where provider = $provider order by due nulls last, feed",
                sender,
            )
            documents = _dicts(
                connection,
                "select name, stat_year, due_date, received_on, state from meta.return_calendar where provider = $provider order by due_date desc limit 20",
                sender,
            )
        titles = {feed: contract.title for feed, contract in contracts().items()}
        today = datetime.now(CHINA).date()
        for row in feeds:
            row["title"] = titles.get(row["feed"], row["feed"])
            row["days_late"] = max((today - row["due"]).days, 0) if row["due"] else None
        return {"as_of": as_of, "feeds": feeds, "documents": documents}

    def questions(self, sender: Provider) -> dict[str, list[dict[str, Any]]]:
        """What waits for the sender's answer (QUESTIONS), without what it has answered here since the last publication."""
        entries, _ = self.desk.entries(sender.provider, 1, ASKED)
        with self._published() as connection:
            if connection is None:
                return {name: [] for name in QUESTIONS}
            known = _known(connection, sender)
            # An answer that was no good, or has been taken in and has not settled it, hides nothing.
            waiting = [
                entry
                for entry in entries
                if entry.about
                and (entry.accepted or entry.state in (RECEIVED, READABLE))
                and not _is_loaded(entry, known)
            ]
            answered = {subject for entry in waiting for subject in entry.about}
            return {
                name: [
                    row
                    for row in _dicts(connection, f"{sql} limit {ASKED}", sender)
                    if row["subject_no"] not in answered
                ]
                for name, sql in QUESTIONS.items()
            }

    def publication(self) -> dict[str, Any]:
        """The last publication. Raises Denied: there is none."""
        with self._published() as connection:
            if connection is None:
                raise Denied(404, "还没有发布。")
            row = connection.execute("select publication_id, as_of, built_at from meta.publication").fetchall()[0]
        return dict(zip(("publication_id", "as_of", "built_at"), row, strict=True))

    @contextmanager
    def _published(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        if not self.settings.published.exists():
            yield None
            return
        with reading(self.settings.published) as connection:
            yield connection


def corrections_in_process(home: str, entry: Entry, found: pl.DataFrame, path: str) -> None:
    """Writes a correction workbook of the rejected rows; in a process of its own, as it reads the file once more."""
    settings = use_home(Path(home))
    receipt = Receipt(
        path=entry.path, provider=entry.provider, feed=entry.feed, received_at=entry.received_at, size=entry.size, mtime_ns=0, sha256=entry.sha256,
        file_id="", contract="", status="loaded",
    )  # fmt: skip
    lines = set(found.select("sheet", "line_no").iter_rows())
    rows = rows_as_sent(settings, receipt, lines).with_row_index("row")
    faults = (
        found.join(rows.select("sheet", "line_no", "row"), on=["sheet", "line_no"])
        .group_by("row", "column_name", maintain_order=True)
        .agg(pl.col("message").unique(maintain_order=True).str.join("\n"))
    )
    messages = {(row, column): message for row, column, message in faults.iter_rows()}
    reference = Reference.on(settings.landing)
    write_corrections(entry.feed, Path(path), rows, messages, reference, reference.providers()[entry.provider])


def word(drop: dict[str, Any]) -> str:
    """The state of a drop for people."""
    if drop["state"] in (CHECKED, IN_WAREHOUSE) and not drop["accepted"]:
        return "没有可入库的行"
    return WORDS[drop["state"]]


def _known(connection: duckdb.DuckDBPyConnection, sender: Provider) -> Known:
    publication = connection.execute("select publication_id from meta.publication").fetchall()[0][0]
    rows = connection.execute(
        "select receipt_no, max(received_at), bool_or(file_id in (select file_id from quality.to_confirm where provider = $provider)) "
        "from quality.files join quality.file_balance using (file_id, provider) where provider = $provider and status <> 'refused' group by receipt_no",
        {"provider": sender.provider},
    ).fetchall()
    return Known(
        str(publication),
        {number: at for number, at, _ in rows},
        frozenset(number for number, _, asked in rows if asked),
    )


def _is_loaded(entry: Entry, known: Known) -> bool:
    at = known.loaded.get(entry.number)
    return at is not None and at >= datetime.fromisoformat(entry.received_at)


def _receipt(entry: Entry, known: Known) -> dict[str, Any]:
    is_loaded = _is_loaded(entry, known)
    state = entry.state
    if is_loaded and state == CHECKED:
        state = TO_CONFIRM if entry.number in known.asked else IN_WAREHOUSE
    hidden = ("path", "since", "about")
    return {name: value for name, value in asdict(entry).items() if name not in hidden} | {
        "state": state,
        "publication": known.publication_id if is_loaded else "",
    }


def _titled(contract: Contract, issues: pl.DataFrame) -> pl.DataFrame:
    titles = {name: column.title for name, column in contract.columns.items()}
    return issues.drop("corrects").with_columns(
        column_title=pl.col("column_name").replace_strict(titles, default=pl.col("column_name"), return_dtype=pl.String)
    )


def _dicts(connection: duckdb.DuckDBPyConnection, sql: str, sender: Provider) -> list[dict[str, Any]]:
    found = connection.execute(sql, {"provider": sender.provider})
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _temporary() -> Path:
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        return Path(file.name)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)
