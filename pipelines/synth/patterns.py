"""Patterns that supervisors look for (domain.md 9.2), planted at known records.

What belongs here: what is done to which records, and the label that says so (truth/patterns.parquet: rule code,
record key). What does not: the rules that must find them (dbt_project/models/marts/findings/rules).

Every record carries at most one pattern, and a planted row is never soiled by dirt.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from pipelines.synth.departments import EXPIRED
from pipelines.synth.details import CENTRE, on_working_day, organisation_codes

FROZEN_DISTRICT, FROZEN_YEAR = "310115", 2025
"""Where every insurer keeps its share of the year before."""
ONE_INSURER_DISTRICT, ONE_INSURER_YEAR, ONE_INSURER = "371073", 2025, "TSBX"
"""Where everybody insures with the same insurer."""
DECEMBER_CLUSTER = ("weihai", "LHCX", 2024)
EXACT_SHARE = ("weihai", "TSBX", 2023)
PLAN_MISSING = ("shanghai", "PJCX", 2025)
SAME_NUMBERS = ("weihai_hayc", "weihai_dfjc")
"""Two insurers of one city that number some policies alike."""
VISITS_IN_ONE_DAY = 8
PRICED_ALIKE = ("jurisdiction", "industry_code", pl.col("inception_date").dt.year())
ABOVE_CEILING = ("shanghai", "JNCX", 2025)
"""Whose pool spends more of a year's premium than the ceiling allows."""


