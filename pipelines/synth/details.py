"""Particulars of policies, visits and payments that rules of supervision look at, all of them in order.

What belongs here: surveys, filed clauses and rates, projects and vessels, experts and organisations of visits,
evidence, who was paid. What does not: the records themselves (policies.py, services.py, ledger.py) and what is wrong with some (patterns.py).
"""

from __future__ import annotations

import chinese_calendar
import numpy as np
import polars as pl

CENTRE = {
    "371002": (122.12, 37.50), "371003": (122.05, 37.19), "371082": (122.48, 37.16), "371083": (121.53, 36.92), "371071": (122.05, 37.53),
    "371072": (122.18, 37.44), "371073": (121.95, 37.28), "3710Z1": (121.96, 36.98),
    "310101": (121.49, 31.23), "310104": (121.43, 31.18), "310105": (121.42, 31.22), "310106": (121.45, 31.24), "310107": (121.39, 31.25),
    "310109": (121.50, 31.27), "310110": (121.53, 31.26), "310112": (121.38, 31.11), "310113": (121.48, 31.41), "310114": (121.26, 31.38),
    "310115": (121.54, 31.22), "310116": (121.34, 30.74), "310117": (121.23, 31.03), "310118": (121.12, 31.15), "310120": (121.47, 30.92),
    "310151": (121.40, 31.62),
}  # fmt: skip
"""Longitude and latitude near the middle of each district."""
GRADES = ["低", "一般", "较大", "重大"]
CONTENT = {
    "hazard_check": "检查动火、高处、有限空间、检维修和外包外租作业，问题当场书面告知",
    "training": "讲解全员安全生产责任和重大事故隐患判定标准",
    "risk_assessment": "辨识动火和外包作业等风险，提出管控措施",
    "standardisation": "对照标准化要素查找差距",
    "emergency": "组织应急演练并讲评",
    "technology": "介绍适用的安全技术装备",
    "other": "咨询答疑",
}
ITEM_COST = {
    "hazard_check": 1_800, "training": 1_200, "risk_assessment": 2_600, "standardisation": 3_000, "emergency": 2_200, "technology": 2_000, "other": 900,
}  # fmt: skip
"""Yuan that a visit costs at most, give or take a third."""
HELP_ACTIVITY = "重大事故隐患专项排查帮扶"
HELPED_INDUSTRIES = ("hazchem", "metallurgy", "transport", "construction", "fishery", "fire_risk")
NEW_LAW = np.datetime64("2025-03-29")
DAYS = pl.date_range(pl.date(2020, 1, 1), pl.date(2028, 12, 31), eager=True)


def _working_days() -> np.ndarray:
    """Days on which people work, sorted."""
    off = pl.Series(list(chinese_calendar.constants.holidays), dtype=pl.Date)
    made_up = pl.Series(list(chinese_calendar.constants.workdays), dtype=pl.Date)
    works = ((DAYS.dt.weekday() <= 5) & ~DAYS.is_in(off.implode())) | DAYS.is_in(made_up.implode())
    return np.asarray(DAYS.filter(works).to_numpy().astype("datetime64[D]"))


WORKING_DAYS = _working_days()


def on_working_day(days: np.ndarray) -> np.ndarray:
    """Each day, or the next one on which people work."""
    return np.asarray(WORKING_DAYS[np.searchsorted(WORKING_DAYS, days)])


