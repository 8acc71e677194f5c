"""A feed gains, loses and renames columns: old drops load as they did, new ones as the contract says now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from conftest import Home
from drops import POLICY, policy

from pipelines.feeds import contracts as module
from pipelines.feeds.contracts import Column, Contract
from pipelines.ingest.checks import columns, rules
from pipelines.ingest.readers import headers

OLD = POLICY + "".join(policy(f"P{number}") for number in range(5))


def caches() -> list[Callable[..., object]]:
    return [
        module.contracts,
        headers.header_names,
        rules.value_problems,
        rules.rules_of,
        columns.column_readers,
        columns.code_reader,
        columns.turning_days,
        columns.with_marks,
    ]


@pytest.fixture
def with_contract(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, Column | None]], None]]:
    """Changes columns of the policy contract (None: the column goes) as if its file had been edited."""
    real = module.contracts()

    def change(columns: dict[str, Column | None]) -> None:
        policy_contract = real["policy"]
        kept = {
            name: column for name, column in policy_contract.columns.items() if columns.get(name, column) is not None
        }
        changed = policy_contract.model_copy(
            update={"columns": kept | {name: column for name, column in columns.items() if column is not None}}
        )
        monkeypatch.setattr(module, "contracts", lambda: real | {"policy": changed})
        for name in ("drop", "landing", "checks.columns", "checks.rules", "readers.headers"):  # fmt: skip
            for function in ("contracts", "all_contracts"):
                monkeypatch.setattr(
                    f"pipelines.ingest.{name}.{function}", lambda: real | {"policy": changed}, raising=False
                )
        for cached in caches()[1:]:
            cached.cache_clear()  # type: ignore[attr-defined]
        monkeypatch.setattr("pipelines.ingest.landing.code_of_reading", lambda _settings: str(sorted(changed.columns)))

    yield change
    for cached in caches()[1:]:
        cached.cache_clear()  # type: ignore[attr-defined]


def rows(home: Home) -> pl.DataFrame:
    return pl.read_parquet(home.settings.landing / "policy" / "*.parquet").sort("policy_no")


def test_old_drops_load_without_a_column_that_is_required_since_later(
    home: Home, with_contract: Callable[[dict[str, Column | None]], None]
) -> None:
    home.drop("weihai_hayc", "policy", "2023-02-01", "old.csv", OLD)
    home.land()
    before = rows(home)
    with_contract({"agent_no": Column(title="代理机构编号", type="text", required=True, since=date(2026, 7, 1))})
    home.drop("weihai_hayc", "policy", "2026-07-01", "missing.csv", POLICY + policy("P7"))
    titles, new = POLICY.strip() + ",代理机构编号\n", policy("P8").strip() + ",A1\n"
    home.drop("weihai_hayc", "policy", "2026-07-01", "new.csv", titles + new)
    landed = home.land()["policy"]
    assert (landed.new_files, landed.refused, landed.rows_accepted, landed.rows_quarantined) == (3, 1, 6, 0)
    found = rows(home)
    assert found["agent_no"].to_list() == [None] * 5 + ["A1"]
    assert found.head(5).drop("agent_no").equals(before)


def test_a_renamed_header_is_read_from_old_and_new_files(
    home: Home, with_contract: Callable[[dict[str, Column | None]], None]
) -> None:
    home.drop("weihai_hayc", "policy", "2023-02-01", "old.csv", OLD)
    home.land()
    before = rows(home)
    name = module.contracts()["policy"].columns["insured_name"]
    with_contract({"insured_name": name.model_copy(update={"title": "投保企业全称", "aliases": [name.title]})})
    home.drop(
        "weihai_hayc", "policy", "2026-07-01", "new.csv", POLICY.replace("被保险人名称", "投保企业全称") + policy("P9")
    )
    home.land()
    found = rows(home)
    assert found["insured_name"].to_list() == ["甲公司"] * 6
    assert found.filter(pl.col("policy_no") != "P9").equals(before)


def test_a_column_that_goes_is_kept_aside(
    home: Home, with_contract: Callable[[dict[str, Column | None]], None]
) -> None:
    home.drop("weihai_hayc", "policy", "2023-02-01", "old.csv", OLD)
    home.land()
    before = rows(home)
    with_contract({"limit_aggregate": None})
    home.land()
    found = rows(home)
    assert "limit_aggregate" not in found.columns and found["extra"].str.contains("累计责任限额").all()
    assert found.drop("extra").equals(before.drop("limit_aggregate", "extra"))


def test_every_contract_file_is_valid_and_since_is_a_day() -> None:
    for path in sorted(Path(module.__file__).parent.glob("*.yaml")):
        if path.stem not in module.NOT_FEEDS:
            assert Contract.model_validate(module.contracts()[path.stem].model_dump()).feed == path.stem
    assert Column.model_validate({"title": "新列", "type": "text", "since": "2026-07-01"}).since == date(2026, 7, 1)
