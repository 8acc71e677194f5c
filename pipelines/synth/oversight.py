"""What the notices ask for beside the main records: how claims were paid, by which channel and in which form visits reached people, plans
of inspections, criteria of hazards, fire classes, partners, and services that an organisation reports itself.

What belongs here: columns added to finished feeds, and the plans. What does not: the records (the modules beside this). Drawn last,
from a stream of its own, so that it changes nothing in them.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.synth.departments import YEARS
from pipelines.synth.draw import next_drop, pick
from pipelines.synth.supervision import CITY_OFFICE

ORGANISATION = "weihai_aqjs"
"""A service organisation that reports some of its visits itself (of the first code of details.organisations)."""
ENTRUSTS = ("weihai", "TSBX")
"""The insurer whose visits it reports."""
ACTIVITY = {
    "hazard_check": "现场排查", "risk_assessment": "风险报告", "emergency": "预案演练", "technology": "研讨", "standardisation": "研讨", "other": "法规推送",
}  # fmt: skip
TRAINED = ["培训", "竞赛", "课件", "警示视频"]
EQUIPMENT = ["可燃气体检测仪", "红外测温仪", "绝缘电阻测试仪", "激光测距仪"]
FIRE_CLASSES = ["人员密集场所", "易燃易爆单位", "高层公共建筑", "地下公共建筑"]
FIRE_FEATURES = ["夜间住宿", "明火作业", "储存易燃物", "疏散困难", "消防设施缺失", "老旧建筑"]
NEW_TRADES = ("express", "delivery")


def add(
    rng: np.random.Generator, feeds: dict[str, pl.DataFrame], drops: np.ndarray, end: date
) -> dict[str, pl.DataFrame]:
    """The feeds with their further columns, and `inspection_plan`."""
    return feeds | {
        "claim": _claims(rng, feeds["claim"]),
        "service_record": _reported_by_organisation(_services(rng, feeds["service_record"]), feeds),
        "hazard": _hazards(feeds["hazard"], feeds["service_record"], feeds["policy"]),
        "enterprise": _roster(rng, feeds["enterprise"]),
        "enterprise_link": _links(rng, feeds["enterprise_link"], feeds["enterprise"], end),
        "document": _documents(rng, feeds["document"]),
        "service_org": feeds["service_org"].with_columns(equipment=pl.lit("、".join(EQUIPMENT[:2]))),
        "enforcement": _enforcement(feeds["enforcement"], feeds["accident"], end),
        **_inspections(rng, feeds["inspection"], drops, end),
    }  # fmt: skip


def _claims(rng: np.random.Generator, claims: pl.DataFrame) -> pl.DataFrame:
    """Small claims are paid quickly, some with something in advance; of accidents half are helped in."""
    numbers = claims.select("claim_no").unique(maintain_order=True)
    drawn = numbers.with_columns(
        kind=pl.Series(pick(rng, {"正常": 0.7, "快付": 0.2, "垫付": 0.1}, numbers.height)),
        helps=pl.Series(rng.random(numbers.height) < 0.5),
        rescue=pl.Series(rng.integers(1_000, 9_000, numbers.height) * 100),
    )
    rows = claims.join(drawn, on="claim_no", how="left", maintain_order="left")
    closed = pl.col("status") == "已结案"
    helped = pl.col("helps") & pl.col("accident_id").is_not_null()
    return rows.with_columns(
        payment_kind=pl.when(pl.col("advance_paid") > 0).then(pl.lit("预付")).when(closed).then("kind"),
        rescue_assist=pl.when(pl.col("accident_id").is_not_null()).then(helped),
        loss_rescue=pl.when(closed & helped & (pl.col("paid_to_date") > pl.col("rescue"))).then("rescue"),
    ).drop("kind", "helps", "rescue")


def _services(rng: np.random.Generator, services: pl.DataFrame) -> pl.DataFrame:
    """Channel and form of each finished visit; how many people saw what was online."""
    numbers = services.select("service_no").unique(maintain_order=True)
    drawn = numbers.with_columns(
        online=pl.Series(rng.choice(["网站", "APP", "微信", "视频会议"], numbers.height)),
        trained=pl.Series(rng.choice(TRAINED, numbers.height, p=[0.7, 0.1, 0.1, 0.1])),
        seen=pl.Series(rng.integers(20, 400, numbers.height)),
        tool=pl.Series(rng.choice(EQUIPMENT, numbers.height)),
    )
    rows = services.join(drawn, on="service_no", how="left", maintain_order="left")
    done, online = pl.col("status") == "已完成", pl.col("form") == "线上"
    return rows.with_columns(
        channel=pl.when(done & online).then("online").when(done).then(pl.lit("现场")),
        activity=pl.when(done).then(
            pl.when(pl.col("item") == "training").then("trained").otherwise(pl.col("item").replace_strict(ACTIVITY, default=None))
        ),
        reach=pl.when(done & online).then("seen"),
        equipment=pl.when(done & (pl.col("item") == "hazard_check")).then("tool"),
    ).drop("online", "trained", "seen", "tool")  # fmt: skip


def _reported_by_organisation(services: pl.DataFrame, feeds: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Visits that the organisation made for its insurer come from the organisation; nothing planted, nothing co-insured."""
    city, insurer = ENTRUSTS
    own = feeds["service_org"].filter(pl.col("provider") == f"{city}_city")["uscc"][0]
    planted = services.filter("planted")["service_no"]
    moved = (
        (pl.col("service_org_uscc") == own)
        & (pl.col("insurer_code") == insurer)
        & ~pl.col("service_no").is_in(planted.implode())
        & ~pl.col("policy_no").is_in(feeds["coinsurance"]["policy_no"].implode())
    )
    return services.with_columns(provider=pl.when(moved).then(pl.lit(ORGANISATION)).otherwise("provider"))