def policies(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    """Adds clause and rate as filed, the survey before underwriting, and what is insured (project, vessel)."""
    size = frame.height
    grade = rng.choice(4, size, p=[0.3, 0.45, 0.2, 0.05])
    # The riskier the dearer, all inside the filed band of 0.7 to 1.5.
    factor = np.array([0.8, 1.0, 1.15, 1.3])[grade]
    inception = frame["inception_date"].to_numpy().astype("datetime64[D]")
    survey = inception - rng.integers(5, 40, size, endpoint=True).astype("timedelta64[D]")
    era = np.where(inception >= NEW_LAW, "2025", "2018")
    product = pl.col("product_code")
    by_object = product.is_in(["azx_construction", "fishing_vessel", "azx_road_maintenance"])
    letters = (
        pl.when(product == "azx_construction")
        .then(pl.lit("SGXK"))
        .when(product == "fishing_vessel")
        .then(pl.lit("YC"))
        .otherwise(pl.lit("YHHT"))
    )
    noun = pl.when(product == "azx_construction").then(pl.lit("号工程（合成）")).when(product == "fishing_vessel").then(pl.lit("号渔船（合成）")).otherwise(pl.lit("号养护合同（合成）"))  # fmt: skip
    # A vessel stays the same from year to year; a project and a contract are new with each policy.
    number = (
        pl.when(product == "fishing_vessel")
        .then(pl.col("field"))
        .otherwise(pl.col("serial") + 10_000_000)
        .cast(pl.String)
        .str.zfill(9)
    )
    return frame.with_columns(
        clause_filing_no=pl.when(product != "employer_liability").then(
            pl.concat_str("insurer_code", pl.lit("-"), product.str.to_uppercase(), pl.lit("-"), pl.Series(era))
        ),
        rate_factor=pl.Series(factor),
        base_premium=(pl.col("premium_written") / pl.Series(factor)).round().cast(pl.Int64),
        risk_grade=pl.Series(np.array(GRADES)[grade]),
        survey_date=pl.Series(survey),
        survey_on_site=pl.lit(True),
        survey_report_no=pl.concat_str(pl.lit("PG"), "policy_no"),
        refusal_clause=pl.lit(True),
        unserved_settlement=pl.lit(None, pl.String),
        project_code=pl.when(by_object).then(pl.concat_str(letters, number)),
        project_name=pl.when(by_object).then(pl.concat_str(number, noun)),
        planted=pl.lit(False),
    )  # fmt: skip


def organisations(units: int) -> pl.DataFrame:
    """Technical service organisations: `uscc`, `jurisdiction`, valid all the time but the last of each city, which has expired."""
    count = 6 + units // 3000
    cities = ["weihai"] * count + ["shanghai"] * count
    return pl.DataFrame(
        {
            "uscc": organisation_codes(2 * count),
            "jurisdiction": cities,
            "is_expired": [place == count - 1 for place in range(count)] * 2,
        }
    )


def organisation_codes(count: int, first: int = 0) -> list[str]:
    """Valid codes of organisations, of a series of their own (GB 32100)."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    codes = []
    for serial in range(first, first + count):
        body = f"91310000MAJG{serial:05d}"
        total = sum(alphabet.index(character) * 3**place % 31 for place, character in enumerate(body))
        codes.append(body + alphabet[(31 - total % 31) % 31])
    return codes


def services(
    rng: np.random.Generator, frame: pl.DataFrame, insured: pl.DataFrame, organisations: pl.DataFrame
) -> pl.DataFrame:
    """Adds who came, where, what was checked and what proves it; no expert is ever in two places or overworked."""
    frame = frame.join(
        insured.select("policy_no", "district_code", "industry_code", "inception_date", "expiry_date"),
        on="policy_no", maintain_order="left",
    )  # fmt: skip
    size = frame.height
    place = pl.int_range(pl.len()).over("district_code", "finished_on", order_by="service_no")
    centre = {code: at[0] for code, at in CENTRE.items()}, {code: at[1] for code, at in CENTRE.items()}
    good = organisations.filter(~pl.col("is_expired"))
    per_city = good.height // 2
    chosen = rng.integers(0, per_city, size) + np.where(frame["jurisdiction"] == "weihai", 0, per_city)
    jitter = rng.uniform(-0.04, 0.04, (2, size))
    done, on_site = pl.col("done"), pl.col("form") == "线下"
    spare = np.datetime64("NaT", "us")
    planned = frame["planned_date"].to_numpy().astype("datetime64[us]")
    finished = frame["finished_on"].to_numpy().astype("datetime64[us]")
    appointed = planned - rng.integers(2, 6, size).astype("timedelta64[D]") + np.timedelta64(10, "h")
    revisit = (finished + rng.integers(10, 30, size).astype("timedelta64[D]")).astype("datetime64[D]")
    archived = finished + np.timedelta64(5, "D") + np.timedelta64(9, "h")
    prints = np.char.mod("%016x", rng.integers(2**48, 2**62, size))
    helped = (
        (pl.col("jurisdiction") == "shanghai")
        & pl.col("industry_code").is_in(HELPED_INDUSTRIES)
        & (pl.col("finished_on") >= pl.date(2023, 8, 25))
        & (pl.col("finished_on").dt.year() == 2023)
    )
    return frame.with_columns(
        experts=pl.concat_str(pl.lit("AQGCS"), "district_code", (place // 2).cast(pl.String).str.zfill(4)),
        service_org_uscc=pl.when(pl.col("provider_type") == "委托").then(good["uscc"].gather(chosen)),
        appointed_at=pl.Series(np.where(frame["status"] == "取消", spare, appointed)),
        longitude=pl.when(done & on_site).then((pl.col("district_code").replace_strict(centre[0]) + pl.Series(jitter[0])).round(4)),
        latitude=pl.when(done & on_site).then((pl.col("district_code").replace_strict(centre[1]) + pl.Series(jitter[1])).round(4)),
        content=pl.when(done).then(pl.col("item").replace_strict(CONTENT)),
        checked_work=pl.when(done & (pl.col("item") == "hazard_check") & (pl.col("insurer_code") == "HAYC")).then(pl.lit("动火/外包外租")),
        evidence_hashes=pl.when(done).then(pl.Series(prints)),
        revisit_date=pl.when(done & pl.Series(rng.random(size) < 0.7)).then(pl.Series(revisit)),
        archived_at=pl.when(done).then(pl.Series(archived)),
        campaign=pl.when(done & helped).then(pl.lit(HELP_ACTIVITY)),
        planted=pl.lit(False),
    ).with_columns(
        # What a visit costs does not grow with the premium beyond the work.
        cost=pl.min_horizontal(
            "cost",
            (pl.col("item").replace_strict(ITEM_COST) * pl.Series(rng.lognormal(0, 0.3, size)) * 100).cast(pl.Int64),
        )
    )  # fmt: skip


def announced(frame: pl.DataFrame) -> pl.DataFrame:
    """What is not known yet of a visit that is only announced."""
    return frame.with_columns(
        pl.lit(None, frame.schema[name]).alias(name)
        for name in (
            "longitude",
            "latitude",
            "content",
            "checked_work",
            "evidence_hashes",
            "revisit_date",
            "archived_at",
            "campaign",
        )
    )


def payees(ledger: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    """Adds who was paid: the organisation entrusted, the expert hired, or own costs."""
    who = services.select("service_no", "provider_type", "service_org_uscc")
    joined = ledger.join(who, on="service_no", how="left", maintain_order="left")
    kind = {"委托": "服务机构", "外聘": "专家", "自有": "其他"}
    return joined.with_columns(
        payee_type=pl.col("provider_type").replace_strict(kind, default=None, return_dtype=pl.String),
        payee_uscc="service_org_uscc",
        instalment=pl.lit(None, pl.Boolean),
        contract_amount=pl.lit(None, pl.Int64),
        planted=pl.lit(False),
    ).drop("provider_type", "service_org_uscc")
