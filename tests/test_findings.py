"""Rules of supervision against the world's truth: nothing missed, nothing made up.

Expected findings are worked out in plain Python from what the generator wrote down (tests/independent.newest),
without a line of SQL from the project.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import independent
import pytest
import yaml
from conftest import Home

from pipelines.settings import DBT_PROJECT

AS_OF = date(2026, 10, 15)
FLOOR = {False: 300_000_00, True: 400_000_00}
NEW_LAW = date(2025, 3, 29)


class Truth:
    """The newest true versions, and which policies are valid."""

    def __init__(self, home: Home) -> None:
        folder = home.path / "truth"

        def newest(feed: str, *keys: str) -> list[dict[str, Any]]:
            return independent.newest(folder, feed, list(keys), AS_OF)

        self.policies = {row["policy_no"]: row for row in newest("policy", "policy_no")}
        refunds = {
            row["policy_no"]: row["effective_date"]
            for row in newest("endorsement", "endorsement_no")
            if row["type"] == "退保"
        }
        self.valid = {
            number: row for number, row in self.policies.items()
            if row["product_code"] != "employer_liability" and row["status"] != "注销"
            and not (number in refunds and refunds[number] <= row["inception_date"])
        }  # fmt: skip
        self.services = {row["service_no"]: row for row in newest("service_record", "service_no")}
        self.fees = newest("fee_ledger", "entry_no")
        self.hazards = newest("hazard", "hazard_no")

    def completed(self, number: str | None) -> bool:
        row = self.services.get(number or "")
        return bool(row and row["status"] == "已完成" and row["insured_confirmed_at"] and row["insurer_confirmed_at"])


def fee_without_voucher(truth: Truth) -> set[str]:
    return {row["entry_no"] for row in truth.fees if row["type"] == "支出" and not row["voucher_no"]}


def fee_without_service(truth: Truth) -> set[str]:
    return {row["entry_no"] for row in truth.fees if row["type"] == "支出" and not truth.completed(row["service_no"])}


def limit_below_floor(truth: Truth) -> set[str]:
    begun = [row for row in truth.valid.values() if row["inception_date"] <= AS_OF]
    return {row["policy_no"] for row in begun if row["limit_per_person"] < FLOOR[row["inception_date"] >= NEW_LAW]}


def commission_above_cap(truth: Truth) -> set[str]:
    begun = [row for row in truth.valid.values() if NEW_LAW <= row["inception_date"] <= AS_OF]
    return {row["policy_no"] for row in begun if row["commission"] * 20 > row["premium_received"]}


def hazard_notice_late(truth: Truth) -> set[str]:
    return {
        row["hazard_no"] for row in truth.hazards
        if not row["written_notice_at"] or (row["written_notice_at"].date() - row["found_date"]).days > 1
    }  # fmt: skip


def refusal_not_reported(truth: Truth) -> set[str]:
    refused = [
        row
        for row in truth.hazards
        if row["grade"] == "重大" and row["refused"] and row["found_date"] >= date(2023, 8, 25)
    ]
    return {
        row["hazard_no"] for row in refused if ((row["reported_at"].date() if row["reported_at"] else AS_OF) - row["found_date"]).days > 5
    }  # fmt: skip


def provision_never_spent(truth: Truth) -> set[str]:
    provided: dict[str, int] = {}
    spent: dict[str, int] = {}
    for row in truth.fees:
        if row["policy_no"] in truth.valid:
            sign = {"提取": 1, "冲回": -1}.get(row["type"], 0)
            provided[row["policy_no"]] = provided.get(row["policy_no"], 0) + sign * row["amount"]
            spent[row["policy_no"]] = spent.get(row["policy_no"], 0) + (row["amount"] if row["type"] == "支出" else 0)
    return {
        number for number, amount in provided.items() if amount > 0 and not spent[number] and (AS_OF - truth.valid[number]["cover_end"]).days > 30
    }  # fmt: skip


RULES: list[Callable[[Truth], set[str]]] = [
    fee_without_voucher, fee_without_service, limit_below_floor, commission_above_cap, hazard_notice_late, refusal_not_reported, provision_never_spent,
]  # fmt: skip


@pytest.fixture(scope="module")
def truth(dirty_world: Home) -> Truth:
    found = Truth(dirty_world)
    ends = dirty_world.rows("select policy_no, cover_end from marts.fct_policy")
    for number, end in ends:
        if number in found.valid:
            found.valid[number]["cover_end"] = end
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_finds_what_is_there_and_nothing_else(
    dirty_world: Home, truth: Truth, rule: Callable[[Truth], set[str]]
) -> None:
    expected = rule(truth)
    found = {
        key for (key,) in dirty_world.rows(f"select record_key from marts.findings where rule_code = '{rule.__name__}'")
    }
    print(
        f"{rule.__name__}: {len(expected)} expected, {len(expected - found)} missed, {len(found - expected)} false alarms"
    )
    assert expected and found == expected


def test_every_rule_is_a_file_a_row_a_name_and_a_unit_test() -> None:
    files = {
        path.stem.removeprefix("finding_")
        for path in (DBT_PROJECT / "models/marts/findings/rules").glob("finding_*.sql")
    }
    with (DBT_PROJECT / "seeds/ref_finding_rule.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    macro = (DBT_PROJECT / "macros/findings.sql").read_text(encoding="utf-8")
    tests = yaml.safe_load(
        (DBT_PROJECT / "models/marts/findings/rules/_rule_unit_tests.yml").read_text(encoding="utf-8")
    )["unit_tests"]
    assert len(files) >= 18
    assert files == {row["rule_code"] for row in rows} == {test["model"].removeprefix("finding_") for test in tests}
    assert all(f"'finding_{name}'" in macro for name in files)
    assert all(
        row["sentence"] and row["source_doc"] and row["article"] and row["severity"] in ("高", "中", "低")
        for row in rows
    )


def test_a_finding_is_unique_and_its_sentence_is_complete(dirty_world: Home) -> None:
    total, distinct, holes = dirty_world.rows(
        "select count(*), count(distinct finding_id), count(*) filter (explanation is null or regexp_matches(explanation, '[{][^}]*[}]')) from marts.findings"
    )[0]
    assert total == distinct > 1_000 and holes == 0


def test_uninsured_units_are_those_missing_from_participation(dirty_world: Home) -> None:
    """100 % participation and an empty list are the same thing (metrics.md, Sets)."""
    off = dirty_world.rows(
        """
        with listed as (
            select jurisdiction, district_code, industry_code, count(distinct uscc) as units from marts.uninsured_units group by all
        )
        select count(*), count(*) filter (required_units - insured_required_units <> coalesce(units, 0))
        from marts.supervision_metrics left join listed using (jurisdiction, district_code, industry_code)
        where stat_year = 2026 and district_code <> 'ALL' and industry_code <> 'ALL'
        """
    )[0]
    assert off[0] > 400 and off[1] == 0
    assert dirty_world.rows(
        "select count(*) from marts.uninsured_units where days_uninsured < 0 or reason is null"
    ) == [(0,)]


def test_fee_balances_are_the_ledger(dirty_world: Home, truth: Truth) -> None:
    """Per policy: provided less reversed less spent, in cents, from the truth."""
    expected: dict[str, int] = {}
    for row in truth.fees:
        if row["policy_no"] in truth.valid:
            sign = {"提取": 1, "冲回": -1, "支出": -1}.get(row["type"], 0)
            expected[row["policy_no"]] = expected.get(row["policy_no"], 0) + sign * row["amount"]
    found = dirty_world.rows(
        "select policy_no, cast(balance * 100 as bigint) from marts.fee_ledger_balance where entries > 0"
    )
    assert len(found) > 1_000 and dict(found) == expected


def test_explained_down_to_file_and_line(dirty_world: Home) -> None:
    finding = dirty_world.rows(
        "select finding_id from marts.findings where rule_code = 'fee_without_service' order by 1 limit 1"
    )[0][0]
    shown = dirty_world.anze("explain", finding)
    assert shown.returncode == 0 and "支出没有对应已完成服务" in shown.stdout and "第 " in shown.stdout
    content = json.loads(dirty_world.anze("explain", finding, "--json").stdout)
    assert {record["feed"] for record in content["records"]} == {"fee_ledger", "policy"}
    assert all(record["file_name"] and record["line_no"] for record in content["records"])
    assert dirty_world.anze("explain", "no_rule:nothing").returncode == 2
    assert dirty_world.anze("explain", "参保率").returncode == 2