def _hazards(hazards: pl.DataFrame, services: pl.DataFrame, policies: pl.DataFrame) -> pl.DataFrame:
    """The criterion by which a hazard of industry and trade was called major, as it was on its day."""
    fields = services.select("service_no", "policy_no").unique("service_no", maintain_order=True).join(
        policies.select("policy_no", "industry_code").unique("policy_no", maintain_order=True), on="policy_no"
    ).select("service_no", "industry_code")  # fmt: skip
    rows = hazards.join(fields, on="service_no", how="left", maintain_order="left")
    trade = (
        pl.when(pl.col("found_date") < pl.date(2023, 5, 15)).then(pl.lit("trade_2017")).otherwise(pl.lit("trade_2023"))
    )
    own = pl.col("industry_code").replace_strict(
        {"hazchem": "hazchem_2017", "fireworks": "fireworks_2017", "construction": "construction_2022", "fire_risk": "fire_2017",
         "mine_noncoal": "noncoal_2022", "mine_coal": "coal_2021"},
        default=None, return_dtype=pl.String,
    )  # fmt: skip
    # Before their field had a criterion of its own they name none.
    begun = {"mine_noncoal": date(2022, 9, 1), "construction": date(2022, 4, 19)}
    early = pl.col("found_date") < pl.col("industry_code").replace_strict(begun, default=None, return_dtype=pl.Date)
    major = (pl.col("grade") == "重大") & ~early.fill_null(False)
    return rows.with_columns(
        criterion_code=pl.when(major).then(pl.coalesce(own, trade)), case_no=pl.lit(None, pl.String)
    ).drop("industry_code")


def _roster(rng: np.random.Generator, roster: pl.DataFrame) -> pl.DataFrame:
    """Fire classes and features of the units with a high risk of fire; trades that are new."""
    units = roster.filter(pl.col("industry_code") == "fire_risk").select("uscc").unique(maintain_order=True)
    drawn = units.with_columns(
        fire_class=pl.Series(rng.choice(FIRE_CLASSES, units.height), dtype=pl.String),
        fire_features=pl.Series(
            ["、".join(FIRE_FEATURES[place] for place in sorted(rng.choice(6, 2, replace=False))) for _ in range(units.height)],
            dtype=pl.String,
        ),
        industry_code=pl.lit("fire_risk"),
    )  # fmt: skip
    return roster.join(drawn, on=["uscc", "industry_code"], how="left", maintain_order="left").with_columns(
        new_trade=pl.when(pl.col("industry_code").is_in(NEW_TRADES)).then(pl.lit(True))
    )


def _links(rng: np.random.Generator, links: pl.DataFrame, roster: pl.DataFrame, end: date) -> pl.DataFrame:
    """Partners of the supply chains of state-owned units beside the parents."""
    city = pl.when(pl.col("district_code").str.starts_with("37")).then(pl.lit("weihai")).otherwise(pl.lit("shanghai"))
    units = roster.unique("uscc", keep="last", maintain_order=True).with_columns(city=city)
    heads = units.filter(pl.col("ownership") != "其他").group_by("city", maintain_order=True).head(3)
    others = units.filter((pl.col("ownership") == "其他") & pl.col("parent_uscc").is_null())
    some = others.filter(pl.Series(rng.random(others.height) < 0.05)).group_by("city", maintain_order=True).head(30)
    if not heads.height or not some.height:
        return links
    place = pl.int_range(pl.len()).over("city")
    chains = some.with_columns(place=place % 3).join(
        heads.select("city", other_uscc="uscc", place=place), on=["city", "place"]
    )
    rows = chains.select(
        "uscc", "other_uscc", kind=pl.lit("供应链"), provider=pl.concat_str("city", pl.lit("_city")), received=pl.lit(end), planted=pl.lit(False)
    )  # fmt: skip
    return pl.concat([links, rows.select(links.columns)])


