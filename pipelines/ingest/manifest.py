"""Which files have been dropped, when they were received, and what became of them.

What belongs here: finding drops, received stamps, receipts, the table of files. What does not:
reading what is in a file (readers, checks).

A receipt is one small JSON file per drop, written last and atomically: a drop without a receipt has
not been loaded, however far its loading got. Receipts and landing files can be deleted at any time
and are made again from raw; only the stamps of files laid down without one cannot, so they are
kept beside the raw files.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import stat
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import polars as pl

from pipelines.feeds.contracts import HOME_SENDER, contracts, reference_contracts
from pipelines.settings import CHINA, Settings

STAMP = re.compile(r"^\d{4}-\d{2}-\d{2}(T\d{4}(\d{2})?)?$")
STAMP_FORMS = {10: "%Y-%m-%d", 15: "%Y-%m-%dT%H%M", 17: "%Y-%m-%dT%H%M%S"}
STAMPS_FILE = ".received.jsonl"
UPLOADING = (".part", ".partial", ".filepart", ".tmp", ".crdownload")
"""How programs call a file while they upload it (WinSCP: .filepart)."""
SCHEMA = 2
"""Version of how landing/ is laid out: 1 had no reference data of the home. An older one is brought up to date by the next landing."""
SCHEMA_FILE = "schema.json"
FURTHEST_STAMP = timedelta(days=731)
"""How far ahead of the clock a folder's stamp may be: the clock may be set back, a year may not be mistyped."""
NO_PLACE = {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR}
"""What the system says of a path that leads nowhere, which a sender can lay down."""
UNREAD = -1
"""The size of a drop that may not be read, so that it is another one once it may."""

FILES_SCHEMA: dict[str, pl.DataType] = {
    "file_id": pl.String(),
    "provider": pl.String(),
    "feed": pl.String(),
    "file_name": pl.String(),
    "path": pl.String(),
    "sha256": pl.String(),
    "received_at": pl.Datetime("us"),
    "status": pl.String(),
    "reason": pl.String(),
    "rows_in": pl.Int64(),
    "rows_accepted": pl.Int64(),
    "rows_quarantined": pl.Int64(),
    "rows_duplicate": pl.Int64(),
}


@dataclass(frozen=True)
class Drop:
    """One dropped file. `path` is relative to raw/, `received_at` is China time without zone.

    A folder that is not opened stands for what is in it: its path ends with a slash.

    Attributes:
        unopened: why it is refused without a look inside (a code of feeds/refusals.yaml); empty: it is not.
        on_disk: the path as the disk spells it, where that is no UTF-8 (names written by Chinese Windows).
    """

    path: str
    provider: str
    feed: str
    received_at: datetime
    size: int
    mtime_ns: int
    misfiled: bool = False
    unopened: str = ""
    on_disk: str = ""

    def place(self, raw: Path) -> Path:
        return raw / (self.on_disk or self.path)

    def opened(self, raw: Path) -> BinaryIO:
        """The file that was seen, to be read.

        Raises:
            FileNotFoundError: it is gone, or another one stands there now (the next look finds it): a link to somebody else's too.
        """
        path = self.place(raw)
        try:
            file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
        except OSError as error:
            if error.errno in NO_PLACE:
                raise FileNotFoundError(error.errno, error.strerror, str(path)) from None
            raise
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != (self.size, self.mtime_ns):
            file.close()
            raise FileNotFoundError(errno.ENOENT, "changed since it was seen", str(path))
        return file

    def read(self, raw: Path) -> bytes:
        """Its bytes; see `opened`."""
        with self.opened(raw) as file:
            return file.read()

    @property
    def file_name(self) -> str:
        return Path(self.path).name


@dataclass(frozen=True)
class Receipt:
    """What became of a drop.

    `contract` is the fingerprint of the code and contract it was read with; `outputs` its landing files with their
    SHA-256.
    """

    path: str
    provider: str
    feed: str
    received_at: str
    size: int
    mtime_ns: int
    sha256: str
    file_id: str
    contract: str
    status: str
    reason: str = ""
    rows_in: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    outputs: dict[str, str] = field(default_factory=dict)


def is_current(drop: Drop, receipt: Receipt | None, fingerprint: str) -> bool:
    """The drop was read, has not been touched since, and would be read the same way now.

    One that may not be read is as it was when it could be: there is nothing new to learn.
    """
    return (
        receipt is not None
        and receipt.contract == fingerprint
        and receipt.received_at == drop.received_at.isoformat()
        and ((receipt.size, receipt.mtime_ns) == (drop.size, drop.mtime_ns) or drop.unopened == "unreadable")
    )


