"""Who owes what: owners, the check list, narrative parts, hostile texts, the calendar, reminders, filings of before."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import docx
import jsonschema
import pytest
from conftest import Home
from docx.oxml import OxmlElement
from python_calamine import CalamineWorkbook
from returns import filed, made, owed, small_world, text_of

from pipelines.night.past_day import warehouse_at
from pipelines.night.reminder import calendar_on, outstanding, remind
from pipelines.report import filing

HOSTILE = "控制\x01字符\x1b[31m与\ufffe\x00 **重点** <w:p/> {{ x }} 😀 =cmd|'/c calc'!A1"
V1 = Path(__file__).parent / "cases" / "filing_v1"


@pytest.fixture
def small(home: Home) -> Home:
    return small_world(home)


def test_each_department_and_area_owes_its_own(dirty_world: Home) -> None:
    for city, year, owners in (("weihai", 2023, 12), ("shanghai", 2025, 5)):
        out = dirty_world.path / "all" / city
        done = dirty_world.anze("report", str(year), "--jurisdiction", city, "--all", "--out", str(out))
        assert done.returncode == 0, done.stderr
        made_of = sorted(path.parent.name for path in out.glob("*/annual_return.docx"))
        assert len(made_of) == owners and city in made_of
    assert dirty_world.anze("report", "2025", "--for", "weihai_hayc").returncode == 2, "an insurer owes none"
    assert "应报的单位" in dirty_world.anze("report", "2025", "--for", "nobody").stderr
    # Options that do not go together, a day that has not come, a place that cannot be written: in words, nothing done.
    own = ("report", "2025", "--for", "weihai_371002")
    for arguments in (
        ("report", "2025"), (*own, "--jurisdiction", "weihai"), (*own, "--all"), (*own, "--file", "--out", "x"), (*own, "--as-of", "2099-01-01"),
        (*own, "--incomplete", "x"), (*own, "--reproduce", "x"), (*own, "--seal", "/nope.docx"), (*own, "--narrative", "会议", "x.md", "--file"),
    ):  # fmt: skip
        done = dirty_world.anze(*arguments)
        assert done.returncode == 2 and "Traceback" not in done.stderr, (arguments, done.stderr)
    done = dirty_world.anze(*own, "--out", "/proc/x")
    assert done.returncode == 1 and "写不了" in done.stderr and "Traceback" not in done.stderr


def test_what_is_open_is_shown_and_needs_a_reason(small: Home) -> None:
    small.build().publish()
    arguments = ("report", "2023", "--for", "weihai_371002", "--file")
    stopped = small.anze(*arguments)
    assert (
        stopped.returncode == 3
        and "缺项" in stopped.stderr
        and "下步打算" in stopped.stderr
        and "--incomplete" in stopped.stderr
    )
    assert not filing.filings(small.settings)
    done = small.anze(*arguments, "--incomplete", "材料另行补报")
    assert done.returncode == 0 and "已封存 weihai_371002-2023-01" in done.stdout, done.stderr
    again = small.anze(*arguments, "--incomplete", "材料另行补报")
    assert again.returncode == 0 and "沿用 weihai_371002-2023-01" in again.stdout
    (one,) = filing.filings(small.settings)
    assert one.incomplete == "材料另行补报" and one.owner == "weihai_371002"
    folder = filing.folder(small.settings, "weihai", 2023) / one.number
    about = CalamineWorkbook.from_path(folder / "annual_return.xlsx").get_sheet_by_name("元数据").to_python()
    assert ["有未决事项而仍然封存", "材料另行补报"] in about
    assert "材料另行补报" not in text_of(folder / "annual_return.docx")


def test_figures_that_moved_much_are_named(dirty_world: Home, tmp_path: Path) -> None:
    report, _ = made(dirty_world.settings, "shanghai_dept_transport", 2025, "", tmp_path)
    with_year = {
        figure.key: figure
        for figure in filing.make(
            dirty_world.settings, warehouse_at, owed(dirty_world.settings, "shanghai_dept_transport", 2024), 2024, ""
        ).figures
    }
    expected = {
        figure.title
        for figure in report.figures
        if figure.is_main and figure.value is not None and figure.key in with_year
        and (old := with_year[figure.key].value) and abs(figure.value - old) / abs(old) > 0.3
    }  # fmt: skip
    said = {check.text.split("：2024 年")[0] for check in report.checks if check.kind == "变化较大"}
    assert said == expected and expected


def test_a_narrative_part_becomes_a_drop_of_its_sender(small: Home, tmp_path: Path) -> None:
    source = tmp_path / "打算.md"
    source.write_text(
        "# 下一年打算\n\n1. 核对名录\n2. 清零**应保未保**\n\n| 月 | 事 |\n|---|---|\n| 三月 | 检查 |\n",
        encoding="utf-8",
    )
    for _ in range(2):
        done = small.anze("report", "2023", "--for", "威海市环翠区应急管理局", "--narrative", "下步打算", str(source))
        assert done.returncode == 0 and "已收下" in done.stdout, done.stderr
    document = docx.Document()
    document.add_heading("一起典型案例", 1)
    document.add_paragraph("某企业<整改>。")
    document.add_table(1, 2).rows[0].cells[0].text = "表"
    document.save(str(tmp_path / "案例.docx"))
    assert (
        small.anze(
            "report", "2023", "--for", "weihai_371002", "--narrative", "典型案例", str(tmp_path / "案例.docx")
        ).returncode
        == 0
    )
    small.build().publish()
    assert small.rows("select kind, count(*) from marts.fct_document where provider = 'weihai_371002' group by all order by all", published=True) == [
        ("下步打算", 1), ("典型案例", 1)
    ]  # fmt: skip
    _, paths = made(small.settings, "weihai_371002", 2023, "", tmp_path / "out")
    text = text_of(paths["docx"])
    assert (
        "1．核对名录" in text
        and "2．清零应保未保" in text
        and "三月　检查" in text
        and "某企业<整改>。" in text
        and "**" not in text
    )
    for kind, name, said in (("打算", source, "没有文字材料类别"), ("下步打算", tmp_path / "没有.md", "没有文件")):
        refused = small.anze("report", "2023", "--for", "weihai_371002", "--narrative", kind, str(name))
        assert refused.returncode == 2 and said in refused.stderr
    (tmp_path / "坏.docx").write_bytes(b"PK\x03\x04")
    (tmp_path / "空.md").write_text(" \n")
    (tmp_path / "题.md").write_text("# 只有标题\n")
    tracked = docx.Document()
    tracked.add_paragraph("计划")._p.append(OxmlElement("w:ins"))
    tracked.save(str(tmp_path / "修订.docx"))
    for name, said in (
        ("坏.docx", "不是完好的"),
        ("空.md", "没有文字"),
        ("题.md", "只有标题"),
        ("修订.docx", "修订标记"),
    ):
        refused = small.anze(
            "report", "2023", "--for", "weihai_371002", "--narrative", "下步打算", str(tmp_path / name)
        )
        assert refused.returncode == 1 and said in refused.stderr


def test_hostile_texts_end_in_documents_that_open(small: Home, tmp_path: Path) -> None:
    """A control character, ten thousand characters, Markdown, an emoji, markup: in a document's text and title; Word's reader and LibreOffice
    open what comes of it."""
    long = "很长" * 5_000
    rows = "".join(
        f'X{number},{kind},"{title}",甲,2023-11-19,2023,"{text}"\n'
        for number, (kind, title, text) in enumerate(
            [
                ("典型案例", HOSTILE.replace("\x00", ""), long),
                ("下步打算", "打算", HOSTILE.replace("\x00", "")),
                ("问题建议", "x" * 300, "- a\n- b\n\n```\n<b>\n```"),
            ]
        )
    )
    small.drop(
        "weihai_371002",
        "document",
        "2023-11-20",
        "h.csv",
        "文件编号,文件类别,标题,发文单位,文件日期,年度,正文\n" + rows,
    )
    small.land()
    for key in ("weihai_371002", "weihai"):
        _, paths = made(small.settings, key, 2023, "2023-12-10", tmp_path / key)
        text = text_of(paths["docx"])
        assert long in text and "😀" in text and "\x01" not in text and "\x1b" not in text
        sheet = CalamineWorkbook.from_path(paths["xlsx"]).get_sheet_by_name("文字材料").to_python()
        assert any(long in str(cell) for line in sheet for cell in line)
        if office := shutil.which("soffice"):
            done = subprocess.run(
                [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/office", "--convert-to", "pdf", "--outdir", str(tmp_path), str(paths["docx"])],
                capture_output=True, check=False, timeout=300,
            )  # fmt: skip
            assert done.returncode == 0 and (tmp_path / "annual_return.pdf").stat().st_size > 10_000, done.stderr
            (tmp_path / "annual_return.pdf").unlink()


def test_a_document_edited_by_hand_is_not_written_over(small: Home) -> None:
    small.build().publish()
    arguments = ("report", "2023", "--for", "weihai_371002", "--out", str(small.path / "out"))
    assert small.anze(*arguments).returncode == 0 and small.anze(*arguments).returncode == 0
    path = small.path / "out" / "annual_return.docx"
    document = docx.Document(str(path))
    document.add_paragraph("人写的话")
    document.save(str(path))
    done = small.anze(*arguments)
    assert (
        done.returncode == 0 and "人写的话" in text_of(path) and (small.path / "out_v2" / "annual_return.docx").exists()
    )


def test_where_each_return_stands(dirty_world: Home, tmp_path: Path) -> None:
    """Owed, drafted, filed, received, late: per owner, now and in the next publication; a duty of one year stands in that year alone."""
    home = dirty_world
    assert (
        home.anze("report", "2026", "--for", "shanghai_dept_fishery", "--out", str(tmp_path / "draft")).returncode == 0
    )
    filed(home.settings, "shanghai_dept_transport", 2026, "")
    today = date(2026, 11, 20)
    rows = {
        (row["provider"], row["stat_year"], row["obligation_code"]): row
        for row in calendar_on(home.settings, today).to_dicts()
    }
    assert rows["shanghai_dept_fishery", 2026, "annual_return"]["state"] == "已起草"
    transport = rows["shanghai_dept_transport", 2026, "annual_return"]
    assert transport["state"] == "已封存" and transport["filing_number"].startswith("shanghai_dept_transport-2026-")
    assert rows["shanghai_dept_construction", 2026, "annual_return"]["state"] == "应报"
    assert {row["state"] for row in rows.values()} >= {"应报", "已起草", "已封存", "已收到", "迟报"}
    assert {year for _, year, code in rows if code == "area_plan"} == {2023}
    later = {
        (row["provider"], row["stat_year"]): row["state"]
        for row in calendar_on(home.settings, date(2026, 12, 11)).to_dicts()
        if row["obligation_code"] == "annual_return"
    }
    assert later["shanghai_dept_construction", 2026] == "逾期"
    due = outstanding(calendar_on(home.settings, today), today, 21)
    assert due.height and set(due.filter(stat_year=2026)["due_date"].unique()) == {
        date(2026, 11, 30),
        date(2026, 12, 10),
    }
    told = home.anze("status", "--due", "21", "--today", "2026-11-20", "--json")
    assert told.returncode == 0 and {row["provider"] for row in json.loads(told.stdout)} == set(due["provider"])
    shown = home.anze("status", "--due", "21", "--today", "2026-11-20")
    assert "上海市农业农村委员会" in shown.stdout and "还有 20 天" in shown.stdout and "已起草" in shown.stdout


class _Listener(BaseHTTPRequestHandler):
    heard: list[dict[str, object]] = []  # noqa: RUF012 - the class is the server's memory

    def do_POST(self) -> None:
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, object]]]:
    server = HTTPServer(("127.0.0.1", 0), _Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("ANZE_WEBHOOK_URL", f"http://127.0.0.1:{server.server_port}/")
    _Listener.heard.clear()
    yield _Listener.heard
    server.shutdown()


def test_reminded_three_weeks_one_week_and_a_day_before_once_each(
    dirty_world: Home, webhook: list[dict[str, object]]
) -> None:
    from pipelines.settings import use_home

    (dirty_world.path / "shared" / "reminded.json").unlink(missing_ok=True)
    settings = use_home(dirty_world.path)
    told = {day: remind(settings, date(2026, 11, day)) for day in (8, 9, 10, 19, 22, 23, 23, 28, 29, 30)}
    # Weihai's 30 November: three weeks before is the 9th, a week the 23rd, a day the 29th; Shanghai's 10 December: the 19th.
    assert [day for day, lines in told.items() if lines] == [9, 19, 29]
    assert len(webhook) == 4, "the 23rd was told once, and asked for twice"
    assert "尚未收到 11 家" in told[9][0] and "还有 21 天" in told[9][0] and "上海市交通委员会" in told[19][0]
    # The night before a deadline did not run at all: the nearest step is made up for, once.
    (dirty_world.path / "shared" / "reminded.json").unlink()
    assert remind(settings, date(2026, 11, 27)) and not remind(settings, date(2026, 11, 28))
    (dirty_world.path / "shared" / "reminded.json").unlink()


def test_a_filing_of_before_says_why_it_is_not_the_same(small: Home) -> None:
    """Frozen by the program before returns had owners: read, numbered on, and held against the present figure by figure."""
    target = small.path / "filings" / "weihai" / "2023" / "weihai-2023-01"
    shutil.copytree(V1, target)
    (one,) = filing.filings(small.settings)
    assert one.key == "weihai" and not one.sealed
    again = filing.reproduce(small.settings, warehouse_at, one.number)
    assert not any(again.same.values()) and not again.figures
    assert "与现在的" in again.why and "各项数值逐项相同" in again.why
    done = small.anze("report", "2023", "--reproduce", one.number)
    assert done.returncode == 1 and "各项数值逐项相同" in done.stderr
    second = filed(small.settings, "weihai", 2023, "2023-12-10")
    assert second.number == "weihai-2023-02" and second.previous == one.number
    # A figure that had been another: it is named.
    path = target / "annual_return.json"
    then = json.loads(path.read_text(encoding="utf-8"))
    next(figure for figure in then["figures"] if figure["metric"] == "premium_received")["numerator"] = "1.00"
    path.write_text(json.dumps(then), encoding="utf-8")
    assert len(filing.reproduce(small.settings, warehouse_at, one.number).figures) == 1


def test_the_published_schema_fits_every_return(dirty_world: Home, tmp_path: Path) -> None:
    for key in ("weihai", "weihai_371002", "shanghai_dept_transport"):
        _, paths = made(dirty_world.settings, key, 2023, "", tmp_path / key)
        schema = json.loads((tmp_path / key / "annual_return.schema.json").read_text(encoding="utf-8"))
        jsonschema.validate(json.loads(paths["json"].read_text(encoding="utf-8")), schema)
