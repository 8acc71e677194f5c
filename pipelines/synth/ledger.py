"""The prevention-fee ledger: provided, spent, reversed, pooled.

What belongs here: entries of the ledger. What does not: payees (details.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth.draw import chance, day_values, days, drop_of, pick
from pipelines.synth.terms import END


def draw_ledger(
    rng: np.random.Generator, policies: pl.DataFrame, services: pl.DataFrame, drops: np.ndarray
) -> pl.DataFrame:
    """Provisions at inception, spending per visit, reversals, and entries of the insurer's pool."""
    live = policies.filter(pl.col("status") != "注销")
    provided = live.filter(pl.Series(chance(rng, 0.93, live.height)))
    size = provided.height
    amount = (
        provided["premium_received"].to_numpy()
        * provided["fee_ratio"].to_numpy()
        // 100
        * rng.choice([80, 90, 100, 100, 100], size)
        // 100
    )
    entry = day_values(provided["inception_date"]) + days(rng, 5, 40, size)
    provision = provided.select("provider", "insurer_code", "policy_no").with_columns(
        entry_no=pl.concat_str(pl.lit("LP"), provided["policy_no"]), entry_date=pl.Series(entry), type=pl.lit("提取"), amount=pl.Series(amount),
        service_no=pl.lit(None, pl.String), payee_type=pl.lit(None, pl.String), voucher_no=pl.lit(None, pl.String), category=pl.lit("事故预防服务费"),
    )  # fmt: skip
    reversed_ = provision.filter(pl.Series(chance(rng, 0.01, size))).with_columns(
        entry_no=pl.concat_str(pl.lit("LR"), "policy_no"),
        type=pl.lit("冲回"),
        amount=pl.col("amount") // 4,
        entry_date=pl.col("entry_date").dt.offset_by("60d"),
    )
    paid = services.filter(pl.col("done") | pl.Series(chance(rng, 0.01, services.height)))
    count = paid.height
    voucher = ~chance(rng, 0.03, count)
    spent = paid.select("provider", "insurer_code", "policy_no").with_columns(
        entry_no=pl.concat_str(pl.lit("LS"), paid["service_no"]), entry_date=pl.Series(day_values(paid["finished_on"]) + days(rng, 3, 30, count)), type=pl.lit("支出"),
        amount=paid["cost"], service_no=paid["service_no"], payee_type=pl.Series(pick(rng, {"服务机构": 0.7, "专家": 0.28, "其他": 0.02}, count)),
        voucher_no=pl.when(pl.Series(voucher)).then(pl.concat_str(pl.lit("V"), paid["service_no"])), category=pl.lit("专家与服务机构费用"),
    )  # fmt: skip
    pools = policies.select("provider", "insurer_code").unique().sort("provider")
    years = pl.DataFrame({"year": [2023, 2024, 2025, 2026]})
    pool = pools.join(years, how="cross").with_columns(
        policy_no=pl.lit(None, pl.String), entry_no=pl.concat_str(pl.lit("LX"), "provider", "year").str.to_uppercase(),
        entry_date=pl.date(pl.col("year"), 3, 15), type=pl.lit("提取"), amount=pl.Series(rng.integers(5_000, 30_000, pools.height * 4)) * 100,
        service_no=pl.lit(None, pl.String), payee_type=pl.lit(None, pl.String), voucher_no=pl.lit(None, pl.String), category=pl.lit("统筹宣传培训费"),
    ).select(provision.columns)  # fmt: skip
    every = pl.concat(
        [provision, reversed_, spent.select(provision.columns).cast(provision.schema), pool.cast(provision.schema)]
    )
    every = every.filter(pl.col("entry_date") <= pl.lit(END))
    return every.with_columns(received=pl.Series(drop_of(rng, drops, day_values(every["entry_date"]))))
