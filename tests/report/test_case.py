"""The case file of a unit and of an insurer, and problems opened from findings."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Home, make_uscc
from docx import Document

from pipelines.report.case import Case, NoSuchCase, case_of
from pipelines.report.case_document import write_case
from pipelines.report.problem_opening import NotOpened, problem_rows
from pipelines.warehouse import rights

MOST_FOUND = (
    "select unit_uscc from marts.findings where unit_uscc is not null and jurisdiction = 'weihai' and not is_past "
    "group by 1 order by count(*) desc, 1 limit 1"
)


def opened(home: Home, code: str, city: str = "") -> Case:
    with duckdb.connect(str(home.settings.published), read_only=True) as connection:
        return case_of(connection, code, city)


def test_facts_of_a_unit_stand_with_file_and_line(dirty_world: Home) -> None:
    code = dirty_world.rows(MOST_FOUND)[0][0]
    case = opened(dirty_world, code)
    policies = next(rows for rows in case.facts if rows.listing.title == "保单")
    assert (
        policies.total == dirty_world.rows(f"select count(*) from marts.fct_policy where insured_uscc = '{code}'")[0][0]
    )
    told = {(row["保单号"], row["来源文件"], row["行号"]) for row in policies.frame.to_dicts()}
    assert told == set(
        dirty_world.rows(
            f"select policy_no, file_name, line_no from marts.fct_policy inner join quality.files using (file_id) where insured_uscc = '{code}'"
        )
    )
    found = dirty_world.rows(
        f"select finding_id, clause, explanation from marts.findings where unit_uscc = '{code}' and jurisdiction = 'weihai'"
    )
    assert {(one.finding_id, one.clause, one.explanation) for one in case.findings} == set(found) and found


def test_the_letter_asks_only_what_can_still_be_done_by_its_addressee(dirty_world: Home) -> None:
    """Nothing that is past, and of a unit's case nothing that its insurer has to mend."""
    others = 0
    for (code,) in dirty_world.rows(MOST_FOUND.replace("limit 1", "limit 20")):
        case = opened(dirty_world, code)
        subjects = dict(
            dirty_world.rows(f"select finding_id, subject_code from marts.findings where unit_uscc = '{code}'")
        )
        text = "\n".join(case.letter)
        for one in case.findings:
            asked = not one.is_past and subjects[one.finding_id] == code
            assert (f"{one.explanation}（发生日期 {one.found_on}；依据：{one.clause}）" in text) == asked
            others += not one.is_past and not asked
        assert not case.letter or case.letter[-2] == "威海市应急管理局"
    assert others > 0


def test_an_insurer_has_a_case_in_each_city(dirty_world: Home) -> None:
    with pytest.raises(NoSuchCase, match="shanghai、weihai"):
        opened(dirty_world, "海岳财险")
    case = opened(dirty_world, "海岳财险", "weihai")
    assert (case.code, case.kind, case.city) == ("HAYC", "承保机构", "威海市")
    years = next(rows for rows in case.facts if rows.listing.title == "各年指标")
    assert years.total == dirty_world.rows(
        "select count(*) from marts.insurer_metrics where insurer_code = 'HAYC' and jurisdiction = 'weihai'"
    )[0][0]  # fmt: skip
    assert case.findings and all(not one.finding_id.startswith("shanghai") for one in case.findings)
    subjects = dirty_world.rows(
        "select count(*) from marts.findings where subject_code = 'HAYC' and subject_type = '承保机构' and jurisdiction = 'weihai'"
    )
    assert len(case.findings) == min(200, subjects[0][0])


def test_nobody_of_that_code(dirty_world: Home) -> None:
    with pytest.raises(NoSuchCase, match="没有「nobody」"):
        opened(dirty_world, "nobody")