def _documents(rng: np.random.Generator, documents: pl.DataFrame) -> pl.DataFrame:
    """Publicity by channel with the people it reached; how many know."""
    size = documents.height
    told = pl.col("kind") == "宣传"
    return documents.with_columns(
        channel=pl.when(told).then(pl.Series(rng.choice(["电视", "广播", "微信", "检查时"], size))),
        reach=pl.when(told).then(pl.Series(rng.integers(1_000, 90_000, size))),
    )


def _enforcement(cases: pl.DataFrame, accidents: pl.DataFrame, end: date) -> pl.DataFrame:
    """Beside fines of units: one of an insurer in each city, and one of each unit in whose accident somebody died."""
    known = cases.with_columns(
        target_type=pl.lit(None, pl.String), target_code=pl.lit(None, pl.String), accident_id=pl.lit(None, pl.String),
        hazard_no=pl.lit(None, pl.String),
    )  # fmt: skip
    insurers = pl.DataFrame(
        [
            {"case_no": f"CF-{city}-HAYC-2025".upper(), "decided_on": date(2025, 9, 1), "law_article": "安全生产责任保险实施办法 罚则", "fine": 0,
             "target_type": "承保机构", "target_code": "HAYC", "provider": f"{city}_regulator", "received": end, "planted": False}
            for city in CITY_OFFICE
        ]
    )  # fmt: skip
    fatal = accidents.filter(
        (pl.col("deaths") > 0) & pl.col("liability") & pl.col("accident_id").str.starts_with("SGC")
    ).unique("accident_id", keep="last", maintain_order=True)
    after = pl.col("occurred_at").cast(pl.Date).dt.offset_by("60d")
    pursued = fatal.select(
        "uscc", "accident_id", case_no=pl.concat_str(pl.lit("SGCF-"), "accident_id"), decided_on=after,
        law_article=pl.lit("安全生产法第一百一十四条"), fine=pl.lit(300_000_00, pl.Int64), provider="provider", received=pl.lit(end), planted=pl.lit(False),
    ).filter(pl.col("decided_on") <= pl.lit(end))  # fmt: skip
    return pl.concat([known, insurers, pursued], how="diagonal_relaxed").select(known.columns)


def _inspections(
    rng: np.random.Generator, inspections: pl.DataFrame, drops: np.ndarray, end: date
) -> dict[str, pl.DataFrame]:
    """What city bureaus planned to inspect: all insurers, in every year; districts: ten units, most of whom they do not reach."""
    of_insurers = inspections.filter(pl.col("target_type") == "承保机构").with_columns(
        year=pl.col("inspected_on").dt.year()
    )
    city = (
        of_insurers.group_by("provider", "department", "subject", "year", maintain_order=True)
        .agg(planned=pl.len().cast(pl.Int64), campaign=pl.col("campaign").first())
        .select(
            "provider", "department", "campaign", "subject", "planned", target_type=pl.lit("承保机构"),
            plan_no=pl.concat_str(pl.lit("JH-"), pl.col("provider").str.to_uppercase(), pl.lit("-"), "year", pl.lit("-"), "subject"),
            planned_from=pl.date("year", 6, 1), planned_to=pl.date("year", 11, 20),
        )
    )  # fmt: skip
    districts = (
        inspections.filter(pl.col("target_type") == "生产经营单位").select("provider").unique(maintain_order=True)
    )
    own = districts.join(pl.DataFrame({"year": list(YEARS)}), how="cross").select(
        "provider", "year", department=pl.lit("区市应急管理局"), campaign=pl.lit(None, pl.String), subject=pl.lit("投保"), planned=pl.lit(10, pl.Int64),
        target_type=pl.lit("生产经营单位"),
        plan_no=pl.concat_str(pl.lit("JH-"), pl.col("provider").str.to_uppercase(), pl.lit("-"), "year"),
        planned_from=pl.date("year", 1, 1), planned_to=pl.date("year", 12, 20),
    ).drop("year")  # fmt: skip
    plans = pl.concat([city.select(own.columns).cast(own.schema), own]).filter(pl.col("planned_from") <= pl.lit(end))
    starts = plans["planned_from"].to_numpy().astype("datetime64[D]")
    return {
        "inspection_plan": plans.with_columns(
            received=pl.Series(next_drop(drops, starts)).cast(pl.Date), planted=pl.lit(False)
        ),
        "inspection": inspections.with_columns(
            plan_no=pl.lit(None, pl.String),
            considered=pl.when(pl.col("target_type") == "生产经营单位").then(pl.Series(rng.random(inspections.height) < 0.6)),
        ),
    }  # fmt: skip
