"""The counter as a real server: a system's walk, a person's forms, attacks, kill -9."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import random
import shutil
import socket
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import Home
from counters import Server, System, token
from returns import POLICY, policy, small_world
from starlette.requests import Request

from pipelines.access import guard, tokens
from pipelines.access.guard import Denied
from pipelines.access.pages import form_of
from pipelines.counter import desk
from pipelines.counter.desk import Desk, safe_name
from pipelines.feeds.contracts import contracts
from pipelines.ingest.manifest import is_unfinished

GOOD = POLICY + policy("C1", 11, "好单位", "100.00") + policy("C2", 12, "另一单位", "200.00")
BAD = (
    POLICY
    + policy("C1", 11, "好单位", "100.00")
    + policy("C3", 13, "坏单位<script>alert(1)</script>", "三百元五")
    + policy("C4", 14, "四单位", "40.00").replace("有效", "胡说")
)


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = small_world(Home(tmp_path_factory.mktemp("counter")))
    home.build().publish()
    server = Server(home, ANZE_COUNTER_UPLOAD_MB="2")
    yield server
    server.stop()


def test_a_system_hands_in_hears_corrects_and_declares(counter: Server, tmp_path: Path) -> None:
    system = System(counter, token(counter.home, "weihai_hayc"))
    status, feeds = system.call("GET", "/feeds")
    assert (
        status == 200
        and {"policy", "claim", "declaration"} <= {row["feed"] for row in feeds}
        and "enterprise" not in {row["feed"] for row in feeds}
    )
    schema = system.call("GET", "/feeds/policy/schema")[1]
    assert schema["required"] == [name for name, column in contracts()["policy"].columns.items() if column.required]
    assert openpyxl.load_workbook(io.BytesIO(system.call("GET", "/feeds/policy/template")[1])).sheetnames
    # Tried without sending: what would be found, and nothing laid down.
    before = sorted(counter.home.settings.raw.rglob("*"))
    status, tried = system.call("POST", "/drops/policy?dry_run=true", BAD, X_File_Name="a.csv")
    assert status == 200 and (tried["rows_in"], tried["accepted"], tried["quarantined"]) == (3, 1, 2)
    assert sorted(counter.home.settings.raw.rglob("*")) == before
    status, drop = system.call("POST", "/drops/policy", BAD, X_File_Name="%E4%BF%9D%E5%8D%95.csv")
    assert status == 201 and drop["file_name"] == "保单.csv"
    found = system.checked(drop["number"])
    assert found["state"] == "checked" and (
        found["rows_in"],
        found["accepted"],
        found["quarantined"],
        found["duplicate"],
    ) == (3, 1, 2, 0)
    assert system.call("POST", "/drops/policy", BAD, X_File_Name="again.csv")[0] == 200, (
        "the same content is the same drop"
    )
    (laid,) = list(counter.home.settings.raw.rglob("保单.csv"))
    assert laid.read_bytes() == BAD.encode()
    # All faults at once, each beside its value, by page.
    first = system.call("GET", f"/drops/{drop['number']}/issues?size=1")[1]
    second = system.call("GET", f"/drops/{drop['number']}/issues?size=1&page=3")[1]
    assert first["total"] >= 2 and [one["issues"][0]["line_no"] for one in (first, second)] == [3, 4]
    assert "三百元五" in json.dumps(first, ensure_ascii=False) and second["issues"][0]["column_title"] == "保单状态"
    # The correction workbook: the rejected rows only, put right and sent back as it is.
    status, content = system.call("GET", f"/drops/{drop['number']}/corrections")
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    heads = {str(cell.value).rstrip("*＊ "): cell.column for cell in sheet[1]}
    assert [sheet.cell(row, heads["保单号"]).value for row in (2, 3)] == ["C3", "C4"] and sheet.cell(
        3, heads["保单状态"]
    ).comment
    for row in (2, 3):
        for title in ("签单保费", "实收保费"):
            sheet.cell(row, heads[title]).value = "300.00"
        sheet.cell(row, heads["保单状态"]).value = "有效"
        sheet.cell(row, heads["被保险人名称"]).value = "改好的单位"
    book.save(tmp_path / "更正.xlsx")
    status, mended = system.call("POST", "/drops/policy", (tmp_path / "更正.xlsx").read_bytes(), X_File_Name="c.xlsx")
    mended = system.checked(mended["number"])
    assert status == 201 and (mended["accepted"], mended["quarantined"]) == (2, 0), mended
    status, declared = system.call(
        "POST",
        "/declarations",
        json.dumps({"feed": "policy", "period": "2026-10", "covers_to": "2026-10-31", "rows": 3}),
    )
    assert status == 201 and system.checked(declared["number"])["accepted"] == 1
    status, answered = system.call(
        "POST", "/answers", json.dumps([{"subject_no": "ABC", "kind": "说明", "answer_text": "已核"}])
    )
    assert status == 201 and system.checked(answered["number"])["feed"] == "answer"
    counter.home.build().publish()
    after = system.call("GET", f"/drops/{drop['number']}")[1]
    assert (
        after["state"] == "in_warehouse"
        and after["publication"] == system.call("GET", "/publications/latest")[1]["publication_id"]
    )
    assert counter.home.rows(
        "select count(*) from marts.fct_policy where policy_no in ('C1', 'C3', 'C4')", published=True
    ) == [(3,)]
    assert any(row["feed"] == "policy" for row in system.call("GET", "/obligations")[1]["feeds"])


def test_rows_as_json_lines(counter: Server) -> None:
    system = System(counter, token(counter.home, "weihai_hayc"))
    row = {"doc_no": "J1", "kind": "典型案例", "title": "案例", "doc_date": "2026-01-05", "year": 2026, "text": "文"}
    status, drop = system.call(
        "POST", "/drops/document", json.dumps(row, ensure_ascii=False) + "\n", Content_Type="application/x-ndjson"
    )
    assert status == 201 and system.checked(drop["number"])["accepted"] == 1


def test_who_may_not(counter: Server) -> None:
    home, own = counter.home, System(counter, token(counter.home, "weihai_hayc"))
    other = System(counter, token(home, "weihai_dfjc"))
    drop = own.call("POST", "/drops/policy", GOOD, X_File_Name="own.csv")[1]
    for path in ("", "/issues", "/corrections"):
        assert other.call("GET", f"/drops/{drop['number']}{path}")[0] == 404, "another's drop is not there"
    assert drop["number"] not in json.dumps(other.call("GET", "/drops")[1])
    assert other.call("GET", "/drops?provider=weihai_hayc")[0] == 403
    assert own.call("POST", "/drops/enterprise", "x", X_File_Name="a.csv")[0] == 403, "not a feed of an insurer"
    assert own.call("POST", "/drops/nothing", "x", X_File_Name="a.csv")[0] == 404
    several = System(counter, token(home, "weihai_hayc", "weihai_lhcx"))
    assert several.call("GET", "/feeds")[0] == 400 and several.call("GET", "/feeds?provider=weihai_lhcx")[0] == 200
    # Without a token, with another kind of header, with one taken back or run out.
    assert counter.ask("GET", "/api/v1/feeds")[0] == 401
    secret = token(home, "weihai_hayc")
    number = tokens.tokens(home.settings)[-1].number
    assert System(counter, secret).call("GET", "/feeds")[0] == 200
    assert (
        home.anze("token", "revoke", number).returncode == 0 and System(counter, secret).call("GET", "/feeds")[0] == 401
    )
    listed = home.anze("token", "list")
    assert secret not in listed.stdout and "已撤销" in listed.stdout
    stored = home.path / "counter" / "tokens.json"
    assert secret not in stored.read_text() and stored.stat().st_mode & 0o077 == 0
    assert not tokens.Token("1", "", ("a",), "", "2020-01-01", "").is_good(tokens.datetime.now(tokens.CHINA).date())
    assert home.anze("token", "create", "nobody").returncode == 2


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../../etc/passwd.csv", "passwd.csv"), ("..\\..\\a.xlsx", "a.xlsx"), ("/abs/b.csv", "b.csv"), ("a\x00b\n<c>.csv", "abc.csv"), ("....csv", "文件.csv"), ("x" * 500 + ".csv", "x" * 120 + ".csv"), ("保单 .CSV", "保单.csv"), ("~$保单.xlsx", "保单.xlsx"), (".~$.a.csv", "a.csv"), ("保" * 50 + ".csv.gz", "保" * 40 + ".csv.gz")],
)  # fmt: skip
def test_a_name_is_never_a_path(name: str, kept: str) -> None:
    assert safe_name(name) == kept and not is_unfinished(kept), "a night takes it up"


def test_what_is_too_much_or_no_file(counter: Server) -> None:
    system = System(counter, token(counter.home, "weihai_lhcx"))
    before = sorted(counter.home.settings.raw.rglob("*"))
    for body, name, status in (
        (b"", "a.csv", 400), (b"x", "a.exe", 415), (b"x", "", 415), (b"x", "../..", 415), (b"0" * (3 << 20), "big.csv", 413),
    ):  # fmt: skip
        assert system.call("POST", "/drops/policy", body, X_File_Name=name)[0] == status, name
    assert sorted(counter.home.settings.raw.rglob("*")) == before and not list(
        (counter.home.path / "counter" / "incoming").iterdir()
    )
    # An endless body without a length is cut off at the limit.
    connection = socket.create_connection(("127.0.0.1", counter.port), timeout=60)
    head = f"POST /api/v1/drops/policy HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {system.secret}\r\nX-File-Name: e.csv\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(head.encode())
    answer = b""
    try:
        for _ in range(4000):
            connection.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
    except OSError:
        pass
    connection.settimeout(10)
    with contextlib.suppress(OSError):
        answer = connection.recv(400)
    connection.close()
    assert b"413" in answer or not answer
    assert system.call("GET", "/drops")[1]["total"] == 0
    for body, status in (
        ("{", 400),
        ("[]", 400),
        ('[{"feed": {"a": 1}}]', 400),
        ("[" * 100_000, 400),
        ('{"nobody": 1}', 400),
        ("x" * (5 << 20), 413),
    ):
        assert system.call("POST", "/declarations", body)[0] == status, body[:20]
    assert system.call("GET", "/drops/0/issues")[0] == 404
    number = system.call("POST", "/drops/policy", GOOD, X_File_Name="p.csv")[1]["number"]
    for page in ("0", "-1", "x", "%D9%A3", "9" * 30):
        assert system.call("GET", f"/drops/{number}/issues?page={page}")[0] in (200, 400)


def test_a_slow_sender_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "CHUNK_SECONDS", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(5)
        yield b"b"

    with pytest.raises(Denied) as refused:
        asyncio.run(desk._stream(slow(), tmp_path / "x", 100))
    assert refused.value.status == 408


def test_a_slow_form_is_let_go() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(5)
        return {"type": "http.request", "body": b"", "more_body": True}

    headers = [(b"content-length", b"10"), (b"content-type", b"application/x-www-form-urlencoded")]
    request = Request({"type": "http", "method": "POST", "path": "/sign-in", "headers": headers}, receive)
    with pytest.raises(Denied) as refused:
        asyncio.run(form_of(request, seconds=0.05))
    assert refused.value.status == 408


def test_one_sender_does_not_take_all_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many files of a sender at once; no file while the disk is full, found on the way too."""
    home = Home(tmp_path)
    monkeypatch.setattr(desk, "ARRIVING_AT_ONCE", 2)

    async def hang() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(60)

    async def one() -> AsyncIterator[bytes]:
        yield b"a"

    async def crowd() -> None:
        counter = Desk(home.settings)
        hanging = [asyncio.create_task(counter.take(hang(), "weihai_hayc", "policy", "a.csv", 100)) for _ in range(2)]
        await asyncio.sleep(0.1)
        with pytest.raises(Denied) as refused:
            await counter.take(one(), "weihai_hayc", "policy", "a.csv", 100)
        assert refused.value.status == 429
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        assert not counter.arriving["weihai_hayc"] and not list(counter.incoming.iterdir())
        # A browser's forms lie in the temporary folder before the desk sees their files: counted there too.
        with counter.form("weihai_hayc", 10), pytest.raises(Denied) as many, contextlib.ExitStack() as forms:
            for _ in range(desk.FORMS_AT_ONCE):
                forms.enter_context(counter.form("weihai_hayc", 10))
        assert many.value.status == 429 and not counter.forms["weihai_hayc"] and not counter.form_bytes
        free = shutil.disk_usage(tmp_path).free
        taken = counter.form("weihai_hayc", free - desk.ROOM_LEFT - (1 << 30))
        with taken, pytest.raises(Denied) as large, counter.form("weihai_dfjc", 2 << 30):
            pass
        assert large.value.status == 507
        monkeypatch.setattr(desk, "ROOM_LEFT", 1 << 60)
        with pytest.raises(Denied) as full:
            await counter.try_out(one(), "weihai_hayc", "policy", "a.csv", 100)
        assert full.value.status == 507 and not list(counter.incoming.iterdir())
        counter.close()

    asyncio.run(crowd())


