"""What each rule of supervision must find, in plain Python over the synthetic truth.

One function per rule, named after it, returning the record keys of its findings. Shares no code and no constant
with the warehouse: thresholds are written out again from the documents.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
import independent

Row = dict[str, Any]
AS_OF = date(2026, 10, 15)
FLOOR = {False: 300_000_00, True: 400_000_00}
NEW_LAW = date(2025, 3, 29)
WEIHAI, SHANGHAI = date(2023, 5, 8), date(2023, 8, 25)
FEE_CAP_FROM = date(2024, 10, 22)
DANGEROUS = ("动火", "外包")


NUMBERS = {
    "policy_no",
    "endorsement_no",
    "claim_no",
    "service_no",
    "entry_no",
    "hazard_no",
    "complaint_no",
    "problem_no",
}


def order_of(visit: Row) -> tuple[str, str]:
    return own_number(visit["service_no"]), visit["provider"]


def own_number(joined: str) -> str:
    return joined.split("/", 1)[1]


def day_of(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def is_working_day(day: date) -> bool:
    if day in chinese_calendar.constants.holidays:
        return False
    return day.weekday() < 5 or day in chinese_calendar.constants.workdays


def working_days_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def kilometres(one: Row, other: Row) -> float:
    a, b, c, d = (math.radians(row[name]) for row in (one, other) for name in ("longitude", "latitude"))
    # Spherical law of cosines: another formula than the warehouse's.
    return 6371 * math.acos(min(1.0, math.sin(b) * math.sin(d) + math.cos(b) * math.cos(d) * math.cos(a - c)))


def grouped(rows: Iterable[Row], *names: str) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]].append(row)
    return groups


class Truth:
    """The newest true versions of every feed, and which policies are valid until when."""

    def __init__(self, folder: Path) -> None:
        def newest(feed: str, *keys: str) -> list[Row]:
            """Numbers that a sender gave are its own: they are told apart by the sender before them, as findings are."""
            rows = independent.newest(folder, feed, list(keys), AS_OF)
            for row in rows:
                for name in NUMBERS & row.keys():
                    row[name] = row[name] and f"{row['provider']}/{row[name]}"
            return rows

        self.reach = independent.data_dates(folder, "policy", AS_OF)
        self.changes: dict[str, int] = defaultdict(int)
        surrendered: dict[str, date] = {}
        for row in newest("endorsement", "endorsement_no"):
            self.changes[row["policy_no"]] += row["received_change"]
            if row["type"] == "退保":
                surrendered[row["policy_no"]] = row["effective_date"]
        self.policies = {row["policy_no"]: row for row in newest("policy", "policy_no")}
        for number, row in self.policies.items():
            ends = [row["expiry_date"], surrendered.get(number, date.max)]
            row["cover_end"] = min(*ends, row["status_date"] if row["status"] == "退保" else date.max)
            row["city"] = independent.city_of(row["district_code"])
        self.valid = {
            number: row for number, row in self.policies.items()
            if row["product_code"] not in independent.NOT_ANZEXIAN and row["status"] != "注销"
            and not surrendered.get(number, date.max) <= row["inception_date"]
        }  # fmt: skip
        self.begun = [row for row in self.valid.values() if row["inception_date"] <= AS_OF]
        self.covers = grouped(self.valid.values(), "insured_uscc")
        self.services = {row["service_no"]: row for row in newest("service_record", "service_no")}
        self.visits = [
            row
            for number, row in self.services.items()
            if self.completed(number)
            and row["policy_no"] in self.valid
            and self.valid[row["policy_no"]]["insured_uscc"] == row["insured_uscc"]
        ]
        for row in self.visits:
            row["day"] = row["finished_at"].date()
        self.on_site = [row for row in self.visits if row["form"] == "线下"]
        self.done = grouped((row for number, row in self.services.items() if self.completed(number)), "policy_no")
        self.fees = newest("fee_ledger", "entry_no")
        self.spent = [row for row in self.fees if row["type"] == "支出"]
        self.hazards = newest("hazard", "hazard_no")
        self.claims = [
            row for row in newest("claim", "claim_no") if row["policy_no"] in self.valid and row["status"] != "销案"
        ]
        self.complaints = newest("complaint", "complaint_no")
        self.roster = {
            (row["uscc"], row["industry_code"]): row for row in newest("enterprise", "uscc", "industry_code")
        }
        self.plans = newest("service_plan", "provider", "insurer_code", "plan_year", "insured_uscc")
        self.projects = newest("project", "project_code")
        self.accidents = newest("accident", "accident_id")
        self.organisations = {row["uscc"]: row for row in newest("service_org", "uscc")}
        self.experts = {row["certificate_no"]: row for row in newest("expert", "certificate_no")}
        self.problems = newest("problem", "problem_no")

    def numbered(self) -> list[Row]:
        for row in self.policies.values():
            row["number"] = own_number(row["policy_no"])
        return list(self.policies.values())

    def completed(self, number: str | None) -> bool:
        row = self.services.get(number or "")
        return bool(row and row["status"] == "已完成" and row["insured_confirmed_at"] and row["insurer_confirmed_at"])

    def insured_on(self, unit: str, day: date, industry: str | None = None) -> list[Row]:
        return [
            row for row in self.covers.get(unit, [])
            if row["inception_date"] <= day <= row["cover_end"] and industry in (None, row["industry_code"])
        ]  # fmt: skip

    def must_insure(self, key: tuple[str, str]) -> bool:
        return key in self.roster and independent.must_insure(self.roster[key])

    def required_on(self, day: date) -> list[Row]:
        return [
            row for row in self.roster.values()
            if independent.must_insure(row) and row["listed_from"] <= day and (row["listed_to"] is None or row["listed_to"] > day)
            and (row["operating_status"] == "存续" or (row["status_date"] is not None and row["status_date"] > day))
        ]  # fmt: skip

    def pending_on(self, unit: str, day: date, industry: str | None = None) -> bool:
        """Whether nobody can know that day whether the unit was covered: its last cover ended after its sender's data do."""
        fields = grouped(self.covers.get(unit, []), "industry_code")
        return any(
            independent.is_pending(covers, self.reach, day)
            for field, covers in fields.items()
            if industry in (None, field)
        )

    def contracted(self, number: str) -> int:
        row = self.valid[number]
        return ((row["premium_received"] + self.changes[number]) * row["fee_ratio"] + 50) // 100

    def spent_on(self, number: str) -> int:
        return sum(row["amount"] for row in self._spent_by_policy()[number])

    def _spent_by_policy(self) -> dict[str, list[Row]]:
        if not hasattr(self, "_by_policy"):
            self._by_policy = grouped(self.spent, "policy_no")
        return self._by_policy


