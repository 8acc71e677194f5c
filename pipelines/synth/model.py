"""The synthetic world: units, policies, claims, services and money, as they truly were.

What belongs here: putting the world together from a seed. What does not: drawing its parts (the modules beside this), how
senders write it down (files.py) and what goes wrong on the way (dirt.py). Shares no code with the warehouse: its output is
the truth the warehouse is tested against.

Everything is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from pipelines.synth import completeness, departments, details, oversight, supervision
from pipelines.synth.claims import draw_claims, with_accidents
from pipelines.synth.ledger import draw_ledger
from pipelines.synth.patterns import Patterns
from pipelines.synth.policies import draw_coinsurance, draw_endorsements, draw_policies, policy_versions
from pipelines.synth.services import draw_services, service_versions
from pipelines.synth.terms import DISTRICTS, END, INDUSTRIES, INSURERS
from pipelines.synth.units import draw_fields, draw_roster, draw_units


@dataclass(frozen=True)
class Scale:
    """Units drawn, how often senders send, and how many times that world is written down (tiles.py)."""

    units: int
    months_between_drops: int
    tiles: int = 1


SCALES = {
    "sample": Scale(700, 12),
    "city": Scale(20_000, 3),
    "province": Scale(20_000, 3, tiles=30),
    "region": Scale(20_000, 3, tiles=75),
    "country": Scale(20_000, 3, tiles=300),
}


def drop_dates(months: int) -> np.ndarray:
    """Days on which senders send: the 5th of every n-th month, and the day before the yearly return."""
    days = [date(2022 + month // 12, month % 12 + 1, 5) for month in range(12, 58, months)]
    days += [date(year, 12, 5) for year in range(2023, 2026)] + [END]
    return np.array(sorted(set(days)), dtype="datetime64[D]")


@dataclass
class World:
    """All records of the feeds, every version, as polars frames with English column names.

    Each frame has `provider` and `received` (the drop it comes in); money is in cents.
    """

    feeds: dict[str, pl.DataFrame]
    patterns: pl.DataFrame
    """What is planted where: rule_code, record_key."""


def build(scale: Scale, seed: int) -> World:
    """Draws the world; the same scale and seed give the same world."""
    rng = np.random.default_rng(seed)
    # Streams of their own: what is drawn for one part changes nothing in another.
    detail = np.random.default_rng([seed, 2])
    patterns = Patterns(np.random.default_rng([seed, 3]), 3 + scale.units // 20_000, END)
    drops = drop_dates(scale.months_between_drops)
    units = draw_units(rng, scale.units)
    fields = draw_fields(rng, units)
    organisations = details.organisations(scale.units)
    policies = details.policies(detail, patterns.uninsured(draw_policies(rng, fields), fields))
    policies = patterns.policies(policies, fields)
    endorsements = draw_endorsements(rng, policies, drops)
    claims = with_accidents(draw_claims(rng, policies, drops))
    services = details.services(detail, draw_services(rng, policies), policies, organisations)
    expired = organisations.filter("is_expired")["uscc"][0]
    services = patterns.services(services, policies, expired)
    ledger = details.payees(draw_ledger(rng, policies, services, drops), services)
    ledger = patterns.ledger(ledger, services, policies, endorsements)
    claims = patterns.claims(claims)
    policies = patterns.in_use(policies, services, ledger, claims)
    feeds = {
        "enterprise": patterns.permits(draw_roster(rng, fields, drops)),
        "policy": policy_versions(rng, policies, drops),
        "coinsurance": draw_coinsurance(rng, policies, drops),
        "endorsement": endorsements,
        "claim": claims,
        "service_record": service_versions(rng, services, drops),
        "fee_ledger": ledger,
    }
    rng = np.random.default_rng([seed, 1])
    feeds["hazard"] = patterns.hazards(supervision.hazards(rng, policies, services, drops, END), policies)
    feeds["complaint"] = patterns.complaints(
        supervision.complaints(rng, INSURERS, 20 + scale.units // 200, drops, END).with_columns(planted=pl.lit(False))
    )
    feeds["document"] = supervision.documents(rng, DISTRICTS).with_columns(planted=pl.lit(False))
    names = {code: row[4] for code, row in INDUSTRIES.items()}
    feeds["service_plan"] = patterns.plans(departments.plans(policies, names, drops), policies)
    feeds["project"] = patterns.projects(departments.projects(policies, drops, END), policies)
    feeds["accident"] = patterns.accidents(
        departments.accidents(detail, feeds["claim"], policies, drops), fields, policies
    )
    feeds["service_org"] = departments.organisations_sent(organisations)
    feeds["expert"] = departments.experts(detail, services, organisations)
    checks = departments.checks(detail, fields, policies, INSURERS, drops, END)
    feeds |= checks | {
        "problem": patterns.problems(checks["problem"]),
        "enforcement": patterns.enforcement(checks["enforcement"]),
    }
    roster = feeds["enterprise"].with_columns(planted=pl.lit(False))
    feeds["permit"] = patterns.unlisted(departments.permits(roster, END), roster)
    feeds["social_insurance"] = patterns.headcounts(
        departments.social_insurance(np.random.default_rng([seed, 5]), roster, END)
    )
    feeds["enterprise_link"] = departments.enterprise_links(roster, END)
    feeds["insurer_capacity"] = patterns.capacities(departments.capacities(INSURERS, END))
    feeds["contact"] = departments.contacts()
    feeds["indicator"] = departments.indicators(detail, DISTRICTS)
    feeds = completeness.withhold(patterns.spared(patterns.numbers_of_others(feeds)), drops, patterns)
    feeds["enterprise"] = completeness.exempt(np.random.default_rng([seed, 4]), feeds["enterprise"], patterns)
    feeds = oversight.add(np.random.default_rng([seed, 6]), feeds, drops, END)
    feeds["document"] = pl.concat([feeds["document"], supervision.narratives(DISTRICTS)], how="diagonal_relaxed")
    feeds["declaration"] = completeness.declarations(feeds, drops, scale.tiles, patterns)
    return World(feeds, patterns.frame())