def test_a_correction_sent_at_once_is_the_newer_version(tmp_path: Path) -> None:
    """Two versions of a record within a second: the later one counts, and the earlier one's reject is released."""
    home = small_world(Home(tmp_path))
    server = Server(home)
    try:
        system = System(server, token(home, "weihai_hayc"))
        for premium in ("100.00", "三百元五", "300.00"):
            drop = system.call(
                "POST", "/drops/policy", POLICY + policy("V1", 11, "单位", premium), X_File_Name="v.csv"
            )[1]
            system.checked(drop["number"])
    finally:
        server.stop()
    home.build()
    assert home.rows("select premium_written from marts.fct_policy where policy_no = 'V1'") == [(Decimal("300.00"),)]
    assert home.rows("select distinct status from quality.quarantine where record_key = 'V1'") == [("released",)]


def test_the_same_content_from_several_connections_is_one_drop(counter: Server) -> None:
    system = System(counter, token(counter.home, "weihai_hayc"))
    body = POLICY + policy("SAME", 31, "单位", "100.00")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: system.call("POST", "/drops/policy", body, X_File_Name="same.csv"), range(6)))
    assert (
        sorted(status for status, _ in answers) == [200] * 5 + [201]
        and len({drop["number"] for _, drop in answers}) == 1
    )
    assert len(list(counter.home.settings.raw.rglob("same*.csv"))) == 1


