"""Scores do not reward silence (trust.md 4): senders that play with what they report, beside an honest one of the same deeds."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import Home, make_uscc

NOW = "2026-09-10"
UNITS = 12
Rows = list[dict[str, Any]]


def wrote(rows: Rows) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def deeds(insurer: str, district: str, first: int) -> dict[str, Rows]:
    """A year of an insurer: twelve units, ten served, four major hazards of which one is overdue, two claims of which one was paid late,
    in its roster's district."""
    units = [make_uscc(first + place) for place in range(UNITS)]

    def no(kind: str, place: int) -> str:
        return f"{kind}{insurer}{district}{place}"

    policies = [
        {"policy_no": no("P", place), "insurer_code": insurer, "insured_uscc": unit, "insured_name": f"单位{unit[-6:]}", "district_code": district,
             "industry_code": "hazchem", "product_code": "azx", "issue_date": "2026-01-01", "inception_date": "2026-01-01", "expiry_date": "2026-12-31",
             "premium_written": 10_000, "premium_received": 10_000, "insured_persons": 10, "limit_per_person": 500_000, "limit_aggregate": 5_000_000,
             "commission": 300, "fee_ratio": 0.2, "service_items": "隐患排查", "service_frequency": 2, "service_form": "线下", "survey_date": "2025-12-20",
             "survey_report_no": no("B", place), "refusal_clause": "是", "status": "有效"}
        for place, unit in enumerate(units)
    ]  # fmt: skip
    services = [
        {"service_no": no("S", place), "policy_no": no("P", place), "insurer_code": insurer, "insured_uscc": units[place], "item": "隐患排查", "form": "线下",
             "provider_type": "自有", "started_at": "2026-05-06 09:00", "finished_at": "2026-05-06 11:00", "content": "已查动火作业、外包外租", "evidence_count": 1,
             "hazards_found": 1, "insured_confirmed_at": "2026-05-06 12:00", "insurer_confirmed_at": "2026-05-06 13:00", "satisfaction": 4, "status": "已完成"}
        for place in range(10)
    ]  # fmt: skip
    hazards = [
        {"hazard_no": no("H", place), "service_no": no("S", place), "insured_uscc": units[place], "insurer_code": insurer, "district_code": district,
             "grade": "重大", "found_date": "2026-05-06", "written_notice_at": "2026-05-06 12:00", "rectify_due": "2026-06-05",
             "rectified_at": "" if place == 0 else "2026-06-01", "rechecked_at": "" if place == 0 else "2026-06-02", "refused": "否"}
        for place in range(4)
    ]  # fmt: skip
    claims = [
        {"claim_no": no("C", place), "policy_no": no("P", place), "insured_uscc": units[place], "loss_date": "2026-03-01", "report_date": "2026-03-01",
             "decide_date": "2026-03-20", "close_date": "2026-05-20", "paid_date": paid, "estimate": 1000, "paid_to_date": 1000, "status": "已结案"}
        for place, paid in enumerate(("2026-03-25", "2026-05-15"))
    ]  # fmt: skip
    return {"policy": policies, "service_record": services, "hazard": hazards, "claim": claims}


def changed(feed: str, **values: Any) -> Callable[[dict[str, Rows]], None]:
    def play(sent: dict[str, Rows]) -> None:
        for row in sent[feed]:
            row.update(values)

    return play


def withheld(feed: str) -> Callable[[dict[str, Rows]], None]:
    return lambda sent: sent.pop(feed) and None


def late_payments_undated(sent: dict[str, Rows]) -> None:
    sent["claim"][1]["paid_date"] = ""


