"""Accounts of people (OIDC): where they sign in, and what each of them may.

What belongs here: reading the operator's file, the walk to the bureau's identity service and back. What does not: sessions (guard.py).

The file (TOML, ANZE_OIDC_SECRETS):

    [auth]
    redirect_uri = "https://…/oauth2callback"
    client_id = "…"
    client_secret = "…"
    server_metadata_url = "https://…/.well-known/openid-configuration"

    [audiences]
    "zhang@example.com" = "some_bureau"                      # reads its share, and hands in for it
    "li@example.com" = ["some_insurer", "its_other_branch"]   # several
    "wang@example.com" = "*"                                 # reads everything
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

SCOPE = "openid email"


class People:
    """The accounts of a home. The file is read again at every request: a person taken out of it is out at once."""

    def __init__(self, path: Path) -> None:
        """Raises RuntimeError where the library for signing in is not installed, OSError and tomllib.TOMLDecodeError for the file."""
        try:
            from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415 - an extra: not everyone has it
        except ImportError as missing:
            raise RuntimeError("统一登录需要 Authlib 和 httpx：pip install 'anze[sso]'。") from missing
        self.path = path
        auth = self._read()["auth"]
        self.redirect_uri = str(auth["redirect_uri"])
        self.client: Any = OAuth().register(
            "bureau",
            client_id=auth["client_id"],
            client_secret=auth["client_secret"],
            server_metadata_url=auth["server_metadata_url"],
            client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"},
        )

    def _read(self) -> dict[str, Any]:
        return tomllib.loads(self.path.read_text(encoding="utf-8"))

    def rights(self, account: str) -> tuple[str, ...] | None:
        """The providers an account acts for, `*` for reading everything; None: it has no rights here."""
        found = self._read().get("audiences", {}).get(account)
        if found is None:
            return None
        return tuple(str(one) for one in found) if isinstance(found, list) else (str(found),)

    async def to_sign_in(self, request: Request) -> Response:
        """Sends the browser to the identity service."""
        response: Response = await self.client.authorize_redirect(request, self.redirect_uri)
        return response

    async def account(self, request: Request) -> str:
        """The account that comes back from there; empty: none that can be trusted.

        Raises:
            authlib.integrations.base_client.OAuthError, joserfc.errors.JoseError: forged, stale or refused.
        """
        answer = await self.client.authorize_access_token(request)
        claims = answer.get("userinfo") or {}
        return "" if claims.get("email_verified") is False else str(claims.get("email", ""))