def test_what_is_said_again_after_something_else_counts_again(counter: Server) -> None:
    """A, B, A of a declaration: the third is a drop of its own; A, A is one."""
    system = System(counter, token(counter.home, "weihai_lhcx"))

    def said(rows: int) -> tuple[int, str]:
        row = {"feed": "claim", "period": "2026-10", "covers_to": "2026-10-31", "rows": rows}
        status, drop = system.call("POST", "/declarations", json.dumps(row))
        return status, drop["number"]

    first, second, third = said(10), said(11), said(10)
    assert [status for status, _ in (first, second, third)] == [201] * 3 and len(
        {number for _, number in (first, second, third)}
    ) == 3
    assert said(10) == (200, third[1])
    assert system.checked(third[1])["accepted"] == 1
    for body in ("{}", "[{}]", '[{"subject_no": "\\ud800"}]', '{"\\ud800": 1}'):
        status, told = system.call("POST", "/answers", body)
        assert status == 400 and told["message"], body


def test_a_question_stays_until_an_answer_to_it_is_good(tmp_path: Path) -> None:
    home = small_world(Home(tmp_path))
    home.drop("weihai_hayc", "policy", "2023-12-06", "bad.csv", BAD)
    home.land()
    home.build().publish()
    server = Server(home)
    try:
        system = System(server, token(home, "weihai_hayc"))
        first, second = (row["subject_no"] for row in system.call("GET", "/questions")[1]["rejected"])
        other = System(server, token(home, "weihai_dfjc"))
        for sender, kind, subject in (
            (system, "胡说", first),
            (other, "不再补报", first),
            (system, "不再补报", second),
        ):
            drop = sender.call(
                "POST", "/answers", json.dumps({"subject_no": subject, "kind": kind, "answer_text": "x"})
            )[1]
            sender.checked(drop["number"])
        assert [row["subject_no"] for row in system.call("GET", "/questions")[1]["rejected"]] == [first]
        home.build().publish()
        rejected = system.call("GET", "/questions")[1]["rejected"]
        assert {row["feed"] for row in rejected if row["subject_no"] != first} == {"answer"}, "the bad answer itself"
        status = home.rows(
            "select distinct reject_no, status from quality.quarantine where feed = 'policy'", published=True
        )
        assert dict(status) == {first: "open", second: "closed"}
    finally:
        server.stop()


