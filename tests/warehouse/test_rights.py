"""Rights are dated: they hold on their first and on their last day."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.warehouse import rights


@pytest.mark.parametrize(
    ("day", "seen"),
    [(date(2023, 12, 31), False), (date(2024, 1, 1), True), (date(2024, 12, 31), True), (date(2025, 1, 1), False)],
)
def test_a_right_holds_from_its_first_to_its_last_day(monkeypatch: pytest.MonkeyPatch, day: date, seen: bool) -> None:
    row = {
        "kind": "insurer",
        "tables": "marts.a|marts.b",
        "rows_by": "all",
        "valid_from": "2024-01-01",
        "valid_to": "2024-12-31",
    }
    monkeypatch.setattr(rights, "_rows", lambda: [row])
    assert [right.tables for right in rights.rights("insurer", day)] == ([("marts.a", "marts.b")] if seen else [])
    assert rights.rights("district_bureau", day) == []