@dataclass
class Patterns:
    """Plants `cases` of each pattern; `labels` grows with every step of the world's making."""

    rng: np.random.Generator
    cases: int
    end: date
    labels: list[tuple[str, str]] = field(default_factory=list)

    def frame(self) -> pl.DataFrame:
        """All labels: rule_code, record_key."""
        return pl.DataFrame(self.labels, schema=["rule_code", "record_key"], orient="row").unique().sort(pl.all())

    def in_use(self, policies: pl.DataFrame, *others: pl.DataFrame) -> pl.DataFrame:
        """Policies that a planted visit, entry or claim rests on, or that are labelled, are marked as planted too."""
        keys = pl.concat(
            [self.frame()["record_key"], *(frame.filter("planted")["policy_no"].drop_nulls() for frame in others)]
        )
        return _mark(policies, "policy_no", keys)

    def spared(self, feeds: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Policies, visits and units that planted records rest on are marked as planted too, so that they arrive unsoiled."""
        visits = feeds["fee_ledger"].filter("planted")["service_no"].drop_nulls()
        units = [feeds["policy"].filter("planted")["insured_uscc"], feeds["accident"].filter("planted")["uscc"]]
        labelled = self.frame()["record_key"].str.slice(0, 18)
        return feeds | {
            "policy": _mark(feeds["policy"], "policy_no", self.frame()["record_key"]),
            "service_record": _mark(feeds["service_record"], "service_no", visits),
            "enterprise": _mark(feeds["enterprise"], "uscc", pl.concat([*units, labelled])),
        }

    def numbers_of_others(self, feeds: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Policies of one insurer under numbers that another of the city uses too, with all that refers to them."""
        policies = feeds["policy"]
        spoiled = policies.filter(pl.col("planted") | (pl.col("record_status") != "正常"))["policy_no"]
        shared = feeds["coinsurance"]["policy_no"]
        fits = policies.filter(
            (pl.col("product_code") != "employer_liability")
            & (pl.col("status") == "有效")
            & (pl.col("inception_date") < pl.date(2026, 6, 1))
            & ~pl.col("policy_no").is_in(pl.concat([spoiled, shared, self.frame()["record_key"]]).implode())
        ).unique("policy_no", maintain_order=True)
        kept, renamed = (fits.filter(pl.col("provider") == provider)["policy_no"].sort() for provider in SAME_NUMBERS)
        count = min(self.cases, len(kept), len(renamed))
        numbers = [self.rng.choice(side.to_numpy(), count, replace=False).tolist() for side in (kept, renamed)]
        self.label("number_of_two_insurers", numbers[0])
        other = dict(zip(numbers[1], numbers[0], strict=True))
        taken = pl.col("policy_no").is_in(numbers[0] + numbers[1])
        return {
            name: frame.with_columns(
                policy_no=pl.col("policy_no").replace(other),
                planted=pl.col("planted") | taken if name == "policy" else "planted",
            )
            if "policy_no" in frame.columns and "planted" in frame.columns
            else frame.with_columns(policy_no=pl.col("policy_no").replace(other))
            if "policy_no" in frame.columns
            else frame
            for name, frame in feeds.items()
        }

    def declarations(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Control totals that are not those of what was sent: a file that went astray, and a month said to be empty."""
        known = pl.col("rows") > 0
        key = pl.concat_str("provider", pl.lit("/"), "feed", pl.lit("|"), "period")
        frame = frame.with_columns(record_key=key)
        frame = self._plant(
            frame, "declared_differs", "record_key", known, rows=pl.col("rows") + 3, amount=pl.col("amount") + 1_000_000
        )
        return self._plant(
            frame,
            "declared_differs",
            "record_key",
            known,
            count=1,
            rows=pl.lit(0, pl.Int64),
            amount=pl.col("amount") * 0,
            nothing=pl.lit(True),
        ).drop("record_key")

    def label(self, rule: str, keys: list[str]) -> None:
        self.labels += [(rule, key) for key in keys]

    def _some(self, frame: pl.DataFrame, where: pl.Expr, count: int | None = None) -> pl.Series:
        """Row numbers of a few rows that hold the condition and carry no pattern yet."""
        rows = frame.with_row_index("_row").filter(where & ~pl.col("planted"))["_row"]
        wanted = min(count or self.cases, len(rows))
        return pl.Series(np.sort(self.rng.choice(rows.to_numpy(), wanted, replace=False)))

    def _plant(
        self, frame: pl.DataFrame, rule: str, key: str, where: pl.Expr, *, count: int | None = None, **values: pl.Expr
    ) -> pl.DataFrame:
        """Sets the values on a few rows and labels them."""
        rows = self._some(frame, where, count)
        self.label(rule, frame[key].gather(rows).to_list())
        return _set(frame, rows, **values)

    def uninsured(self, policies: pl.DataFrame, fields: pl.DataFrame) -> pl.DataFrame:
        """Units that never bought what they must: their policies in that field go."""
        fits = pl.col("mandatory") & pl.col("closed_on").is_null() & (pl.col("listed_from") < pl.date(2025, 1, 1))
        rows = self._some(fields.with_columns(planted=pl.lit(False)), fits)
        units = fields.select("uscc", "industry_code", "field")[rows]
        self.label("uninsured_unit", [f"{row[0]}|{row[1]}" for row in units.iter_rows()])
        return policies.filter(~pl.col("field").is_in(units["field"].implode()))

    def policies(self, frame: pl.DataFrame, fields: pl.DataFrame) -> pl.DataFrame:
        """What is wrong with contracts."""
        own = pl.col("product_code") != "employer_liability"
        valid = own & (pl.col("status") == "有效")
        recent = (
            valid & (pl.col("inception_date") > pl.date(2025, 4, 5)) & (pl.col("inception_date") < pl.date(2026, 6, 1))
        )
        since_survey = (
            valid & (pl.col("inception_date") > pl.date(2023, 9, 1)) & (pl.col("inception_date") < pl.date(2026, 6, 1))
        )
        frame = self._plant(
            frame,
            "survey_missing_or_late",
            "policy_no",
            since_survey,
            survey_date=pl.lit(None, pl.Date),
            survey_report_no=pl.lit(None, pl.String),
        )
        frame = self._plant(
            frame,
            "survey_missing_or_late",
            "policy_no",
            since_survey,
            survey_date=pl.col("inception_date").dt.offset_by("1d"),
        )
        frame = self._plant(frame, "unfiled_clause", "policy_no", valid, clause_filing_no=pl.lit("WBA-0000"))
        frame = self._plant(frame, "unfiled_clause", "policy_no", valid, clause_filing_no=pl.lit(None, pl.String))
        frame = self._plant(
            frame,
            "rate_outside_band",
            "policy_no",
            valid,
            rate_factor=pl.lit(0.45),
            base_premium=(pl.col("premium_written") / 0.45).round().cast(pl.Int64),
        )
        frame = self._plant(frame, "rate_outside_band", "policy_no", valid, base_premium=pl.col("base_premium") * 2)
        frame = self._plant(
            frame, "commission_above_cap", "policy_no", recent, commission=pl.col("premium_received") * 6 // 100
        )
        frame = self._plant(
            frame, "limit_below_floor", "policy_no", recent, limit_per_person=pl.lit(399_999_99, pl.Int64)
        )
        frame = self._plant(frame, "commission_missing", "policy_no", recent, commission=pl.lit(None, pl.Int64))
        frame = self._plant(frame, "no_service_agreed", "policy_no", valid, service_frequency=pl.lit(0, pl.Int64))
        frame = self._plant(frame, "refusal_clause_missing", "policy_no", valid, refusal_clause=pl.lit(False))
        frame = self._plant(
            frame, "refusal_clause_missing", "policy_no", valid, refusal_clause=pl.lit(None, pl.Boolean)
        )
        money = ("premium_written", "premium_received", "commission", "base_premium")
        cheap = since_survey & pl.col("project_code").is_null() & (pl.len().over(*PRICED_ALIKE) >= 12)
        frame = self._plant(
            frame,
            "price_far_from_field",
            "policy_no",
            cheap,
            count=None,
            **{name: pl.col(name) // 40 for name in money},
        )
        frame = self._upside_down(frame, valid)
        only_one = (
            valid
            & (pl.len().over("insured_uscc", "industry_code") == 1)
            & pl.col("field").is_in(fields.filter("mandatory")["field"].implode())
        )
        rows = self._some(frame, only_one, 2)
        # Of a unit that has closed meanwhile nothing is asked any more.
        standing = frame["field"].gather(rows).is_in(fields.filter(pl.col("closed_on").is_null())["field"].implode())
        self.label("wrong_product", frame["policy_no"].gather(rows).filter(standing).to_list())
        frame = _set(frame, rows, product_code=pl.lit("employer_liability"), clause_filing_no=pl.lit(None, pl.String))
        frame = self._few_persons(frame, fields)
        frame = self._interrupted(frame, fields)
        frame = self._one_insurer(frame)
        return self._frozen(frame)

    def _upside_down(self, frame: pl.DataFrame, valid: pl.Expr) -> pl.DataFrame:
        """A branch whose factors of a field fall as the grade of risk rises: the one with most policies that have both."""
        risky = pl.col("risk_grade").is_in(["较大", "重大"])
        year = pl.col("inception_date").dt.year()
        key = [pl.col("jurisdiction"), pl.col("insurer_code"), pl.col("industry_code"), year.alias("year")]
        groups = frame.filter(valid & ~pl.col("planted")).group_by(key).agg(high=risky.sum(), low=(~risky).sum())
        city, insurer, industry, of_year = (
            groups.filter((pl.col("high") >= 2) & (pl.col("low") >= 2)).sort(
                pl.min_horizontal("high", "low"), "jurisdiction", "insurer_code", "industry_code", "year", descending=True
            ).row(0)[:4]
        )  # fmt: skip
        self.label("rate_against_grade", [f"{city}|{insurer}|{industry}|{of_year}"])
        here = valid & ~pl.col("planted") & (pl.col("jurisdiction") == city) & (pl.col("insurer_code") == insurer)
        here &= (pl.col("industry_code") == industry) & (year == of_year)
        factor = pl.when(risky).then(0.8).otherwise(1.3)
        return frame.with_columns(
            rate_factor=pl.when(here).then(factor).otherwise("rate_factor"),
            base_premium=pl.when(here)
            .then((pl.col("premium_written") / factor).round().cast(pl.Int64))
            .otherwise("base_premium"),
        )

    def _few_persons(self, frame: pl.DataFrame, fields: pl.DataFrame) -> pl.DataFrame:
        """Covers in force for a third of the staff."""
        must = pl.col("field").is_in(fields.filter("mandatory")["field"].implode())
        fits = (
            must
            & (pl.col("status") == "有效")
            & (pl.col("product_code") != "employer_liability")
            & (pl.col("insured_persons") > 20)
        )
        rows = self._some(
            frame, fits & (pl.col("expiry_date") > pl.lit(self.end)) & (pl.col("inception_date") < pl.date(2026, 9, 1))
        )
        chosen = frame.select("insured_uscc", "industry_code")[rows]
        self.label("persons_below_employees", [f"{row[0]}|{row[1]}" for row in chosen.iter_rows()])
        return _set(frame, rows, insured_persons=pl.col("insured_persons") // 3)

    def _interrupted(self, frame: pl.DataFrame, fields: pl.DataFrame) -> pl.DataFrame:
        """Covers in force begin forty days later than they should have."""
        must = pl.col("field").is_in(fields.filter("mandatory")["field"].implode())
        moved = pl.col("inception_date").dt.offset_by("40d")
        last = (pl.col("inception_date") == pl.col("inception_date").max().over("field")) & (pl.len().over("field") > 1)
        fits = must & last & (pl.col("status") == "有效") & (pl.col("product_code") != "employer_liability")
        fits &= (pl.col("inception_date") > pl.date(2025, 5, 1)) & (moved < pl.lit(self.end))
        return self._plant(
            frame,
            "cover_interrupted",
            "policy_no",
            fits,
            inception_date=moved,
            expiry_date=pl.col("expiry_date").dt.offset_by("40d"),
        )

    def _one_insurer(self, frame: pl.DataFrame) -> pl.DataFrame:
        here = (pl.col("district_code") == ONE_INSURER_DISTRICT) & (
            pl.col("inception_date").dt.year() == ONE_INSURER_YEAR
        )
        self.label("area_one_insurer", [f"{ONE_INSURER_DISTRICT}|{ONE_INSURER_YEAR}"])
        policy_no = pl.concat_str(pl.lit(ONE_INSURER), pl.col("policy_no").str.slice(4))
        # The policy is the other insurer's from the start: number, sender and filed clause with it.
        return frame.with_columns(
            pl.when(here).then(pl.lit(ONE_INSURER)).otherwise("insurer_code").alias("insurer_code"),
            pl.when(here).then(policy_no).otherwise("policy_no").alias("policy_no"),
            pl.when(here).then(pl.lit(f"weihai_{ONE_INSURER.lower()}")).otherwise("provider").alias("provider"),
            pl.when(here & pl.col("clause_filing_no").str.starts_with(pl.col("insurer_code")))
            .then(pl.concat_str(pl.lit(ONE_INSURER), pl.col("clause_filing_no").str.slice(4)))
            .otherwise("clause_filing_no").alias("clause_filing_no"),
        )  # fmt: skip

    def _frozen(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Premiums of one district are scaled so that each insurer has last year's share."""
        year = pl.col("inception_date").dt.year()
        counts = (
            (pl.col("product_code") != "employer_liability")
            & (pl.col("status") != "注销")
            & (pl.col("district_code") == FROZEN_DISTRICT)
        )
        sums = {
            which: frame.filter(counts & (year == which)).group_by("insurer_code").agg(pl.col("premium_received").sum())
            for which in (FROZEN_YEAR - 1, FROZEN_YEAR)
        }
        both = sums[FROZEN_YEAR - 1].join(sums[FROZEN_YEAR], on="insurer_code", suffix="_now")
        if both.height < sums[FROZEN_YEAR].height or both.height < sums[FROZEN_YEAR - 1].height:
            return frame
        self.label("market_share_frozen", [f"{FROZEN_DISTRICT}|{FROZEN_YEAR}"])
        before, now = pl.col("premium_received"), pl.col("premium_received_now")
        factor = both.select("insurer_code", _factor=before / now * now.sum() / before.sum())
        scaled = frame.join(factor, on="insurer_code", how="left", maintain_order="left").with_columns(
            _factor=pl.when((pl.col("district_code") == FROZEN_DISTRICT) & (year == FROZEN_YEAR))
            .then("_factor")
            .otherwise(1.0)
        )
        money = ("premium_written", "premium_received", "commission", "base_premium")
        used = (pl.col("district_code") == FROZEN_DISTRICT) & year.is_in([FROZEN_YEAR - 1, FROZEN_YEAR])
        return scaled.with_columns(
            *((pl.col(name) * pl.col("_factor")).round().cast(pl.Int64) for name in money),
            planted=pl.col("planted") | used,
        ).drop("_factor")

    def services(self, frame: pl.DataFrame, policies: pl.DataFrame, expired_organisation: str) -> pl.DataFrame:
        """What is wrong with visits; policies that got no visit at all lose theirs."""
        # Only visits under a policy that counts: nobody looks at others.
        state = pl.when(pl.col("product_code") != "employer_liability").then("status")
        terms = policies.select("policy_no", "service_form", status=state, policy_planted="planted")
        frame = frame.join(terms.rename({"status": "policy_status"}), on="policy_no", maintain_order="left")
        over = pl.col("expiry_date") < pl.lit(self.end)
        proven = pl.col("done") & pl.col("insured_confirmed_at").is_not_null()
        free = proven & ~pl.col("policy_planted") & (pl.col("policy_status") == "有效")
        on_site = free & (pl.col("form") == "线下")
        frame = self._no_service(frame, free & over)
        frame = self._short(frame, free & over)
        frame = self._plant(
            frame,
            "visit_without_expert",
            "service_no",
            free,
            provider_type=pl.lit("外聘"),
            service_org_uscc=pl.lit(None, pl.String),
            experts=pl.lit(None, pl.String),
        )
        frame = self._online_only(frame, free & over & (pl.col("service_form") == "线下") & ~pl.col("planted"))
        frame = self._expert_in_two_places(frame, on_site)
        frame = self._overworked_expert(frame, on_site)
        frame = self._plant(
            frame,
            "service_without_evidence",
            "service_no",
            free,
            evidence_count=pl.lit(0, pl.Int64),
            evidence_hashes=pl.lit(None, pl.String),
        )
        rows = self._some(frame, free, 2 * self.cases)
        half = len(rows) // 2
        if frame["insured_uscc"].gather(rows[:half]).is_in(frame["insured_uscc"].gather(rows[half:]).implode()).any():
            raise AssertionError("同一佐证须落在不同单位：换一个种子")
        self.label("evidence_reused", frame["service_no"].gather(rows[: 2 * half]).to_list())
        shared = (
            frame["evidence_hashes"].gather(rows[:half]) + "/" + frame["evidence_hashes"].gather(rows[half : 2 * half])
        )
        frame = _set(_put(frame, rows[half : 2 * half], "evidence_hashes", shared), rows)
        frame = self._plant(
            frame, "visit_off_hours", "service_no", on_site,
            started_at=pl.col("started_at").dt.truncate("1d").dt.offset_by("22h30m"), finished_at=pl.col("started_at").dt.truncate("1d").dt.offset_by("23h30m"),
        )  # fmt: skip
        frame = self._plant(
            frame,
            "organisation_not_qualified",
            "service_no",
            free,
            provider_type=pl.lit("委托"),
            service_org_uscc=pl.lit(expired_organisation),
        )
        frame = self._plant(frame, "expert_not_qualified", "service_no", free, experts=pl.lit(f"{EXPIRED}1"))
        frame = self._plant(
            frame, "dangerous_work_not_checked", "service_no",
            on_site & (pl.col("item") == "hazard_check") & (pl.col("jurisdiction") == "shanghai") & (pl.col("finished_on") > pl.date(2023, 9, 1)),
            content=pl.lit("本次现场无动火作业，没有外包外租"), checked_work=pl.lit(None, pl.String), hazards_found=pl.lit(0, pl.Int64),
        )  # fmt: skip
        frame = self._not_insured(frame, policies, on_site)
        return frame.drop("service_form", "policy_planted", "policy_status")

    def _no_service(self, frame: pl.DataFrame, fits: pl.Expr) -> pl.DataFrame:
        rows = self._some(frame, fits)
        policies = frame["policy_no"].gather(rows).unique(maintain_order=True)
        self.label("no_service_at_expiry", policies.to_list())
        return frame.filter(~pl.col("policy_no").is_in(policies.implode()))

    def _short(self, frame: pl.DataFrame, fits: pl.Expr) -> pl.DataFrame:
        """Policies of several visits that got the first one only."""
        several = (
            fits
            & (pl.len().over("policy_no") >= 2)
            & (pl.int_range(pl.len()).over("policy_no", order_by="service_no") == 0)
        )
        policies = frame["policy_no"].gather(self._some(frame, several)).unique(maintain_order=True)
        self.label("contract_short_at_expiry", policies.to_list())
        here = pl.col("policy_no").is_in(policies.implode())
        first = pl.int_range(pl.len()).over("policy_no", order_by="service_no") == 0
        return frame.filter(~here | first).with_columns(planted=(pl.col("planted") | here).fill_null(False))

    def _online_only(self, frame: pl.DataFrame, fits: pl.Expr) -> pl.DataFrame:
        policies = frame["policy_no"].gather(self._some(frame, fits)).unique(maintain_order=True)
        self.label("online_only", policies.to_list())
        here = pl.col("policy_no").is_in(policies.implode())
        return frame.with_columns(
            form=pl.when(here).then(pl.lit("线上")).otherwise("form"),
            longitude=pl.when(~here).then("longitude"),
            latitude=pl.when(~here).then("latitude"),
            planted=(pl.col("planted") | here).fill_null(False),
        )

    def _expert_in_two_places(self, frame: pl.DataFrame, fits: pl.Expr) -> pl.DataFrame:
        """The expert of a visit in Weihai is seen in Shanghai on the same day."""
        numbered = frame.with_row_index("_row").filter(fits & ~pl.col("planted"))
        weihai = numbered.filter(pl.col("jurisdiction") == "weihai").unique(
            "finished_on", keep="first", maintain_order=True
        )
        shanghai = numbered.filter(pl.col("jurisdiction") == "shanghai").unique(
            "finished_on", keep="first", maintain_order=True
        )
        pairs = weihai.join(shanghai, on="finished_on", suffix="_there", maintain_order="left").head(self.cases)
        self.label(
            "expert_two_places", pairs.select(pl.max_horizontal("service_no", "service_no_there")).to_series().to_list()
        )
        frame = _put(frame, pairs["_row_there"], "experts", pairs["experts"])
        return _set(_set(frame, pairs["_row"]), pairs["_row_there"])

    def _overworked_expert(self, frame: pl.DataFrame, fits: pl.Expr) -> pl.DataFrame:
        """Eight visits of one expert on one day, all in one district."""
        near = (pl.col("expiry_date") > pl.col("finished_on").dt.offset_by("100d")) & (
            pl.col("district_code") == "310112"
        )
        rows = frame.with_row_index("_row").filter(fits & near & ~pl.col("planted")).sort("finished_on")
        rows = rows.filter(
            pl.col("finished_on").dt.truncate("1q") == pl.col("finished_on").dt.truncate("1q").mode().min()
        )
        rows = rows.head(VISITS_IN_ONE_DAY)
        if rows.height < VISITS_IN_ONE_DAY:
            return frame
        self.label("expert_too_many_visits", [str(rows["service_no"].max())])
        day = rows["finished_on"].max()
        at = pl.lit(day).cast(pl.Datetime("us")).dt.offset_by("9h")
        return _set(
            frame, rows["_row"], experts=pl.lit("AQGCS3101129999"), finished_on=pl.lit(day), started_at=at,
            finished_at=at.dt.offset_by("1h"), insured_confirmed_at=at.dt.offset_by("1d"), insurer_confirmed_at=at.dt.offset_by("2d"),
            longitude=pl.lit(CENTRE["310112"][0]), latitude=pl.lit(CENTRE["310112"][1]),
        )  # fmt: skip

    def _not_insured(self, frame: pl.DataFrame, policies: pl.DataFrame, fits: pl.Expr) -> pl.DataFrame:
        """Visits a month and more after the unit's last cover."""
        last = policies.group_by("insured_uscc").agg(_last=pl.col("expiry_date").max())
        frame = frame.join(last, on="insured_uscc", maintain_order="left")
        late = on_working_day((frame["expiry_date"].to_numpy() + np.timedelta64(35, "D")).astype("datetime64[D]"))
        frame = frame.with_columns(_late=pl.Series(late))
        at = pl.col("_late").cast(pl.Datetime("us")).dt.offset_by("10h")
        return self._plant(
            frame, "served_not_insured", "service_no", fits & (pl.col("expiry_date") == pl.col("_last")) & (pl.col("_late") <= pl.lit(self.end)),
            finished_on=pl.col("_late"), started_at=at, finished_at=at.dt.offset_by("2h"), insured_confirmed_at=at.dt.offset_by("1d"),
            insurer_confirmed_at=at.dt.offset_by("2d"), experts=pl.concat_str(pl.lit("AQGCS"), "district_code", pl.lit("9998")),
        ).drop("_last", "_late")  # fmt: skip

    def ledger(
        self, frame: pl.DataFrame, services: pl.DataFrame, policies: pl.DataFrame, endorsements: pl.DataFrame
    ) -> pl.DataFrame:
        """What is wrong with the money."""
        planted = services.filter("planted")["service_no"]
        frame = frame.join(
            policies.select("policy_no", "premium_received", "fee_ratio", "insured_uscc", "expiry_date", "inception_date", "jurisdiction", policy_planted="planted", policy_status=pl.when(pl.col("product_code") != "employer_liability").then("status")),
            on="policy_no", how="left", maintain_order="left",
        )  # fmt: skip
        spent = (
            (pl.col("type") == "支出")
            & ~pl.col("service_no").is_in(planted.implode())
            & ~pl.col("policy_planted")
            & (pl.col("policy_status") == "有效")
        )
        clear = spent & ~(
            (pl.col("jurisdiction") == DECEMBER_CLUSTER[0])
            & pl.col("insurer_code").is_in([DECEMBER_CLUSTER[1], EXACT_SHARE[1]])
        )
        for payee in ("经纪代理", "投保单位", "个人", "政府部门"):
            frame = self._plant(
                frame,
                "payee_not_permitted",
                "entry_no",
                clear,
                count=2,
                payee_type=pl.lit(payee),
                payee_uscc=pl.lit(None, pl.String),
            )
        frame = self._plant(
            frame,
            "payee_is_insured",
            "entry_no",
            clear,
            payee_uscc=pl.col("insured_uscc"),
            payee_type=pl.lit("服务机构"),
        )
        stranger = organisation_codes(1, 90_000)[0]
        frame = self._plant(
            frame, "payee_not_registered", "entry_no", clear, payee_uscc=pl.lit(stranger), payee_type=pl.lit("服务机构")
        )
        frame = self._plant(frame, "fee_without_voucher", "entry_no", clear, voucher_no=pl.lit(None, pl.String))
        frame = self._plant(frame, "fee_without_service", "entry_no", clear, service_no=pl.lit("S-NONE"))
        frame = self._plant(frame, "cost_far_from_median", "entry_no", clear, amount=pl.lit(60_000_00, pl.Int64))
        after_cap = clear & (pl.col("entry_date") > pl.date(2024, 11, 1)) & (pl.col("premium_received") > 20_000_00)
        rows = self._some(frame, after_cap)
        self.label("fee_above_cap_policy", frame["policy_no"].gather(rows).to_list())
        frame = _set(frame, rows, amount=pl.col("premium_received") * 3 // 10)
        once = clear & pl.col("policy_no").is_first_distinct()
        rows = self._some(frame, once)
        self.label("fee_above_contract", frame["policy_no"].gather(rows).to_list())
        frame = _set(frame, rows, amount=pl.col("premium_received") * pl.col("fee_ratio") * 2 // 100 + 100)
        frame = self._again(frame, clear)
        frame = self._never_spent(frame, clear)
        frame = self._december(frame)
        frame = self._exact_share(frame, endorsements)
        frame = self._above_ceiling(frame, policies)
        return frame.drop(
            "premium_received",
            "fee_ratio",
            "insured_uscc",
            "expiry_date",
            "inception_date",
            "jurisdiction",
            "policy_planted",
            "policy_status",
        )

    def _again(self, frame: pl.DataFrame, fits: pl.Expr) -> pl.DataFrame:
        """Visits that a second entry pays, and vouchers that stand with a second visit."""
        sound = fits & pl.col("voucher_no").is_not_null() & (pl.col("payee_type") != "服务机构")
        twice = frame[self._some(frame, sound)]
        copies = twice.with_columns(
            entry_no=pl.concat_str("entry_no", pl.lit("B")), voucher_no=pl.concat_str("voucher_no", pl.lit("B")),
            entry_date=pl.min_horizontal(pl.col("entry_date").dt.offset_by("5d"), pl.lit(self.end)), planted=pl.lit(True),
        )  # fmt: skip
        self.label("service_paid_twice", copies["entry_no"].to_list())
        frame = _mark(frame, "entry_no", twice["entry_no"])
        ordered = frame.with_row_index("_row").filter(sound & ~pl.col("planted")).sort("entry_date", "entry_no")
        ordered = ordered.filter(pl.col("provider") == ordered["provider"][0])
        first, later = ordered[0], ordered.filter(pl.col("entry_date") > ordered["entry_date"][0]).tail(self.cases)
        self.label("voucher_reused", later["entry_no"].to_list())
        frame = _set(frame, later["_row"], voucher_no=pl.lit(first["voucher_no"][0]))
        return pl.concat([_set(frame, first["_row"]), copies.select(frame.columns)])

    def _above_ceiling(self, frame: pl.DataFrame, policies: pl.DataFrame) -> pl.DataFrame:
        """A branch books so much to its pool that a year's spending, and all of it since, lies above the ceiling."""
        city, insurer, year = ABOVE_CEILING
        self.label("fee_above_cap", [f"{city}|{insurer}|{year}"])
        own = (pl.col("jurisdiction") == city) & (pl.col("insurer_code") == insurer)
        since = own & (pl.col("inception_date").dt.year().is_between(year - 1, year))
        premium = policies.filter(since)["premium_received"].sum()
        entry = frame.filter((pl.col("provider") == f"{city}_{insurer.lower()}") & (pl.col("type") == "提取")).head(1)
        spent = entry.with_columns(
            entry_no=pl.lit(f"LXZ{insurer}{year}"), policy_no=pl.lit(None, pl.String), entry_date=pl.lit(date(year, 11, 20)),
            type=pl.lit("支出"), amount=pl.lit(premium * 3 // 10, pl.Int64), payee_type=pl.lit("其他"), voucher_no=pl.lit(f"VXZ{insurer}{year}"),
            category=pl.lit("统筹宣传培训费"), received=pl.lit(self.end), planted=pl.lit(True),
        )  # fmt: skip
        return pl.concat([frame, spent.select(frame.columns).cast(frame.schema)])

    def _never_spent(self, frame: pl.DataFrame, fits: pl.Expr) -> pl.DataFrame:
        provided = frame.filter(pl.col("type") == "提取")["policy_no"].drop_nulls()
        over = (pl.col("expiry_date").dt.offset_by("60d") < pl.lit(self.end)) & pl.col("policy_no").is_in(
            provided.implode()
        )
        touched = frame.filter("planted")["policy_no"].drop_nulls()
        rows = self._some(frame, fits & over & ~pl.col("policy_no").is_in(touched.implode()))
        policies = frame["policy_no"].gather(rows).unique(maintain_order=True)
        self.label("provision_never_spent", policies.to_list())
        here = pl.col("policy_no").is_in(policies.implode()).fill_null(False)
        return frame.filter(~(here & (pl.col("type") == "支出"))).with_columns(
            planted=(pl.col("planted") | here).fill_null(False)
        )

    def _december(self, frame: pl.DataFrame) -> pl.DataFrame:
        city, insurer, year = DECEMBER_CLUSTER
        here = (pl.col("jurisdiction") == city) & (pl.col("insurer_code") == insurer) & (pl.col("type") == "支出")
        here &= (pl.col("entry_date").dt.year() == year) & ~pl.col("planted")
        self.label("december_cluster", [f"{city}|{insurer}|{year}"])
        late = (pl.int_range(pl.len()) % 5) < 4
        return frame.with_columns(
            entry_date=pl.when(here & late)
            .then(pl.date(year, 12, 20) + pl.duration(days=pl.int_range(pl.len()) % 10))
            .otherwise("entry_date")
        )

    def _exact_share(self, frame: pl.DataFrame, endorsements: pl.DataFrame) -> pl.DataFrame:
        """Every policy of a branch and year is spent to the last cent of the contracted share."""
        city, insurer, year = EXACT_SHARE
        self.label("fee_exactly_contracted", [f"{city}|{insurer}|{year}"])
        changes = endorsements.group_by("policy_no").agg(_change=pl.col("received_change").sum())
        frame = frame.join(changes, on="policy_no", how="left", maintain_order="left")
        here = (
            (pl.col("jurisdiction") == city)
            & (pl.col("insurer_code") == insurer)
            & (pl.col("inception_date").dt.year() == year)
        )
        here &= pl.col("type") == "支出"
        contracted = (pl.col("premium_received") + pl.col("_change").fill_null(0)) * pl.col("fee_ratio") // 100
        first = pl.int_range(pl.len()).over("policy_no", "type", order_by="entry_no") == 0
        others = pl.col("amount").sum().over("policy_no", "type") - pl.col("amount")
        exact = contracted - others
        fits = here & first & (exact > 0)
        return frame.with_columns(
            amount=pl.when(fits).then(exact).otherwise("amount"), planted=(pl.col("planted") | here).fill_null(False)
        ).drop("_change")

    def hazards(self, frame: pl.DataFrame, policies: pl.DataFrame) -> pl.DataFrame:
        """Late notices, refusals kept quiet, major hazards past their day; and some found before underwriting, left open."""
        newest = frame.filter(pl.col("received") == pl.col("received").max().over("hazard_no"))
        major = newest.filter(
            (pl.col("grade") == "重大") & (pl.col("rectify_due").dt.offset_by("30d") < pl.lit(self.end))
        )
        plain = newest.filter((pl.col("grade") == "一般") & (pl.col("found_date") > pl.date(2023, 9, 1)))

        def pick(rows: pl.DataFrame, rule: str, used: list[str]) -> list[str]:
            names = rows.filter(~pl.col("hazard_no").is_in(used))["hazard_no"].sort()
            chosen = [
                names[int(place)] for place in self.rng.choice(len(names), min(self.cases, len(names)), replace=False)
            ]
            self.label(rule, chosen)
            return chosen

        late = pick(
            plain.filter(pl.col("found_date") < pl.lit(self.end).dt.offset_by("-30d")), "hazard_notice_late", []
        )
        silent = pick(plain, "refusal_not_reported", late)
        overdue = pick(major, "major_hazard_overdue", late + silent)
        open_still = newest.filter(
            (pl.col("found_date") > pl.lit(self.end).dt.offset_by("-25d")) & pl.col("rechecked_at").is_null()
        )
        beyond = pick(open_still, "deadline_beyond_rule", late + silent + overdue)
        nothing = pl.lit(None, pl.Datetime("us"))
        number = pl.col("hazard_no")
        frame = frame.with_columns(planted=number.is_in(late + silent + overdue + beyond)).with_columns(
            rectify_due=pl.when(number.is_in(beyond)).then(pl.lit(date(2027, 12, 31))).otherwise("rectify_due"),
            written_notice_at=pl.when(number.is_in(late)).then(nothing).otherwise("written_notice_at"),
            grade=pl.when(number.is_in(silent + beyond)).then(pl.lit("重大")).otherwise("grade"),
            refused=pl.col("refused") | number.is_in(silent),
            reported_at=pl.when(number.is_in(silent)).then(nothing).otherwise("reported_at"),
            rectified_at=pl.when(number.is_in(overdue)).then(nothing).otherwise("rectified_at"),
            rechecked_at=pl.when(number.is_in(overdue)).then(nothing).otherwise("rechecked_at"),
        )
        fits = (
            (pl.col("status") == "有效")
            & (pl.col("product_code") != "employer_liability")
            & (pl.col("inception_date") > pl.date(2023, 9, 1))
        )
        rows = policies[self._some(policies, fits & (pl.col("inception_date") < pl.date(2026, 5, 1)))]
        self.label("major_hazard_at_inception", rows["policy_no"].to_list())
        found = pl.col("inception_date").dt.offset_by("-10d")
        early = rows.select(
            "insured_uscc", "insurer_code", "district_code", "provider", hazard_no=pl.concat_str(pl.lit("HB"), "policy_no"),
            service_no=pl.lit(None, pl.String), grade=pl.lit("重大"), scene=pl.lit("动火"), criterion=pl.lit("重大事故隐患判定标准"), found_date=found,
            written_notice_at=found.cast(pl.Datetime("us")).dt.offset_by("11h"), rectify_due=pl.col("inception_date").dt.offset_by("20d"),
            rectified_at=pl.col("inception_date").cast(pl.Datetime("us")).dt.offset_by("10d"),
            rechecked_at=pl.col("inception_date").cast(pl.Datetime("us")).dt.offset_by("12d"), refused=pl.lit(False),
            reported_to=pl.lit(None, pl.String), reported_at=pl.lit(None, pl.Datetime("us")), moment=pl.lit("承保前"),
            received=pl.lit(self.end), planted=pl.lit(True),
        )  # fmt: skip
        return pl.concat([frame, early.select(frame.columns).cast(frame.schema)])

    def claims(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Slow decisions and payments."""
        closed = (
            (pl.col("status") == "已结案")
            & pl.col("paid_date").is_not_null()
            & (pl.col("report_date") < pl.date(2026, 1, 1))
        )
        day = pl.col("report_date")
        frame = self._plant(
            frame,
            "claim_decision_late",
            "claim_no",
            closed,
            decide_date=day.dt.offset_by("31d"),
            paid_date=day.dt.offset_by("35d"),
            close_date=day.dt.offset_by("36d"),
            received=pl.lit(self.end),
        )
        decided = pl.col("decide_date")
        return self._plant(
            frame,
            "claim_payment_late",
            "claim_no",
            closed,
            paid_date=decided.dt.offset_by("11d"),
            close_date=decided.dt.offset_by("12d"),
            received=pl.lit(self.end),
        )

    def complaints(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Answers a month late without an extension."""
        early = pl.col("received_on") < pl.date(2026, 6, 1)
        at = pl.col("received_on").cast(pl.Datetime("us")).dt.offset_by("45d9h")
        return self._plant(
            frame,
            "complaint_late",
            "complaint_no",
            early,
            answered_at=at,
            needs_check=pl.lit(False),
            extended=pl.lit(False),
            received=pl.lit(self.end),
        )

    def plans(self, frame: pl.DataFrame, policies: pl.DataFrame) -> pl.DataFrame:
        """A branch without a plan; one text for units of different trades."""
        city, insurer, year = PLAN_MISSING
        self.label("plan_missing", [f"{city}|{insurer}|{year}"])
        missing = (
            (pl.col("provider") == f"{city}_{insurer.lower()}")
            & (pl.col("plan_year") == year)
            & pl.col("insured_uscc").is_null()
        )
        frame = frame.filter(~missing)
        trade = policies.select("insured_uscc", "industry_code").unique(
            "insured_uscc", keep="first", maintain_order=True
        )
        numbered = frame.with_row_index("_row").join(trade, on="insured_uscc", maintain_order="left")
        own = numbered.filter((pl.col("provider") == "weihai_hayc") & (pl.col("plan_year") == 2025)).unique(
            "industry_code", keep="first", maintain_order=True
        ).head(4)  # fmt: skip
        self.label("same_plan_text", ["weihai|HAYC|2025"])
        return _set(frame, own["_row"], goal=pl.lit("提高安全管理水平，减少事故，全年开展服务"))

    def accidents(self, frame: pl.DataFrame, fields: pl.DataFrame, policies: pl.DataFrame) -> pl.DataFrame:
        """Accidents of units that had to be insured and were not."""
        covered = policies.select(pl.col("insured_uscc").alias("uscc")).unique()
        bare = fields.filter(
            pl.col("mandatory") & pl.col("closed_on").is_null() & (pl.col("listed_from") < pl.date(2025, 1, 1))
        )
        bare = bare.join(covered, on="uscc", how="anti").sort("field").head(self.cases)
        rows = bare.select(
            "district_code", "industry_code", "uscc", accident_id=pl.concat_str(pl.lit("SGB"), "uscc"),
            deaths=pl.lit(1, pl.Int64), serious_injuries=pl.lit(0, pl.Int64), occurred_at=pl.datetime(2025, 9, 10, 10), type=pl.lit("高处坠落"),
            scene=pl.lit("高处作业"), direct_loss=pl.lit(1_500_000_00, pl.Int64), grade=pl.lit("一般"), liability=pl.lit(True),
            provider=pl.concat_str("jurisdiction", pl.lit("_"), pl.col("district_code").str.to_lowercase()),
            received=pl.lit(self.end), planted=pl.lit(True),
        )  # fmt: skip
        self.label("accident_uninsured", rows["accident_id"].to_list())
        return pl.concat([frame, rows.select(frame.columns).cast(frame.schema)])

    def problems(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Problems left open, and insurers' problems kept from their regulator."""
        due = pl.col("due") < pl.lit(self.end)
        frame = self._plant(frame, "problem_overdue", "problem_no", due, closed_at=pl.lit(None, pl.Datetime("us")))
        return self._plant(
            frame,
            "problem_not_notified",
            "problem_no",
            due & (pl.col("target_type") == "承保机构"),
            notified_regulator_at=pl.lit(None, pl.Datetime("us")),
        )

    def enforcement(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Fines below and above what the law lets be fined."""
        frame = self._plant(
            frame, "enforcement_outside_band", "case_no", pl.lit(True), count=2, fine=pl.lit(30_000_00, pl.Int64)
        )
        return self._plant(
            frame, "enforcement_outside_band", "case_no", pl.lit(True), count=1, fine=pl.lit(250_000_00, pl.Int64)
        )

    def permits(self, roster: pl.DataFrame) -> pl.DataFrame:
        """Permits that ran out while the unit goes on."""
        going_on = roster.filter(pl.col("permit_no").is_not_null() & (pl.col("operating_status") == "存续")).select(
            "uscc", "industry_code"
        )
        closed = roster.filter(pl.col("operating_status") != "存续").select("uscc", "industry_code")
        units = going_on.join(closed, on=["uscc", "industry_code"], how="anti").unique(maintain_order=True)
        chosen = units[self.rng.choice(units.height, min(self.cases, units.height), replace=False).tolist()]
        self.label("permit_expired_operating", [f"{row[0]}|{row[1]}" for row in chosen.iter_rows()])
        keys = chosen.with_columns(_chosen=pl.lit(True))
        return (
            roster.join(keys, on=["uscc", "industry_code"], how="left", maintain_order="left")
            .with_columns(
                permit_valid_to=pl.when("_chosen").then(pl.lit(date(2026, 3, 31))).otherwise("permit_valid_to")
            )
            .drop("_chosen")
        )

    def unlisted(self, permits: pl.DataFrame, roster: pl.DataFrame) -> pl.DataFrame:
        """Permits of units that no roster of their field has: other trades' units with a permit for chemicals."""
        others = roster.filter(pl.col("industry_code") == "transport").unique("uscc", maintain_order=True)
        others = others.join(roster.filter(pl.col("industry_code") == "hazchem"), on="uscc", how="anti").head(
            self.cases
        )
        rows = others.select(
            "uscc", permit_no=pl.concat_str(pl.lit("AQXK"), "uscc"), industry_code=pl.lit("hazchem"), kind=pl.lit("安全生产许可证"),
            valid_from=pl.lit(date(2025, 7, 1)), valid_to=pl.lit(date(2028, 6, 30)), status=pl.lit("有效"),
            provider=pl.when(pl.col("district_code").str.starts_with("37")).then(pl.lit("weihai_city")).otherwise(pl.lit("shanghai_city")),
            received=pl.lit(self.end), planted=pl.lit(True),
        )  # fmt: skip
        self.label("permit_without_roster", rows["permit_no"].to_list())
        return pl.concat([permits, rows.select(permits.columns).cast(permits.schema)])

    def headcounts(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Social insurance knows three times as many as the unit tells its department and insures."""
        return _set(frame, self._some(frame, pl.lit(True)), insured_persons=pl.col("insured_persons") * 3)

    def capacities(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A quarter in which an insurer's solvency fell."""
        here = (pl.col("provider") == "weihai_tsbx") & (pl.col("period") == f"{self.end.year}-06")
        self.label("insurer_below_solvency", [f"TSBX|{self.end.year}-06"])
        return frame.with_columns(
            solvency_total=pl.when(here).then(1.05).otherwise("solvency_total"), planted=pl.col("planted") | here
        )

    def projects(self, frame: pl.DataFrame, policies: pl.DataFrame) -> pl.DataFrame:
        """Projects under construction that no policy names."""
        builders = (
            policies.filter(pl.col("product_code") == "azx_construction")
            .unique("insured_uscc", keep="first", maintain_order=True)
            .head(self.cases)
        )
        rows = builders.select(
            "district_code", project_code=pl.concat_str(pl.lit("SGXKWB"), "serial"), name=pl.lit("未投保工程（合成）"), builder_uscc="insured_uscc",
            owner=pl.lit("某建设单位（合成）"), cost=pl.lit(30_000_000_00, pl.Int64), status=pl.lit("在建"), start_date=pl.lit(date(2026, 3, 1)),
            end_date=pl.lit(date(2027, 3, 1)), provider=pl.concat_str("jurisdiction", pl.lit("_dept_construction")), planted=pl.lit(True),
            received=pl.lit(self.end),
        )  # fmt: skip
        self.label("project_without_policy", rows["project_code"].to_list())
        return pl.concat([frame, rows.select(frame.columns).cast(frame.schema)])


def _set(frame: pl.DataFrame, rows: pl.Series, /, **values: pl.Expr) -> pl.DataFrame:
    """The frame with the values set on these rows, and the rows marked as planted."""
    here = pl.int_range(pl.len()).is_in(rows.cast(pl.Int64).implode())
    marked = pl.lit(True).alias("planted")
    return frame.with_columns(
        pl.when(here).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in {**values, "planted": marked}.items()
    )


def _mark(frame: pl.DataFrame, column: str, keys: pl.Series) -> pl.DataFrame:
    """The frame with the rows of these keys marked as planted."""
    before = pl.col("planted") if "planted" in frame.columns else pl.lit(False)
    return frame.with_columns(planted=(before | pl.col(column).is_in(keys.unique().implode())).fill_null(False))


def _put(frame: pl.DataFrame, rows: pl.Series, column: str, values: pl.Series) -> pl.DataFrame:
    """The frame with one column's values replaced on these rows."""
    new = pl.DataFrame({"_row": rows.cast(pl.Int64), "_new": values})
    numbered = frame.with_columns(_row=pl.int_range(pl.len())).join(new, on="_row", how="left", maintain_order="left")
    return numbered.with_columns(pl.coalesce("_new", column).alias(column)).drop("_row", "_new")