class NewerHome(Exception):
    """The home was written by a newer version of the program; the message says what to do."""


def check_schema(landing: Path) -> None:
    """Raises NewerHome where landing/ is of a version that this program does not know."""
    path = landing / SCHEMA_FILE
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        schema = int(written["schema"])
    except (OSError, ValueError, KeyError, TypeError):
        return  # of the first version, or none: made again where it does not fit
    if schema > SCHEMA:
        raise NewerHome(
            f"数据目录 {landing.parent} 已由更新的程序（{written.get('program', '版本不详')}，落地层版本 {schema}）写过，"
            f"本程序只认到版本 {SCHEMA}。请换用新的程序；数据没有改动。"
        )


def write_schema(landing: Path, program: str) -> None:
    """Says of which version landing/ is, and of which program."""
    content = json.dumps({"schema": SCHEMA, "program": program}, ensure_ascii=False).encode()
    path = landing / SCHEMA_FILE
    if not path.exists() or path.read_bytes() != content:
        write_atomically(path, content)


def path_id(path: str) -> str:
    """A short name for a drop's path."""
    return hashlib.sha256(path.encode()).hexdigest()[:16]


def parse_stamp(text: str) -> datetime | None:
    """`YYYY-MM-DD`, `YYYY-MM-DDTHHMM` or `YYYY-MM-DDTHHMMSS`, China time; None if it is no stamp."""
    if not STAMP.match(text):
        return None
    try:
        return datetime.strptime(text, STAMP_FORMS[len(text)])
    except ValueError:
        return None


def find_drops(raw: Path, now: datetime | None = None, known: Mapping[str, datetime] | None = None) -> list[Drop]:
    """All drops `raw/<provider>/<feed>/[<stamp>/]<file>`, in order of path.

    A file without a stamp folder is stamped when first seen, never before one that was stamped already: a clock that was
    set back does not put new drops into the past. One whose folder is of a far future is not opened. Hidden files, Excel's locks (`~$*`) and unfinished copies
    (UPLOADING) are left alone. A file laid anywhere else is a misfiled drop, not none; a link and what
    may not be read are drops too (`unopened`).

    Args:
        known: when drops were received after their receipts, for stamps that were torn off.
    """
    stamps = _load_stamps(raw)
    first_seen = max([(now or datetime.now(CHINA)).replace(tzinfo=None, second=0, microsecond=0), *stamps.values()])
    latest = first_seen + FURTHEST_STAMP
    new_stamps: dict[str, datetime] = {}
    found = sorted(_walk(raw))
    spelled = {"/".join(parts) for parts, _ in found}
    drops = []
    for parts, path in found:
        looked = _look(path, is_folder=not parts[-1])
        if looked is None:
            continue
        unopened, size, mtime_ns = looked
        on_disk = "/".join(parts)
        relative = in_unicode(on_disk, spelled)
        provider, feed, *rest = (*relative.split("/")[:-1], "")[: max(2, len(parts) - 1)]
        received = parse_stamp(rest[0]) if len(rest) == 1 else None
        sent = reference_contracts() if provider == HOME_SENDER else contracts()
        misfiled = feed not in sent or (bool(rest) and received is None)
        if received is not None and received > latest:
            unopened, received = unopened or "future", None
        if received is None:
            received = stamps.get(relative)
        if received is None:
            received = new_stamps.setdefault(relative, (known or {}).get(relative) or first_seen)
        drops.append(
            Drop(
                relative, provider, feed, received, size, mtime_ns, misfiled, unopened, on_disk if on_disk != relative else "",
            )
        )  # fmt: skip
    _append_stamps(raw, new_stamps)
    return drops


def _look(path: Path, is_folder: bool) -> tuple[str, int, int] | None:
    """Why a drop is not opened (empty: it is), its size and time; None for what is no drop: gone meanwhile, a pipe, a socket."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:  # its folder may be listed and not entered; its name is longer than a path may be
        if isinstance(error, PermissionError) or error.errno in NO_PLACE:
            return "unreadable", UNREAD, 0
        raise
    if stat.S_ISLNK(status.st_mode):  # it might lead to what its sender may not see
        return "link", status.st_size, status.st_mtime_ns
    if not is_folder and not stat.S_ISREG(status.st_mode):
        return None
    if is_folder or not os.access(path, os.R_OK):
        return "unreadable", UNREAD, 0
    return "", status.st_size, status.st_mtime_ns


def in_unicode(on_disk: str, others: Collection[str] = ()) -> str:
    """A path as people read it; bytes that are no UTF-8 are GB18030. If that is another file's path, they are spelled out."""
    try:
        on_disk.encode()
    except UnicodeEncodeError:
        as_read = os.fsencode(on_disk).decode("gb18030", "backslashreplace")
        return as_read if as_read not in others else os.fsencode(on_disk).decode(errors="backslashreplace")
    return on_disk


