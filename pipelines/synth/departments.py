"""What departments send, and insurers' yearly plans: projects, accidents, inspections, problems, fines, lists.

What belongs here: the eleven feeds that go round the main ones. What does not: how they are written down (files.py)
and what is wrong with some of them on purpose (patterns.py). Everything is invented.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from pipelines.synth.draw import days, next_drop
from pipelines.synth.supervision import CITY_OFFICE, DEPARTMENTS

YEARS = (2023, 2024, 2025, 2026)
EXPIRED = "AQGCS99999000"
"""How the numbers of certificates begin that have run out."""
SCENE = {
    "construction": "高处作业", "hazchem": "检维修", "metallurgy": "动火", "transport": "道路运输", "fishery": "海上作业", "confined_space": "有限空间",
}  # fmt: skip


def _sender(frame: pl.DataFrame) -> pl.Expr:
    """The district bureau of a row."""
    return pl.concat_str(
        pl.when(frame["district_code"].str.starts_with("37")).then(pl.lit("weihai_")).otherwise(pl.lit("shanghai_")),
        pl.col("district_code").str.to_lowercase(),
    )


def projects(policies: pl.DataFrame, drops: np.ndarray, end: date) -> pl.DataFrame:
    """One project per construction policy, from its inception to its expiry, listed by the housing department."""
    rows = policies.filter(pl.col("project_code").is_not_null() & pl.col("project_code").str.starts_with("SGXK"))
    begins = rows["inception_date"].to_numpy().astype("datetime64[D]")
    return rows.select(
        "project_code", "district_code",
        name="project_name", builder_uscc="insured_uscc", owner=pl.lit("某建设单位（合成）"),
        cost=pl.col("premium_written") * 400,
        status=pl.when(pl.col("expiry_date") >= pl.lit(end)).then(pl.lit("在建")).otherwise(pl.lit("不在建")),
        start_date="inception_date", end_date="expiry_date",
        provider=pl.concat_str("jurisdiction", pl.lit("_dept_construction")), planted=pl.lit(False),
    ).with_columns(received=pl.Series(next_drop(drops, begins)))  # fmt: skip


def accidents(
    rng: np.random.Generator, claims: pl.DataFrame, policies: pl.DataFrame, drops: np.ndarray
) -> pl.DataFrame:
    """Accidents behind claims that name one (claim.accident_id)."""
    known = claims.filter(pl.col("accident_id").is_not_null()).unique("accident_id", keep="first", maintain_order=True)
    rows = known.join(policies.select("policy_no", "industry_code"), on="policy_no", maintain_order="left")
    size = rows.height
    day = rows["loss_date"].to_numpy().astype("datetime64[D]")
    return rows.select(
        "accident_id", "district_code", "industry_code", "deaths", "serious_injuries",
        uscc="insured_uscc", occurred_at=pl.col("loss_date").cast(pl.Datetime("us")).dt.offset_by("10h"), type="accident_type",
        scene=pl.col("industry_code").replace_strict(SCENE, default="其他"),
        direct_loss=pl.Series(rng.integers(50_000, 900_000, size)) * 100,
        grade=pl.lit("一般"), liability=pl.Series(rng.random(size) < 0.7), planted=pl.lit(False),
    ).with_columns(provider=_sender(rows), received=pl.Series(next_drop(drops, day + 10)))  # fmt: skip


def organisations_sent(organisations: pl.DataFrame) -> pl.DataFrame:
    """The register of technical service organisations, sent once by each city bureau."""
    return organisations.select(
        "uscc",
        name=pl.concat_str(pl.lit("安技服务机构"), pl.int_range(pl.len()) + 1, pl.lit("（合成）")),
        qualification=pl.lit("安全评价机构资质"),
        valid_from=pl.lit(date(2018, 1, 1)),
        valid_to=pl.when("is_expired").then(pl.lit(date(2021, 12, 31))).otherwise(pl.lit(date(2029, 12, 31))),
        technicians=pl.int_range(pl.len()) % 40 + 12, audit_date=pl.lit(date(2022, 11, 1)), audit_result=pl.lit("合格"),
        provider=pl.concat_str("jurisdiction", pl.lit("_city")), received=pl.lit(date(2023, 1, 5)), planted=pl.lit(False),
    )  # fmt: skip


def experts(rng: np.random.Generator, services: pl.DataFrame, organisations: pl.DataFrame) -> pl.DataFrame:
    """Every expert who ever came, and one per city whose certificate has run out."""
    seen = services.select(pl.col("experts").alias("certificate_no"), "jurisdiction").unique(maintain_order=True)
    seen = seen.filter(~pl.col("certificate_no").str.starts_with(EXPIRED))
    seen = seen.unique("certificate_no", keep="first", maintain_order=True).sort("certificate_no")
    size = seen.height
    frame = seen.with_columns(
        org_uscc=organisations["uscc"].gather(rng.integers(0, organisations.height, size)),
        type=pl.Series(rng.choice(["自有", "外聘"], size)),
        speciality=pl.Series(rng.choice(["化工", "机械", "电气", "建筑", "消防"], size)),
        valid_to=pl.lit(date(2029, 12, 31)),
    )
    old = pl.DataFrame(
        {"certificate_no": [f"{EXPIRED}1", f"{EXPIRED}2"], "jurisdiction": ["weihai", "shanghai"], "org_uscc": [None, None],
         "type": ["外聘", "外聘"], "speciality": ["化工", "化工"], "valid_to": [date(2021, 12, 31)] * 2},
        schema=frame.schema,
    )  # fmt: skip
    return (
        pl.concat([frame, old])
        .with_columns(
            provider=pl.concat_str("jurisdiction", pl.lit("_city")),
            received=pl.lit(date(2023, 1, 5)),
            planted=pl.lit(False),
        )
        .drop("jurisdiction")
    )


def permits(roster: pl.DataFrame, end: date) -> pl.DataFrame:
    """The city bureau's register of work-safety permits: those the roster names, renewed or run out as it says."""
    known = roster.filter(pl.col("permit_no").is_not_null()).unique(
        ["uscc", "industry_code"], keep="last", maintain_order=True
    )
    return known.select(
        "permit_no", "uscc", "industry_code", kind=pl.lit("安全生产许可证"), valid_from=pl.col("permit_valid_to").dt.offset_by("-3y"),
        valid_to="permit_valid_to", status=pl.lit("有效"), provider=pl.concat_str(_city(known), pl.lit("_city")), received=pl.lit(end), planted="planted",
    )  # fmt: skip


