"""Drops → their landing files: reading, checking, writing.

What belongs here: what is done to a drop, by itself or together with others like it; the outcome is the same. What does
not: which drops are read and what the night does with them (landing.py), by whom and which together (workers.py), the
steps themselves (readers, checks).
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

import duckdb
import polars as pl

from pipelines import settings as config
from pipelines.feeds.contracts import HOME_SENDER, NOT_DECLARED, Contract, contracts, reference_contracts
from pipelines.feeds.reference import HOME, TABLES, Provider, Reference
from pipelines.ingest import manifest
from pipelines.ingest.checks.check import check_file, check_together, unread_declaration
from pipelines.ingest.checks.columns import reading_day
from pipelines.ingest.checks.issues import ISSUE_SCHEMA
from pipelines.ingest.checks.outcome import Checked, Sender
from pipelines.ingest.compaction import landing_name
from pipelines.ingest.manifest import Drop, Receipt, parquet, write_atomically
from pipelines.ingest.readers.sheet import Content, Limits, Refused, Sheet
from pipelines.ingest.readers.tables import declarations_in, holds_declaration, tables

SENDER_KINDS = {
    "insurer": {"insurer"},
    "department": {"district_bureau", "industry_department", "city_bureau", "financial_regulator"},
    "any": {"insurer", "district_bureau", "industry_department", "city_bureau", "financial_regulator", "service_org"},
}
SENDER_WORDS = {"insurer": "保险机构", "department": "政府部门", "any": "清单内的单位"}
FILE_ISSUE_SCHEMA: dict[str, pl.DataType] = {"file_id": pl.String(), **ISSUE_SCHEMA}
MAPPED_FROM_BYTES = 32 << 20
ANYTHING = (Exception, pl.exceptions.PanicException)
"""What a library may do over hostile bytes (Rust ones panic)."""


@dataclass(frozen=True)
class Reading:
    """What reading a drop needs besides the drop.

    Attributes:
        fingerprint: of the code and contracts by which drops are read now.
        seen: receipts of files already read, by their identity.
        tables: where the reference data lie that drops are read with (Reference.on).
    """

    settings: config.Settings
    fingerprint: str
    seen: dict[str, Receipt]
    tables: str = TABLES

    def land(self, drops: list[Drop]) -> list[tuple[Drop, Receipt | None]]:
        """Reads drops of one sender and feed, writes their landing files, then their receipts; None for one that was
        taken away since it was seen, as if it had never come."""
        landed: list[tuple[Drop, Receipt | None]] = []
        ordinary = self._land_together(drops) if len(drops) > 1 else {}
        for drop in drops:
            receipt = ordinary.get(drop.path)
            try:
                receipt = receipt or self._land_alone(drop)
                manifest.save_receipt(self.settings.landing, drop, receipt)
            except (FileNotFoundError, PermissionError):
                pass  # taken away, or closed: the next look at the folder finds out
            except OSError:
                raise  # the disk's fault, not the drop's
            except ANYTHING:
                receipt = self.refuse(drop, Refused("malformed", detail="内容无法解析"))
            landed.append((drop, receipt))
        return landed

    def _land_alone(self, drop: Drop) -> Receipt:
        reference = self._reference(drop)
        blank = _blank(drop, reading_fingerprint(self.fingerprint, drop, reference))
        if drop.unopened:
            return _refuse(self.settings, _identified(blank, drop, b"", reference, drop.path), Refused(drop.unopened))
        if drop.size > self.settings.max_file_mb * 1024 * 1024:
            refusal = Refused("too_large", limit=self.settings.max_file_mb)
            return _refuse(self.settings, _identified(blank, drop, b"", reference, drop.path), refusal)
        with _content(self.settings.raw, drop) as content:
            try:
                provider, contract = _expected(drop, reference)
                identity = _identified(blank, drop, content, reference)
                seen = self.seen.get(identity.file_id)
                if seen is not None and seen.contract == blank.contract:
                    return replace(
                        seen,
                        path=drop.path,
                        received_at=blank.received_at,
                        size=drop.size,
                        mtime_ns=drop.mtime_ns,
                    )
                sender = Sender(provider, drop.received_at.date(), reference)
                hash_personal = personal_hash(self.settings.personal_data_key())
                parts = parts_of(content, drop.file_name, contract, self._limits, sender, hash_personal)
                return _write(self.settings, identity, parts)
            except Refused as refusal:
                # Where it lies says nothing about the content: a copy elsewhere is judged anew.
                path = drop.path if refusal.reason == "misfiled" else ""
                return _refuse(self.settings, _identified(blank, drop, content, reference, path), refusal)

    def _land_together(self, drops: list[Drop]) -> dict[str, Receipt]:
        """Lands drops that are one text table each, those with equal headers at once; by path.

        Whatever is otherwise or goes wrong is left, to be read alone.
        """
        alike: dict[tuple[object, ...], list[tuple[Drop, Receipt, Sheet, Sender]]] = {}
        for drop in drops:
            if drop.unopened:
                continue
            with suppress(*ANYTHING):
                reference = self._reference(drop)
                provider, contract = _expected(drop, reference)
                content = drop.read(self.settings.raw)
                blank = _blank(drop, reading_fingerprint(self.fingerprint, drop, reference))
                identity = _identified(blank, drop, content, reference)
                if holds_declaration(content):
                    continue
                first, *more = islice(tables(content, drop.file_name, contract, self._limits), 2)
                if identity.file_id not in self.seen and not more and first.is_known:
                    received = drop.received_at.date()
                    alike_in = (first.name, *first.header, reading_day(drop.feed, received, reference), reference)
                    alike.setdefault(alike_in, []).append(
                        (drop, identity, first, Sender(provider, received, reference))
                    )
        landed: dict[str, Receipt] = {}
        for group in alike.values():
            with suppress(*ANYTHING):
                first_drop, _, _, sender = group[0]
                _, contract = _expected(first_drop, sender.reference)
                hash_personal = personal_hash(self.settings.personal_data_key())
                sheets = [sheet for _, _, sheet, _ in group]
                tables_checked = check_together(sheets, contract, sender, hash_personal)
                for (drop, identity, _, _), checked in zip(group, tables_checked, strict=True):
                    landed[drop.path] = _write(self.settings, identity, [(contract, [checked])])
        return landed

    def _reference(self, drop: Drop) -> Reference:
        """The reference data that were known on the day the drop came: it is read by these, now and whenever it is read again."""
        return Reference.on(self.settings.landing, drop.received_at.date(), self.tables)

    @property
    def _limits(self) -> Limits:
        return Limits(self.settings.max_expanded_mb << 20, self.settings.max_cell_characters)

    def refuse_deadly(self, drop: Drop) -> Receipt | None:
        """Refuses a drop whose reading ended the process that read it."""
        return self.refuse(drop, Refused("stalled", seconds=self.settings.reader_seconds))

    def refuse(self, drop: Drop, refusal: Refused) -> Receipt | None:
        """Refuses a drop as a whole, whatever it holds; None for one that was taken away."""
        try:
            content = drop.read(self.settings.raw)
        except (FileNotFoundError, PermissionError):
            return None
        reference = self._reference(drop)
        blank = _blank(drop, reading_fingerprint(self.fingerprint, drop, reference))
        receipt = _refuse(self.settings, _identified(blank, drop, content, reference), refusal)
        manifest.save_receipt(self.settings.landing, drop, receipt)
        return receipt


@lru_cache(maxsize=1)
def _hashing() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1})


def personal_hash(key: str) -> Callable[[pl.Series], pl.Series]:
    """A keyed hash over a text column (DuckDB's SHA-256); null stays null."""

    def hash_column(values: pl.Series) -> pl.Series:
        if values.null_count() == len(values):
            return values
        with _hashing().cursor() as connection:
            connection.register("frame", pl.DataFrame({"v": values}).to_arrow())
            hashed = connection.sql("select left(sha256($key || '|' || v), 32) as v from frame", params={"key": key})
            return pl.Series(pl.from_arrow(hashed.to_arrow_table().column("v")), dtype=pl.String)

    return hash_column


@contextmanager
def _content(raw: Path, drop: Drop) -> Iterator[Content]:
    """The bytes of a drop; a large one is mapped, so that only what is looked at is in memory."""
    if drop.size < MAPPED_FROM_BYTES:
        yield drop.read(raw)
        return
    with drop.opened(raw) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped


def _blank(drop: Drop, fingerprint: str) -> Receipt:
    return Receipt(
        drop.path, drop.provider, drop.feed, drop.received_at.isoformat(), drop.size, drop.mtime_ns,
        sha256="", file_id="", contract=fingerprint, status="refused",
    )  # fmt: skip


def reading_fingerprint(code: str, drop: Drop, reference: Reference) -> str:
    """Fingerprint of all that decides how a drop is read: code and contracts, and the reference data of its day. Reference
    data themselves are read again whenever something comes of them (reference.py)."""
    return code if drop.provider == HOME_SENDER else f"{code}-{reference.reading}"


def _expected(drop: Drop, reference: Reference) -> tuple[Provider, Contract]:
    """Who sent the drop, and as what.

    Raises:
        Refused: nobody who is known, or nothing that this sender sends.
    """
    sent = reference_contracts() if drop.provider == HOME_SENDER else contracts()
    if drop.misfiled:
        raise Refused("misfiled", feeds="、".join(sent))
    contract = sent[drop.feed]
    if drop.provider == HOME_SENDER:
        return HOME, contract
    provider = reference.providers().get(drop.provider)
    if provider is None:
        raise Refused("unknown_provider", provider=drop.provider)
    may_send(provider, contract)
    return provider, contract


def may_send(provider: Provider, contract: Contract) -> None:
    """Raises Refused where a sender of this kind does not send this feed."""
    if provider.kind not in SENDER_KINDS[contract.sender].union(contract.also_from):
        raise Refused("wrong_sender", provider_name=provider.name, sender=SENDER_WORDS[contract.sender])


def _identified(blank: Receipt, drop: Drop, content: Content, reference: Reference, path: str = "") -> Receipt:
    """With the file's hash, and an identity that does not depend on when or where it was dropped, unless by path.

    Sent again after the reference data have changed (an alias was added, a sender let in), the same file may be read
    otherwise, and is another one.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    since = f"/{reference.since}" if reference.since and drop.provider != HOME_SENDER else ""
    file_id = hashlib.sha256(f"{path}/{drop.provider}/{drop.feed}/{sha256}{since}".encode()).hexdigest()[:16]
    return replace(blank, sha256=sha256, file_id=file_id)


def parts_of(
    content: Content,
    file_name: str,
    contract: Contract,
    limits: Limits,
    sender: Sender,
    hash_personal: Callable[[pl.Series], pl.Series],
) -> list[tuple[Contract, Iterator[Checked]]]:
    """What a file holds, by contract: the tables of its feed, and in a workbook the sheet 报送声明 beside them."""
    own = _safely(check_file(tables(content, file_name, contract, limits), contract, sender, hash_personal))
    parts = [(contract, own)]
    if contract.feed not in NOT_DECLARED and holds_declaration(content):
        parts.append((contracts()["declaration"], _declarations(content, limits, sender, hash_personal)))
    return parts


def _declarations(
    content: Content, limits: Limits, sender: Sender, hash_personal: Callable[[pl.Series], pl.Series]
) -> Iterator[Checked]:
    """The sheet 报送声明 of a workbook of another feed, checked. One that cannot be read is told, and takes nothing else with it."""
    declaration = contracts()["declaration"]
    try:
        yield from _safely(check_file(declarations_in(content, limits), declaration, sender, hash_personal))
    except Refused as refusal:
        yield unread_declaration(declaration, refusal.message)


def _safely(checked: Iterator[Checked]) -> Iterator[Checked]:
    """Tables as they are checked; whatever a library does over hostile bytes (Rust ones panic), the run goes on."""
    try:
        yield from checked
    except (Refused, OSError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        # What a library says may quote the file, and is English: it goes to the log, not to the sender.
        raise Refused("malformed", detail="内容无法解析") from error


def _write(settings: config.Settings, receipt: Receipt, parts: Iterable[tuple[Contract, Iterable[Checked]]]) -> Receipt:
    """Writes the tables of a file as they come, each under its contract; of a file refused half-way nothing stays."""
    outputs: dict[str, str] = {}
    rows_in = accepted_rows = quarantined = duplicate = 0
    try:
        tables_of_file = ((contract, table) for contract, checked in parts for table in checked)
        for number, (contract, table) in enumerate(tables_of_file):
            schema = contract.landing_schema()
            part = f"{receipt.file_id}.{number}" if number else receipt.file_id
            file_id = pl.Series("file_id", [receipt.file_id]).new_from_index(0, table.accepted.height)
            accepted = table.accepted.hstack([file_id])[list(schema)]
            if accepted.schema != schema:
                accepted = accepted.cast(schema)  # type: ignore[arg-type]
            outputs |= _write_output(settings, contract.feed, part, accepted)
            if table.issues.height:
                issues = table.issues.with_columns(file_id=pl.lit(receipt.file_id)).select(list(FILE_ISSUE_SCHEMA))
                outputs |= _write_output(settings, "_issues", part, issues)
            rows_in += table.rows_in
            accepted_rows += accepted.height
            quarantined += table.rows_quarantined
            duplicate += table.rows_duplicate
    except BaseException:
        for name in outputs:
            (settings.landing / name).unlink()
        raise
    return replace(
        receipt, status="loaded", rows_in=rows_in, rows_accepted=accepted_rows, rows_quarantined=quarantined,
        rows_duplicate=duplicate, outputs=outputs,
    )  # fmt: skip


def _refuse(settings: config.Settings, receipt: Receipt, refusal: Refused) -> Receipt:
    message = refusal.message
    issue = pl.DataFrame(
        {"file_id": receipt.file_id, "rule_code": refusal.reason, "severity": "fatal", "message": message}
    ).select(
        pl.col(name) if name in ("file_id", "rule_code", "severity", "message") else pl.lit(None, kind).alias(name)
        for name, kind in FILE_ISSUE_SCHEMA.items()
    )
    return replace(receipt, reason=message, outputs=_write_output(settings, "_issues", receipt.file_id, issue))


def _write_output(settings: config.Settings, feed: str, part: str, frame: pl.DataFrame) -> dict[str, str]:
    """Writes a landing file; returns its name and SHA-256."""
    content = parquet(frame)
    name = landing_name(feed, part, len(content))
    write_atomically(settings.landing / name, content, durable=False)
    return {name: hashlib.sha256(content).hexdigest()}
