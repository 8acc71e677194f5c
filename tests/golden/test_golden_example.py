"""The golden example from raw files to the mart, every number (tests/golden_example.py)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from conftest import Home
from golden_example import EXPECTED, PERCENT, drop_example, example_cell


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return drop_example(Home(tmp_path_factory.mktemp("golden"))).build()


@pytest.fixture(scope="module")
def cell(golden: Home) -> dict[str, Any]:
    return example_cell(golden)


@pytest.mark.parametrize("metric", EXPECTED)
def test_amount(cell: dict[str, Any], metric: str) -> None:
    assert cell[metric] == EXPECTED[metric]


@pytest.mark.parametrize("metric", PERCENT)
def test_ratio(cell: dict[str, Any], metric: str) -> None:
    assert f"{cell[metric] * 100:.2f}" == PERCENT[metric]


def test_settled_claims_alone(cell: dict[str, Any]) -> None:
    assert f"{cell['claims_settled'] / cell['premium_received'] * 100:.2f}" == "31.30"


def test_period_ends_on_the_as_of_day(cell: dict[str, Any]) -> None:
    assert (str(cell["period_start"]), str(cell["period_end"])) == ("2023-01-01", "2023-12-10")


def test_market_share(golden: Home) -> None:
    rows = golden.rows(
        "select insurer_code, premium_received, round(market_share * 100, 2) from marts.insurer_metrics "
        "where jurisdiction = 'weihai' and stat_year = 2023 and premium_received > 0 order by insurer_code"
    )
    assert rows == [
        ("ALL", Decimal("230000.00"), 100.0),
        ("DFJC", Decimal("60000.00"), 26.09),
        ("HAYC", Decimal("170000.00"), 73.91),
    ]


def test_the_only_cell_equals_the_totals(golden: Home) -> None:
    columns = ", ".join([*EXPECTED, *PERCENT])
    rows = golden.rows(
        f"select distinct {columns} from marts.supervision_metrics where jurisdiction = 'weihai' and stat_year = 2023 "
        "and district_code in ('371002', 'ALL') and industry_code in ('hazchem', 'ALL')"
    )
    assert len(rows) == 1


def test_full_width_repeat_is_a_duplicate(golden: Home) -> None:
    assert golden.rows(
        "select sum(rows_in), sum(rows_accepted), sum(rows_duplicate) from quality.file_balance where feed = 'policy'"
    ) == [(7, 6, 1)]


def test_nothing_over_nothing_is_unknown(golden: Home) -> None:
    rows = golden.rows(
        "select participation_rate, simple_loss_ratio, service_coverage from marts.supervision_metrics where district_code = '371003' and stat_year = 2023 and industry_code = 'ALL'"
    )
    assert rows == [(None, None, None)]
