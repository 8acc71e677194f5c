"""Policies over the years, their versions, shares and endorsements.

What belongs here: what insurers sell and change. What does not: details of a policy (details.py), planted patterns (patterns.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth.draw import NO_DATE, chance, day_values, days, drop_of, industry_place, money, pick
from pipelines.synth.terms import END, INDUSTRIES, INSURERS, PRODUCT, START


def draw_policies(rng: np.random.Generator, fields: pl.DataFrame) -> pl.DataFrame:
    """One row per policy: yearly renewals per field, with lapses, gaps, switches of insurer."""
    count, years = fields.height, 5
    mandatory = fields["mandatory"].to_numpy()
    insured_at_all = np.where(mandatory, chance(rng, 0.93, count), chance(rng, 0.8, count))
    # Season: a third of policies begin around the new year, a bump in June.
    day_of_year = np.where(
        chance(rng, 0.35, count),
        rng.integers(0, 40, count),
        np.where(chance(rng, 0.2, count), rng.integers(150, 185, count), rng.integers(0, 365, count)),
    )
    listed = fields["listed_from"].to_numpy().astype("datetime64[D]")
    first = np.maximum(np.datetime64(START) + day_of_year.astype("timedelta64[D]"), listed + days(rng, 0, 90, count))
    closed = fields["closed_on"].to_numpy().astype("datetime64[D]")
    closed = np.where(np.isnat(closed), np.datetime64("2100-01-01"), closed)
    renewed = np.cumprod(np.column_stack([np.ones(count, bool), rng.random((count, years - 1)) > 0.09]), axis=1).astype(
        bool
    )
    back = (~renewed) & (rng.random((count, years)) < 0.5)
    gaps = np.where(rng.random((count, years)) < 0.12, rng.integers(1, 60, (count, years)), 0)
    gaps[:, 0] = 0
    # A year's policy runs from its anniversary; a gap moves all that follow.
    start = (
        first[:, None]
        + (np.arange(years) * 365)[None, :].astype("timedelta64[D]")
        + np.cumsum(gaps, axis=1).astype("timedelta64[D]")
    )
    held = insured_at_all[:, None] & (renewed | back) & (start <= np.datetime64(END)) & (start < closed[:, None])
    field, year = np.nonzero(held)
    size = len(field)
    inception = start[field, year]
    rows = fields[field]
    weihai = (rows["jurisdiction"] == "weihai").to_numpy()
    usual = np.where(
        (fields["jurisdiction"] == "weihai").to_numpy(),
        pick(rng, INSURERS["weihai"], count),
        pick(rng, INSURERS["shanghai"], count),
    )
    switched = np.where(weihai, pick(rng, INSURERS["weihai"], size), pick(rng, INSURERS["shanghai"], size))
    insurer = np.where(chance(rng, 0.1, size), switched, usual[field])
    industry = rows["industry_code"].to_numpy().astype(str)
    place = industry_place(industry)
    per_head = np.array([row[3] for row in INDUSTRIES.values()])[place] * rng.uniform(0.7, 1.4, size)
    employees = rows["employees"].to_numpy()
    persons = np.where(
        chance(rng, 0.06, size), np.maximum(1, (employees * rng.uniform(0.3, 0.8, size)).astype(np.int64)), employees
    )
    written = np.round(np.maximum(800, persons * per_head) / 10) * 10
    received = np.where(chance(rng, 0.03, size), written * 0.5, written)
    floor = np.where(inception >= np.datetime64("2025-03-29"), 400_000, 300_000)
    limit = np.where(
        chance(rng, 0.02, size), floor - 100_000, floor + rng.choice([0, 0, 100_000, 200_000, 500_000], size)
    )
    new_law = inception >= np.datetime64("2025-03-29")
    commission_rate = np.where(
        new_law, np.where(chance(rng, 0.02, size), 0.08, rng.uniform(0, 0.05, size)), rng.uniform(0, 0.15, size)
    )
    state = pick(rng, {"有效": 0.975, "退保": 0.015, "注销": 0.01}, size)
    surrendered = np.where(
        state == "退保", inception + days(rng, 30, 300, size), np.where(state == "注销", inception, NO_DATE)
    )
    future = ~np.isnat(surrendered) & (surrendered > np.datetime64(END))
    state = np.where(future, "有效", state)
    surrendered = np.where(future, NO_DATE, surrendered)
    product = np.array([PRODUCT.get(name, "azx") for name in INDUSTRIES])[place]
    product = np.where(chance(rng, 0.01, size), "employer_liability", product)
    serial = np.arange(size)
    city = np.where(weihai, "3710", "3101")
    return pl.DataFrame(
        {
            "serial": serial,
            "field": field,
            "jurisdiction": rows["jurisdiction"],
            "insurer_code": insurer,
            "insured_uscc": rows["uscc"],
            "insured_name": rows["name"],
            "district_code": rows["district_code"],
            "industry_code": industry,
            "product_code": product,
            "renewal_flag": np.where(year > 0, "续保", "新保"),
            "issue_date": inception - days(rng, 0, 20, size),
            "inception_date": inception,
            "premium_written": money(written),
            "premium_received": money(received),
            "insured_persons": persons,
            "limit_per_person": money(limit),
            "limit_aggregate": money(limit * rng.choice([5, 10, 20], size)),
            "commission": money(received * commission_rate),
            "fee_ratio": rng.choice([10, 12, 15, 18, 20], size),
            "service_frequency": rng.choice([1, 1, 2, 2, 3, 4], size),
            "status": state,
            "status_date": surrendered,
        }
    ).with_columns(
        policy_no=pl.concat_str("insurer_code", pl.Series(city), pl.col("inception_date").dt.year(), pl.col("serial").cast(pl.String).str.zfill(9)),
        expiry_date=pl.col("inception_date").dt.offset_by("1y").dt.offset_by("-1d"),
        provider=pl.concat_str("jurisdiction", pl.lit("_"), pl.col("insurer_code").str.to_lowercase()),
        service_items=pl.Series(rng.choice(["生产安全事故隐患排查/安全生产宣传教育培训", "安全生产宣传教育培训、应急预案编制和应急救援演练", "生产安全事故隐患排查"], size)),
        service_form=pl.Series(rng.choice(["线下", "线下", "线上线下结合"], size)),
    )  # fmt: skip


def policy_versions(rng: np.random.Generator, policies: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """As issued; corrected premiums and later states in later drops; a few withdrawn."""
    arrives = drop_of(rng, drops, day_values(policies["issue_date"]))
    changed_on = day_values(policies["status_date"])
    late_state = ~np.isnat(changed_on) & (changed_on > arrives)
    wrong = chance(rng, 0.02, policies.height)
    base = policies.with_columns(record_status=pl.lit("正常"), received=pl.Series(arrives))
    first = base.with_columns(
        status=pl.when(pl.Series(late_state)).then(pl.lit("有效")).otherwise("status"),
        status_date=pl.when(~pl.Series(late_state)).then("status_date"),
        premium_received=pl.when(pl.Series(wrong))
        .then(pl.col("premium_received") * 11 // 10)
        .otherwise("premium_received"),
        premium_written=pl.when(pl.Series(wrong))
        .then(pl.col("premium_written") * 11 // 10)
        .otherwise("premium_written"),
    )
    again_on = np.where(late_state, changed_on, arrives + 1)
    again = base.with_columns(received=pl.Series(drop_of(rng, drops, again_on))).filter(
        pl.Series(late_state | wrong) & (pl.Series(arrives) < pl.col("received"))
    )
    withdrawn_rows = chance(rng, 0.003, policies.height) & ~late_state & ~wrong & ~policies["planted"].to_numpy()
    withdrawn = base.with_columns(
        record_status=pl.lit("撤销"), received=pl.Series(drop_of(rng, drops, arrives + 1))
    ).filter(pl.Series(withdrawn_rows) & (pl.Series(arrives) < pl.col("received")))
    # In the last drop a correction has no later one to come in: those rows were right at once.
    corrected = again.select("policy_no")
    first = pl.concat(
        [first.join(corrected, on="policy_no", how="semi"), base.join(corrected, on="policy_no", how="anti")]
    )
    return pl.concat([first, again, withdrawn]).drop("serial", "field", "jurisdiction")


def draw_coinsurance(rng: np.random.Generator, policies: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """5 % of policies are shared: the lead's 60 or 50 %, the rest with one or two others."""
    shared = policies.filter(pl.Series(chance(rng, 0.05, policies.height))).select(
        "policy_no", "insurer_code", "provider", "jurisdiction", "issue_date"
    )
    received = pl.Series(drop_of(rng, drops, day_values(shared["issue_date"])))
    shared = shared.with_columns(
        received=received,
        pair=pl.Series(chance(rng, 0.6, shared.height)),
        turn=pl.Series(rng.integers(0, 3, shared.height)),
    )
    others = pl.DataFrame(
        [
            {"jurisdiction": city, "insurer_code": insurer, "other": other, "rank": rank}
            for city, options in INSURERS.items()
            for insurer in options
            for rank, other in enumerate(name for name in options if name != insurer)
        ]
    )
    lead = shared.select(
        "policy_no",
        "insurer_code",
        share=pl.when("pair").then(60).otherwise(50),
        is_lead=pl.lit(True),
        provider="provider",
        received="received",
    )
    joined = shared.join(others, on=["jurisdiction", "insurer_code"]).with_columns(
        rank=(pl.col("rank") + pl.col("turn")) % pl.col("rank").max().over("policy_no")
    )
    joined = joined.with_columns(order=pl.int_range(pl.len()).over("policy_no", order_by=["rank", "other"]))
    member = joined.filter((pl.col("order") == 0) | (~pl.col("pair") & (pl.col("order") == 1)))
    member = member.select(
        "policy_no", insurer_code="other",
        share=pl.when("pair").then(40).when(pl.col("order") == 0).then(30).otherwise(20),
        is_lead=pl.lit(False), provider="provider", received="received",
    )  # fmt: skip
    return pl.concat([lead, member.cast(lead.schema)])


