"""A second computation of the four headline ratios, in plain Python over the synthetic truth.

It shares no code with the warehouse and reads nothing the warehouse has written: only
`truth/<feed>.parquet`, the record of what the generator put into the files and which rows must be
accepted. Money is in cents and ratios are pairs of integers, so every comparison is exact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl

Row = dict[str, Any]
Cell = tuple[str, int, str, str]
NOT_ANZEXIAN = {"employer_liability", "public_liability", "group_accident"}


def city_of(district: str) -> str:
    return "weihai" if district.startswith("37") else "shanghai"


WORLD = {"enterprise", "project", "accident", "service_org", "expert", "contact", "indicator"}
"""Feeds whose records several senders may describe; of all others a number is its sender's."""


def newest(truth: Path, feed: str, keys: list[str], as_of: date) -> list[Row]:
    """The version of each record known at the as-of date; withdrawn ones are gone.

    First each sender's last word on a record, withdrawals included; then, of what the world knows, the last word that stands.
    """
    best: dict[tuple[Any, ...], Row] = {}
    rows = pl.read_parquet(truth / f"{feed}.parquet").to_dicts()
    for row in rows:
        if row["expected"] is not None or row["received"] > as_of:
            continue
        key = (row["provider"], *(row[name] for name in keys))
        rank = (row["received"], row["path"].rsplit("/", 1)[1], row["line_no"])
        if key not in best or rank > best[key]["rank"]:
            best[key] = {**row, "rank": rank}
    standing = [row for row in best.values() if row.get("record_status") != "撤销"]
    if feed not in WORLD:
        return standing
    said: dict[tuple[Any, ...], Row] = {}
    for row in standing:
        key = tuple(row[name] for name in keys)
        if key not in said or row["rank"] > said[key]["rank"]:
            said[key] = row
    return list(said.values())


def policy_of(row: Row) -> tuple[str, str]:
    """The policy that a record means: its own sender's of that number."""
    return row["provider"], row["policy_no"]


def cells(district: str, industry: str) -> Iterable[tuple[str, str]]:
    return product((district, "ALL"), (industry, "ALL"))


def headline(truth: Path, as_of: date) -> dict[Cell, dict[str, tuple[int, int]]]:
    """(jurisdiction, year, district, industry) → metric → (numerator, denominator)."""
    endorsements = newest(truth, "endorsement", ["endorsement_no"], as_of)
    left: dict[tuple[str, str], date] = {}
    for row in endorsements:
        if row["type"] == "退保":
            left[policy_of(row)] = min(left.get(policy_of(row), row["effective_date"]), row["effective_date"])
    policies: dict[tuple[str, str], Row] = {}
    for row in newest(truth, "policy", ["policy_no"], as_of):
        gone = left.get(policy_of(row))
        if row["product_code"] in NOT_ANZEXIAN or row["status"] == "注销" or (gone and gone <= row["inception_date"]):
            continue
        ends = (
            [row["expiry_date"]] + ([gone] if gone else []) + ([row["status_date"]] if row["status"] == "退保" else [])
        )
        policies[policy_of(row)] = {**row, "cover_end": min(ends)}
    claims = [
        row
        for row in newest(truth, "claim", ["claim_no"], as_of)
        if policy_of(row) in policies and row["status"] != "销案"
    ]
    services = newest(truth, "service_record", ["service_no"], as_of)
    ledger = newest(truth, "fee_ledger", ["entry_no"], as_of)
    roster = newest(truth, "enterprise", ["uscc", "industry_code"], as_of)

    years = {policy["inception_date"].year for policy in policies.values()}
    years |= {claim["loss_date"].year for claim in claims}
    years |= {
        entry["entry_date"].year for entry in ledger if entry["policy_no"] is None or policy_of(entry) in policies
    }
    result: dict[Cell, dict[str, tuple[int, int]]] = {}
    for year in sorted(y for y in years if date(y, 1, 1) <= as_of):
        start, end = date(year, 1, 1), min(date(year, 12, 31), as_of)
        premium: dict[tuple[str, str, str], int] = defaultdict(int)
        incurred: dict[tuple[str, str, str], int] = defaultdict(int)
        provided: dict[tuple[str, str, str], int] = defaultdict(int)
        in_force: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        served: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        required: dict[tuple[str, str, str], dict[str, bool]] = defaultdict(dict)
        covered: set[tuple[str, str]] = set()

        def everywhere(row: Row) -> Iterable[tuple[str, str, str]]:
            city = city_of(row["district_code"])
            return ((city, *cell) for cell in cells(row["district_code"], row["industry_code"]))

        for policy in policies.values():
            if start <= policy["inception_date"] <= end:
                for cell in everywhere(policy):
                    premium[cell] += policy["premium_received"]
            if policy["inception_date"] <= end <= policy["cover_end"]:
                covered.add((policy["insured_uscc"], policy["industry_code"]))
                for cell in everywhere(policy):
                    in_force[cell].add(policy["insured_uscc"])
        for row in endorsements:
            if policy_of(row) in policies and start <= row["effective_date"] <= end:
                for cell in everywhere(policies[policy_of(row)]):
                    premium[cell] += row["received_change"]
        for claim in claims:
            closed = claim["close_date"]
            amount = 0
            if closed is not None and start <= closed <= end:
                amount = claim["paid_to_date"]
            elif claim["report_date"] <= end and (closed is None or closed > end):
                amount = max(claim["estimate"], claim["paid_to_date"])
            for cell in everywhere(policies[policy_of(claim)]):
                incurred[cell] += amount
        for service in services:
            done = service["status"] == "已完成" and service["insured_confirmed_at"] and service["insurer_confirmed_at"]
            own = policies.get(policy_of(service))
            done = done and own is not None and own["insured_uscc"] == service["insured_uscc"]
            if done and start <= service["finished_at"].date() <= end:
                for cell in everywhere(policies[policy_of(service)]):
                    served[cell].add(service["insured_uscc"])
        for entry in ledger:
            signed = {"提取": 1, "冲回": -1}.get(entry["type"], 0) * entry["amount"]
            if not start <= entry["entry_date"] <= end or not signed:
                continue
            if entry["policy_no"] is None:
                provided[entry["provider"].split("_")[0], "ALL", "ALL"] += signed
            elif policy_of(entry) in policies:
                for cell in everywhere(policies[policy_of(entry)]):
                    provided[cell] += signed
        for row in roster:
            open_then = row["operating_status"] == "存续" or (
                row["status_date"] is not None and row["status_date"] > end
            )
            listed = row["listed_from"] <= end and (row["listed_to"] is None or row["listed_to"] > end)
            if row["mandatory"] and open_then and listed:
                insured = (row["uscc"], row["industry_code"]) in covered
                for cell in everywhere(row):
                    required[cell][row["uscc"]] = required[cell].get(row["uscc"], True) and insured
        touched = set(premium) | set(incurred) | set(provided) | set(in_force) | set(required)
        for cell in touched:
            city, district, industry = cell
            result[city, year, district, industry] = {
                "participation_rate": (sum(required[cell].values()), len(required[cell])),
                "simple_loss_ratio": (incurred[cell], premium[cell]),
                "prevention_fee_share": (provided[cell], premium[cell]),
                "service_coverage": (len(in_force[cell] & served[cell]), len(in_force[cell])),
            }
    return result