def fee_without_voucher(truth: Truth) -> set[str]:
    return {row["entry_no"] for row in truth.spent if not row["voucher_no"]}


def fee_without_service(truth: Truth) -> set[str]:
    return {row["entry_no"] for row in truth.spent if not truth.completed(row["service_no"])}


def payee_not_permitted(truth: Truth) -> set[str]:
    return {row["entry_no"] for row in truth.spent if row["payee_type"] in ("经纪代理", "投保单位", "个人", "政府部门")}


def payee_is_insured(truth: Truth) -> set[str]:
    return {
        row["entry_no"] for row in truth.spent
        if row["payee_uscc"] and row["policy_no"] in truth.policies and row["payee_uscc"] == truth.policies[row["policy_no"]]["insured_uscc"]
    }  # fmt: skip


def payee_not_registered(truth: Truth) -> set[str]:
    found = set()
    for row in truth.spent:
        if row["payee_type"] != "服务机构" or not row["payee_uscc"] or row["policy_no"] not in truth.policies:
            continue
        register = truth.organisations.get(row["payee_uscc"])
        known = register and register["valid_from"] <= row["entry_date"] <= register["valid_to"]
        if not known and row["payee_uscc"] != truth.policies[row["policy_no"]]["insured_uscc"]:
            found.add(row["entry_no"])
    return found


def fee_above_contract(truth: Truth) -> set[str]:
    provided: dict[str, int] = defaultdict(int)
    for row in truth.fees:
        provided[row["policy_no"]] += {"提取": 1, "冲回": -1}.get(row["type"], 0) * row["amount"]
    return {
        number for number in truth.valid if truth.spent_on(number) * 10 > max(truth.contracted(number), provided[number]) * 12
    }  # fmt: skip


def fee_above_cap(truth: Truth) -> set[str]:
    late: dict[str, int] = defaultdict(int)
    for row in truth.spent:
        if row["policy_no"] in truth.valid and row["entry_date"] >= FEE_CAP_FROM:
            late[row["policy_no"]] += row["amount"]
    return {
        number for number, amount in late.items()
        if amount * 100 > 21 * (truth.valid[number]["premium_received"] + truth.changes[number])
    }  # fmt: skip


