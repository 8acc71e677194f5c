"""The counter as tests start it, and a sender's program that calls it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conftest import ANZE, Home


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(home: Home, command: str, *arguments: str, port: int = 0, **environment: str) -> Iterator[str]:
    """`anze counter` or `anze dashboard` of a home, answering at the address it yields."""
    port = port or free_port()
    known = {**os.environ, "ANZE_HOME": str(home.path), "ANZE_HASH_KEY": "test", **environment}
    server = subprocess.Popen([ANZE, command, "--port", str(port), *arguments], env=known, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/sign-in", timeout=5).read()
            break
        except OSError:
            assert server.poll() is None
            time.sleep(0.1)
    try:
        yield address
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)


class Server:
    """`anze counter` of a home in a process of its own."""

    def __init__(self, home: Home, **environment: str) -> None:
        self.port = free_port()
        self.home = home
        self.log = (home.path / "counter.log").open("a")
        self.process = subprocess.Popen(
            [ANZE, "counter", "--port", str(self.port)], env={**os.environ, "ANZE_HOME": str(home.path), "ANZE_HASH_KEY": "test", **environment},
            stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                self.ask("GET", "/sign-in")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError((home.path / "counter.log").read_text())

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body.encode() if isinstance(body, str) else body, named)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


class System:
    """A sender's program."""

    def __init__(self, server: Server, secret: str) -> None:
        self.server, self.secret = server, secret

    def call(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> tuple[int, Any]:
        status, answer, content = self.server.ask(
            method, f"/api/v1{path}", body, Authorization=f"Bearer {self.secret}", **headers
        )
        return status, json.loads(content) if "json" in answer.get("content-type", "") else content

    def checked(self, number: str) -> dict[str, Any]:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            _, drop = self.call("GET", f"/drops/{number}")
            if drop["state"] not in ("received", "readable"):
                return dict(drop)
            time.sleep(0.2)
        raise AssertionError("nobody looked at it")


def token(home: Home, *providers: str, days: int = 30) -> str:
    done = home.anze("token", "create", *providers, "--days", str(days))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]
