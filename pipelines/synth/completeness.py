"""What is sent and what is not: declarations of what came, an insurer that is late, units left out of the duty to insure.

What belongs here: what senders say of how complete they are, and planted gaps. What does not: the records themselves (the modules
beside this), how they are written down (files.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth.patterns import Patterns
from pipelines.synth.terms import END, INSURERS

LATE = ("shanghai", "LHCX")
"""An insurer that did not send its last policies: its customers who renewed with it are 待核."""
KEYS = {
    "policy": "policy_no", "endorsement": "endorsement_no", "claim": "claim_no", "service_record": "service_no",
    "fee_ledger": "entry_no", "hazard": "hazard_no",
}  # fmt: skip
DAYS = {
    "policy": pl.col("issue_date"), "endorsement": pl.col("effective_date"), "claim": pl.col("report_date"),
    "service_record": pl.coalesce(pl.col("finished_at").cast(pl.Date), pl.col("started_at").cast(pl.Date), "planned_date"),
    "fee_ledger": pl.col("entry_date"), "hazard": pl.col("found_date"),
}  # fmt: skip
"""The day by which a record is of a month."""
AMOUNTS = {"policy": "premium_written", "claim": "paid_to_date", "fee_ledger": "amount"}
EXEMPT_SHARE = 0.01
REASONS = ["已停业，正在办理注销", "转为非生产经营用途", "主要设施已拆除，不再从事本行业"]


def withhold(feeds: dict[str, pl.DataFrame], drops: np.ndarray, patterns: Patterns) -> dict[str, pl.DataFrame]:
    """Feeds without what the late insurer keeps back: its renewals of the last drop and all that hangs on them; nothing planted."""
    city, insurer = LATE
    provider, last, before = f"{city}_{insurer.lower()}", drops[-1], drops[-2]
    policies = feeds["policy"].filter(pl.col("provider") == provider)
    first = policies.group_by("policy_no").agg(pl.col("received").min(), pl.col("planted").any())
    news = first.filter((pl.col("received") == pl.lit(last)) & ~pl.col("planted"))["policy_no"]
    earlier = policies.filter(pl.col("status") == "有效").select(
        "insured_uscc", "industry_code", inception_date=pl.col("expiry_date").dt.offset_by("1d")
    )
    kept = [patterns.frame()["record_key"]]
    kept += [
        frame.filter("planted")["policy_no"].drop_nulls()
        for name, frame in feeds.items()
        if "policy_no" in frame.columns and "planted" in frame.columns and name != "policy"
    ]
    renewals = policies.filter(
        pl.col("policy_no").is_in(news.implode())
        & (pl.col("inception_date") > pl.lit(before))
        & pl.col("project_code").is_null()
        & ~pl.col("policy_no").is_in(pl.concat(kept).implode())
    ).join(earlier.unique(), on=["insured_uscc", "industry_code", "inception_date"], how="semi")
    numbers = renewals["policy_no"].unique()
    own = pl.col("provider") == provider
    visits = feeds["service_record"].filter(own & pl.col("policy_no").is_in(numbers.implode()))["service_no"]
    return {
        name: frame.filter(~(own & pl.col("policy_no").is_in(numbers.implode())).fill_null(False))
        if "policy_no" in frame.columns
        else frame.filter(~(own & pl.col("service_no").is_in(visits.implode())).fill_null(False))
        if name == "hazard"
        else frame
        for name, frame in feeds.items()
    }


def exempt(rng: np.random.Generator, roster: pl.DataFrame, patterns: Patterns) -> pl.DataFrame:
    """The roster with units of mandatory fields that are left out (应保 = 否): some for a reason, a few without one."""
    free = roster.filter(~pl.col("planted") & pl.col("mandatory")).select("uscc", "industry_code")
    free = free.unique(maintain_order=True).filter(~pl.col("uscc").is_duplicated())
    some = free[np.sort(rng.choice(free.height, int(free.height * EXEMPT_SHARE) + patterns.cases, replace=False))]
    reasons = rng.choice(REASONS, some.height)
    chosen = some.with_columns(
        exempt_reason=pl.when(pl.int_range(pl.len()) >= patterns.cases).then(pl.Series(reasons)), is_chosen=pl.lit(True)
    )
    bare = chosen.filter(pl.col("exempt_reason").is_null())
    patterns.label("not_required_without_reason", [f"{row[0]}|{row[1]}" for row in bare.iter_rows()])
    marked = roster.join(chosen, on=["uscc", "industry_code"], how="left", maintain_order="left")
    is_chosen = pl.col("is_chosen").fill_null(False)
    return marked.with_columns(
        mandatory=pl.col("mandatory") & ~is_chosen,
        planted=pl.col("planted") | (is_chosen & pl.col("exempt_reason").is_null()),
    ).drop("is_chosen")


def declarations(feeds: dict[str, pl.DataFrame], drops: np.ndarray, tiles: int, patterns: Patterns) -> pl.DataFrame:
    """With every drop each insurer declares the month before it, feed by feed, or that there was nothing; departments declare their
    roster with the last one. The late insurer does not with the last drop; a few totals are wrong.

    Args:
        tiles: how many times the world is written down: what is declared is of all of it.
    """
    senders = [(f"{city}_{insurer.lower()}", city, insurer) for city, names in INSURERS.items() for insurer in names]
    known = pl.DataFrame({"provider": [row[0] for row in senders]})
    found = []
    for day in drops:
        punctual = known
        if day == drops[-1]:
            punctual = known.filter(pl.col("provider") != f"{LATE[0]}_{LATE[1].lower()}")
        month = np.datetime64(day, "M") - 1
        for feed in KEYS:
            counted = punctual.join(_counted(feed, feeds[feed], day, str(month), tiles), on="provider", how="left")
            found.append(
                counted.select(
                    "provider", feed=pl.lit(feed), period=pl.lit(str(month)), covers_to=pl.lit(day).cast(pl.Date),
                    rows=pl.col("rows").fill_null(0).cast(pl.Int64),
                    amount=pl.col("total").fill_null(0).cast(pl.Int64) if feed in AMOUNTS else pl.lit(None, pl.Int64),
                    received=pl.lit(day).cast(pl.Date),
                )
            )  # fmt: skip
    rosters = (
        feeds["enterprise"]
        .group_by("provider")
        .agg(rows=pl.struct("uscc", "industry_code").n_unique().cast(pl.Int64) * tiles)
    )
    found.append(
        rosters.sort("provider").select(
            "provider", feed=pl.lit("enterprise"), period=pl.lit(f"{END:%Y}-{END.month - 1:02}"), covers_to=pl.lit(END), rows="rows",
            amount=pl.lit(None, pl.Int64), received=pl.lit(END),
        )
    )  # fmt: skip
    frame = pl.concat(found).with_columns(nothing=pl.col("rows") == 0, planted=pl.lit(False))
    return patterns.declarations(frame)


def _counted(feed: str, frame: pl.DataFrame, day: np.datetime64, month: str, tiles: int) -> pl.DataFrame:
    """Rows and amount of a month by sender: each record as its sender knew it on the day, else as it is known in the end."""
    came = pl.col("received") <= pl.lit(day)
    once = pl.col("policy_no").is_null() if feed == "fee_ledger" else pl.lit(False)
    amount = pl.col(AMOUNTS[feed]) if feed in AMOUNTS else pl.lit(0)
    withdrawn = pl.col("record_status") == "撤销" if "record_status" in frame.columns else pl.lit(False)
    return (
        frame.with_columns(came=came)
        .sort("came", "received", descending=[True, True], maintain_order=True)
        .unique(["provider", KEYS[feed]], keep="first", maintain_order=True)
        .filter((DAYS[feed].dt.strftime("%Y-%m") == month) & ~withdrawn)
        .with_columns(times=pl.when(once).then(1).otherwise(tiles))
        .group_by("provider")
        .agg(rows=pl.col("times").sum(), total=(amount * pl.col("times")).sum())
    )