def fee_exactly_contracted(truth: Truth) -> set[str]:
    branches: dict[str, list[bool]] = defaultdict(list)
    for number, row in truth.valid.items():
        amount = truth.spent_on(number)
        if row["cover_end"] < AS_OF and amount > 0:
            key = f"{row['city']}|{row['insurer_code']}|{row['inception_date'].year}"
            branches[key].append(abs(amount - truth.contracted(number)) < 100)
    return {key for key, exact in branches.items() if len(exact) >= 10 and sum(exact) >= 0.9 * len(exact)}


def provision_never_spent(truth: Truth) -> set[str]:
    provided: dict[str, int] = defaultdict(int)
    for row in truth.fees:
        if row["policy_no"] in truth.valid:
            provided[row["policy_no"]] += {"提取": 1, "冲回": -1}.get(row["type"], 0) * row["amount"]
    return {
        number for number, amount in provided.items()
        if amount > 0 and not truth.spent_on(number) and (AS_OF - truth.valid[number]["cover_end"]).days > 30
    }  # fmt: skip


def december_cluster(truth: Truth) -> set[str]:
    branches: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for row in truth.spent:
        if row["policy_no"] in truth.policies and row["entry_date"].year < AS_OF.year:
            city = truth.policies[row["policy_no"]]["city"]
            branches[city, row["insurer_code"], row["entry_date"].year].append(row["entry_date"].month)
    return {
        "|".join(map(str, key)) for key, months in branches.items() if len(months) >= 10 and months.count(12) * 2 >= len(months)
    }  # fmt: skip


def cost_far_from_median(truth: Truth) -> set[str]:
    costs: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in truth.spent:
        if row["service_no"] in truth.services and row["policy_no"] in truth.policies:
            costs[truth.policies[row["policy_no"]]["city"], truth.services[row["service_no"]]["item"]].append(row)
    found = set()
    for rows in costs.values():
        middle = statistics.median(row["amount"] for row in rows)
        found |= {row["entry_no"] for row in rows if row["amount"] > 10 * middle}
    return found


def commission_above_cap(truth: Truth) -> set[str]:
    begun = [row for row in truth.begun if row["inception_date"] >= NEW_LAW]
    return {row["policy_no"] for row in begun if row["commission"] * 20 > row["premium_received"]}


def limit_below_floor(truth: Truth) -> set[str]:
    return {
        row["policy_no"] for row in truth.begun if row["limit_per_person"] < FLOOR[row["inception_date"] >= NEW_LAW]
    }


def persons_below_employees(truth: Truth) -> set[str]:
    found = set()
    for row in truth.required_on(AS_OF):
        cover = truth.insured_on(row["uscc"], AS_OF, row["industry_code"])
        if cover and sum(policy["insured_persons"] for policy in cover) < row["employees"]:
            found.add(f"{row['uscc']}|{row['industry_code']}")
    return found


def uninsured_unit(truth: Truth) -> set[str]:
    return {
        f"{row['uscc']}|{row['industry_code']}" for row in truth.required_on(AS_OF)
        if not truth.insured_on(row["uscc"], AS_OF, row["industry_code"])
        and not truth.pending_on(row["uscc"], AS_OF, row["industry_code"])
    }  # fmt: skip


def wrong_product(truth: Truth) -> set[str]:
    return {
        row["policy_no"] for row in truth.policies.values()
        if row["product_code"] in independent.NOT_ANZEXIAN
        and truth.must_insure((row["insured_uscc"], row["industry_code"]))
        and not truth.insured_on(row["insured_uscc"], row["inception_date"], row["industry_code"])
    }  # fmt: skip


def cover_interrupted(truth: Truth) -> set[str]:
    found = set()
    for key, rows in grouped(truth.valid.values(), "insured_uscc", "industry_code").items():
        until = None
        for row in sorted(rows, key=lambda row: (row["inception_date"], row["policy_no"])):
            gap = until and (row["inception_date"] - until).days - 1
            if (
                gap
                and gap > 0
                and NEW_LAW <= row["inception_date"] <= AS_OF
                and truth.must_insure(key)
                and not any(
                    row["cover_end"] == until and truth.reach[row["provider"]] < until < AS_OF
                    for row in rows
                    if row["inception_date"] <= min(AS_OF, row["cover_end"])
                )
            ):
                found.add(row["policy_no"])
            until = max(until or row["cover_end"], row["cover_end"])
    return found


