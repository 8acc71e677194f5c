"""Tokens: who may hand in for which senders, until when.

What belongs here: making, checking and revoking them. What does not: sessions of people (guard.py), rights to read
(pipelines/warehouse/rights.py).

A token is 32 random bytes; only its SHA-256 is kept (counter/tokens.json, the owner's alone). A secret of that length cannot be guessed, so
that no slow hash is needed.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path

from pipelines.ingest.manifest import write_atomically
from pipelines.settings import CHINA, Settings

PREFIX = "anze_"


@dataclass(frozen=True)
class Token:
    """A token without its secret. `ends`: the last day on which it is good; `revoked`: when it was taken back, empty if it was not."""

    number: str
    name: str
    providers: tuple[str, ...]
    created: str
    ends: str
    digest: str
    revoked: str = ""

    def is_good(self, today: date) -> bool:
        return not self.revoked and today <= date.fromisoformat(self.ends)


def folder(settings: Settings) -> Path:
    """The counter's own files: tokens, key, records of drops, log. Nobody's but the owner's."""
    place = settings.home / "counter"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


class Damaged(Exception):
    """The file of tokens cannot be read; the message says what to do."""


def tokens(settings: Settings) -> list[Token]:
    """Raises Damaged."""
    path = folder(settings) / "tokens.json"
    if not path.exists():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [Token(**row | {"providers": tuple(row["providers"])}) for row in rows]
    except (ValueError, TypeError, KeyError):
        raise Damaged(
            f"令牌文件 counter/{path.name} 损坏，谁也登录不了。请从备份恢复，或移走它后重新发令牌（anze token create）。"
        ) from None


def create(settings: Settings, providers: list[str], name: str, ends: date) -> tuple[Token, str]:
    """A new token for one or several senders, and its secret, which is shown this once."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(
        secrets.token_hex(4), name, tuple(providers), f"{datetime.now(CHINA):%Y-%m-%dT%H:%M:%S}", ends.isoformat(), _digest(secret)
    )  # fmt: skip
    with _alone(settings):
        _write(settings, [*tokens(settings), token])
    return token, secret


def revoke(settings: Settings, number: str) -> bool:
    """Takes a token back from now on; False: there is no such token."""
    with _alone(settings):
        known = tokens(settings)
        if number not in {token.number for token in known}:
            return False
        now = f"{datetime.now(CHINA):%Y-%m-%dT%H:%M:%S}"
        _write(
            settings,
            [replace(token, revoked=token.revoked or now) if token.number == number else token for token in known],
        )
    return True


def of_secret(settings: Settings, secret: str) -> Token | None:
    """The token of a secret if it is good today. Every digest is compared, each in constant time."""
    digest = _digest(secret)
    found = [token for token in tokens(settings) if hmac.compare_digest(token.digest, digest)]
    return found[0] if found and found[0].is_good(datetime.now(CHINA).date()) else None


def of_number(settings: Settings, number: str) -> Token | None:
    """The token of a session, if it still is good."""
    found = next((token for token in tokens(settings) if token.number == number), None)
    return found if found and found.is_good(datetime.now(CHINA).date()) else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _write(settings: Settings, known: list[Token]) -> None:
    path = folder(settings) / "tokens.json"
    write_atomically(path, json.dumps([asdict(token) for token in known], ensure_ascii=False, indent=1).encode())
    path.chmod(0o600)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    handle = os.open(folder(settings) / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