def social_insurance(rng: np.random.Generator, roster: pl.DataFrame, end: date) -> pl.DataFrame:
    """What the city bureau was told of some units' headcount: what their departments know too."""
    one_field = roster.unique(["uscc", "industry_code"], keep="last", maintain_order=True).filter(
        pl.len().over("uscc") == 1
    )
    rows = one_field.filter(pl.Series(rng.random(one_field.height) < 0.1))
    return rows.select(
        "uscc", period=pl.lit(f"{end:%Y}-{end.month - 1:02}"), insured_persons="employees", provider=pl.concat_str(_city(rows), pl.lit("_city")),
        received=pl.lit(end), planted=pl.lit(False),
    )  # fmt: skip


def enterprise_links(roster: pl.DataFrame, end: date) -> pl.DataFrame:
    """Parents as the city bureau knows them: those of the roster."""
    rows = roster.filter(pl.col("parent_uscc").is_not_null()).unique("uscc", keep="last", maintain_order=True)
    return rows.select(
        "uscc", other_uscc="parent_uscc", kind=pl.lit("母子"), provider=pl.concat_str(_city(rows), pl.lit("_city")), received=pl.lit(end),
        planted=pl.lit(False),
    )  # fmt: skip


def capacities(insurers: dict[str, dict[str, float]], end: date) -> pl.DataFrame:
    """Each branch's capacity at the end of every quarter of the last two years."""
    quarters = [
        f"{year}-{month:02}"
        for year in (end.year - 1, end.year)
        for month in (3, 6, 9, 12)
        if (year, month) < (end.year, end.month)
    ]
    rows = [
        (insurer, quarter, f"{city}_{insurer.lower()}") for city, names in insurers.items() for insurer in names for quarter in quarters
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=["insurer_code", "period", "provider"], orient="row").with_columns(
        has_management_unit=pl.lit(True), risk_staff=pl.lit(12, pl.Int64), expert_count=pl.lit(30, pl.Int64), has_rules=pl.lit(True),
        has_system=pl.lit(True), outlets=pl.lit(6, pl.Int64), solvency_core=pl.lit(1.62), solvency_total=pl.lit(2.15), received=pl.lit(end),
        planted=pl.lit(False),
    )  # fmt: skip


def _city(frame: pl.DataFrame) -> pl.Expr:
    return pl.when(frame["district_code"].str.starts_with("37")).then(pl.lit("weihai")).otherwise(pl.lit("shanghai"))


