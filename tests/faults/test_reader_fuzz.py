"""Fuzzing of every reader for a fixed budget: bytes changed, cut, doubled and swapped; rows or a reason, never a crash or a hang.

`make faults`. ANZE_FUZZ_SECONDS: how long per format (30); ANZE_FUZZ_SEED. A failure names seed and number of the file.
"""

from __future__ import annotations

import os
import random
import signal
import time
from datetime import date
from types import FrameType

import pytest
from test_fuzz import HEADER, make_file
from test_landing import POLICY, policy

from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import providers
from pipelines.ingest import checks, drop
from pipelines.ingest.readers import Limits, Refused

SECONDS = float(os.environ.get("ANZE_FUZZ_SECONDS", "30"))
SEED = os.environ.get("ANZE_FUZZ_SEED", "1")
HANG = 30
LIMITS = Limits(expanded_bytes=64 << 20, cell_characters=100_000)
SENDER = checks.Sender(providers()["weihai_hayc"], date(2023, 2, 1))
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


@pytest.mark.parametrize("kind", KINDS)
def test_reader(kind: str) -> None:
    assert HEADER
    contract, hashed = contracts()["policy"], drop.personal_hash("fuzz")
    started, tried, refused = time.monotonic(), 0, 0
    signal.signal(signal.SIGALRM, too_long)
    starts = sources(kind)
    while time.monotonic() - started < SECONDS:
        rng = random.Random(f"{SEED}/{kind}/{tried}")
        name, content = rng.choice(starts)
        data = mutated(rng, content)
        signal.alarm(HANG)
        try:
            tables = list(checks.check_file(drop._read_safely(data, name, contract, LIMITS), contract, SENDER, hashed))
            for table in tables:
                assert table.rows_in == table.accepted.height + table.rows_quarantined + table.rows_duplicate
        except Refused as reason:
            assert len(reason.message) > 5, (SEED, kind, tried)
            refused += 1
        except BaseException as error:
            raise AssertionError((SEED, kind, tried, name)) from error
        finally:
            signal.alarm(0)
        tried += 1
    print(f"{kind}: {tried} files, {refused} refused with a reason")
    assert tried > 100