def _walk(raw: Path) -> list[tuple[tuple[str, ...], Path]]:
    """Files below the folders of raw/, each as its path's parts and its path; with an empty last part: folders that may
    not be read, and links to folders. A provider's folder itself may be a link: only the operator can lay it there.

    Raises:
        OSError: raw/ itself may not be read, or the disk fails.
    """
    found: list[tuple[tuple[str, ...], Path]] = []

    def parts(folder: str | Path) -> tuple[str, ...]:
        return Path(folder).relative_to(raw).parts

    def cannot_list(error: OSError) -> None:
        if isinstance(error, PermissionError) or error.errno in NO_PLACE:
            found.append(((*parts(error.filename), ""), Path(error.filename)))
        elif not isinstance(error, FileNotFoundError):
            raise error

    for provider in raw.iterdir() if raw.exists() else ():
        if not provider.is_dir() or is_unfinished(provider.name):
            continue
        for folder, below, names in os.walk(provider, onerror=cannot_list):
            below[:] = [name for name in below if not is_unfinished(name)]
            links = [name for name in below if os.path.islink(Path(folder, name))]  # noqa: PTH114 - or cannot be told
            found += [((*parts(folder), name, ""), Path(folder, name)) for name in links]
            found += [((*parts(folder), name), Path(folder, name)) for name in names if not is_unfinished(name)]
    return found


def is_unfinished(name: str) -> bool:
    return name.startswith((".", "~$")) or name.endswith(UPLOADING)


def abandoned(raw: Path, before: datetime) -> list[Path]:
    """Uploads that were never finished: still under the name they have meanwhile, untouched since a moment."""
    found = []
    for path in raw.glob("*/**/*"):
        if path.name.endswith(UPLOADING):
            with suppress(OSError):  # finished meanwhile, or not to be looked at
                found += [path] if path.stat().st_mtime < before.timestamp() else []
    return sorted(found)


def _load_stamps(raw: Path) -> dict[str, datetime]:
    return _stamps(raw)[0]


def torn_stamps(raw: Path) -> int:
    """Lines of the stamps file that a crash has cut off, or somebody has spoiled."""
    return _stamps(raw)[1]


def _stamps(raw: Path) -> tuple[dict[str, datetime], int]:
    """The stamps that can be read, and how many lines cannot: each is read by itself."""
    path = raw / STAMPS_FILE
    stamps: dict[str, datetime] = {}
    torn = 0
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            entry = json.loads(line.decode())
            stamps.setdefault(entry["path"], datetime.fromisoformat(entry["received_at"]))
        except (ValueError, KeyError, TypeError):
            torn += 1
    return stamps, torn


def clock_behind(raw: Path, now: datetime) -> datetime | None:
    """The newest stamp, if the clock is an hour and more behind it; None: it is not."""
    newest = max(_load_stamps(raw).values(), default=None)
    return newest if newest is not None and newest > now.replace(tzinfo=None) + timedelta(hours=1) else None


def _append_stamps(raw: Path, stamps: dict[str, datetime]) -> None:
    if not stamps:
        return
    lines = [
        json.dumps({"path": path, "received_at": at.isoformat()}, ensure_ascii=False) + "\n"
        for path, at in stamps.items()
    ]
    path = raw / STAMPS_FILE
    begins = (
        "" if not path.exists() or path.read_bytes()[-1:] in (b"", b"\n") else "\n"
    )  # behind a half line: a new one
    with path.open("a", encoding="utf-8") as file:
        file.write(begins + "".join(lines))
        file.flush()
        os.fsync(file.fileno())


def parquet(frame: pl.DataFrame) -> bytes:
    """A frame as the bytes of a landing file."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", compression_level=1)
    return buffer.getvalue()


def sha256_of(path: Path) -> str:
    """Raises OSError: the file is gone or cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def receipt_number(provider: str, feed: str, sha256: str) -> str:
    """收件编号: of sender, feed and content, the same wherever it is made (quality.file_balance.receipt_no)."""
    return hashlib.md5(f"{provider}|{feed}|{sha256}".encode(), usedforsecurity=False).hexdigest()[:24]


