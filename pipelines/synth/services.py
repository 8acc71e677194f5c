"""Visits as agreed, and as insurers report them.

What belongs here: visits. What does not: who made them (details.py), hazards found (supervision.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth import details
from pipelines.synth.draw import chance, day_values, days, drop_of, pick
from pipelines.synth.terms import END


def draw_services(rng: np.random.Generator, policies: pl.DataFrame) -> pl.DataFrame:
    """Contracted visits spread over the term; 86 % done, some cancelled, some still open."""
    live = policies.filter(pl.col("status") == "有效")
    frequency = live["service_frequency"].to_numpy()
    owner = np.repeat(np.arange(live.height), frequency)
    rows = live[owner]
    size = rows.height
    visit = np.arange(size) - np.repeat(np.cumsum(frequency) - frequency, frequency)
    planned = day_values(rows["inception_date"]) + (
        (visit + rng.random(size)) * 360 / np.repeat(frequency, frequency)
    ).astype(int).astype("timedelta64[D]")
    item = pick(
        rng,
        {
            "hazard_check": 0.45,
            "training": 0.25,
            "risk_assessment": 0.1,
            "emergency": 0.1,
            "standardisation": 0.05,
            "technology": 0.03,
            "other": 0.02,
        },
        size,
    )
    online = (item == "training") & chance(rng, 0.4, size)
    finished = details.on_working_day(planned + days(rng, 0, 10, size))
    hours = rng.integers(9, 16, size)
    state = pick(rng, {"已完成": 0.86, "取消": 0.08, "进行中": 0.06}, size)
    cost = (
        rows["premium_received"].to_numpy()
        * rows["fee_ratio"].to_numpy()
        // 100
        * rng.integers(50, 100, size)
        // 100
        // np.repeat(frequency, frequency)
    )
    moment = finished.astype("datetime64[us]") + hours.astype("timedelta64[h]")
    done = state == "已完成"
    confirmed = done & ~chance(rng, 0.04, size)
    blank = np.datetime64("NaT", "us")
    services = rows.select("policy_no", "insurer_code", "insured_uscc", "provider", "jurisdiction").with_columns(
        service_no=pl.concat_str(pl.lit("S"), rows["policy_no"], pl.lit("-"), pl.Series(visit + 1)),
        item=pl.Series(item), form=pl.Series(np.where(online, "线上", "线下")),
        provider_type=pl.Series(pick(rng, {"自有": 0.35, "外聘": 0.2, "委托": 0.45}, size)),
        experts=pl.concat_str(pl.lit("AQGCS"), pl.Series(rng.integers(0, 400, size)).cast(pl.String).str.zfill(6)),
        planned_date=pl.Series(planned),
        started_at=pl.Series(np.where(state != "取消", moment, blank)),
        finished_at=pl.Series(np.where(done, moment + np.timedelta64(2, "h"), blank)),
        participants=pl.Series(np.where(done, rng.integers(2, 40, size), 0)),
        hazards_found=pl.Series(np.where(done & (item == "hazard_check"), rng.poisson(6, size), 0)),
        evidence_count=pl.Series(np.where(done, rng.integers(1, 9, size), 0)),
        insured_confirmed_at=pl.Series(np.where(confirmed, moment + np.timedelta64(26, "h"), blank)),
        insurer_confirmed_at=pl.Series(np.where(done, moment + np.timedelta64(50, "h"), blank)),
        satisfaction=pl.Series(rng.choice([3, 4, 4, 5, 5, 5], size)),
        status=pl.Series(state), cost=pl.Series(cost), finished_on=pl.Series(finished), done=pl.Series(done),
    )  # fmt: skip
    return services.with_columns(satisfaction=pl.when("done").then("satisfaction")).filter(
        pl.col("finished_on") <= pl.lit(END)
    )


def service_versions(rng: np.random.Generator, services: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """Finished visits; a tenth is announced in the drop before as still going on."""
    arrives = drop_of(rng, drops, day_values(services["finished_on"]) + 3)
    final = services.with_columns(received=pl.Series(arrives))
    place = np.searchsorted(drops, arrives)
    early_drop = drops[np.maximum(place - 1, 0)]
    early = chance(rng, 0.1, services.height) & (place > 0)
    announced = services.with_columns(
        received=pl.Series(early_drop), status=pl.lit("待开展"), satisfaction=pl.lit(None, pl.Int64),
        started_at=pl.lit(None, pl.Datetime("us")), finished_at=pl.lit(None, pl.Datetime("us")),
        insured_confirmed_at=pl.lit(None, pl.Datetime("us")), insurer_confirmed_at=pl.lit(None, pl.Datetime("us")),
        participants=pl.lit(0, pl.Int64), hazards_found=pl.lit(0, pl.Int64), evidence_count=pl.lit(0, pl.Int64),
    ).pipe(details.announced).filter(pl.Series(early))  # fmt: skip
    return pl.concat([announced.cast(final.schema), final]).drop("jurisdiction", "cost", "finished_on", "done")
