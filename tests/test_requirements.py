"""The register of requirements names what exists, and every requirement of the two notices has its row."""

from __future__ import annotations

import re
from functools import cache

import polars as pl
import pytest
import requirements
import typer.main
import yaml
from conftest import bundled
from requirements import Requirement

from pipelines.cli.main import app
from pipelines.feeds.contracts import contracts, reference_contracts
from pipelines.settings import DBT_PROJECT, PROJECT_ROOT
from pipelines.transform.project import finding_rules


@cache
def tables() -> dict[str, set[str]]:
    """Columns of every published table that a model is described for."""
    schemas = {"quality": "quality", "meta": "meta"}
    found = {}
    for path in (DBT_PROJECT / "models" / "marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            schema = schemas.get(path.parent.name, "marts")
            found[f"{schema}.{model['name']}"] = {column["name"] for column in model.get("columns", [])}
    from pipelines.publish.publication import ADDED_TABLES

    return found | {name: set(columns) for name, (_, columns) in ADDED_TABLES.items()}


@cache
def unit_tests() -> set[str]:
    found = set()
    for path in (DBT_PROJECT / "models").rglob("*unit_tests.yml"):
        found |= {test["name"] for test in yaml.safe_load(path.read_text(encoding="utf-8"))["unit_tests"]}
    return found


@cache
def pages() -> set[str]:
    """Codes of the pages of the site, as figures.py makes them."""
    text = (PROJECT_ROOT / "pipelines/site/figures.py").read_text(encoding="utf-8")
    return set(re.findall(r'(?:_list_page\(|Page\()\s*"([a-z_]+)"', text))


def exists(kind: str, name: str) -> bool:
    if kind == "c":
        table, column = name.rsplit(".", 1)
        return column in tables().get(table, set())
    known = {
        "t": tables(), "f": contracts(), "r": reference_contracts(), "p": pages(),
        "rule": {rule.removeprefix("finding_") for rule in finding_rules().split(",")} & set(bundled().table("ref_finding_rule")["rule_code"]),
        "edit": set(bundled().table("ref_edit")["edit_code"]),
        "cmd": set(typer.main.get_command(app).commands),  # type: ignore[attr-defined]
    }  # fmt: skip
    return name in known[kind]


def test_all_requirements_are_there() -> None:
    numbers = [one.no for one in requirements.requirements()]
    assert numbers == [f"W{place:02}" for place in range(1, 68)] + [f"S{place:02}" for place in range(1, 79)]


@pytest.mark.parametrize("one", requirements.requirements(), ids=lambda one: one.no)
def test_a_row_names_what_exists(one: Requirement) -> None:
    assert one.met and one.clause and one.text
    assert [place for place in one.met if not exists(*place)] == []
    if one.test.startswith("u:"):
        assert one.test.removeprefix("u:") in unit_tests()
    else:
        path, function = one.test.split("::")
        assert re.search(rf"^def {function}\(", (PROJECT_ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), (
            one.test
        )


def test_what_does_not_exist_is_noticed() -> None:
    wrong = [("t", "marts.nothing"), ("c", "marts.findings.nothing"), ("f", "x"), ("r", "x"), ("rule", "x"), ("cmd", "x"), ("p", "x"), ("edit", "x")]  # fmt: skip
    assert not any(exists(*place) for place in wrong)


def test_the_page_is_made_from_the_table() -> None:
    assert requirements.PAGE.read_text(encoding="utf-8") == requirements.render()


def test_every_document_cited_is_in_the_register() -> None:
    """What looks like a law, a standard or a numbered document in `source_doc` has its row in ref_law."""
    known = tuple(bundled().table("ref_law")["doc_code"])
    cited: set[str] = set()
    for name, contract in reference_contracts().items():
        if "source_doc" in contract.columns and name != "ref_law":
            cited |= set(bundled().table(name)["source_doc"].drop_nulls())
    numbered = {
        part.strip()
        for text in cited
        for part in text.split("；")
        if re.search(r"〔\d{4}〕|^AQ |^GB |令第\d+号|法$|条例$", part.strip())
    }
    assert len(numbered) > 8
    assert {part for part in numbered if not part.startswith(known)} == set()


def test_every_scheme_of_items_leads_to_a_known_item() -> None:
    items = bundled().table("ref_service_item")
    schemes = bundled().table("ref_service_item_scheme")
    assert set(schemes["item_code"]) == set(items["item_code"])
    assert schemes.filter(scheme="LAW7").height == 7
    # 03 and 04 of the platform are the other way round than in the law: by name, not by place.
    by_name = schemes.filter(pl.col("scheme").is_in(["LAW7", "PLATFORM"])).group_by("item_code").len()
    assert by_name["len"].to_list() == [2] * 7