def survey_missing_or_late(truth: Truth) -> set[str]:
    begun = [row for row in truth.begun if row["inception_date"] >= WEIHAI]
    return {row["policy_no"] for row in begun if not row["survey_date"] or row["survey_date"] > row["inception_date"]}


def unfiled_clause(truth: Truth) -> set[str]:
    def filed(row: Row) -> str:
        return f"{row['insurer_code']}-{row['product_code'].upper()}-{'2025' if row['inception_date'] >= NEW_LAW else '2018'}"

    return {row["policy_no"] for row in truth.begun if row["clause_filing_no"] != filed(row)}


def rate_outside_band(truth: Truth) -> set[str]:
    return {
        row["policy_no"] for row in truth.begun
        if not 0.7 <= row["rate_factor"] <= 1.5
        or abs(row["premium_written"] - row["base_premium"] * row["rate_factor"]) > 0.05 * row["base_premium"] * row["rate_factor"]
    }  # fmt: skip


def _shares(truth: Truth) -> dict[tuple[str, int], tuple[int, dict[str, float]]]:
    """(district, full year) → policies, insurer → share of the premium."""
    result = {}
    by_cell: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in truth.begun:
        by_cell[row["district_code"], row["inception_date"].year].append(row)
    for cell, rows in by_cell.items():
        total = sum(row["premium_received"] for row in rows)
        if cell[1] < AS_OF.year and total:
            sums = {
                name: sum(row["premium_received"] for row in part)
                for name, part in grouped(rows, "insurer_code").items()
            }
            result[cell] = len(rows), {name: amount / total for name, amount in sums.items()}
    return result


def area_one_insurer(truth: Truth) -> set[str]:
    return {
        f"{district}|{year}" for (district, year), (count, shares) in _shares(truth).items() if count >= 10 and max(shares.values()) >= 0.9
    }  # fmt: skip


def market_share_frozen(truth: Truth) -> set[str]:
    cells = {cell: shares for cell, (count, shares) in _shares(truth).items() if count >= 30}
    found = set()
    for (district, year), now in cells.items():
        before = cells.get((district, year - 1))
        if (
            before
            and len(now) >= 2
            and all(abs(now.get(name, 0) - before.get(name, 0)) <= 0.01 for name in {*now, *before})
        ):
            found.add(f"{district}|{year}")
    return found


def hazard_notice_late(truth: Truth) -> set[str]:
    return {
        row["hazard_no"] for row in truth.hazards
        if not row["written_notice_at"] or (row["written_notice_at"].date() - row["found_date"]).days > 1
    }  # fmt: skip


def refusal_not_reported(truth: Truth) -> set[str]:
    refused = [
        row for row in truth.hazards if row["grade"] == "重大" and row["refused"] and row["found_date"] >= SHANGHAI
    ]
    return {row["hazard_no"] for row in refused if ((day_of(row["reported_at"]) or AS_OF) - row["found_date"]).days > 5}


def major_hazard_overdue(truth: Truth) -> set[str]:
    return {
        row["hazard_no"] for row in truth.hazards
        if row["grade"] == "重大" and not row["rechecked_at"] and (row["rectify_due"] or row["found_date"]) < AS_OF
    }  # fmt: skip


def major_hazard_at_inception(truth: Truth) -> set[str]:
    major = grouped((row for row in truth.hazards if row["grade"] == "重大"), "insured_uscc")
    return {
        row["policy_no"] for row in truth.begun if row["inception_date"] >= WEIHAI
        and any(
            hazard["found_date"] <= row["inception_date"] < (day_of(hazard["rechecked_at"]) or date.max)
            for hazard in major.get(row["insured_uscc"], [])
        )
    }  # fmt: skip


def service_without_evidence(truth: Truth) -> set[str]:
    return {
        row["service_no"]
        for row in truth.services.values()
        if truth.completed(row["service_no"]) and not row["evidence_count"]
    }


def evidence_reused(truth: Truth) -> set[str]:
    units: dict[str, set[str]] = defaultdict(set)
    pieces = {row["service_no"]: (row["evidence_hashes"] or "").split("/") for row in truth.visits}
    for row in truth.visits:
        for piece in pieces[row["service_no"]]:
            units[piece].add(row["insured_uscc"])
    return {number for number, parts in pieces.items() if any(part and len(units[part]) > 1 for part in parts)}


