"""Totals count distinct units, from raw files to the mart."""

from __future__ import annotations

import pytest
from conftest import Home, make_uscc
from drops import POLICY, policy

U1, U2 = make_uscc(1), make_uscc(2)


@pytest.fixture(scope="module")
def two_places(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """U1 is required in two fields and insured in one; U2 is insured in two districts."""
    home = Home(tmp_path_factory.mktemp("totals"))
    roster = "统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期\n"
    home.drop(
        "weihai_371002", "enterprise", "2023-06-01", "a.csv",
        roster + f"{U1},甲,环翠区,危化,是,存续,2020-01-01\n{U1},甲,环翠区,金属冶炼,是,存续,2020-01-01\n{U2},乙,环翠区,危化,是,存续,2020-01-01\n",
    )  # fmt: skip
    home.drop(
        "weihai_hayc", "policy", "2023-06-01", "a.csv",
        POLICY + policy("P1") + policy("P2", 被保险人统一社会信用代码=U2) + policy("P3", 被保险人统一社会信用代码=U2, 所在区市="文登区"),
    )  # fmt: skip
    return home.build()


def cell(home: Home, district: str, industry: str) -> tuple[int, ...]:
    return home.rows(
        "select required_units, insured_required_units, insured_units, policies from marts.supervision_metrics "
        f"where stat_year = 2023 and jurisdiction = 'weihai' and district_code = '{district}' and industry_code = '{industry}'"
    )[0]


def test_unit_in_two_fields_is_insured_in_total_only_when_covered_in_both(two_places: Home) -> None:
    assert cell(two_places, "371002", "hazchem") == (2, 2, 2, 2)
    assert cell(two_places, "371002", "metallurgy") == (1, 0, 0, 0)
    # Two units, not three rows; U1 lacks cover in one field.
    assert cell(two_places, "371002", "ALL")[:2] == (2, 1)
    assert cell(two_places, "ALL", "ALL")[:2] == (2, 1)


def test_unit_insured_in_two_districts_is_one_unit_in_the_city(two_places: Home) -> None:
    assert cell(two_places, "371003", "hazchem") == (0, 0, 1, 1)
    assert cell(two_places, "ALL", "hazchem")[2:] == (2, 3)
    assert cell(two_places, "ALL", "ALL")[2:] == (2, 3)


def test_months_of_a_year_add_up_to_the_year(dirty_world: Home) -> None:
    """marts.monthly_activity against supervision_metrics, every cell and every flow."""
    flows = ("policies", "premium_received", "services", "hazards_found", "claims_settled", "fee_provided", "fee_spent")
    sums = ", ".join(f"sum({flow}) as {flow}" for flow in flows)
    unequal = " or ".join(f"coalesce(months.{flow}, 0) <> coalesce(years.{flow}, 0)" for flow in flows)
    key = "jurisdiction, stat_year, district_code, industry_code"
    wrong = dirty_world.rows(
        f"""
        with months as (select {key}, {sums} from marts.monthly_activity group by {key})
        select * from marts.supervision_metrics as years full join months using ({key}) where {unequal}
        """
    )
    assert not wrong, wrong[:3]
    assert dirty_world.rows("select count(distinct month_no) from marts.monthly_activity")[0][0] == 12
