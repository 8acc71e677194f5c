"""A blocked city does not hold the others (trust.md 2): it stays at its last good day, the others are published, and everybody is
told which, why and since when."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
from conftest import Home, make_uscc
from drops import POLICY, policy

U = [make_uscc(number) for number in range(40)]
ROSTER = "统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期,从业人员数\n"
CITIES = {
    "weihai": ("weihai_hayc", "weihai_371002", "环翠区"),
    "shanghai": ("shanghai_hayc", "shanghai_310115", "浦东新区"),
}
FIRST, SECOND = "2026-09-01", "2026-09-10"
RATES = "select jurisdiction, participation_rate, as_of::varchar from marts.supervision_metrics where stat_year = 2026 and district_code = 'ALL' and industry_code = 'ALL' order by 1"


def insured(city: str, units: range, status: str = "有效") -> str:
    district = CITIES[city][2]
    rows = (
        policy(
            f"{city}{number}",
            被保险人统一社会信用代码=U[number],
            所在区市=district,
            保险起期="2026-01-01",
            保险止期="2026-12-31",
            签单日期="2026-01-01",
            保单状态=status,
        )
        for number in units
    )
    return POLICY + "".join(rows)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, dict[str, Any]]:
    """Ten required units in each city, all of them insured; then Weihai's insurer voids seven of its policies, and Shanghai's one."""
    home = Home(tmp_path_factory.mktemp("held_back"))
    for place, (city, (insurer, bureau, district)) in enumerate(CITIES.items()):
        units = range(10 * place, 10 * place + 10)
        home.drop(
            bureau,
            "enterprise",
            FIRST,
            "名录.csv",
            ROSTER + "".join(f"{U[n]},某单位,{district},危化,是,存续,2020-01-01,10\n" for n in units),
        )
        home.drop(insurer, "policy", FIRST, "一月.csv", insured(city, units))
    home.build().publish()
    home.drop("weihai_hayc", "policy", SECOND, "大批注销.csv", insured("weihai", range(7), "注销"))
    home.drop("shanghai_hayc", "policy", SECOND, "一张注销.csv", insured("shanghai", range(10, 11), "注销"))
    done: dict[str, Any] = {"second": home.anze("nightly")}
    done["rates"] = home.rows(RATES, published=True)
    done["policies"] = home.rows(
        "select jurisdiction, count(*) filter (status = '注销') from marts.fct_policy group by all order by 1",
        published=True,
    )
    done["files"] = {row[0] for row in home.rows("select file_name from quality.files", published=True)}
    done["meta"] = home.rows("select as_of::varchar, held_back, row_counts from meta.publication", published=True)[0]
    done["counted"] = home.rows("select count(*) from marts.fct_policy", published=True)[0][0]
    return home, done


def test_the_other_city_is_published_and_this_one_stands_still(nights: tuple[Home, dict[str, Any]]) -> None:
    _, done = nights
    assert done["second"].returncode == 3, done["second"].stdout + done["second"].stderr
    assert done["rates"] == [("shanghai", 0.9, SECOND), ("weihai", 1.0, FIRST)]
    assert done["policies"] == [("shanghai", 1), ("weihai", 0)]
    assert "大批注销.csv" not in done["files"] and "一张注销.csv" in done["files"]


def test_which_city_why_and_since_when_is_said_everywhere(nights: tuple[Home, dict[str, Any]]) -> None:
    home, done = nights
    as_of, held, counts = done["meta"]
    (city,) = json.loads(held)
    assert as_of == SECOND and city["jurisdiction"] == "weihai" and city["as_of"] == FIRST
    assert "headline_moves_within_bound" in city["gates"] and city["since"]
    assert json.loads(counts)["marts.fct_policy"] == done["counted"]
    told = done["second"].stderr
    assert "威海市 停留在 2026-09-01" in told and "其他城市已照常发布" in told
    assert "大批注销.csv" in told and "一张注销.csv" not in told, "the files that moved the number are named"
    (note,) = (home.path / "incidents").glob("*.md")
    text = note.read_text(encoding="utf-8")
    assert "威海市 停留在 2026-09-01" in text and "大批注销.csv" in text and "其他城市已照常发布" in text
    published = (home.path / "site" / "current" / "weihai_city" / "published.js").read_text(encoding="utf-8")
    assert '"held_back":"威海市 停留在 2026-09-01' in published and '"as_of":"2026-09-01"' in published


def test_a_return_of_the_city_is_of_its_day(nights: tuple[Home, dict[str, Any]]) -> None:
    home, _ = nights
    for city, day in (("weihai", FIRST), ("shanghai", SECOND)):
        out = home.path / "reports" / city
        done = home.anze("report", "2026", "--jurisdiction", city, "--out", str(out))
        assert done.returncode == 0, done.stderr
        assert json.loads((out / "annual_return.json").read_text(encoding="utf-8"))["as_of"] == day


@pytest.mark.heavy
def test_it_goes_on_standing_still_and_an_operator_lets_it_go(nights: tuple[Home, dict[str, Any]]) -> None:
    home, done = nights
    since = json.loads(done["meta"][1])[0]["since"]
    again = home.anze("nightly")
    assert again.returncode == 3 and "威海市 停留在 2026-09-01" in again.stderr, "nothing new, and still not published"
    home.drop("shanghai_hayc", "policy", "2026-09-12", "又一张.csv", insured("shanghai", range(11, 12), "注销"))
    third = home.anze("nightly")
    assert third.returncode == 3
    assert home.rows(RATES, published=True) == [("shanghai", 0.8, "2026-09-12"), ("weihai", 1.0, FIRST)]
    assert json.loads(home.rows("select held_back from meta.publication", published=True)[0][0])[0]["since"] == since
    allowed = home.anze("nightly", ANZE_OVERRIDE_GATES="headline_moves_within_bound")
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr
    assert home.rows(RATES, published=True) == [("shanghai", 0.8, "2026-09-12"), ("weihai", 0.3, "2026-09-12")]
    assert home.rows("select held_back from meta.publication", published=True) == [("",)]


def test_a_gate_that_judges_the_program_holds_everybody(nights: tuple[Home, dict[str, Any]]) -> None:
    """A result that names no city of its rows holds all of them."""
    from pipelines.gates.run import GateResult, held_back

    home, _ = nights
    of_city = GateResult(
        "marts", "s", "marts.supervision_metrics", "e", "某检查", "critical", False, False, 1, "", "", "weihai"
    )
    of_program = GateResult("marts", "s", "marts.fct_policy", "e", "某检查", "critical", False, False, 1, "", "", "")
    assert held_back(home.settings, [of_city]) == {"weihai": "某检查（e）"}
    assert held_back(home.settings, [of_city, of_program]) is None
    assert held_back(home.settings, []) == {}
    both = GateResult(
        "marts", "s", "marts.supervision_metrics", "e", "某检查", "critical", False, False, 1, "", "", "shanghai,weihai"
    )
    assert held_back(home.settings, [both]) is None, "no city is left to be published"


def test_published_tables_of_both_days_are_whole(nights: tuple[Home, dict[str, Any]]) -> None:
    """Keys stay keys after the rows of two days have been put together."""
    home, _ = nights
    with duckdb.connect(str(home.settings.published), read_only=True) as connection:
        for table, key in (
            ("marts.fct_policy", "provider, policy_no"),
            ("marts.dim_unit", "uscc"),
            ("quality.files", "file_id"),
        ):
            twice = connection.execute(
                f"select count(*) from (select {key} from {table} group by all having count(*) > 1)"
            ).fetchall()
            assert twice == [(0,)], table