def expert_two_places(truth: Truth) -> set[str]:
    found = set()
    for rows in grouped(truth.on_site, "experts", "day").values():
        for one in rows:
            for other in rows:
                if order_of(one) > order_of(other) and kilometres(one, other) > 50:
                    found.add(one["service_no"])
    return found


def expert_too_many_visits(truth: Truth) -> set[str]:
    return {
        max(rows, key=order_of)["service_no"] for rows in grouped(truth.on_site, "experts", "day").values() if len(rows) > 6
    }  # fmt: skip


def expert_not_qualified(truth: Truth) -> set[str]:
    return {
        row["service_no"] for row in truth.visits
        if row["experts"] not in truth.experts or truth.experts[row["experts"]]["valid_to"] < row["day"]
    }  # fmt: skip


def organisation_not_qualified(truth: Truth) -> set[str]:
    found = set()
    for row in truth.visits:
        if row["provider_type"] == "委托":
            register = truth.organisations.get(row["service_org_uscc"])
            if not register or not register["valid_from"] <= row["day"] <= register["valid_to"]:
                found.add(row["service_no"])
    return found


def dangerous_work_not_checked(truth: Truth) -> set[str]:
    scenes = {number: {row["scene"] for row in rows} for number, rows in grouped(truth.hazards, "service_no").items()}
    found = set()
    for row in truth.on_site:
        if (
            row["item"] == "hazard_check"
            and row["day"] >= SHANGHAI
            and truth.valid[row["policy_no"]]["city"] == "shanghai"
        ):
            spoken = (row["content"] or "") + "".join(scenes.get(row["service_no"], ()))
            if not all(word in spoken for word in DANGEROUS):
                found.add(row["service_no"])
    return found


def served_not_insured(truth: Truth) -> set[str]:
    return {
        row["service_no"] for row in truth.visits
        if not truth.insured_on(row["insured_uscc"], row["day"]) and not truth.pending_on(row["insured_uscc"], row["day"])
    }  # fmt: skip


def visit_off_hours(truth: Truth) -> set[str]:
    return {
        row["service_no"] for row in truth.services.values()
        if truth.completed(row["service_no"]) and row["form"] == "线下"
        and (not is_working_day(row["started_at"].date()) or not 6 <= row["started_at"].hour < 22)
    }  # fmt: skip


def no_service_at_expiry(truth: Truth) -> set[str]:
    return {
        number for number, row in truth.valid.items()
        if row["cover_end"] == row["expiry_date"] < AS_OF and row["service_frequency"] and number not in truth.done
    }  # fmt: skip


def online_only(truth: Truth) -> set[str]:
    return {
        number for number, row in truth.valid.items()
        if row["service_form"] == "线下" and row["cover_end"] < AS_OF
        and number in truth.done and all(visit["form"] == "线上" for visit in truth.done[number])
    }  # fmt: skip


def plan_missing(truth: Truth) -> set[str]:
    overall = {(row["provider"], row["plan_year"]) for row in truth.plans if not row["insured_uscc"]}
    branches = {(row["city"], row["insurer_code"], row["inception_date"].year) for row in truth.begun}
    return {
        f"{city}|{insurer}|{year}" for city, insurer, year in branches
        if (f"{city}_{insurer.lower()}", year) not in overall and WEIHAI <= date(year, 1, 1) + timedelta(days=90) < AS_OF
    }  # fmt: skip


def same_plan_text(truth: Truth) -> set[str]:
    fields = {unit: {row["industry_code"] for row in rows} for unit, rows in truth.covers.items()}
    texts: dict[tuple[str, str, int, str], set[str]] = defaultdict(set)
    for row in truth.plans:
        if row["insured_uscc"] and len(fields.get(row["insured_uscc"], ())) == 1:
            city = row["provider"].split("_")[0]
            texts[city, row["insurer_code"], row["plan_year"], row["goal"].strip()] |= fields[row["insured_uscc"]]
    return {
        f"{city}|{insurer}|{year}" for (city, insurer, year, _), industries in texts.items()
        if len(industries) >= 3 and date(year, 12, 31) >= WEIHAI
    }  # fmt: skip


def claim_decision_late(truth: Truth) -> set[str]:
    return {
        row["claim_no"] for row in truth.claims if ((row["decide_date"] or row["close_date"] or AS_OF) - row["report_date"]).days > 30
    }  # fmt: skip