def test_damaged_records_harm_nobody_else(tmp_path: Path) -> None:
    """A truncated record, a lost raw file, lost or damaged findings, damaged tokens: told, looked at again, and the others go on."""
    home = small_world(Home(tmp_path))
    secret = token(home, "weihai_hayc")
    server = Server(home)
    system = System(server, secret)
    rows = {name: POLICY + policy(name, 20 + place, "单位", "一百元") for place, name in enumerate("ABCD")}
    drops = {
        name: system.call("POST", "/drops/policy", body, X_File_Name=f"{name}.csv")[1]["number"]
        for name, body in rows.items()
    }
    for number in drops.values():
        system.checked(number)
    with pytest.raises(desk.Busy):
        Desk(home.settings)
    server.stop()
    folder = home.path / "counter" / "drops" / "weihai_hayc"
    (folder / f"{'0' * 24}.json").write_text('{"number": "00')
    for name in "AB":
        record = json.loads((folder / f"{drops[name]}.json").read_text())
        (folder / f"{drops[name]}.json").write_text(json.dumps(record | {"state": "received"}))
    next(home.settings.raw.rglob("A.csv")).unlink()
    (folder / f"{drops['C']}.issues.parquet").unlink()
    (folder / f"{drops['D']}.issues.parquet").write_bytes(b"PAR1")
    server = Server(home)
    try:
        system = System(server, secret)
        assert system.checked(drops["A"])["state"] == "refused"
        assert system.checked(drops["B"])["quarantined"] == 1
        assert system.call("GET", "/drops")[1]["total"] == 5 and len(system.call("GET", "/drops")[1]["drops"]) == 4
        assert (
            system.checked(drops["C"])["quarantined"] == 1
            and system.call("GET", f"/drops/{drops['C']}/issues")[1]["total"] > 0
        )
        assert system.call("GET", f"/drops/{drops['D']}/issues")[0] == 503
        assert (
            system.checked(drops["D"])["quarantined"] == 1
            and system.call("GET", f"/drops/{drops['D']}/issues")[1]["total"] > 0
        )
        (home.path / "counter" / "tokens.json").write_text('[{"numb')
        status, told = system.call("GET", "/feeds")
        assert status == 503 and "令牌文件" in told["message"]
        assert home.anze("token", "list").returncode == 1
        assert "令牌文件" in home.anze("doctor").stdout.replace("\n", "")
    finally:
        server.stop()


