"""What stands before every page and call: who is asking, under which name, how often, and what a browser may do with the answer.

What belongs here: headers, sessions, forgery, rates, the log of who did what. What does not: what is answered (pipelines/counter,
pipelines/dashboard), tokens (tokens.py), accounts of people (people.py), the page on which one signs in (pages.py).

- A call of a system carries its token; it is never authorised by a cookie, so that no foreign page can make a browser call it.
- A person's session is a signed cookie that names the token or account, not its secret; what it may do is looked up at every request, so
  that what is taken back ends at once. Every form carries a value made of it, and a form that comes from another origin is refused.
- Whoever guesses tokens is made to wait, by address.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from itsdangerous import BadSignature, TimestampSigner
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.access.people import People
from pipelines.access.tokens import Damaged, Token, folder, of_number, of_secret
from pipelines.ingest.manifest import write_atomically
from pipelines.settings import CHINA, Settings

COOKIE = "anze_session"
TOKEN, ACCOUNT = "token", "account"
EVERYTHING = "*"
SESSION_SECONDS = 8 * 3600
GUESSES, GUESS_SECONDS = 10, 60
CALLS, CALL_SECONDS = 600, 60
ADDRESSES = 100_000
"""Remembered of those who guessed; a flood of them makes it forget."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Visitor:
    """Who is signed in. `senders`: for whom it may hand in; `audiences`: whose share of the warehouse it may read, EVERYTHING for all of it.

    number: what the log calls it: the number of a token; of an account, a digest of its name.
    """

    number: str
    senders: tuple[str, ...]
    audiences: tuple[str, ...]

    @property
    def sees_everything(self) -> bool:
        return EVERYTHING in self.audiences


class Denied(Exception):
    """Not answered: an HTTP status and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Headers:
    """Puts HEADERS on every answer, whatever answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


class Guard:
    """Who is asking."""

    def __init__(self, settings: Settings, behind_tls: bool, local: Visitor | None = None) -> None:
        """`local`: whoever sits at the machine, where nobody signs in (anze dashboard)."""
        self.settings = settings
        self.behind_tls = behind_tls
        self.local = local
        self.people = People(settings.oidc_secrets) if settings.oidc_secrets else None
        key = _key(settings)
        self.signer = TimestampSigner(key, salt="session")
        self.form_key = sha256(f"form/{key}".encode()).digest()
        self.state_key = sha256(f"state/{key}".encode()).hexdigest()
        self.ended: set[str] = set()
        self.guesses: dict[str, deque[float]] = defaultdict(deque)
        self.calls: dict[str, deque[float]] = defaultdict(deque)

    def caller(self, request: Request) -> Visitor:
        """Whose token a call carries.

        Raises:
            Denied: none, none that is good, or too many calls.
        """
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret:
            raise Denied(401, "请在 Authorization 头中以 Bearer 给出令牌（anze token create）。")
        return self._within_rate(_of_token(self.sign_in(request, secret.strip())))

    def sign_in(self, request: Request, secret: str) -> Token:
        """The token of a secret; whoever is wrong too often is made to wait."""
        address = request.client.host if request.client else ""
        token = self._known(lambda: of_secret(self.settings, secret))
        if token is None:
            # A good one is let in all the same: it cannot be guessed, and others behind the same address are not to be shut out.
            if _too_many(self.guesses[address], GUESSES, GUESS_SECONDS):
                raise Denied(429, "令牌多次不对，请一分钟后再试。")
            if len(self.guesses) > ADDRESSES:
                self.guesses.clear()
            self.guesses[address].append(time.monotonic())
            raise Denied(401, "令牌无效、已过期或已撤销。")
        return token

    def _known(self, look_up: Callable[[], Token | None]) -> Token | None:
        try:
            return look_up()
        except Damaged as damaged:
            raise Denied(503, str(damaged)) from None

    def _within_rate(self, visitor: Visitor) -> Visitor:
        if _too_many(self.calls[visitor.number], CALLS, CALL_SECONDS):
            raise Denied(429, f"每分钟最多 {CALLS} 次，请稍后再试。")
        self.calls[visitor.number].append(time.monotonic())
        return visitor

    def visitor(self, request: Request) -> Visitor | None:
        """Whose session a person has; None: not signed in, or what it was signed in with is good no more."""
        if self.local:
            return self.local
        try:
            named = self.signer.unsign(request.cookies.get(COOKIE, ""), max_age=SESSION_SECONDS).decode()
        except BadSignature:
            return None
        kind, session, name = named.split(":", 2)
        if session in self.ended:
            return None
        if kind == TOKEN:
            token = self._known(lambda: of_number(self.settings, name))
            return self._within_rate(_of_token(token)) if token else None
        rights = self.people.rights(name) if self.people else None
        if rights is None:
            return None
        senders = tuple(one for one in rights if one != EVERYTHING)
        return self._within_rate(Visitor(_of_account(name), senders, rights))

    def begin(self, response: Response, kind: str, name: str) -> None:
        """Signs a person in with a token (its number) or an account (its name), and logs it."""
        self.log(name if kind == TOKEN else _of_account(name), "登录")
        session = secrets.token_hex(8)
        response.set_cookie(
            COOKIE, self.signer.sign(f"{kind}:{session}:{name}").decode(), max_age=SESSION_SECONDS, httponly=True, samesite="strict", secure=self.behind_tls
        )  # fmt: skip

    def end(self, request: Request, response: Response) -> None:
        """Signs a person out: the cookie is good no more, a copy of it neither (until the server starts anew)."""
        named = self.signer.unsign(request.cookies.get(COOKIE, "")).decode()
        self.ended.add(named.split(":", 2)[1])
        response.delete_cookie(COOKIE)

    def form_value(self, visitor: Visitor) -> str:
        """What every form of a session carries."""
        return hmac.new(self.form_key, visitor.number.encode(), sha256).hexdigest()

    def own_form(self, request: Request, visitor: Visitor, value: str) -> None:
        """Raises Denied for a form that is not of this session, or comes from another origin."""
        self.own_origin(request)
        if not hmac.compare_digest(value.encode("utf-8", "replace"), self.form_value(visitor).encode()):
            raise Denied(403, "表单已失效，请刷新页面后重试。")

    def own_origin(self, request: Request) -> None:
        """Raises Denied for what a page of another origin sends."""
        origin = request.headers.get("origin") or request.headers.get("referer")
        if origin is None or urlsplit(origin).netloc != request.headers.get("host"):
            raise Denied(403, "请求来自别的网站，不予处理。")

    def log(self, who: str, what: str, **about: object) -> None:
        """Who (Visitor.number) did what: no name, no address, nothing of the content."""
        line = {
            "at": f"{datetime.now(CHINA):%Y-%m-%dT%H:%M:%S}",
            "who": who,
            "what": what,
            **about,
        }
        with (folder(self.settings) / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")


def _of_account(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:12]


def _of_token(token: Token) -> Visitor:
    return Visitor(token.number, token.providers, token.providers)


def _too_many(times: deque[float], most: int, seconds: float) -> bool:
    now = time.monotonic()
    while times and now - times[0] > seconds:
        times.popleft()
    return len(times) >= most


def _key(settings: Settings) -> str:
    """The key that signs sessions, made once."""
    path: Path = folder(settings) / "key"
    if not path.exists():
        write_atomically(path, secrets.token_hex(32).encode())
        path.chmod(0o600)
    return path.read_text(encoding="utf-8")
