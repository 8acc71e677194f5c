"""The check-up: what stops work, and what somebody should only know."""

from __future__ import annotations

from datetime import date

import pytest
from conftest import Home

from pipelines.documents import charts
from pipelines.ingest.manifest import find_drops
from pipelines.night import doctor
from pipelines.night.incident import record


def named(home: Home, title: str) -> doctor.Finding:
    return next(finding for finding in doctor.examine(home.settings) if finding.title == title)


def test_boxes_instead_of_characters_are_noticed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A font that claims to be there but draws the same box for every character."""
    monkeypatch.setattr(charts, "chinese_font", lambda: "Some Font")
    monkeypatch.setattr(charts, "png", lambda chart: b"box")
    found = named(home, "中文字体")
    assert found.state == "提示" and "fonts-noto-cjk" in found.detail
    monkeypatch.setattr(charts, "png", lambda chart: chart["mark"]["text"].encode())
    assert named(home, "中文字体").state == "正常"


def test_an_upload_that_stopped_half_way_is_shown_after_a_day(home: Home) -> None:
    stopped = home.drop("weihai_hayc", "policy", "2023-02-01", "一月.csv.filepart", "保单号")
    assert {drop.provider for drop in find_drops(home.settings.raw)} == {"_reference"}
    found = named(home, "上传")
    assert found.state == "提示" and "weihai_hayc/policy/2023-02-01/一月.csv.filepart" in found.detail
    stopped.touch()
    assert named(home, "上传").state == "正常"


def test_the_calendar_must_cover_the_year_and_in_december_the_next(home: Home) -> None:
    until = doctor.announced_until().year
    assert doctor._calendar(home.settings, date(until, 11, 30)).state == "正常"
    assert doctor._calendar(home.settings, date(until, 12, 1)).state == "提示"
    assert "节假日安排的改正" in doctor._calendar(home.settings, date(until + 1, 1, 1)).detail


def test_an_incident_is_shown_until_the_next_publication(home: Home) -> None:
    assert named(home, "最近一晚").state == "正常"
    note = record(home.settings, "dbt", "转换", "磁盘已满", "run-1", [])
    assert named(home, "最近一晚").state == "提示" and str(note) in named(home, "最近一晚").detail
    text = note.read_text(encoding="utf-8")
    assert "磁盘已满" in text and "还没有任何发布" in text and "last_run.log" in text


def test_a_webhook_that_is_down_makes_nothing_worse(home: Home) -> None:
    settings = home.settings.model_copy(update={"webhook_url": "http://127.0.0.1:9/"})
    assert "通知未送达" in record(settings, "dbt", "转换", "x", "run-1", []).read_text(encoding="utf-8")
