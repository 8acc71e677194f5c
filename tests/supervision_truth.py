"""What each rule of supervision must find, in plain Python over the synthetic truth.

One function per rule, named after it, returning the record keys of its findings. Shares no code and no constant
with the warehouse: thresholds are written out again from the documents.
"""

from __future__ import annotations

import math
import re
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
DANGEROUS = ("动火", "受限空间", "有限空间", "高处", "吊装", "临时用电", "检维修")
NOTICE = {"weihai": WEIHAI, "shanghai": SHANGHAI}
"""From when a city's own notice holds: rules that rest on nothing else find nothing before."""
CAPPED_AT = {"hazchem": 30, "fireworks": 30, "mine_coal": 30, "mine_noncoal": 30}
"""Days a major hazard may have by its field; 90 in the others."""


NUMBERS = {
    "policy_no",
    "endorsement_no",
    "claim_no",
    "service_no",
    "entry_no",
    "hazard_no",
    "complaint_no",
    "problem_no",
    "case_no",
    "permit_no",
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


def stands_on(row: Row, day: date) -> bool:
    """Whether a row of the roster stands on a day: listed, not removed, in operation."""
    return (
        row["listed_from"] <= day
        and (row["listed_to"] is None or row["listed_to"] > day)
        and (row["operating_status"] == "存续" or (row["status_date"] is not None and row["status_date"] > day))
    )


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
        self.shares = newest("coinsurance", "policy_no", "insurer_code")
        self.endorsements = newest("endorsement", "endorsement_no")
        for row in self.endorsements:
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
        for row in self.services.values():
            row["day"] = day_of(row["finished_at"])
            row["field"] = self.policies.get(row["policy_no"], {}).get("industry_code")
        self.on_site = [row for row in self.visits if row["form"] == "线下"]
        self.named = [row for row in self.on_site if row["experts"]]
        self.done = grouped(self.visits, "policy_no")
        self.fees = newest("fee_ledger", "entry_no")
        self.spent = [row for row in self.fees if row["type"] == "支出"]
        for row in self.fees:
            visit = self.services.get(row["service_no"] or "")
            row["for_policy"] = row["policy_no"] or (visit and visit["policy_no"])
        self.hazards = newest("hazard", "hazard_no")
        for row in self.hazards:
            row["deadline"] = self.deadline(row)
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
        for row in self.problems:
            row["city"] = row["provider"].split("_")[0]
            row["deadline"] = row["due"] or row["found_date"] + timedelta(days=90)
        self.cases = newest("enforcement", "case_no")
        self.permits = newest("permit", "permit_no")
        self.capacities = newest("insurer_capacity", "insurer_code", "period")
        self.headcount = {row["uscc"]: row["insured_persons"] for row in newest("social_insurance", "uscc", "period")}

    def deadline(self, hazard: Row) -> date:
        """The sender's deadline, no later than allowed: ninety days, of a major hazard what its field allows: that of its visit's policy,
        else of the newest valid one the unit has with the sender."""
        due = hazard["rectify_due"] or hazard["found_date"]
        if hazard["grade"] != "重大":
            return min(due, hazard["found_date"] + timedelta(days=90))
        visit = self.services.get(hazard["service_no"] or "")
        if visit:
            field = visit["field"]
        else:
            own = [
                row for row in self.covers.get(hazard["insured_uscc"], [])
                if row["provider"] == hazard["provider"] and row["inception_date"] <= hazard["found_date"]
            ]  # fmt: skip
            field = (
                max(own, key=lambda row: (row["inception_date"], row["policy_no"]))["industry_code"] if own else None
            )
        return min(due, hazard["found_date"] + timedelta(days=CAPPED_AT.get(field or "", 90)))

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
            if independent.must_insure(row) and stands_on(row, day)
        ]  # fmt: skip

    def pending_on(self, unit: str, day: date, industry: str | None = None) -> bool:
        """Whether nobody can know that day whether the unit was covered: its last cover ended after its sender's data do."""
        fields = grouped(self.covers.get(unit, []), "industry_code")
        return any(
            independent.is_pending(covers, self.reach, day)
            for field, covers in fields.items()
            if industry in (None, field)
        )

    def premium_items(self) -> Iterable[tuple[date, float, str, str]]:
        """Premiums and their changes, split among co-insurers: day, cents, city, insurer."""
        shares = grouped(self.shares, "policy_no")
        for day, amount, number in (
            *((row["inception_date"], row["premium_received"], row["policy_no"]) for row in self.begun),
            *((row["effective_date"], row["received_change"], row["policy_no"]) for row in self.endorsements),
        ):
            if number in self.valid and day <= AS_OF:
                policy = self.valid[number]
                parts = shares.get(number) or [{"insurer_code": policy["insurer_code"], "share": 1}]
                whole = sum(part["share"] for part in parts)
                for part in parts:
                    yield day, amount * part["share"] / whole, policy["city"], part["insurer_code"]

    def contracted(self, number: str) -> int:
        row = self.valid[number]
        return ((row["premium_received"] + self.changes[number]) * row["fee_ratio"] + 50) // 100

    def spent_on(self, number: str) -> int:
        return sum(row["amount"] for row in self._spent_by_policy()[number])

    def _spent_by_policy(self) -> dict[str, list[Row]]:
        if not hasattr(self, "_by_policy"):
            self._by_policy = grouped(self.spent, "for_policy")
        return self._by_policy