def test_addresses_that_are_none_are_told_in_words(counter: Server) -> None:
    secret = token(counter.home, "weihai_hayc")
    cookie, form = signed_in(counter, secret)
    assert "没有这个地址" in counter.ask("GET", "/nothing")[2].decode()
    status, told = System(counter, secret).call("GET", "/nothing")
    assert status == 404 and "openapi.json" in told["message"]
    assert System(counter, secret).call("DELETE", "/feeds")[0] == 405
    kind, origin = "application/x-www-form-urlencoded", f"http://127.0.0.1:{counter.port}"
    assert counter.ask("POST", "/answer", "form=%C3%A9", Cookie=cookie, Content_Type=kind, Origin=origin)[0] == 403
    # Signed out, a copy of the cookie opens nothing.
    assert counter.ask("POST", "/sign-out", f"form={form}", Cookie=cookie, Content_Type=kind, Origin=origin)[0] == 303
    assert counter.ask("GET", "/counter", Cookie=cookie)[0] == 303


def test_guessing_is_slowed_and_hosts_are_checked(
    counter: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = small_world(Home(tmp_path))
    server = Server(home)
    try:
        secret = token(home, "weihai_hayc")
        answers = [System(server, f"anze_{number}").call("GET", "/feeds")[0] for number in range(14)]
        assert answers == [401] * guard.GUESSES + [429] * 4
        assert System(server, secret).call("GET", "/feeds")[0] == 200, "others behind the same address are not shut out"
        for host in ("evil.example", "localhost.evil.example", ""):
            assert server.ask("GET", "/sign-in", Host=host)[0] == 400
        status, headers, _ = server.ask("GET", "/sign-in")
        assert (
            status == 200
            and "default-src 'none'" in headers["content-security-policy"]
            and headers["x-frame-options"] == "DENY"
        )
        assert headers["cache-control"] == "no-store" and "server" not in headers
    finally:
        server.stop()


def signed_in(server: Server, secret: str) -> tuple[str, str]:
    """Cookie and form value of a person."""
    origin = f"http://127.0.0.1:{server.port}"
    status, headers, _ = server.ask(
        "POST", "/sign-in", f"token={secret}", Origin=origin, Content_Type="application/x-www-form-urlencoded"
    )
    assert (
        status == 303 and "HttpOnly" in headers["set-cookie"] and "samesite=strict" in headers["set-cookie"].lower()
    ), (status, headers)
    cookie = headers["set-cookie"].split(";")[0]
    page = server.ask("GET", "/counter", Cookie=cookie)[2].decode()
    return cookie, page.split('name="form" value="')[1].split('"')[0]


def test_forms_of_others_are_refused_and_markup_is_text(counter: Server) -> None:
    secret = token(counter.home, "weihai_hayc")
    cookie, form = signed_in(counter, secret)
    origin = f"http://127.0.0.1:{counter.port}"
    kind = "application/x-www-form-urlencoded"
    row = f"form={form}&subject_no=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&kind=%E8%AF%B4%E6%98%8E&answer_text=%3Cscript%3E"
    assert counter.ask("POST", "/answer?provider=weihai_hayc", row, Cookie=cookie, Content_Type=kind)[0] == 403, (
        "no origin"
    )
    assert counter.ask("POST", "/answer", row, Cookie=cookie, Content_Type=kind, Origin="http://evil.example")[0] == 403
    assert (
        counter.ask("POST", "/answer", row.replace(form, "0" * 64), Cookie=cookie, Content_Type=kind, Origin=origin)[0]
        == 403
    )
    assert counter.ask("POST", "/sign-in", f"token={secret}", Origin="http://evil.example", Content_Type=kind)[0] == 403
    assert counter.ask("GET", "/", Cookie=cookie + "x")[0] == 303, "a cookie made up is none"
    assert counter.ask("GET", "/api/v1/feeds", Cookie=cookie)[0] == 401, "a cookie authorises no call"
    status, headers, _ = counter.ask("POST", "/answer", row, Cookie=cookie, Content_Type=kind, Origin=origin)
    assert status == 303
    time.sleep(3)
    page = counter.ask("GET", headers["location"], Cookie=cookie)[2].decode()
    assert "<img src=x" not in page and "<script>" not in page
    # A system's drop with markup in it, seen by a person.
    drop = System(counter, secret).call(
        "POST", "/drops/policy", BAD.replace("C3", "C5"), X_File_Name="%3Cb%3Ex%3C%2Fb%3E.csv"
    )[1]
    System(counter, secret).checked(drop["number"])
    page = counter.ask("GET", f"/drops/{drop['number']}", Cookie=cookie)[2].decode()
    assert "<script>" not in page and "<b>x" not in page and "三百元五" in page and "下载更正工作簿" in page


def test_killed_at_any_moment_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    """kill -9 at random moments while files are handed in: every acknowledged drop lies whole in raw and is looked at by the next server."""
    home = small_world(Home(tmp_path))
    secret = token(home, "weihai_hayc")
    acknowledged: dict[str, bytes] = {}
    for turn in range(3):
        server = Server(home)
        system = System(server, secret)
        until = time.monotonic() + random.Random(turn).uniform(0.2, 2)
        serial = 0
        try:
            while time.monotonic() < until:
                serial += 1
                body = (POLICY + policy(f"K{turn}-{serial}", 20 + serial, "某单位", "10.00")).encode()
                status, drop = system.call("POST", "/drops/policy", body, X_File_Name=f"k{turn}_{serial}.csv")
                assert status == 201
                acknowledged[drop["number"]] = body
        finally:
            server.kill()
    assert acknowledged
    server = Server(home)
    try:
        system = System(server, secret)
        for number, body in acknowledged.items():
            found = system.checked(number)
            assert found["state"] == "checked" and found["accepted"] == 1
            assert body in {path.read_bytes() for path in home.settings.raw.rglob(found["file_name"])}
    finally:
        server.stop()
