"""Claims as they were open and when they were closed.

What belongs here: claims and their versions. What does not: accidents (departments.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth.draw import chance, day_values, days, drop_of, money, pick
from pipelines.synth.terms import END


def draw_claims(rng: np.random.Generator, policies: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """5 % of policies have a claim, a few a second one; a claim is sent when open and again when closed."""
    live = policies.filter(pl.col("status") != "注销")
    counts = np.where(chance(rng, 0.05, live.height), np.where(chance(rng, 0.1, live.height), 2, 1), 0)
    rows = live[np.repeat(np.arange(live.height), counts)]
    size = rows.height
    cover_end = np.minimum(
        day_values(rows["expiry_date"]),
        np.where(
            np.isnat(day_values(rows["status_date"])), np.datetime64("2100-01-01"), day_values(rows["status_date"])
        ),
    )
    length = (cover_end - day_values(rows["inception_date"])).astype(int)
    loss = day_values(rows["inception_date"]) + (rng.random(size) * length).astype(int).astype("timedelta64[D]")
    report = loss + days(rng, 0, 6, size)
    register = report + days(rng, 0, 3, size)
    decide = register + days(rng, 5, 70, size)
    paid = decide + days(rng, 1, 18, size)
    close = paid + days(rng, 0, 10, size)
    amount = np.minimum(
        money(np.round(rng.lognormal(np.log(45_000), 1.0, size), -1)), rows["limit_per_person"].to_numpy()
    )
    outcome = pick(rng, {"paid": 0.9, "zero": 0.06, "cancelled": 0.04}, size)
    final = np.where(outcome == "paid", amount, 0)
    advance = np.where(chance(rng, 0.15, size), amount * 3 // 10 // 100 * 100, 0)
    claims = rows.select("policy_no", "insured_uscc", "district_code", "provider").with_columns(
        claim_no=pl.concat_str(pl.lit("C"), rows["policy_no"], pl.Series(np.arange(size)).cast(pl.String).str.zfill(6)),
        loss_date=pl.Series(loss), report_date=pl.Series(report), register_date=pl.Series(register),
        accident_type=pl.Series(rng.choice(["物体打击", "机械伤害", "高处坠落", "火灾", "车辆伤害", "灼烫", "中毒和窒息", "其他伤害"], size)),
        deaths=pl.Series((chance(rng, 0.06, size)).astype(np.int64)), serious_injuries=pl.Series(rng.poisson(0.3, size)),
        _decide=pl.Series(decide), _paid=pl.Series(paid), _close=pl.Series(close), _final=pl.Series(final),
        _estimate=pl.Series(amount * rng.integers(80, 130, size) // 100), _advance=pl.Series(np.where(outcome == "paid", advance, 0)),
        _outcome=pl.Series(outcome),
    ).filter(pl.col("report_date") <= pl.lit(END))  # fmt: skip
    first = drop_of(rng, drops, day_values(claims["report_date"]))
    last = drop_of(rng, drops, np.maximum(day_values(claims["_close"]), first + 1))
    close_days = day_values(claims["_close"])
    second = (last > first) & (close_days >= first) & (close_days <= np.datetime64(END))
    versions = pl.concat(
        [
            claims.with_columns(received=pl.Series(first)),
            claims.with_columns(received=pl.Series(last)).filter(pl.Series(second)),
        ]
    )
    done = pl.col("_close") < pl.col("received")
    cancelled = pl.col("_outcome") == "cancelled"
    return versions.with_columns(
        decide_date=pl.when(done & ~cancelled).then("_decide"),
        paid_date=pl.when(done & (pl.col("_final") > 0)).then("_paid"),
        close_date=pl.when(done & ~cancelled).then("_close"),
        status=pl.when(done & cancelled)
        .then(pl.lit("销案"))
        .when(done)
        .then(pl.lit("已结案"))
        .otherwise(pl.lit("处理中")),
        paid_to_date=pl.when(done).then("_final").otherwise("_advance"),
        advance_paid="_advance",
        estimate=pl.when(done).then("_final").otherwise(pl.max_horizontal("_estimate", "_advance")),
    ).select(pl.exclude("^_.*$"))


def with_accidents(claims: pl.DataFrame) -> pl.DataFrame:
    """Claims with a death or two injured name the accident they are from; one in eight of the others does."""
    serious = (
        (pl.col("deaths") > 0) | (pl.col("serious_injuries") > 1) | (pl.col("claim_no").str.slice(-1).is_in(["3"]))
    )
    return claims.with_columns(
        accident_id=pl.when(serious).then(pl.concat_str(pl.lit("SG"), "claim_no")), planted=pl.lit(False)
    )