def fee_without_voucher(truth: Truth) -> set[str]:
    return {row["entry_no"] for row in truth.spent if not row["voucher_no"]}


def service_fault(truth: Truth, row: Row) -> bool:
    """Whether the service of an entry does not stand for it: nobody's, not completed, void, of another unit or policy."""
    visit = truth.services.get(row["service_no"] or "")
    return (
        visit is None
        or not truth.completed(row["service_no"])
        or visit["policy_no"] not in truth.valid
        or truth.valid[visit["policy_no"]]["insured_uscc"] != visit["insured_uscc"]
        or row["policy_no"] not in (None, visit["policy_no"])
    )


def fee_without_service(truth: Truth) -> set[str]:
    return {row["entry_no"] for row in truth.spent if service_fault(truth, row)}


def payee_fault(row: Row) -> bool:
    return row["payee_type"] not in ("服务机构", "专家", "其他") or (
        row["payee_type"] == "服务机构" and not row["payee_uscc"]
    )


def payee_not_permitted(truth: Truth) -> set[str]:
    return {row["entry_no"] for row in truth.spent if payee_fault(row)}


def _again(truth: Truth, name: str) -> set[str]:
    """Entries of a sender on something an earlier entry of its names already."""
    found = set()
    for rows in grouped((row for row in truth.spent if row[name]), "provider", name).values():
        ordered = sorted(rows, key=lambda row: (row["entry_date"], own_number(row["entry_no"])))
        found |= {row["entry_no"] for row in ordered[1:]}
    return found


def service_paid_twice(truth: Truth) -> set[str]:
    """Nobody pays in instalments in this world."""
    return _again(truth, "service_no")


def voucher_reused(truth: Truth) -> set[str]:
    return _again(truth, "voucher_no")


def payee_is_insured(truth: Truth) -> set[str]:
    """The unit itself or one of its ownership: in this world parents have no parents."""
    parent = {row["uscc"]: row["parent_uscc"] for row in truth.roster.values() if row["parent_uscc"]}
    found = set()
    for row in truth.spent:
        unit = truth.policies.get(row["for_policy"] or "", {}).get("insured_uscc")
        payee = row["payee_uscc"]
        if payee and unit and parent.get(payee, payee) == parent.get(unit, unit):
            found.add(row["entry_no"])
    return found


