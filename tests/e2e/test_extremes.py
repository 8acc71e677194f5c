"""Every row a contract accepts passes every model, the gates, the report and the pages (trust.md 2): a world in which every number
and every day is the smallest or the largest that is accepted, all at once."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from conftest import Home, make_uscc

from pipelines.feeds.contracts import Column, contracts

NOW = "2026-09-10"
CODES = {
    "district": "371002",
    "industry": "hazchem",
    "product": "azx",
    "insurer": "HAYC",
    "service_item": "hazard_check",
    "hazard_criterion": "trade_2023",
}
SENDERS = {"insurer": "weihai_hayc", "department": "weihai_371002", "any": "weihai_371002"}
# What rows of one world must agree on, so that they join: numbers of records, the unit, the days that an order of days asks for.
EXTREMES = {
    "largest now": ("high", "2026-05-06"), "smallest now": ("low", "2026-05-06"), "largest first": ("high", "1990-01-01"),
    "largest last": ("high", "2100-12-31"),
}  # fmt: skip


def value(name: str, column: Column, number: str, side: str, day: str) -> str:
    if column.type in ("int", "money", "decimal", "ratio"):
        bound = column.highest if side == "high" else column.lowest
        assert bound is not None
        return f"{bound:.6f}".rstrip("0").rstrip(".")
    days = {"month": day[:7], "date": day, "datetime": f"{day} 23:59:59"}
    if column.type in days:
        return days[column.type]
    if column.type == "code":
        return CODES[column.codes] if isinstance(column.codes, str) else column.codes[0]  # type: ignore[index]
    if column.type != "text":
        return {"uscc": make_uscc(7), "bool": "是"}[column.type]
    return number if name.endswith(("_no", "_id", "_code")) else f"{number}的文字{{0}}[/b]"


def rows_of(feed: str) -> list[dict[str, Any]]:
    """A row of each extreme, and for policies one whose term is as long as can be."""
    contract = contracts()[feed]
    rows = []
    for place, (side, day) in enumerate(EXTREMES.values()):
        row = {name: value(name, column, f"N{place}", side, day) for name, column in contract.columns.items()}
        row |= {"record_status": "正常"} | OVERRIDES.get(feed, {})
        rows.append(row)
    if feed == "policy":
        rows += [
            rows[0] | {"policy_no": "N8", "inception_date": "1990-01-01", "expiry_date": "2100-12-31"},
            rows[0] | {"policy_no": "N9", "status": "退保", "status_date": "1990-01-01"},
        ]
    for place, row in enumerate(rows):
        row |= {
            key: f"K{place}"
            for key in contract.key
            if contract.columns[key].type == "text" and not contract.is_number(key)
        }
    return rows


OVERRIDES: dict[str, dict[str, str]] = {
    "policy": {"clause_filing_no": "HAYC-AZX-2025"},
    "service_record": {"status": "已完成", "insurer_code": "HAYC"},
    "claim": {"status": "已结案", "lead_claim_no": ""},
    "coinsurance": {"share": "1"},
    "problem": {"target_code": make_uscc(7), "target_type": "生产经营单位"},
    "inspection": {"target_code": make_uscc(7), "target_type": "生产经营单位"},
    "complaint": {"target_code": "HAYC"},
    "declaration": {"nothing": "否"},
    "enterprise_link": {"other_uscc": make_uscc(8)},
    "credit_list": {"target_code": make_uscc(7), "target_type": "生产经营单位"},
}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Any]:
    home = Home(tmp_path_factory.mktemp("extremes"))
    for feed, contract in contracts().items():
        text = io.StringIO()
        writer = csv.DictWriter(text, list(contract.columns))
        writer.writeheader()
        writer.writerows(rows_of(feed))
        home.drop(SENDERS[contract.sender], feed, NOW, "a.csv", text.getvalue())
    return home, home.anze("nightly")


def test_the_night_publishes(night: tuple[Home, Any]) -> None:
    home, done = night
    assert done.returncode == 0, done.stdout + done.stderr
    accepted = dict(home.rows("select feed, sum(rows_accepted) from quality.file_balance group by all", published=True))
    refused = home.rows("select feed, rule_code, column_name, raw_value from quality.quarantine", published=True)
    assert all(accepted[feed] >= 2 for feed in contracts()), (accepted, refused)
    assert accepted["policy"] >= 5, refused
    assert {rule for _, rule, _, _ in refused} <= RULES_OF_DAYS, refused


RULES_OF_DAYS = {rule.code for contract in contracts().values() for rule in contract.rules}
"""Rules between columns may refuse a row of extremes; no bound does."""


def test_the_largest_amounts_are_counted_whole(night: tuple[Home, Any]) -> None:
    home, _ = night
    premium, claims, fees = home.rows(
        "select premium_received, claims_settled, fee_provided from marts.supervision_metrics where jurisdiction = 'weihai' "
        "and stat_year = 2026 and district_code = 'ALL' and industry_code = 'ALL'",
        published=True,
    )[0]
    assert premium >= 10**11 and claims == 10**11 and fees >= 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "2026", "--jurisdiction", "weihai"), ("extract", "--for", "weihai_city"), ("rejects",), ("explain", "参保率", "--year", "2026", "--district", "371002"),
        ("explain", "simple_loss_ratio", "--year", "2026", "--district", "371002"), ("site",), ("status",), ("doctor",),
    ],
)  # fmt: skip
def test_everything_that_is_made_of_it_is_made(night: tuple[Home, Any], arguments: tuple[str, ...]) -> None:
    home, _ = night
    out = ("--out", str(home.path / f"out_{arguments[0]}")) if arguments[0] in ("report", "extract") else ()
    done = home.anze(*arguments, *out)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stdout + done.stderr


def test_code_lists_are_all_known_here() -> None:
    columns = [column for contract in contracts().values() for column in contract.columns.values()]
    assert {column.codes for column in columns if isinstance(column.codes, str)} == set(CODES)
