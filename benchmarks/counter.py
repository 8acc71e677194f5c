"""The counter under load and under kill -9: `python benchmarks/counter.py [SENDERS] [KILLS]` (make counter-load).

Fifty senders hand in files of 2 MB at the same moment, once alone and once while a night computes, whose publication must be that of a night
by itself; then the server is killed at random moments while files come in. Prints how long receipts took, whether any file was lost, and how
long the night took. What does not belong here:
tests of what the counter answers (tests/counter, tests/e2e).
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from pipelines.ingest.landing import reference_of
from pipelines.settings import BUNDLED, settings

ANZE = Path(sys.executable).with_name("anze")
POLICY = (
    "保单号,保险机构,被保险人统一社会信用代码,被保险人名称,所在区市,行业领域,险种,签单日期,保险起期,保险止期,签单保费,实收保费,投保人数,每人责任限额,"
    "累计责任限额,事故预防服务费占比,事故预防服务项目,事故预防服务频次,服务形式,保单状态\n"
)
POLICY_ROW = "{no},{insurer},91371000MA0000000X,某某化工有限公司,{district},危险化学品,安责险,2026-01-01,2026-01-01,2027-01-01,100.00,100.00,10,400000,4000000,20%,隐患排查,1,线下,有效\n"
CLAIM = "赔案号,保单号,被保险人统一社会信用代码,出险时间,报案时间,估损金额,累计已付赔款,案件状态\n"
CLAIM_ROW = "{no},P{no},91371000MA0000000X,2026-05-01,2026-05-02,1000.00,0,处理中\n"
UNIT = "统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期\n"
UNIT_ROW = "91371000MA{serial:07d}X,某某化工有限公司{no},{district},{industry},是,存续,2020-01-01\n"
SIZE = 2 << 20


@dataclass(frozen=True)
class Sender:
    """Who hands in, what: a feed, its header and a row of it."""

    provider: str
    secret: str
    feed: str
    head: str
    row: str

    def content(self, label: str, size: int = SIZE) -> bytes:
        """A file of that many bytes whose rows nobody else sends."""
        count = size // len(self.row.format(no=label, serial=0).encode())
        return (
            self.head + "".join(self.row.format(no=f"{label}-{place}", serial=place) for place in range(count))
        ).encode()


def senders_of(home: Path, count: int) -> list[Sender]:
    """So many senders, no two of them of the same provider and feed."""
    reference = reference_of(settings(home))
    found = []
    for one in reference.providers().values():
        district = one.district_code or next(iter(reference.districts_of(str(one.jurisdiction))), "")
        words = {"insurer": one.insurer_code or "", "district": district, "industry": one.industry_code or "危险化学品"}
        for feed, kinds, head, row in (
            ("policy", ("insurer",), POLICY, POLICY_ROW), ("claim", ("insurer",), CLAIM, CLAIM_ROW),
            ("enterprise", ("district_bureau", "industry_department", "city_bureau"), UNIT, UNIT_ROW),
        ):  # fmt: skip
            if one.kind in kinds:
                filled = row
                for name, value in words.items():
                    filled = filled.replace(f"{{{name}}}", value)
                found.append((one.provider, feed, head, filled))
    if len(found) < count:
        raise SystemExit(f"只有 {len(found)} 个报送单位和报送表")
    found = sorted(found, key=lambda one: one[1] == "claim")[:count]
    made = [
        subprocess.run([ANZE, "token", "create", one[0], "--home", home], capture_output=True, text=True, check=True)
        for one in found
    ]
    return [
        Sender(provider, done.stdout.split()[-1], *rest) for (provider, *rest), done in zip(found, made, strict=True)
    ]


class Counter:
    """A server of a home."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.process = subprocess.Popen(
            [ANZE, "counter", "--home", home, "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        while True:
            try:
                self.ask("GET", "/sign-in", "")
                return
            except OSError:
                time.sleep(0.1)

    def ask(self, method: str, path: str, secret: str, body: bytes | None = None, name: str = "") -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {secret}", "X-File-Name": name})
            answer = connection.getresponse()
            text = answer.read()
            return json.loads(text) if "json" in answer.headers.get("content-type", "") else text
        finally:
            connection.close()

    def end(self, how: int) -> None:
        os.killpg(self.process.pid, how)
        self.process.wait()


def handed_in(counter: Counter, sender: Sender, label: str, begun: threading.Barrier) -> float:
    """Seconds from the first byte to a receipt that says what is right and wrong."""
    body = sender.content(label)
    begun.wait()
    start = time.perf_counter()
    drop = counter.ask("POST", f"/api/v1/drops/{sender.feed}", sender.secret, body, f"{label}.csv")
    while drop["state"] in ("received", "readable"):
        time.sleep(0.25)
        drop = counter.ask("GET", f"/api/v1/drops/{drop['number']}", sender.secret)
    assert drop["rows_in"] == body.count(b"\n") - 1, drop
    return time.perf_counter() - start


def crowd(counter: Counter, senders: list[Sender], label: str) -> list[float]:
    begun = threading.Barrier(len(senders))
    with ThreadPoolExecutor(len(senders)) as pool:
        return list(
            pool.map(lambda place: handed_in(counter, senders[place], f"{label}{place}", begun), range(len(senders)))
        )


def night(home: Path) -> float:
    start = time.perf_counter()
    subprocess.run([ANZE, "nightly", "--home", home], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def published(home: Path) -> list[tuple[Any, ...]]:
    """What the marts of a publication hold, a digest for each."""
    with duckdb.connect(str(home / "warehouse" / "anze.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_schema = 'marts' order by 1"
        ).fetchall()
        return [
            (name, *connection.execute(f"select count(*), bit_xor(hash(t)) from {name} as t").fetchall()[0])
            for (name,) in tables
        ]


def killed(home: Path, senders: list[Sender], kills: int) -> tuple[int, int]:
    """Files acknowledged before kill -9 at random moments, and those of them that are not there whole afterwards."""
    acknowledged: dict[str, tuple[Sender, bytes]] = {}
    for turn in range(kills):
        counter = Counter(home)
        stop = threading.Event()

        def send(sender: Sender, counter: Counter = counter, stop: threading.Event = stop, turn: int = turn) -> None:
            serial = 0
            while not stop.is_set():
                serial += 1
                label = f"k{turn}_{sender.provider}_{serial}"
                body = sender.content(label, 200_000)
                try:
                    drop = counter.ask("POST", f"/api/v1/drops/{sender.feed}", sender.secret, body, f"{label}.csv")
                except (OSError, http.client.HTTPException, ValueError):
                    return
                if "number" in drop:
                    acknowledged[drop["number"]] = sender, body

        threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
        for thread in threads:
            thread.start()
        time.sleep(random.Random(turn).uniform(0.3, 4))
        counter.end(signal.SIGKILL)
        stop.set()
        for thread in threads:
            thread.join()
    counter = Counter(home)
    whole = {path.read_bytes() for path in (home / "raw").rglob("k*.csv")}
    lost = 0
    for number, (sender, body) in acknowledged.items():
        drop: dict[str, Any] = {"state": "received"}
        while drop["state"] in ("received", "readable"):
            time.sleep(0.2)
            drop = counter.ask("GET", f"/api/v1/drops/{number}", sender.secret)
        lost += body not in whole or drop.get("rows_in") != body.count(b"\n") - 1
    counter.end(signal.SIGTERM)
    return len(acknowledged), lost


def main() -> None:
    count, kills = [int(text) for text in sys.argv[1:3]] + [50, 20][len(sys.argv[1:3]) :]
    console = Console()
    work = Path(__file__).parent / ".work"
    work.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="counter_", dir=work))
    try:
        for name in ("alone", "beside"):
            shutil.copytree(BUNDLED.parent, home / name / "raw")
        alone = night(home / "alone")
        beside = home / "beside"
        senders = senders_of(beside, count)
        counter = Counter(beside)
        seconds: dict[str, float] = {}
        thread = threading.Thread(target=lambda: seconds.update(night=night(beside)))
        thread.start()
        while not (beside / "landing" / "files.parquet").exists():  # what comes from here on is the next night's
            time.sleep(0.1)
        busy = crowd(counter, senders, "a")
        thread.join()
        same = published(home / "alone") == published(beside)
        quiet = crowd(counter, senders, "b")
        counter.end(signal.SIGTERM)
        kept = {path.read_bytes() for path in (beside / "raw").rglob("*.csv")}
        lost = sum(
            sender.content(f"{label}{place}") not in kept for label in "ab" for place, sender in enumerate(senders)
        )
        table = Table(title=f"{count} 个报送单位同时各报 2 MB（{os.cpu_count()} 核）", title_justify="left")
        for heading in ("", "中位秒", "最慢秒"):
            table.add_column(heading, justify="right")
        for name, taken in (("窗口独自", quiet), ("夜间作业同时", busy)):
            table.add_row(name, f"{statistics.median(taken):.1f}", f"{max(taken):.1f}")
        console.print(table)
        console.print(
            f"丢失 {lost} 份；夜间作业独自 {alone:.0f} 秒，与报送同时 {seconds['night']:.0f} 秒，发布的内容{'相同' if same else '不同'}"
        )
        acknowledged, missing = killed(beside, senders[:4], kills)
        console.print(f"kill -9 {kills} 次：已确认 {acknowledged} 份，缺失或不完整 {missing} 份")
        if lost or missing or not same:
            raise SystemExit(1)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