def write_atomically(path: Path, content: bytes, durable: bool = True) -> None:
    """The whole content or nothing: written aside, synced, renamed.

    What can be made again and is checked by hash before it is used (landing files) need not be `durable`: to wait
    for the disk after each of thousands of small files takes longer than reading them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    with partial.open("wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    partial.replace(path)


def receipts_folder(landing: Path) -> Path:
    return landing / "_receipts"


def save_receipt(landing: Path, drop: Drop, receipt: Receipt) -> None:
    content = json.dumps(asdict(receipt), ensure_ascii=False, indent=1).encode()
    write_atomically(receipts_folder(landing) / f"{path_id(drop.path)}.json", content, durable=False)


def load_receipts(landing: Path) -> dict[str, Receipt]:
    """Receipts by the drop's path; unreadable ones are as good as none."""
    receipts = {}
    for path in receipts_folder(landing).glob("*.json"):
        try:
            receipt = Receipt(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            continue
        receipts[receipt.path] = receipt
    return receipts


def damaged(landing: Path, receipts: list[Receipt], threads: int) -> list[Receipt]:
    """Receipts of which a landing file is gone or is not what was written; their drops are read again."""

    def is_damaged(receipt: Receipt) -> bool:
        try:
            return any(sha256_of(landing / name) != sha256 for name, sha256 in receipt.outputs.items())
        except OSError:
            return True

    with ThreadPoolExecutor(threads) as pool:
        return [receipt for receipt, found in zip(receipts, pool.map(is_damaged, receipts), strict=True) if found]


def files_table(receipts: list[Receipt]) -> pl.DataFrame:
    """One row per drop.

    Of drops with the same content from the same sender the first received one stands for all; the
    others changed nothing. Which one that is does not depend on the order of loading.
    """
    order = ["received_at", "file_name", "path"]
    taken = [name for name in FILES_SCHEMA if name != "file_name"]
    table = pl.DataFrame(
        {name: [getattr(receipt, name) for receipt in receipts] for name in taken},
        schema=pl.Schema({name: FILES_SCHEMA[name] for name in taken} | {"received_at": pl.String()}),
    ).with_columns(
        file_name=pl.Series([Path(receipt.path).name for receipt in receipts], dtype=pl.String),
        path_id=pl.Series([path_id(receipt.path)[:6] for receipt in receipts], dtype=pl.String),
    )
    table = table.with_columns(pl.col("received_at").str.to_datetime(time_unit="us"))
    repeat = pl.int_range(pl.len()).over("file_id", order_by=order) > 0
    empty = pl.when(repeat).then(0)
    return (
        table.with_columns(_repeat=repeat)
        .with_columns(
            file_id=pl.when("_repeat").then(pl.concat_str("file_id", pl.lit("-"), "path_id")).otherwise("file_id"),
            status=pl.when("_repeat").then(pl.lit("unchanged")).otherwise("status"),
            reason=pl.when("_repeat").then(pl.lit("与此前收到的文件内容相同，未再装载")).otherwise("reason"),
            rows_in=empty.otherwise("rows_in"),
            rows_accepted=empty.otherwise("rows_accepted"),
            rows_quarantined=empty.otherwise("rows_quarantined"),
            rows_duplicate=empty.otherwise("rows_duplicate"),
        )
        .select(pl.col(name).cast(kind) for name, kind in FILES_SCHEMA.items())
        .sort("file_id")
    )


class NothingKnown(Exception):
    """Nothing had been received by that day."""


def known_files(settings: Settings, as_of: str) -> pl.DataFrame:
    """Files received by the end of a day: `file_id`, `sha256`, `provider`, `feed`, `file_name`, `received_at`, `status`.

    Without the first reference data of the home, which count from ever: a home that had none of its own got them later than
    what it has filed.
    """
    files = settings.landing / "files.parquet"
    if not files.exists():
        raise NothingKnown("落地层还没有文件，请先运行 anze nightly。")
    day, is_home = pl.col("received_at").dt.date(), pl.col("provider") == HOME_SENDER
    known = (
        pl.read_parquet(files)
        .filter(day <= date.fromisoformat(as_of), ~is_home | (day > day.filter(is_home).min()))
        .select("file_id", "sha256", "provider", "feed", "file_name", "received_at", "status")
        .sort("file_id", "provider", "feed", "file_name")
    )
    if (known["provider"] == HOME_SENDER).all():
        raise NothingKnown(f"截至 {as_of} 没有收到任何文件。")
    return known