def payee_not_registered(truth: Truth) -> set[str]:
    found = set()
    for row in truth.spent:
        if row["payee_type"] != "服务机构" or not row["payee_uscc"]:
            continue
        register = truth.organisations.get(row["payee_uscc"])
        known = register and register["valid_from"] <= row["entry_date"] <= register["valid_to"]
        if not known and row["payee_uscc"] != truth.policies.get(row["for_policy"] or "", {}).get("insured_uscc"):
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
    """Per insurer, city and year, pool entries included: spent since the ceiling began against the premium of the whole year, and
    both running."""
    premium: dict[tuple[str, str, int], float] = defaultdict(float)
    spent: dict[tuple[str, str, int], int] = defaultdict(int)
    for day, amount, city, insurer in truth.premium_items():
        premium[city, insurer, day.year] += amount
    for row in truth.spent:
        if row["entry_date"] >= FEE_CAP_FROM and (row["policy_no"] is None or row["policy_no"] in truth.valid):
            city = truth.policies[row["policy_no"]]["city"] if row["policy_no"] else row["provider"].split("_")[0]
            spent[city, row["insurer_code"], row["entry_date"].year] += row["amount"]
    found = set()
    for city, insurer in {key[:2] for key in spent}:
        ceiling = running = 0.0
        for year in range(FEE_CAP_FROM.year, AS_OF.year + 1):
            key = city, insurer, year
            ceiling += 0.21 * premium[key]
            running += spent[key]
            if spent[key] > 0.21 * premium[key] + 0.5 and running > ceiling + 0.5:
                found.add("|".join(map(str, key)))
    return found