INSURERS: dict[tuple[str, str], tuple[str, Callable[[dict[str, Rows]], None] | None]] = {
    ("weihai", "HAYC"): ("honest", None),
    ("weihai", "DFJC"): ("promises no visits", changed("policy", service_frequency=0)),
    ("weihai", "LHCX"): ("calls every hazard an ordinary one", changed("hazard", grade="一般")),
    ("weihai", "TSBX"): ("keeps its hazards to itself", withheld("hazard")),
    ("shanghai", "HAYC"): ("honest", None),
    ("shanghai", "DFJC"): ("asks nobody whether they are satisfied", changed("service_record", satisfaction="")),
    ("shanghai", "JNCX"): ("does not say when it paid late", late_payments_undated),
    ("shanghai", "PJCX"): (
        "calls them ordinary, due in 2099",
        changed("hazard", grade="一般", rectify_due="2099-12-31"),
    ),
}
NO_WORSE = {"calls every hazard an ordinary one", "does not say when it paid late", "calls them ordinary, due in 2099"}
"""What changes nothing: the same deeds are seen behind it."""


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("scores"))

    def drop(provider: str, feed: str, rows: Rows) -> None:
        home.drop(provider, feed, NOW, "a.csv", wrote(rows))

    rosters: dict[str, Rows] = {}
    for place, ((city, insurer), (_, play)) in enumerate(INSURERS.items()):
        district = {"weihai": "371002", "shanghai": "310101"}[city]
        sent = deeds(insurer, district, 1_000 + 100 * place)
        rosters.setdefault(district, []).extend(listed(row["insured_uscc"], district) for row in sent["policy"])
        if play:
            play(sent)
        for feed, rows in sent.items():
            drop(f"{city}_{insurer.lower()}", feed, rows)
    # Three more districts: of twelve units one is insured; all say the same deeds, in other words.
    for place, district in enumerate(("371003", "371082", "371083")):
        units = [make_uscc(5_000 + 100 * place + number) for number in range(UNITS)]
        one = deeds("HAYC", district, 5_000 + 100 * place)
        home.drop("weihai_hayc", "policy", NOW, f"{district}.csv", wrote(one["policy"][:1]))
        home.drop("weihai_hayc", "service_record", NOW, f"{district}.csv", wrote(one["service_record"][:1]))
        rosters[district] = [listed(unit, district) for unit in units]
    for row in rosters["371003"][1:]:
        row["mandatory"] = "否"  # leaves them out without a reason
    del rosters["371082"]  # sends a document and nothing else
    for district, rows in rosters.items():
        drop(f"{'weihai' if district.startswith('37') else 'shanghai'}_{district}", "enterprise", rows)
    for district in ("371002", "371003", "371082", "371083"):
        text = {
            "doc_no": f"D{district}",
            "kind": "实施方案",
            "title": "方案",
            "doc_date": "2026-05-10",
            "year": 2026,
            "text": "样例",
        }
        home.drop(f"weihai_{district}", "document", "2026-05-10", "a.csv", wrote([text]))
    # The honest district follows its uninsured units up; 371083 files no problem at all.
    rosters["371002"].append(listed(make_uscc(9_001), "371002"))
    home.drop("weihai_371002", "enterprise", NOW, "b.csv", wrote(rosters["371002"][-1:]))
    problem = {"problem_no": "Q1", "found_date": "2026-04-10", "origin": "检查", "target_type": "生产经营单位", "target_code": make_uscc(9_001),
                   "kind": "应保未保", "due": "2026-06-10", "closed_at": "2026-06-01"}  # fmt: skip
    drop("weihai_371002", "problem", [problem])
    yield home.build()


def listed(unit: str, district: str) -> dict[str, Any]:
    return {"uscc": unit, "name": f"单位{unit[-6:]}", "district_code": district, "industry_code": "hazchem", "mandatory": "是", "operating_status": "存续",
                "employees": 10, "listed_from": "2022-01-01"}  # fmt: skip


def score(home: Home, city: str, insurer: str) -> float:
    return home.rows(
        f"select evaluation_base from marts.insurer_metrics where stat_year = 2026 and jurisdiction = '{city}' and insurer_code = '{insurer}'"
    )[0][0]


@pytest.mark.parametrize(("who", "how"), [(who, how) for who, (how, play) in INSURERS.items() if play])
def test_no_insurer_gains_by_what_it_reports(scored: Home, who: tuple[str, str], how: str) -> None:
    honest, gamer = score(scored, who[0], "HAYC"), score(scored, *who)
    print(f"{how}: {gamer} beside {honest}")
    # The honest one of Weihai has three units more, of other districts, as served as its own: a little of the means.
    assert 0 <= gamer < honest if how not in NO_WORSE else 0 <= gamer <= honest + 0.5


def test_an_insurer_without_a_policy_has_no_score(scored: Home) -> None:
    assert scored.rows(
        "select count(*) from marts.insurer_metrics where evaluation_score is not null and policies = 0 and insured_units_in_force = 0"
    ) == [(0,)]


def test_no_district_gains_by_what_it_reports(scored: Home) -> None:
    scores = dict(
        scored.rows(
            "select target_code, score from marts.assessment where stat_year = 2026 and target_kind = '区市' and jurisdiction = 'weihai'"
        )
    )
    places = dict(
        scored.rows(
            "select target_code, place from marts.assessment where stat_year = 2026 and target_kind = '区市' and jurisdiction = 'weihai'"
        )
    )
    print(scores)
    assert all(scores[gamer] < scores["371002"] for gamer in ("371003", "371082", "371083"))
    assert places["371002"] == 1 and places["371082"] is None
    # Leaving units out without a reason is seen through: the district stands where it would with them in.
    assert scores["371003"] == pytest.approx(scores["371083"], abs=0.01)
    missing = dict(
        scored.rows(
            "select target_code, parts_missing from marts.assessment where stat_year = 2026 and jurisdiction = 'weihai'"
        )
    )
    assert "参保率" in missing["371082"] and "问题按期销号率" in missing["371083"]


def test_every_part_says_what_it_is_made_of(scored: Home) -> None:
    """Values are the numerators drawn to the mean of all, by hand: (x + 5·mean) ÷ (n + 5)."""
    rows = scored.rows(
        "select target_code, numerator, denominator, part_value, mean_value from marts.score_parts where stat_year = 2026 "
        "and jurisdiction = 'weihai' and target_kind = '承保机构' and part_code = 'service_coverage' order by 1"
    )
    served, insured = sum(row[1] for row in rows), sum(row[2] for row in rows)
    for _, numerator, denominator, value, mean in rows:
        assert mean == pytest.approx(served / insured)
        assert value == pytest.approx((numerator + 5 * served / insured) / (denominator + 5))