def plans(policies: pl.DataFrame, industry_name: dict[str, str], drops: np.ndarray) -> pl.DataFrame:
    """Each branch's plan of the year, and a plan of its own for every second policy in force."""
    branches = policies.select("provider", "insurer_code").unique().sort("provider")
    overall = branches.join(pl.DataFrame({"plan_year": list(YEARS)}), how="cross").select(
        "insurer_code", "plan_year", insured_uscc=pl.lit(None, pl.String),
        consulted_at=pl.datetime(pl.col("plan_year"), 1, 10, 9), confirmed_at=pl.datetime(pl.col("plan_year"), 1, 20, 9),
        planned_visits=pl.lit(200, pl.Int64), goal=pl.concat_str("plan_year", pl.lit("年总体方案：服务覆盖全部投保单位，重大隐患逐项销号")),
        provider="provider", received=pl.date(pl.col("plan_year"), 2, 5),
    )  # fmt: skip
    rows = policies.filter((pl.col("serial") % 2 == 0) & (pl.col("status") != "注销")).sort(
        "inception_date", "policy_no"
    )
    rows = rows.with_columns(plan_year=pl.col("inception_date").dt.year()).unique(
        ["provider", "plan_year", "insured_uscc"], keep="last", maintain_order=True
    )
    begins = rows["inception_date"].to_numpy().astype("datetime64[D]")
    own = rows.select(
        "insurer_code", "plan_year", "insured_uscc",
        consulted_at=pl.col("inception_date").cast(pl.Datetime("us")).dt.offset_by("9h"),
        confirmed_at=pl.col("inception_date").cast(pl.Datetime("us")).dt.offset_by("5d9h"),
        planned_visits=pl.col("service_frequency"),
        goal=pl.concat_str(
            pl.lit("针对"), pl.col("industry_code").replace_strict(industry_name), pl.lit("单位特点，全年服务"), "service_frequency", pl.lit("次"),
        ),
        provider="provider", received=pl.Series(next_drop(drops, begins)),
    )  # fmt: skip
    return pl.concat([overall.cast(own.schema), own]).with_columns(
        plan_year=pl.col("plan_year").cast(pl.Int64), planted=pl.lit(False)
    )