def fee_above_cap_policy(truth: Truth) -> set[str]:
    late: dict[str, int] = defaultdict(int)
    for row in truth.spent:
        if row["for_policy"] in truth.valid and row["entry_date"] >= FEE_CAP_FROM:
            late[row["for_policy"]] += row["amount"]
    received = {number: truth.valid[number]["premium_received"] + truth.changes[number] for number in late}
    return {
        number for number, amount in late.items() if received[number] >= 10_000_00 and amount * 100 > 21 * received[number]
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
    """Per visit; its largest entry is named."""
    visits: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in truth.spent:
        if row["service_no"] in truth.services:
            city = truth.policies[row["policy_no"]]["city"] if row["policy_no"] in truth.policies else None
            visits[row["service_no"], city if row["policy_no"] else row["provider"].split("_")[0]].append(row)
    costs: dict[tuple[str, str], list[tuple[int, Row]]] = defaultdict(list)
    for (number, city), rows in visits.items():
        if city:
            worst = min(rows, key=lambda row: (-row["amount"], row["entry_no"]))
            costs[city, truth.services[number]["item"]].append((sum(row["amount"] for row in rows), worst))
    found = set()
    for rows in costs.values():
        middle = statistics.median(cost for cost, _ in rows)
        found |= {row["entry_no"] for cost, row in rows if cost > 10 * middle}
    return found


def commission_above_cap(truth: Truth) -> set[str]:
    begun = [row for row in truth.begun if row["inception_date"] >= NEW_LAW and row["commission"] is not None]
    return {row["policy_no"] for row in begun if row["commission"] * 20 > row["premium_received"]}


def commission_missing(truth: Truth) -> set[str]:
    return {row["policy_no"] for row in truth.begun if row["inception_date"] >= NEW_LAW and row["commission"] is None}


def no_service_agreed(truth: Truth) -> set[str]:
    return {row["policy_no"] for row in truth.begun if not row["service_frequency"]}


def refusal_clause_missing(truth: Truth) -> set[str]:
    return {row["policy_no"] for row in truth.begun if not row["refusal_clause"]}


def price_far_from_field(truth: Truth) -> set[str]:
    fields: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for row in truth.begun:
        if row["insured_persons"] and not row["project_code"]:
            fields[row["city"], row["industry_code"], row["inception_date"].year].append(row)
    found = set()
    for rows in fields.values():
        price = {row["policy_no"]: row["premium_received"] / row["insured_persons"] for row in rows}
        middle = statistics.median(price.values())
        found |= {
            row["policy_no"] for row in rows
            if len(rows) >= 10 and price[row["policy_no"]] < middle / 5 and row["inception_date"] >= NOTICE[row["city"]]
        }  # fmt: skip
    return found


def rate_against_grade(truth: Truth) -> set[str]:
    groups: dict[tuple[str, str, str, int], dict[bool, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in truth.begun:
        if row["risk_grade"] and row["rate_factor"] is not None:
            key = row["city"], row["insurer_code"], row["industry_code"], row["inception_date"].year
            groups[key][row["risk_grade"] in ("重大", "较大")].append(row["rate_factor"])
    found = set()
    for key, factors in groups.items():
        high, low = factors[True], factors[False]
        enough = high and low and len(high) + len(low) >= 4
        if enough and round(statistics.mean(low), 4) - round(statistics.mean(high), 4) > 0.05 + 1e-9:
            found.add("|".join(map(str, key)))
    return found


def insurer_below_solvency(truth: Truth) -> set[str]:
    """Quarters are told by their last month."""
    found = set()
    for row in truth.capacities:
        year, month = map(int, row["period"].split("-"))
        end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        if 0 <= (AS_OF - end).days <= 365 and (row["solvency_core"] < 0.75 or row["solvency_total"] < 1.2):
            found.add(f"{row['provider']}/{row['insurer_code']}|{row['period']}")
    return found


def permit_without_roster(truth: Truth) -> set[str]:
    fields = {(independent.city_of(row["district_code"]), row["industry_code"]) for row in truth.roster.values()}
    listed = {(row["uscc"], row["industry_code"]) for row in truth.roster.values() if stands_on(row, AS_OF)}
    return {
        row["permit_no"] for row in truth.permits
        if row["status"] == "有效" and row["valid_from"] <= AS_OF <= row["valid_to"]
        and (row["provider"].split("_")[0], row["industry_code"]) in fields and (row["uscc"], row["industry_code"]) not in listed
    }  # fmt: skip


def permit_expired_operating(truth: Truth) -> set[str]:
    renewed = {
        (row["uscc"], row["industry_code"])
        for row in truth.permits
        if row["status"] == "有效" and row["valid_to"] >= AS_OF
    }
    return {
        f"{row['uscc']}|{row['industry_code']}" for row in truth.roster.values()
        if row["permit_valid_to"] and row["permit_valid_to"] < AS_OF and (row["uscc"], row["industry_code"]) not in renewed
        and stands_on(row, AS_OF)
    }  # fmt: skip


def enforcement_outside_band(truth: Truth) -> set[str]:
    found = set()
    cases = [row for row in truth.cases if "109" in row["law_article"] or "一百零九" in row["law_article"]]
    for rows in grouped(cases, "uscc").values():
        ordered = sorted(rows, key=lambda row: (row["decided_on"], own_number(row["case_no"]), row["provider"]))
        for place, row in enumerate(ordered):
            most = 100_000_00 if place == 0 else 200_000_00
            if row["fine"] is None or not 50_000_00 <= row["fine"] <= most:
                found.add(row["case_no"])
    return found


def plan_not_kept(truth: Truth) -> set[str]:
    done: dict[tuple[str, str, str, int], int] = defaultdict(int)
    for row in truth.visits:
        city = truth.valid[row["policy_no"]]["city"]
        done[city, row["insurer_code"], row["insured_uscc"], row["day"].year] += 1
    found = set()
    for row in truth.plans:
        if row["insured_uscc"] and row["planned_visits"] and date(row["plan_year"], 12, 31) < AS_OF:
            city = row["provider"].split("_")[0]
            visits = done[city, row["insurer_code"], row["insured_uscc"], row["plan_year"]]
            if visits < 0.5 * row["planned_visits"]:
                key = f"{row['insurer_code']}|{row['plan_year']}|{row['insured_uscc']}"
                found.add(f"{row['provider']}/{key}")
    return found


def limit_below_floor(truth: Truth) -> set[str]:
    return {
        row["policy_no"] for row in truth.begun if row["limit_per_person"] < FLOOR[row["inception_date"] >= NEW_LAW]
    }


def persons_below_employees(truth: Truth) -> set[str]:
    """Of overlapping covers of one insurer the greatest counts; insurers add up."""
    found = set()
    for row in truth.required_on(AS_OF):
        cover = grouped(truth.insured_on(row["uscc"], AS_OF, row["industry_code"]), "insurer_code")
        persons = [max(policy["insured_persons"] for policy in policies) for policies in cover.values()]
        if persons and sum(persons) < truth.headcount.get(row["uscc"], row["employees"]):
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
        if row["product_code"] in independent.NOT_ANZEXIAN and row["status"] != "注销"
        and row["inception_date"] <= min(AS_OF, row["cover_end"])
        and truth.must_insure((row["insured_uscc"], row["industry_code"]))
        and stands_on(truth.roster[row["insured_uscc"], row["industry_code"]], min(AS_OF, row["cover_end"]))
        and not truth.insured_on(row["insured_uscc"], min(AS_OF, row["cover_end"]), row["industry_code"])
        and not truth.pending_on(row["insured_uscc"], min(AS_OF, row["cover_end"]), row["industry_code"])
    }  # fmt: skip


def required_days(listed: Row, until: date, since: date) -> int:
    """Days strictly between two covers on which the roster requires the unit."""
    first = max(until + timedelta(days=1), listed["listed_from"])
    last = min(since, listed["listed_to"] or since) - timedelta(days=1)
    if listed["operating_status"] != "存续":
        last = (
            min(last, listed["status_date"] - timedelta(days=1)) if listed["status_date"] else first - timedelta(days=1)
        )
    return (last - first).days + 1


def cover_interrupted(truth: Truth) -> set[str]:
    found = set()
    for key, rows in grouped(truth.valid.values(), "insured_uscc", "industry_code").items():
        until = None
        for row in sorted(rows, key=lambda row: (row["inception_date"], row["policy_no"])):
            gap = until and truth.must_insure(key) and required_days(truth.roster[key], until, row["inception_date"])
            if (
                gap
                and gap > 0
                and NEW_LAW <= row["inception_date"] <= AS_OF
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
    """On site always, in this world."""
    return {
        row["policy_no"] for row in truth.begun
        if row["inception_date"] >= NOTICE[row["city"]]
        and (
            not row["survey_date"]
            or not 0 <= (row["inception_date"] - row["survey_date"]).days <= 365
            or not (row["survey_report_no"] and row["risk_grade"])
        )
    }  # fmt: skip


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


def _market_clause(district: str, year: int) -> bool:
    return date(year, 12, 31) >= (SHANGHAI if district.startswith("31") else NEW_LAW)


def area_one_insurer(truth: Truth) -> set[str]:
    return {
        f"{district}|{year}" for (district, year), (count, shares) in _shares(truth).items()
        if count >= 10 and max(shares.values()) >= 0.9 and _market_clause(district, year)
    }  # fmt: skip


def market_share_frozen(truth: Truth) -> set[str]:
    cells = {cell: shares for cell, (count, shares) in _shares(truth).items() if count >= 30}
    found = set()
    for (district, year), now in cells.items():
        before = cells.get((district, year - 1))
        if (
            before
            and _market_clause(district, year)
            and len(now) >= 2
            and all(abs(now.get(name, 0) - before.get(name, 0)) <= 0.01 for name in {*now, *before})
        ):
            found.add(f"{district}|{year}")
    return found


def hazard_notice_late(truth: Truth) -> set[str]:
    return {
        row["hazard_no"] for row in truth.hazards if ((day_of(row["written_notice_at"]) or AS_OF) - row["found_date"]).days > 1
    }  # fmt: skip


def refusal_not_reported(truth: Truth) -> set[str]:
    refused = [row for row in truth.hazards if row["grade"] == "重大" and row["refused"]]
    return {row["hazard_no"] for row in refused if ((day_of(row["reported_at"]) or AS_OF) - row["found_date"]).days > 5}


def major_hazard_overdue(truth: Truth) -> set[str]:
    return {
        row["hazard_no"] for row in truth.hazards
        if row["grade"] == "重大" and not row["rechecked_at"] and row["deadline"] < AS_OF
    }  # fmt: skip


def deadline_beyond_rule(truth: Truth) -> set[str]:
    return {
        row["hazard_no"] for row in truth.hazards
        if row["grade"] == "重大" and not row["rechecked_at"] and row["rectify_due"] and row["rectify_due"] > row["deadline"] >= AS_OF
    }  # fmt: skip


def major_hazard_at_inception(truth: Truth) -> set[str]:
    major = grouped((row for row in truth.hazards if row["grade"] == "重大"), "insured_uscc")
    return {
        row["policy_no"] for row in truth.begun if row["inception_date"] >= NOTICE[row["city"]]
        and any(
            hazard["found_date"] <= row["inception_date"] < (day_of(hazard["rechecked_at"]) or date.max)
            and (hazard["found_date"] < row["inception_date"] or hazard["moment"] not in ("保险期间", "出险后"))
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
    used: dict[str, set[str]] = defaultdict(set)
    pieces = {row["service_no"]: (row["evidence_hashes"] or "").split("/") for row in truth.visits}
    for number, parts in pieces.items():
        for piece in parts:
            used[piece].add(number)
    return {number for number, parts in pieces.items() if any(part and len(used[part]) > 1 for part in parts)}


def visit_without_expert(truth: Truth) -> set[str]:
    return {row["service_no"] for row in truth.visits if row["provider_type"] == "外聘" and not row["experts"]}


def expert_two_places(truth: Truth) -> set[str]:
    found = set()
    for rows in grouped(truth.named, "experts", "day").values():
        for one in rows:
            for other in rows:
                told = order_of(one) > order_of(other) or one["insurer_code"] != other["insurer_code"]
                if told and kilometres(one, other) > 50:
                    found.add(one["service_no"])
    return found


def expert_too_many_visits(truth: Truth) -> set[str]:
    return {
        max(own, key=order_of)["service_no"] for rows in grouped(truth.named, "experts", "day").values() if len(rows) > 6
        for own in grouped(rows, "insurer_code").values()
    }  # fmt: skip


def expert_not_qualified(truth: Truth) -> set[str]:
    return {
        row["service_no"] for row in truth.visits if row["experts"]
        and (row["experts"] not in truth.experts or truth.experts[row["experts"]]["valid_to"] < row["day"])
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
            said = [part for part in re.split("[，。；]", row["content"] or "") if not ("无" in part or "没有" in part)]
            spoken = (row["checked_work"] or "".join(said)) + "".join(scenes.get(row["service_no"], ()))
            dangerous = any(word in spoken for word in DANGEROUS)
            if not (dangerous and any(word in spoken for word in ("外包", "外租"))):
                found.add(row["service_no"])
    return found


def served_not_insured(truth: Truth) -> set[str]:
    """Visits under void policies too: this insurer's valid cover of the field that day, or that of the policy it co-insures."""
    found = set()
    for number, row in truth.services.items():
        policy = truth.policies.get(row["policy_no"])
        if not policy or not truth.completed(number) or policy["insured_uscc"] != row["insured_uscc"]:
            continue
        covers = truth.insured_on(row["insured_uscc"], row["day"], policy["industry_code"])
        own = [
            cover
            for cover in covers
            if cover["insurer_code"] == row["insurer_code"] or cover["provider"] == policy["provider"]
        ]
        unsure = not covers and truth.pending_on(row["insured_uscc"], row["day"], policy["industry_code"])
        if not own and not unsure:
            found.add(number)
    return found


def visit_off_hours(truth: Truth) -> set[str]:
    return {
        row["service_no"] for row in truth.services.values()
        if truth.completed(row["service_no"]) and row["form"] == "线下"
        and (not is_working_day(row["started_at"].date()) or not 6 <= row["started_at"].hour < 22)
    }  # fmt: skip


def _delivered(truth: Truth) -> Iterable[tuple[str, int, int]]:
    """Ended covers: number, whole visits owed by their days, completed ones."""
    for number, row in truth.valid.items():
        if row["inception_date"] <= row["cover_end"] < AS_OF:
            days = (row["cover_end"] - row["inception_date"]).days + 1
            term = (row["expiry_date"] - row["inception_date"]).days + 1
            yield number, (row["service_frequency"] or 0) * days // term, len(truth.done.get(number, ()))


def no_service_at_expiry(truth: Truth) -> set[str]:
    return {number for number, owed, done in _delivered(truth) if owed and not done}


def contract_short_at_expiry(truth: Truth) -> set[str]:
    return {number for number, owed, done in _delivered(truth) if 0 < done < owed}


def online_only(truth: Truth) -> set[str]:
    return {
        number for number, _, done in _delivered(truth)
        if done and "线下" in truth.valid[number]["service_form"] and all(visit["form"] == "线上" for visit in truth.done[number])
    }  # fmt: skip


def plan_missing(truth: Truth) -> set[str]:
    overall = {(row["provider"], row["plan_year"]) for row in truth.plans if not row["insured_uscc"]}
    branches = {(row["city"], row["insurer_code"], row["inception_date"].year) for row in truth.begun}
    return {
        f"{city}|{insurer}|{year}" for city, insurer, year in branches
        if (f"{city}_{insurer.lower()}", year) not in overall and date(year, 1, 1) + timedelta(days=90) < AS_OF
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
        if len(industries) >= 3 and date(year, 12, 31) >= NOTICE[city]
    }  # fmt: skip


def claim_decision_late(truth: Truth) -> set[str]:
    return {
        row["claim_no"] for row in truth.claims if ((row["decide_date"] or row["close_date"] or AS_OF) - row["report_date"]).days > 30
    }  # fmt: skip


def claim_payment_late(truth: Truth) -> set[str]:
    found = set()
    for row in truth.claims:
        since = row["decide_date"] or row["close_date"]
        runs = row["paid_date"] or not row["close_date"]
        if since and runs and ((row["paid_date"] or AS_OF) - since).days > 10:
            found.add(row["claim_no"])
    return found


def complaint_late(truth: Truth) -> set[str]:
    found = set()
    for row in truth.complaints:
        due = working_days_after(row["received_on"], 30 if row["needs_check"] else 10)
        due += timedelta(days=30 if row["extended"] else 0)
        if due < (day_of(row["answered_at"]) or AS_OF):
            found.add(row["complaint_no"])
    return found


def accident_uninsured(truth: Truth) -> set[str]:
    found = set()
    for row in truth.accidents:
        day, field = row["occurred_at"].date(), row["industry_code"]
        must = any(
            listed["uscc"] == row["uscc"] and listed["industry_code"] == field for listed in truth.required_on(day)
        )
        if must and not truth.insured_on(row["uscc"], day, field) and not truth.pending_on(row["uscc"], day, field):
            found.add(row["accident_id"])
    return found


def accident_unserved(truth: Truth) -> set[str]:
    """By the insurer of the field that day, which has had the unit for more than thirty days (renewals within the year count on)."""
    found = set()
    for row in truth.accidents:
        day, field = row["occurred_at"].date(), row["industry_code"]
        covers = truth.insured_on(row["uscc"], day, field)
        if not covers:
            continue
        latest = max(cover["inception_date"] for cover in covers)
        cover = min((c for c in covers if c["inception_date"] == latest), key=lambda c: own_number(c["policy_no"]))
        since = min(
            earlier["inception_date"] for earlier in truth.covers[row["uscc"]]
            if earlier["industry_code"] == field and earlier["insurer_code"] == cover["insurer_code"]
            and earlier["inception_date"] <= day and (day - earlier["cover_end"]).days <= 365
        )  # fmt: skip
        served = any(
            visit["insured_uscc"] == row["uscc"] and 0 < (day - visit["day"]).days <= 365
            and (visit["insurer_code"] == cover["insurer_code"] or visit["policy_no"] == cover["policy_no"])
            for visit in truth.visits
        )  # fmt: skip
        if (day - since).days > 30 and not served:
            found.add(row["accident_id"])
    return found


def problem_overdue(truth: Truth) -> set[str]:
    return {
        row["problem_no"] for row in truth.problems
        if not row["closed_at"] and row["deadline"] < AS_OF and row["deadline"] >= NOTICE[row["city"]]
    }  # fmt: skip


def problem_not_notified(truth: Truth) -> set[str]:
    return {
        row["problem_no"] for row in truth.problems
        if row["target_type"] == "承保机构" and row["found_date"] >= NOTICE[row["city"]]
        and ((day_of(row["notified_regulator_at"]) or AS_OF) - row["found_date"]).days > 30
    }  # fmt: skip


def project_without_policy(truth: Truth) -> set[str]:
    """Named by a policy, or of a builder with an annual policy of the field."""
    reaching = [
        row for row in truth.begun if row["cover_end"] >= min(AS_OF, truth.reach[row["provider"]] + timedelta(days=1))
    ]  # fmt: skip
    insured = {row["project_code"] for row in reaching}
    annual = {
        row["insured_uscc"] for row in reaching if row["industry_code"] == "construction" and not row["project_code"]
    }
    return {
        row["project_code"] for row in truth.projects
        if row["status"] == "在建" and row["start_date"] <= AS_OF
        and row["project_code"] not in insured and row["builder_uscc"] not in annual
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
    "price_far_from_field",
    "rate_against_grade",
}
"""Signals rather than facts: what they find beyond the planted cases is counted as false alarms."""
RULES: dict[str, Callable[[Truth], set[str]]] = {
    rule.__name__: rule for rule in (
        accident_uninsured, accident_unserved, area_one_insurer, claim_decision_late, claim_payment_late, commission_above_cap,
        commission_missing, complaint_late, contract_short_at_expiry, cost_far_from_median, cover_interrupted, dangerous_work_not_checked,
        deadline_beyond_rule, december_cluster, enforcement_outside_band, evidence_reused, expert_not_qualified, expert_too_many_visits,
        expert_two_places, fee_above_cap, fee_above_cap_policy, fee_above_contract, fee_exactly_contracted, fee_without_service,
        fee_without_voucher, hazard_notice_late, insurer_below_solvency, limit_below_floor, major_hazard_at_inception, major_hazard_overdue, market_share_frozen,
        no_service_agreed, no_service_at_expiry, number_of_two_insurers, online_only, organisation_not_qualified, payee_is_insured,
        payee_not_permitted, payee_not_registered, permit_expired_operating, permit_without_roster, persons_below_employees, plan_missing, plan_not_kept,
        price_far_from_field, problem_not_notified, problem_overdue, project_without_policy, provision_never_spent, rate_against_grade,
        rate_outside_band, refusal_clause_missing, refusal_not_reported, same_plan_text, served_not_insured, service_paid_twice,
        service_without_evidence, survey_missing_or_late, unfiled_clause, uninsured_unit, visit_off_hours, visit_without_expert,
        voucher_reused, wrong_product,
    )
}  # fmt: skip