def claim_payment_late(truth: Truth) -> set[str]:
    return {
        row["claim_no"] for row in truth.claims
        if row["decide_date"] and (row["paid_date"] or not row["close_date"]) and ((row["paid_date"] or AS_OF) - row["decide_date"]).days > 10
    }  # fmt: skip


def complaint_late(truth: Truth) -> set[str]:
    found = set()
    for row in truth.complaints:
        due = working_days_after(row["received_on"], 30 if row["extended"] else 10)
        due += timedelta(days=30 if row["extended"] else 0)
        if due < (day_of(row["answered_at"]) or AS_OF):
            found.add(row["complaint_no"])
    return found


def accident_uninsured(truth: Truth) -> set[str]:
    found = set()
    for row in truth.accidents:
        day = row["occurred_at"].date()
        must = any(
            listed["uscc"] == row["uscc"] and listed["industry_code"] == row["industry_code"]
            for listed in truth.required_on(day)
        )
        if (
            must
            and not truth.insured_on(row["uscc"], day)
            and not truth.pending_on(row["uscc"], day, row["industry_code"])
        ):
            found.add(row["accident_id"])
    return found


def accident_unserved(truth: Truth) -> set[str]:
    found = set()
    for row in truth.accidents:
        day = row["occurred_at"].date()
        served = any(
            visit["insured_uscc"] == row["uscc"] and 0 < (day - visit["day"]).days <= 365 for visit in truth.visits
        )
        if truth.insured_on(row["uscc"], day) and not served:
            found.add(row["accident_id"])
    return found


def problem_overdue(truth: Truth) -> set[str]:
    return {row["problem_no"] for row in truth.problems if not row["closed_at"] and row["due"] < AS_OF}


def problem_not_notified(truth: Truth) -> set[str]:
    return {
        row["problem_no"] for row in truth.problems
        if row["target_type"] == "承保机构" and row["found_date"] >= WEIHAI
        and ((day_of(row["notified_regulator_at"]) or AS_OF) - row["found_date"]).days > 30
    }  # fmt: skip


def project_without_policy(truth: Truth) -> set[str]:
    insured = {
        row["project_code"]
        for row in truth.begun
        if row["cover_end"] >= min(AS_OF, truth.reach[row["provider"]] + timedelta(days=1))
    }
    return {
        row["project_code"] for row in truth.projects
        if row["status"] == "在建" and row["start_date"] <= AS_OF and row["project_code"] not in insured
    }  # fmt: skip


def number_of_two_insurers(truth: Truth) -> set[str]:
    """The city's insurers number alike: not the same unit, or too old for co-insurance rows that are still to come."""
    found = set()
    for rows in grouped(truth.numbered(), "city", "number").values():
        for one in rows:
            for other in rows:
                apart = one["insured_uscc"] != other["insured_uscc"] or one["inception_date"] != other["inception_date"]
                if one["insurer_code"] != other["insurer_code"] and apart and one["inception_date"] <= AS_OF:
                    found.add(one["policy_no"])
    return found


STATISTICAL = {
    "cost_far_from_median",
    "market_share_frozen",
    "area_one_insurer",
    "december_cluster",
    "fee_exactly_contracted",
    "same_plan_text",
}
"""Signals rather than facts: what they find beyond the planted cases is counted as false alarms."""
RULES: dict[str, Callable[[Truth], set[str]]] = {
    rule.__name__: rule for rule in (
        accident_uninsured, accident_unserved, area_one_insurer, claim_decision_late, claim_payment_late, commission_above_cap, complaint_late,
        cost_far_from_median, cover_interrupted, dangerous_work_not_checked, december_cluster, evidence_reused, expert_not_qualified,
        expert_too_many_visits, expert_two_places, fee_above_cap, fee_above_contract, fee_exactly_contracted, fee_without_service,
        fee_without_voucher, hazard_notice_late, limit_below_floor, major_hazard_at_inception, major_hazard_overdue, market_share_frozen,
        no_service_at_expiry, number_of_two_insurers, online_only, organisation_not_qualified, payee_is_insured, payee_not_permitted, payee_not_registered,
        persons_below_employees, plan_missing, problem_not_notified, problem_overdue, project_without_policy, provision_never_spent,
        rate_outside_band, refusal_not_reported, same_plan_text, served_not_insured, service_without_evidence, survey_missing_or_late,
        unfiled_clause, uninsured_unit, visit_off_hours, wrong_product,
    )
}  # fmt: skip
