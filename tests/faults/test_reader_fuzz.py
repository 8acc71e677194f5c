"""Fuzzing of every reader for a fixed budget: bytes changed, cut, doubled and swapped; rows or a reason, never a crash or a hang.

`make faults`. ANZE_FUZZ_SECONDS: how long per format (30); ANZE_FUZZ_SEED. A failure names seed and number of the file.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from types import FrameType

import pytest
from conftest import bundled
from drops import POLICY, make_file, policy

from pipelines.feeds.contracts import contracts
from pipelines.ingest import drop
from pipelines.ingest.checks.outcome import Sender
from pipelines.ingest.readers.sheet import Limits, Refused
from pipelines.ingest.workers import limit_memory
from pipelines.settings import Settings

SECONDS = float(os.environ.get("ANZE_FUZZ_SECONDS", "30"))
LEAST_FILES = 20
"""However slow the machine is."""
SEED = os.environ.get("ANZE_FUZZ_SEED", "1")
HANG = 30
LIMITS = Limits(expanded_bytes=64 << 20, cell_characters=100_000)
SENDER = Sender(bundled().providers()["weihai_hayc"], date(2023, 2, 1), bundled())
KINDS = ("csv", "xlsx", "xls", "jsonl", "parquet", "zip", "gz")
PIECES = [
    b'"', b"\x00", b"\r", b"\n", b",", b"\xff\xfe", b"\xef\xbb\xbf", b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"<!DOCTYPE", "保单号".encode(),
    "保单号".encode("gb18030"), b"{", b"}", b"9" * 400, b"-", b"1e999", POLICY.encode(),
]  # fmt: skip


def mutated(rng: random.Random, content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        if not data:
            break
        place, length = rng.randrange(len(data)), rng.choice([1, 2, 8, 64, 512])
        match rng.randrange(7):
            case 0:
                data[place] = rng.randrange(256)
            case 1:
                data[place : place + length] = b""
            case 2:
                data[place:place] = rng.choice(PIECES)
            case 3:
                data[place:place] = data[place : place + length] * rng.choice([1, 2, 50])
            case 4:
                data = data[:place]
            case 5:
                data[place : place + length] = bytes(rng.randrange(256) for _ in range(length))
            case 6:
                other = rng.randrange(len(data))
                data[place], data[other] = data[other], data[place]
    return bytes(data)


def sources(kind: str) -> list[tuple[str, bytes]]:
    """Good files of a kind to start from."""
    found: list[tuple[str, bytes]] = (
        [("a.csv", (POLICY + policy("P1") + policy("P2")).encode())] if kind == "csv" else []
    )
    rng = random.Random(f"sources/{kind}")
    while len(found) < 6:
        name, content, _ = make_file(rng, 1)
        if name.endswith(kind):
            found.append((name, content))
    return found


def too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError("the reader hangs")


def fuzz(kind: str, first: int, seconds: float, progress: str) -> None:
    """Files from a number on; the number being read stands in a file, should this process end over it."""
    limit_memory(Settings().reader_memory_mb)
    contract, hashed = contracts()["policy"], drop.personal_hash("fuzz")
    started, number, refused = time.monotonic(), first, 0
    signal.signal(signal.SIGALRM, too_long)
    starts = sources(kind)
    while time.monotonic() - started < seconds:
        rng = random.Random(f"{SEED}/{kind}/{number}")
        name, content = rng.choice(starts)
        data = mutated(rng, content)
        Path(progress).write_text(f"{number} {refused}")
        signal.alarm(HANG)
        try:
            parts = drop.parts_of(data, name, contract, LIMITS, SENDER, hashed)
            for table in (table for _, tables in parts for table in tables):
                assert table.rows_in == table.accepted.height + table.rows_quarantined + table.rows_duplicate
        except Refused as reason:
            assert len(reason.message) > 5
            assert "TimeoutError" not in reason.message and "AssertionError" not in reason.message, (kind, number)
            refused += 1
        finally:
            signal.alarm(0)
        number += 1


@pytest.mark.parametrize("kind", KINDS)
def test_reader(kind: str, tmp_path: Path) -> None:
    """In a process of its own, as landing reads all but texts: one that ends is started again behind that file."""
    progress, number, deaths, refused = tmp_path / "progress", 0, [], 0
    started = time.monotonic()
    while (left := SECONDS - (time.monotonic() - started)) > 0 or number < LEAST_FILES:
        code = f"import test_reader_fuzz as f; f.fuzz({kind!r}, {number}, {max(left, 1)}, {str(progress)!r})"
        folders = os.pathsep.join(str(Path(__file__).parents[level]) for level in (0, 1))
        child = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": folders},
        )  # fmt: skip
        reached, counted = (int(part) for part in progress.read_text().split())
        refused += counted
        number = reached + 1
        if child.returncode < 0:
            deaths.append(reached)
        else:
            assert child.returncode == 0, (SEED, kind, reached, child.stderr[-2000:])
    print(
        f"{kind}: {number} files, {refused} refused with a reason, the process ended over {len(deaths)}: {deaths[:5]}"
    )
    assert kind not in ("csv", "gz", "jsonl") or not deaths, (SEED, kind, deaths)