def checks(
    rng: np.random.Generator,
    fields: pl.DataFrame,
    insured: pl.DataFrame,
    insurers: dict[str, dict[str, float]],
    drops: np.ndarray,
    end: date,
) -> dict[str, pl.DataFrame]:
    """Inspections of insurers and units, the problems they found, fines and lists: all handled in time."""
    inspections: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    lists: list[dict[str, Any]] = []
    for city, names in insurers.items():
        office, sender = CITY_OFFICE[city], f"{city}_city"
        for year in YEARS:
            for place, insurer in enumerate(names):
                day = date(year, 6, 10) + timedelta(days=7 * place)
                number = f"WT-{city}-{year}-{insurer}".upper()
                inspections.append(
                    {"inspection_no": f"JC-{city}-{year}-{insurer}".upper(), "inspected_on": day, "department": office, "joint": place % 2 == 0,
                     "target_type": "承保机构", "target_code": insurer, "subject": ["事故预防服务", "费用", "理赔"][place % 3],
                     "campaign": f"{year}年事故预防服务督导检查", "problem_no": number, "provider": sender},
                )  # fmt: skip
                problems.append(
                    {"problem_no": number, "found_date": day, "origin": "检查", "target_type": "承保机构", "target_code": insurer,
                     "kind": ["服务不规范", "费用违规", "未开展服务"][place % 3], "measure": "限期整改并报送整改报告", "due": day + timedelta(days=30),
                     "closed_at": day + timedelta(days=20 + place), "notified_regulator_at": day + timedelta(days=5),
                     "escalation": "责令整改", "provider": sender},
                )  # fmt: skip
            best = list(names)[year % len(names)]
            lists.append(
                {"list_no": f"XY-{city}-{year}-1".upper(), "target_code": best, "target_type": "承保机构", "kind": "联合激励", "valid_from": date(year, 12, 20),
                 "valid_to": date(year + 1, 12, 19), "reason": "服务成效评估优秀", "provider": sender},
            )  # fmt: skip
    covered = insured.select(pl.col("insured_uscc").alias("uscc"), "industry_code").unique()
    bare = fields.filter(pl.col("mandatory") & pl.col("closed_on").is_null()).join(
        covered, on=["uscc", "industry_code"], how="anti"
    )
    bare = bare.sort("field")
    units = bare.filter(pl.Series(rng.random(bare.height) < 0.6))
    size = units.height
    random_day = np.datetime64("2024-03-01") + days(rng, 0, 700, size)
    listed = units["listed_from"].to_numpy().astype("datetime64[D]")
    found_on = np.where(random_day > listed + 30, random_day, np.datetime64("2026-09-01"))
    units = units.with_columns(
        found_on=pl.Series(found_on),
        problem_no=pl.concat_str(pl.lit("WT-"), "uscc", pl.lit("-"), pl.col("industry_code").str.to_uppercase()),
        inspection_no=pl.concat_str(pl.lit("JC-"), "uscc", pl.lit("-"), pl.col("industry_code").str.to_uppercase()),
        target_code="uscc",
        target_type=pl.lit("生产经营单位"),
        provider=_sender(units),
        planted=pl.lit(False),
        received=pl.Series(next_drop(drops, found_on + 30)).cast(pl.Date),
    )
    sent = ["target_type", "target_code", "problem_no", "provider", "received", "planted"]
    seen = units.select(
        "inspection_no", *sent, inspected_on="found_on", department=pl.lit("区市应急管理局"), joint=pl.lit(False), subject=pl.lit("投保"),
        campaign=pl.lit(None, pl.String),
    )  # fmt: skip
    found = units.select(
        *sent, found_date="found_on", origin=pl.lit("检查"), kind=pl.lit("应保未保"), measure=pl.lit("责令限期投保"),
        due=pl.col("found_on").dt.offset_by("30d"), closed_at=pl.col("found_on").dt.offset_by("25d").cast(pl.Datetime("us")),
        notified_regulator_at=pl.lit(None, pl.Datetime("us")), escalation=pl.lit("责令整改"),
    )  # fmt: skip
    fines = units.filter(pl.Series(rng.random(size) < 0.7)).select(
        "uscc", "problem_no", "provider", "planted", case_no=pl.col("problem_no").str.replace("WT", "CF"),
        decided_on=pl.col("found_on").dt.offset_by("35d"), law_article=pl.lit("安全生产法第一百零九条"), fine=pl.lit(60_000_00, pl.Int64),
    )  # fmt: skip
    fines = fines.filter(pl.col("decided_on") <= pl.lit(end))
    fines = fines.with_columns(received=pl.Series(next_drop(drops, fines["decided_on"].to_numpy() + 10)).cast(pl.Date))

    def frame(rows: list[dict[str, Any]], day_name: str) -> pl.DataFrame:
        known = pl.DataFrame(rows, infer_schema_length=None).filter(pl.col(day_name) <= pl.lit(end))
        received = pl.Series(next_drop(drops, known[day_name].to_numpy() + 40)).cast(pl.Date)
        return known.with_columns(received=received, planted=pl.lit(False))

    checked, wrong = frame(inspections, "inspected_on"), frame(problems, "found_date")
    wrong = wrong.with_columns(pl.col("closed_at", "notified_regulator_at").cast(pl.Datetime("us")))
    return {
        "inspection": pl.concat([checked.select(seen.columns).cast(seen.schema), seen]),
        "problem": pl.concat([wrong.select(found.columns).cast(found.schema), found]),
        "enforcement": fines,
        "credit_list": frame(lists, "valid_from"),
    }


def contacts() -> pl.DataFrame:
    """Leader, office and liaison of each department."""
    rows = [
        {"department": name, "role": role, "leader_title": "副局长", "office": "安全监管科室", "phone": f"0000-{1000 + place}", "provider": sender,
         "received": date(2023, 5, 15), "planted": False}
        for city, departments in DEPARTMENTS.items()
        for place, (name, sender) in enumerate(
            [(CITY_OFFICE[city], f"{city}_city"), *((name, f"{city}_dept_{industry}") for industry, name in departments.items())]
        )
        for role in ("领导小组", "联络员")
    ]  # fmt: skip
    return pl.DataFrame(rows)


def indicators(rng: np.random.Generator, districts: dict[str, dict[str, float]]) -> pl.DataFrame:
    """Background figures per district and year."""
    rows = [
        {"district_code": district, "year": year, "name": name, "value": round(float(level * share * rng.uniform(0.95, 1.05)), 1), "unit": unit,
         "provider": f"{city}_{district.lower()}", "received": date(year + 1, 3, 1), "planted": False}
        for city, shares in districts.items()
        for district, share in shares.items()
        for year in YEARS[:-1]
        for name, level, unit in (("地区生产总值", 3_500 if city == "weihai" else 47_000, "亿元"), ("从业人员", 150 if city == "weihai" else 1_300, "万人"))
    ]  # fmt: skip
    return pl.DataFrame(rows)