def draw_endorsements(rng: np.random.Generator, policies: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """Changes of persons and premium, refunds on surrender."""
    live = policies.filter(pl.col("status") != "注销")
    changed = live.filter(pl.Series(chance(rng, 0.08, live.height)) & (pl.col("status") == "有效"))
    size = changed.height
    kind = pick(rng, {"加保": 0.6, "减保": 0.35, "更正": 0.05}, size)
    share = rng.integers(5, 30, size)
    sign = np.where(kind == "加保", 1, np.where(kind == "减保", -1, 0))
    effective = day_values(changed["inception_date"]) + days(rng, 20, 330, size)
    change = changed["premium_received"].to_numpy() * share * sign // 100
    changes = changed.select("policy_no", "provider").with_columns(
        effective_date=pl.Series(effective), type=pl.Series(kind), premium_change=pl.Series(change), received_change=pl.Series(change),
        persons_change=pl.Series(changed["insured_persons"].to_numpy() * share * sign // 100),
    )  # fmt: skip
    gone = live.filter(pl.col("status") == "退保")
    left = (day_values(gone["expiry_date"]) - day_values(gone["status_date"])).astype(int)
    refund = -(gone["premium_received"].to_numpy() * left // 366)
    refunds = gone.select("policy_no", "provider", effective_date="status_date").with_columns(
        type=pl.lit("退保"),
        premium_change=pl.Series(refund),
        received_change=pl.Series(refund),
        persons_change=pl.lit(0, pl.Int64),
    )
    every = pl.concat([changes, refunds.select(changes.columns).cast(changes.schema)]).filter(
        pl.col("effective_date") <= pl.lit(END)
    )
    every = every.with_columns(
        endorsement_no=pl.concat_str(pl.lit("E"), pl.col("policy_no"), pl.lit("-1")),
        received=pl.Series(drop_of(rng, drops, day_values(every["effective_date"]))),
    )
    return every.select("endorsement_no", *changes.columns, "received")
