"""The program ships the law, rows hold the city: no city's name, code or district stands in models, modules, templates, gates."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
from conftest import bundled

from pipelines.report.contents import Part
from pipelines.report.word import WRITERS
from pipelines.settings import PROJECT_ROOT

# The synthetic world is one of two cities; unit tests of models have sample rows.
OTHERWISE = ("pipelines/synth/", "_unit_tests.yml", "pipelines/feeds/column_docs.py")
KINDS = {".py", ".sql", ".yml", ".yaml", ".html", ".md", ".csv"}


def names() -> list[str]:
    """Names, codes and districts of the cities, without the word for what a place is."""
    cities, districts = bundled().table("ref_jurisdiction"), bundled().table("ref_district")
    words = [*cities["jurisdiction"], *cities["name"].str.strip_chars_end("市"), *cities["city_code"]]
    words += [
        *districts["district_code"],
        *(name for name in districts["name"].str.strip_chars_end("区市") if len(name) > 1),
    ]
    # 高区, 经区 are words of the language as well.
    return [word for word in words if len(word) > 1]


def test_no_city_in_the_program() -> None:
    anything = re.compile(r"(?<![0-9A-Za-z])(?:" + "|".join(map(re.escape, names())) + r")(?![0-9A-Za-z])")
    files = [
        path
        for folder in ("pipelines", "dbt_project/models", "dbt_project/macros", "expectations")
        for path in sorted((PROJECT_ROOT / folder).rglob("*"))
        if path.suffix in KINDS and not any(part in path.as_posix() for part in OTHERWISE)
    ]
    assert len(files) > 300
    found = [
        f"{path.relative_to(PROJECT_ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1)
        if anything.search(line)
    ]
    assert not found, "\n".join(found)


def test_the_forms_of_the_return_are_rows() -> None:
    """Every city that owes a return has its parts, of kinds that can be written; narratives say which documents they are made of."""
    parts = bundled().table("ref_return_part")
    assert set(parts["kind"]) <= {*WRITERS, "attachment"} and set(WRITERS) == set(parts["kind"]) - {"attachment"}
    forms = bundled().table("ref_return")
    assert set(forms["jurisdiction"]) == set(parts["jurisdiction"])
    # A part of one kind of owner is of a kind that owes a return in that city.
    kinds = pl.col("owner_kind").fill_null("city_bureau")
    assert (
        parts.drop_nulls("owner_kind")
        .join(forms.with_columns(kinds), on=["jurisdiction", "owner_kind"], how="anti", nulls_equal=True)
        .is_empty()
    )
    narratives = parts.filter(pl.col("kind") == "narrative")
    assert narratives.select("title", "document_kinds").null_count().sum_horizontal().item() == 0
    which = {"jurisdiction", "owner_kind", "sort_no", "valid_from_year", "valid_to_year"}
    assert set(parts.columns) - which == set(Part.model_fields)