def test_an_audience_gets_what_it_may_see(dirty_world: Home) -> None:
    """A district's case of a unit holds no policy of another district, and no other district's unit has a case there."""
    settings = dirty_world.settings
    who = rights.audience(settings.published, "weihai_371002")
    own, foreign = (
        dirty_world.rows(f"select min(uscc) from marts.dim_unit where jurisdiction = 'weihai' and district_code {sign} '371002'")[0][0]
        for sign in ("=", "<>")
    )  # fmt: skip
    with rights.open_whole(settings.published) as whole:
        views = rights.see_as(whole, who)
        case = case_of(views.connection, own, "", views)
        for rows in case.facts:
            if "区市" in rows.frame.columns:
                assert set(rows.frame["区市"]) <= {"环翠"}
        with pytest.raises(NoSuchCase):
            case_of(views.connection, foreign, "", views)


def test_it_opens_as_word_page_and_json(dirty_world: Home, tmp_path: Path) -> None:
    asked = MOST_FOUND.replace("not is_past", "not is_past and subject_code = unit_uscc")
    case = opened(dirty_world, dirty_world.rows(asked)[0][0])
    word, page, data = write_case(case, tmp_path)
    text = "\n".join(paragraph.text for paragraph in Document(str(word)).paragraphs)
    assert case.name in text and "函（稿）" in text and case.findings[0].clause in text
    html = page.read_text(encoding="utf-8")
    assert (
        "<script" not in html and "http:" not in html.replace("http-equiv", "") and case.findings[0].finding_id in html
    )
    assert json.loads(data.read_text(encoding="utf-8"))["code"] == case.code


def test_markup_and_control_characters_are_text(dirty_world: Home, tmp_path: Path) -> None:
    case = opened(dirty_world, dirty_world.rows(MOST_FOUND)[0][0])
    hostile: dict[str, Any] = {**vars(case), "name": "<script>alert(1)</script>[red]\x0b名"}
    word, page, _ = write_case(Case(**hostile), tmp_path)
    assert "<script>alert" not in page.read_text(encoding="utf-8")
    assert "<script>alert(1)</script>[red]名" in Document(str(word)).paragraphs[0].text


def test_a_finding_becomes_a_problem_and_follows_its_state(tmp_path: Path) -> None:
    """From the finding to the workbook, sent as it is, to the finding that shows the problem, open and closed."""
    home = Home(tmp_path)
    unit = make_uscc(5)
    home.drop(
        "weihai_371002", "enterprise", "2026-05-01", "a.csv",
        f"统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期\n{unit},甲公司,环翠区,危化,是,存续,2020-01-01\n",
    )  # fmt: skip
    home.build().publish()
    finding = f"uninsured_unit:{unit}|hazchem"
    assert home.rows("select finding_id, problem_no from marts.findings", published=True) == [(finding, None)]
    for ids, message in ((["nix"], "没有发现「nix」"),):
        with pytest.raises(NotOpened, match=message):
            problem_rows(home.settings.published, ids, date(2026, 6, 1), "")
    out = tmp_path / "问题.xlsx"
    done = home.anze("problem", "open", finding, "--due", "2026-06-01", "--out", str(out))
    assert done.returncode == 0, done.stderr
    rows, city = problem_rows(home.settings.published, [finding], date(2026, 6, 1), "")
    number = rows["problem_no"][0]
    assert city == "weihai" and rows.select("target_type", "target_code", "origin").row(0) == (
        "生产经营单位",
        unit,
        "系统筛查",
    )
    home.drop("weihai_city", "problem", "2026-05-02", "问题.xlsx", out.read_bytes())
    home.build().publish()
    assert home.rows("select problem_no, problem_state from marts.findings", published=True) == [(number, "整改中")]
    again = home.anze("problem", "open", finding)
    assert again.returncode == 2 and "已经立案" in again.stderr
    home.drop(
        "weihai_city", "problem", "2026-05-03", "销号.csv",
        f"问题编号,发现日期,问题来源,对象类型,对象代码,问题类别,整改期限,整改完成时间,发现编号\n{number},2026-05-02,系统筛查,生产经营单位,{unit},应保未保,2026-06-01,2026-05-03,{finding}\n",
    )  # fmt: skip
    home.build().publish()
    assert home.rows("select problem_state from marts.findings", published=True) == [("已销号",)]
