"""Accounts of people: the walk to an identity service and back, driven in a real browser and forged by hand."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import uvicorn
from browser import needs_browser, open_browser
from conftest import Home
from counters import free_port, served
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route


class IdentityService:
    """Signs in whoever `account` says, as an OpenID provider of a bureau would."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.signing_key = self.key
        self.account = "zhang@example.com"
        self.verified = True
        self.nonces: dict[str, str] = {}
        self.server = uvicorn.Server(uvicorn.Config(self.application(), "127.0.0.1", port, log_level="warning"))

    def application(self) -> Starlette:
        async def metadata(_: Request) -> Response:
            return JSONResponse(
                {
                    "issuer": self.address, "authorization_endpoint": f"{self.address}/authorize", "token_endpoint": f"{self.address}/token",
                    "jwks_uri": f"{self.address}/keys", "id_token_signing_alg_values_supported": ["RS256"],
                }
            )  # fmt: skip

        async def authorize(request: Request) -> Response:
            asked = request.query_params
            assert asked["code_challenge_method"] == "S256" and asked["response_type"] == "code"
            self.nonces["code"] = asked.get("nonce", "")
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': 'code', 'state': asked['state']})}")

        async def token(request: Request) -> Response:
            form = await request.form()
            assert form["code"] == "code" and form["code_verifier"]
            now = int(time.time())
            claims = {
                "iss": self.address, "aud": "anze", "sub": "1", "iat": now, "exp": now + 60, "nonce": self.nonces["code"], "email": self.account,
                "email_verified": self.verified,
            }  # fmt: skip
            signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signing_key)
            return JSONResponse({"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": signed})

        async def keys(_: Request) -> Response:
            return JSONResponse({"keys": [self.key.as_dict(private=False)]})

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", metadata), Route("/authorize", authorize), Route("/token", token, methods=["POST"]),
                Route("/keys", keys),
            ]
        )  # fmt: skip


@pytest.fixture(scope="module")
def service() -> Iterator[IdentityService]:
    found = IdentityService(free_port())
    thread = threading.Thread(target=found.server.run, daemon=True)
    thread.start()
    while not found.server.started:
        time.sleep(0.05)
    yield found
    found.server.should_exit = True
    thread.join(10)


def written(path: Path, service: IdentityService, port: int, **audiences: str | list[str]) -> Path:
    lines = [f"{json.dumps(account)} = {json.dumps(rights)}" for account, rights in audiences.items()]
    path.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\nclient_id = "anze"\nclient_secret = "s"\n'
        f'server_metadata_url = "{service.address}/.well-known/openid-configuration"\n[audiences]\n' + "\n".join(lines)
    )
    return path


@needs_browser
def test_a_person_signs_in_acts_for_several_senders_and_is_out_once_taken_out(
    dirty_world: Home, service: IdentityService, tmp_path: Path
) -> None:
    port = free_port()
    rights = {
        "zhang@example.com": ["weihai_hayc", "shanghai_hayc"],
        "wang@example.com": "*",
        "li@example.com": "weihai_371002",
    }
    secrets = written(tmp_path / "secrets.toml", service, port, **rights)  # type: ignore[arg-type]
    with served(dirty_world, "counter", port=port, ANZE_OIDC_SECRETS=str(secrets)) as address:
        with open_browser() as (page, watched):
            page.goto(address)
            page.get_by_role("link", name="用统一账号登录").click()
            page.get_by_role("heading", name="报送文件").wait_for()
            assert "海岳财险威海分公司" in page.locator("header").inner_text()
            page.get_by_role("link", name="换到 海岳财险上海分公司").click()
            page.wait_for_url("**provider=shanghai_hayc")
            assert page.goto(f"{address}/counter?provider=weihai_dfjc").status == 403  # type: ignore[union-attr]
            assert page.goto(f"{address}/figures?audience=weihai_city").status == 403  # type: ignore[union-attr]
            # Taken out of the file: out at the next click.
            written(secrets, service, port, **{"wang@example.com": "*", "li@example.com": "weihai_371002"})
            page.goto(f"{address}/counter")
            page.get_by_role("heading", name="登录").wait_for()
            # Not in the file, or an address nobody verified: nothing is seen.
            page.get_by_role("link", name="用统一账号登录").click()
            page.get_by_text("没有配置可见范围").wait_for()
            service.account, service.verified = "wang@example.com", False
            page.get_by_role("link", name="用统一账号登录").click()
            page.get_by_text("没有配置可见范围").wait_for()
            service.verified = True
            # A bureau that sees everything hands in for nobody.
            page.get_by_role("link", name="用统一账号登录").click()
            page.get_by_role("heading", name="年总览").wait_for()
            assert page.goto(f"{address}/counter").status == 403  # type: ignore[union-attr]
            assert page.goto(f"{address}/figures?audience=weihai_371002").status == 200  # type: ignore[union-attr]
            assert not watched.outside
        log = (dirty_world.path / "counter" / "log.jsonl").read_text()
        assert "登录" in log and "example.com" not in log


def test_a_forged_walk_back_signs_nobody_in(dirty_world: Home, service: IdentityService, tmp_path: Path) -> None:
    port = free_port()
    service.account = "li@example.com"
    secrets = written(tmp_path / "secrets.toml", service, port, **{"li@example.com": "weihai_371002"})

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:  # type: ignore[override]
            return None

    opener = urllib.request.build_opener(Stay)

    def get(url: str, cookie: str = "") -> tuple[int, dict[str, str], str]:
        try:
            answer = opener.open(urllib.request.Request(url, headers={"Cookie": cookie}))
        except urllib.error.HTTPError as refused:
            answer = refused  # type: ignore[assignment]
        headers = {name.lower(): value for name, value in answer.headers.items()}
        headers["set-cookie"] = "; ".join(answer.headers.get_all("set-cookie", []))
        return answer.status, headers, answer.read().decode()

    with served(dirty_world, "counter", port=port, ANZE_OIDC_SECRETS=str(secrets)) as address:
        status, headers, _ = get(f"{address}/sign-in/account")
        state = parse_qs(urlsplit(headers["location"]).query)["state"][0]
        cookie = headers["set-cookie"].split(";")[0]
        get(headers["location"])  # the service remembers the nonce
        # Without the state, with another one, without the cookie that belongs to it, with a token signed by somebody else.
        for url, own in (
            ("code=code", cookie),
            ("code=code&state=other", cookie),
            (f"code=code&state={state}", ""),
            ("error=denied&state=x", cookie),
        ):
            status, headers, _ = get(f"{address}/oauth2callback?{url}", own)
            assert status == 401 and "anze_session" not in headers["set-cookie"], url
        service.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
        status, headers, _ = get(f"{address}/oauth2callback?code=code&state={state}", cookie)
        assert status == 401 and "anze_session" not in headers["set-cookie"]
        service.signing_key = service.key
        # Made by hand: an account in a cookie that nobody signed.
        assert get(f"{address}/figures", "anze_session=account:li@example.com.aaaa.bbbb")[0] == 303
        status, headers, _ = get(f"{address}/sign-in/account")
        _, redirect, _ = get(headers["location"])
        status, headers, _ = get(redirect["location"], headers["set-cookie"].split(";")[0])
        assert (
            status == 200
            and "anze_session" in headers["set-cookie"]
            and "samesite=strict" in headers["set-cookie"].lower()
        )
