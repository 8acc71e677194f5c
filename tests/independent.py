"""A second computation of the four headline ratios and of completeness, in plain Python over the synthetic truth.

It shares no code with the warehouse and reads nothing the warehouse has written: only
`truth/<feed>.parquet`, the record of what the generator put into the files and which rows must be
accepted. Money is in cents and ratios are pairs of integers, so every comparison is exact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl

Row = dict[str, Any]
Cell = tuple[str, int, str, str]
PROGRAMME = {"weihai": 2018, "shanghai": 2019}
MUST_INSURE = {
    "mine_coal", "mine_noncoal", "hazchem", "fireworks", "transport", "construction", "explosives", "metallurgy", "fishery",
}  # fmt: skip
"""安责险 is a duty by law (安全生产法 第五十一条; 安监总办〔2017〕140号 第六条)."""
DECLARED_BY = {
    "policy": ("policy_no", lambda row: row["issue_date"], "premium_written"),
    "endorsement": ("endorsement_no", lambda row: row["effective_date"], None),
    "claim": ("claim_no", lambda row: row["report_date"], "paid_to_date"),
    "service_record": ("service_no", lambda row: row["finished_at"] or row["started_at"] or row["planned_date"], None),
    "fee_ledger": ("entry_no", lambda row: row["entry_date"], "amount"),
    "hazard": ("hazard_no", lambda row: row["found_date"], None),
}
"""Feed → its number, the day by which a record is of a month, the amount of its declaration."""
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
    if feed == "service_record":
        # What a service organisation tells is of the insurer that entrusted it.
        standing = [
            row | {"provider": f"weihai_{row['insurer_code'].lower()}"} if row["provider"] == "weihai_aqjs" else row
            for row in standing
        ]
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


def must_insure(row: Row) -> bool:
    """A unit on the roster counts as required when its sender says so, or gives no reason why it is not in a field that must."""
    return bool(row["mandatory"] or (row["exempt_reason"] is None and row["industry_code"] in MUST_INSURE))


def data_dates(truth: Path, feed: str, as_of: date) -> dict[str, date]:
    """Sender → the day to which its data of a feed reach: declared, else that of its newest file."""
    declared: dict[str, date] = {}
    for row in newest(truth, "declaration", ["feed", "period"], as_of):
        if row["feed"] == feed:
            reach = min(row["covers_to"], row["received"])
            declared[row["provider"]] = max(declared.get(row["provider"], reach), reach)
    received: dict[str, date] = {}
    for row in pl.read_parquet(truth / f"{feed}.parquet").to_dicts():
        if row["expected"] is None and row["received"] <= as_of:
            received[row["provider"]] = max(received.get(row["provider"], row["received"]), row["received"])
    return received | declared


def is_pending(covers: list[Row], reach: dict[str, date], day: date) -> bool:
    """Whether the last of a unit's covers before a day ended after its sender's data do; the unit is not covered that day."""
    begun = [row for row in covers if row["inception_date"] <= min(day, row["cover_end"])]
    last = max((row["cover_end"] for row in begun), default=None)
    return any(row["cover_end"] == last > reach[row["provider"]] for row in begun)


def declared(truth: Path, as_of: date) -> dict[tuple[str, str, str], tuple[int | None, int, int | None, int | None]]:
    """(sender, feed, month) → declared rows, rows that came, declared amount, amount that came (cents)."""
    found = {}
    rows = {
        feed: [
            row
            for row in pl.read_parquet(truth / f"{feed}.parquet").to_dicts()
            if row["expected"] is None and row["received"] <= as_of
        ]
        for feed in DECLARED_BY
    }
    for said in newest(truth, "declaration", ["feed", "period"], as_of):
        if said["feed"] not in DECLARED_BY:
            continue
        number, day_of, amount = DECLARED_BY[said["feed"]]
        versions: dict[str, list[Row]] = defaultdict(list)
        for row in rows[said["feed"]]:
            if row["provider"] == said["provider"]:
                versions[row[number]].append(row)
        came, total = 0, 0
        for known in versions.values():
            counts = max(known, key=lambda row: (row["received"] <= said["received"], row["received"], row["line_no"]))
            day = day_of(counts)
            if counts.get("record_status") != "撤销" and day is not None and f"{day:%Y-%m}" == said["period"]:
                came += 1
                total += counts[amount] if amount else 0
        zero = said["nothing"]
        found[said["provider"], said["feed"], said["period"]] = (
            0 if zero else said["rows"],
            came,
            0 if zero else said["amount"],
            total if amount else None,
        )
    return found


def headline(
    truth: Path, as_of: date, end_of: Callable[[int], date] | None = None
) -> dict[Cell, dict[str, tuple[int, int]]]:
    """(jurisdiction, year, district, industry) → metric → (numerator, denominator).

    Args:
        end_of: the last day of a year's figures; its own, or the knowledge date, if none is given.
    """
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
    reach = data_dates(truth, "policy", as_of)
    by_unit: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for policy in policies.values():
        by_unit[policy["insured_uscc"], policy["industry_code"]].append(policy)
    years |= set(range(min(PROGRAMME.values()), as_of.year + 1))
    result: dict[Cell, dict[str, tuple[int, int]]] = {}
    for year in sorted(y for y in years if date(y, 1, 1) <= as_of):
        start, end = date(year, 1, 1), end_of(year) if end_of else min(date(year, 12, 31), as_of)
        premium: dict[tuple[str, str, str], int] = defaultdict(int)
        incurred: dict[tuple[str, str, str], int] = defaultdict(int)
        provided: dict[tuple[str, str, str], int] = defaultdict(int)
        in_force: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        served: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        required: dict[tuple[str, str, str], dict[str, bool]] = defaultdict(dict)
        perhaps: dict[tuple[str, str, str], dict[str, bool]] = defaultdict(dict)
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
            if must_insure(row) and open_then and listed:
                insured = (row["uscc"], row["industry_code"]) in covered
                unsure = insured or is_pending(by_unit[row["uscc"], row["industry_code"]], reach, end)
                for cell in everywhere(row):
                    required[cell][row["uscc"]] = required[cell].get(row["uscc"], True) and insured
                    perhaps[cell][row["uscc"]] = perhaps[cell].get(row["uscc"], True) and unsure
        touched = set(premium) | set(incurred) | set(provided) | set(in_force) | set(required)
        for cell in touched:
            city, district, industry = cell
            if year < PROGRAMME[city] and not any(
                policy["inception_date"].year == year for policy in policies.values()
            ):
                continue
            result[city, year, district, industry] = {
                "participation_rate": (sum(required[cell].values()), len(required[cell])),
                "participation_rate_high": (sum(perhaps[cell].values()), len(required[cell])),
                "simple_loss_ratio": (incurred[cell], premium[cell]),
                "prevention_fee_share": (provided[cell], premium[cell]),
                "service_coverage": (len(in_force[cell] & served[cell]), len(in_force[cell])),
            }
    return result
