"""The statutory return: what it says, its form, freezing, making it again."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import docx
import duckdb
import pytest
from conftest import Home
from python_calamine import CalamineWorkbook
from returns import POLICY, filed, made, owed, policy, small_world, text_of

from pipelines.ingest.landing import forget
from pipelines.night.past_day import warehouse_at
from pipelines.report import filing
from pipelines.report.annual import NoSuchReturn, collect
from pipelines.report.contents import Return
from pipelines.report.deadlines import deadlines


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return small_world(Home(tmp_path_factory.mktemp("small")))


def later_drops(home: Home) -> None:
    """What came after the return was due: a policy of that year, and a correction."""
    home.drop(
        "weihai_hayc", "policy", "2024-01-05", "b.csv", POLICY + policy("P2", 2, "迟到企业", "50.00", "2023-03-01")
    )
    home.drop("weihai_hayc", "policy", "2024-01-06", "c.csv", POLICY + policy("P1", 1, "更名企业", "99999.00"))
    home.land()


def test_the_same_before_and_after_later_drops(small: Home, tmp_path: Path) -> None:
    _, before = made(small.settings, "weihai", 2023, "2023-12-10", tmp_path / "before")
    later_drops(small)
    # The cached warehouse of the day must not be what makes them equal.
    for path in (small.settings.warehouse / "as_of").iterdir():
        path.unlink()
    _, after = made(small.settings, "weihai", 2023, "2023-12-10", tmp_path / "after")
    assert {name: path.read_bytes() for name, path in before.items()} == {
        name: path.read_bytes() for name, path in after.items()
    }
    later, _ = made(small.settings, "weihai", 2023, "2024-01-31", tmp_path / "later")
    assert next(figure for figure in later.figures if figure.metric == "policies").shown == "2 张"


def test_what_word_says(small: Home, tmp_path: Path) -> None:
    report, paths = made(small.settings, "weihai", 2023, "2023-12-10", tmp_path)
    text = text_of(paths["docx"])
    # The title cites the notice; book marks within book marks are single.
    assert report.title == (
        "《关于印发〈威海市积极开展风险减量服务进一步加强和改进安全生产责任保险事故预防工作方案〉的通知》（威应急发〔2023〕11号）2023年落实情况的汇总报告"
    )
    assert report.title in text.replace("\n", "")
    # 12 345.00 yuan = 1.2345 → 1.23 万元; nobody is on the roster: x/0 is a dash.
    assert "保费金额（实收）：1.23万元" in text and "参保率。—（分母为零，不能计算）" in text
    assert "服务覆盖率。0.00%（0家÷1家）" in text and "服务覆盖率目标为100.00%" in text
    # Markup of another kind is text, never template or field; Markdown's marks are taken away.
    assert "第二段 & 完 {{ 7*7 }} <b> 重点" in text and "标题" in text and "# 标题" not in text
    assert "未收到下步打算类文件，本部分缺" in text and "下步打算：未收到下步打算类文件" in report.missing
    # Who has not sent a part is named; every area owed one.
    assert "应报11家，已报0家；尚未报送11家：" in text and "威海市环翠区应急管理局" in text
    for title in (
        "一、各单位报送情况",
        "二、工作目标完成情况",
        "三、三个阶段工作进展",
        "四、投保、服务和费用管理情况",
        "五、问题清单",
        "六、典型经验做法",
        "七、下步打算",
        "八、数据口径和完整性说明",
    ):
        assert title in text


def test_nothing_of_the_machine_is_in_what_is_sent(small: Home, tmp_path: Path) -> None:
    """Draft marks, hashes, numbers of records and files stand in the workbook and the JSON, not in the document."""
    report, paths = made(small.settings, "weihai", 2023, "2023-12-10", tmp_path)
    with zipfile.ZipFile(paths["docx"]) as archive:
        whole = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith((".xml", ".rels")))
    for word in ("草稿", report.inputs_hash, "数据指纹", "报送编号", "a.csv", "weihai_hayc", "anze"):
        assert word not in whole, word
    about = CalamineWorkbook.from_path(paths["xlsx"]).get_sheet_by_name("元数据").to_python()
    assert ["报送编号", "草稿（未封存）"] in about and ["数据指纹", report.inputs_hash] in about
    assert any(row[0] == "缺项" for row in about)


def test_form_of_an_official_document(small: Home, tmp_path: Path) -> None:
    _, paths = made(small.settings, "weihai", 2023, "2023-12-10", tmp_path)
    with zipfile.ZipFile(paths["docx"]) as archive:
        body, fonts = archive.read("word/document.xml").decode(), archive.read("word/fontTable.xml").decode()
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    # Signature and date keep with what stands before them; a paragraph's properties stand in the order of the schema.
    assert body.count("<w:keepNext/>") > 10 and body.index("威海市应急管理局</w:t>") > 0
    for font in ("方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"):
        assert f'w:eastAsia="{font}"' in body and f'<w:font w:name="{font}"><w:altName' in fonts
    # 28-point lines, 22 lines a page, two characters in, signature four from the right, A4 margins 37/35/28/26 mm.
    assert 'w:line="560"' in body and 'w:lineRule="exact"' in body and 'w:linePitch="579"' in body
    assert 'w:firstLineChars="200"' in body and 'w:rightChars="400"' in body
    section = docx.Document(str(paths["docx"])).sections[0]
    assert [
        round(edge.mm)
        for edge in (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
        if edge
    ] == [37, 35, 28, 26]
    assert section.footer.paragraphs[0].text.startswith("— ") and section.even_page_footer.paragraphs[
        0
    ].text.startswith("— ")


def test_the_workbook(small: Home, tmp_path: Path) -> None:
    _, paths = made(small.settings, "weihai", 2023, "2023-12-10", tmp_path)
    book = CalamineWorkbook.from_path(paths["xlsx"])
    assert {
        "统计事项",
        "年度报送汇编表",
        "部分与合计对照表",
        "1 服务覆盖率",
        "2 参保率",
        "分行业统计表",
        "分区市统计表",
        "保险机构统计表",
        "行业投保企业清单",
        "辖区投保企业清单",
        "问题清单",
        "文字材料",
        "元数据",
    } <= set(book.sheet_names)
    items = {row[1]: row for row in book.get_sheet_by_name("统计事项").to_python()[3:] if row[1]}
    assert (
        items["保费金额（实收）"][2:4] == [1.23, "万元"] and items["参保率"][2] == "—" and items["服务覆盖率"][2] == 0.0
    )
    notes = [str(row[0]) for row in book.get_sheet_by_name("分区市统计表").to_python() if str(row[0]).startswith("注")]
    assert any("取数时点为2023年12月10日" in note for note in notes) and any("已决＋未决" in note for note in notes)
    listed = book.get_sheet_by_name("行业投保企业清单").to_python()
    assert listed[3][2].startswith("'+cmd")
    with zipfile.ZipFile(paths["xlsx"]) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert not any("<f>" in sheet for sheet in sheets)
    assert all(
        'state="frozen"' in sheet and 'orientation="landscape"' in sheet and "fitToPage" in sheet for sheet in sheets
    )


def test_json_holds_to_its_schema(small: Home, tmp_path: Path) -> None:
    report, paths = made(small.settings, "weihai", 2023, "2023-12-10", tmp_path)
    content = json.loads(paths["json"].read_text(encoding="utf-8"))
    schema = json.loads((tmp_path / "annual_return.schema.json").read_text(encoding="utf-8"))
    assert set(schema["required"]) <= set(content) and schema["title"] == "Return"
    assert Return.model_validate(content).figures == report.figures


def test_filed_numbered_compared_and_made_again(small: Home, tmp_path: Path) -> None:
    later_drops(small)
    first = filed(small.settings, "weihai", 2023, "2023-12-10")
    second = filed(small.settings, "weihai", 2023, "2024-01-31")
    assert (first.number, second.number, second.previous) == ("weihai-2023-01", "weihai-2023-02", "weihai-2023-01")
    folder = filing.folder(small.settings, "weihai", 2023) / second.number
    report = Return.model_validate_json((folder / "annual_return.json").read_text(encoding="utf-8"))
    premium = next(revision for revision in report.revisions if revision.name == "保费金额（实收）")
    # 99 999.00 + 50.00 after 12 345.00: one policy corrected, one new.
    assert (premium.before, premium.after, premium.change) == ("1.23 万元", "10.00 万元", "8.77 万元")
    assert premium.causes == ["更正保单1项", "新增保单1项"]
    assert premium.records == ["更正保单1项，如P1", "新增保单1项，如P2"]
    vintages = next(table for table in report.tables if table.code == "vintages")
    assert [column.title for column in vintages.columns][2:] == ["weihai-2023-01（2023-12-10）", "本次（2024-01-31）"]
    for number in (first.number, second.number):
        again = filing.reproduce(small.settings, warehouse_at, number)
        assert set(again.same.values()) == {True} and not again.why and not again.figures
    assert {path.stat().st_mode & 0o222 for path in folder.iterdir()} == {0}
    text = text_of(folder / "annual_return.docx")
    assert (
        "与上一次报送（取数时点2023年12月10日）相比：" in text
        and "保费金额（实收）由1.23万元变为10.00万元" in text
        and "P2" not in text
    )
    # A raw file that was known then and is gone now: say so, and make nothing up.
    with pytest.raises(filing.NotReproduced, match="没有报送编号"):
        filing.reproduce(small.settings, warehouse_at, "weihai-2023-09")
    gone = small.settings.raw / "weihai_hayc/policy/2023-12-05/a.csv"
    content = gone.read_bytes()
    gone.unlink()
    small.land()
    assert filing.reproduce(small.settings, warehouse_at, first.number).same, "its rows stay until somebody decides"
    assert forget(small.settings, "weihai_hayc/policy/2023-12-05/a.csv")
    small.land()
    with pytest.raises(filing.NotReproduced, match="与封存时不同"):
        filing.reproduce(small.settings, warehouse_at, first.number)
    gone.write_bytes(content)
    small.land()

    # Both stand beside each other in the published warehouse.
    small.build().publish()
    rows = small.rows(
        "select number, as_of::varchar, owner, shown from meta.filed_statistics where metric = 'premium_received' order by number", published=True
    )  # fmt: skip
    assert rows == [
        ("weihai-2023-01", "2023-12-10", "weihai", "1.23 万元"), ("weihai-2023-02", "2024-01-31", "weihai", "10.00 万元"),
    ]  # fmt: skip


def test_a_year_without_data(small: Home) -> None:
    with pytest.raises(NoSuchReturn, match="可用年度"):
        collect(
            warehouse_at(small.settings, "2023-12-10"),
            owed(small.settings, "weihai", 2023, "2023-12-10"),
            2031,
            "",
            "",
            "",
        )
    assert small.anze("report", "2023", "--jurisdiction", "nowhere").returncode == 2


SHANGHAI_ORDER = [
    "（一）当年参保单位数量。", "（二）累计参保单位数量。", "（三）保费金额（实收）。", "（四）保单数量。", "（五）参保率。", "（六）当年度已出险保单数量。",
    "（七）简单赔付率（已决＋未决）。", "（一）承保安责险的保险机构数量。", "（二）承保份额。", "（一）事故预防服务次数。", "（二）事故预防服务费用提取比例。",
    "（三）开展方式（线下）。", "（四）服务流程。", "（五）投入金额。", "（六）服务覆盖率。", "（一）配套政策。", "（二）信息化管理情况。",
    "（一）赔付和服务典型案例。", "（一）存在的问题及建议。", "（二）下一步工作打算。",
]  # fmt: skip


def test_shanghai_has_every_item_in_its_order(dirty_world: Home, tmp_path: Path) -> None:
    report, paths = made(dirty_world.settings, "shanghai", 2025, "", tmp_path)
    text = text_of(paths["docx"])
    places = [text.index(item) for item in SHANGHAI_ORDER]
    assert places == sorted(places)
    # None of the notice's twenty items is skipped, in the document or in the numbers they carry.
    numbers = {figure.item_no.split(".")[0] for figure in report.figures} | {
        part.item_no for part in report.parts if part.item_no
    }
    assert numbers == {str(number) for number in range(1, 21)}
    # The world leaves out the plan for the next year on purpose.
    assert "下一步工作打算：未收到下步打算类文件" in report.missing
    with duckdb.connect(str(dirty_world.settings.published), read_only=True) as connection:
        stored = dict(
            connection.execute(
                "select metric, value from marts.annual_statistics where jurisdiction = 'shanghai' and stat_year = 2025 "
                "and district_code = 'ALL' and industry_code = 'ALL' and insurer_code = 'ALL'"
            ).fetchall()
        )
    for figure in report.figures:
        if figure.insurer_name:
            continue
        assert (figure.value is None) == (stored[figure.metric] is None)
        assert figure.value is None or float(figure.value) == pytest.approx(stored[figure.metric])


def test_long_statistics_repeat_the_marts(dirty_world: Home) -> None:
    """Item by item the long form holds the marts' numbers, numerators and denominators."""
    off = dirty_world.rows(
        """
        select count(*), count(*) filter (
            abs(items.value - metrics.participation_rate) > 1e-12 or items.numerator <> metrics.insured_required_units
            or items.denominator <> metrics.required_units
        )
        from marts.annual_statistics as items
        inner join marts.supervision_metrics as metrics using (jurisdiction, stat_year, district_code, industry_code)
        where items.metric = 'participation_rate' and items.insurer_code = 'ALL'
        """
    )[0]
    assert off[0] > 1_000 and off[1] == 0
    # Shares of a field sum to one wherever it has premium.
    assert dirty_world.rows(
        "select count(*) from (select 1 from marts.annual_statistics where metric = 'market_share' and insurer_code <> 'ALL' "
        "group by jurisdiction, stat_year, district_code, industry_code having abs(sum(value) - 1) * max(denominator) > 0.01 * count(*))"
    ) == [(0,)]


def test_deadlines_in_working_days(dirty_world: Home) -> None:
    from datetime import date

    found = {
        (row.city, str(row.due_date)): row for row in deadlines(dirty_world.settings.published, date(2026, 11, 23))
    }
    shanghai = found["上海市", "2026-12-10"]
    # 24–27 and 30 November, 1–4 and 7–10 December.
    assert (shanghai.owed, shanghai.missing, shanghai.days_left, shanghai.working_days_left, shanghai.state) == (
        4,
        4,
        17,
        13,
        "将到期",
    )
    assert found["威海市", "2026-11-30"].working_days_left == 5
    # The plan of 2023 is owed once.
    assert ("威海市", "2026-05-20") not in found
    # The National Day week of 2026 and the Saturday worked for it.
    days = dict(
        dirty_world.rows(
            "select day::varchar, is_working_day from marts.dim_date where day between '2026-10-01' and '2026-10-10'"
        )
    )
    assert days["2026-10-01"] is False and days["2026-10-08"] is True and days["2026-10-10"] is True
    status = dirty_world.anze("status", "--today", "2026-11-23")
    assert status.returncode == 0 and "还有 13 个工作日" in status.stdout
