"""What supervisors and services leave behind in the synthetic world: hazards, complaints, documents.

What belongs here: what they leave. What does not: what insurers sell and pay (the other modules), how it is written down
(files.py).
Texts of documents are invented and speak of nobody.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.synth.draw import days, next_drop

SCENES = ["动火", "高处", "有限空间", "检维修", "外包外租", "用电", "危化品储存", "机械防护"]
HAZARDS_WRITTEN_DOWN = 3
"""Hazards per visit that are entered one by one."""
DEPARTMENTS = {
    "weihai": {"transport": "威海市交通运输局", "construction": "威海市住房和城乡建设局", "fishery": "威海市海洋发展局"},
    "shanghai": {
        "transport": "上海市交通委员会", "construction": "上海市住房和城乡建设管理委员会", "fishery": "上海市农业农村委员会",
        "fire_risk": "上海市消防救援总队",
    },
}  # fmt: skip
CITY_OFFICE = {"weihai": "威海市应急管理局", "shanghai": "上海市应急管理局"}
YEARS = (2023, 2024, 2025)


def hazards(
    rng: np.random.Generator, policies: pl.DataFrame, services: pl.DataFrame, drops: np.ndarray, end: date
) -> pl.DataFrame:
    """Hazards of finished visits: found and notified, sent again once rechecked; 3 % major, of these some refused."""
    visits = services.filter(pl.col("done") & (pl.col("hazards_found") > 0)).join(
        policies.select("policy_no", "district_code"), on="policy_no"
    )
    counts = np.minimum(visits["hazards_found"].to_numpy(), HAZARDS_WRITTEN_DOWN)
    rows = visits[np.repeat(np.arange(visits.height), counts)]
    size = rows.height
    found = rows["finished_on"].to_numpy().astype("datetime64[D]")
    major = rng.random(size) < 0.03
    refused = major & (rng.random(size) < 0.15)
    due = found + np.where(major, 30, 15).astype("timedelta64[D]")
    fixed = found + np.maximum(1, rng.lognormal(2.2, 0.6, size)).astype(int).astype("timedelta64[D]")
    rechecked = fixed + days(rng, 1, 8, size)
    never = refused | (rng.random(size) < 0.05)
    hour = np.timedelta64(10, "h")
    blank = np.datetime64("NaT", "us")
    place = pl.int_range(pl.len()).over("service_no") + 1
    base = rows.select(
        "service_no", "insured_uscc", "insurer_code", "district_code", "provider",
        hazard_no=pl.concat_str(pl.lit("H"), "service_no", pl.lit("-"), place),
    ).with_columns(
        grade=pl.Series(np.where(major, "重大", "一般")),
        scene=pl.Series(rng.choice(SCENES, size)),
        criterion=pl.Series(np.where(major, "重大事故隐患判定标准", "现场检查")),
        found_date=pl.Series(found),
        written_notice_at=pl.Series(np.where(rng.random(size) < 0.96, found + hour + days(rng, 0, 1, size), blank)),
        rectify_due=pl.Series(due),
        refused=pl.Series(refused),
        reported_to=pl.when(pl.Series(refused)).then(pl.lit("行业主管部门")),
        reported_at=pl.Series(np.where(refused & (rng.random(size) < 0.8), found + hour + days(rng, 2, 20, size), blank)),
        moment=pl.lit("保险期间"),
    )  # fmt: skip
    nothing = pl.Series(np.full(size, blank))
    final = base.with_columns(
        rectified_at=pl.Series(np.where(never, blank, fixed + hour)),
        rechecked_at=pl.Series(np.where(never, blank, rechecked + hour)),
        received=pl.Series(next_drop(drops, np.where(never, found, rechecked))),
    )
    first = base.with_columns(rectified_at=nothing, rechecked_at=nothing, received=pl.Series(next_drop(drops, found)))
    # Rechecked after the last drop: that version never comes.
    known = final.filter(pl.Series(never | (rechecked <= np.datetime64(end))))
    early = first.join(known.select("hazard_no", later="received"), on="hazard_no", how="left").filter(
        pl.col("later").is_null() | (pl.col("received") < pl.col("later"))
    )
    return pl.concat([early.drop("later"), known])


def complaints(
    rng: np.random.Generator, insurers: dict[str, dict[str, float]], count: int, drops: np.ndarray, end: date
) -> pl.DataFrame:
    """Complaints on insurers, registered by the city bureau, answered in three days to two months."""
    cities = rng.choice(["weihai", "shanghai"], count)
    targets = [rng.choice(list(insurers[city])) for city in cities]
    span = (np.datetime64(end) - np.datetime64("2023-01-10")).astype(int)
    received = np.datetime64("2023-01-10") + days(rng, 0, int(span), count)
    answered = received + np.where(rng.random(count) < 0.8, days(rng, 2, 13, count), days(rng, 20, 60, count))
    extended = (answered - received).astype(int) > 30
    known = answered <= np.datetime64(end)
    hour = np.timedelta64(9, "h")
    blank = np.datetime64("NaT", "us")
    return pl.DataFrame(
        {
            "complaint_no": [f"TS{day}{number:04d}" for number, day in enumerate(received.astype(str))],
            "received_on": received, "topic": rng.choice(["投保", "理赔", "事故预防服务"], count), "target_code": targets,
            "accepted_at": (received + hour + days(rng, 0, 2, count)).astype("datetime64[us]"),
            "answered_at": np.where(known, answered + hour, blank), "needs_check": extended, "extended": extended, "substantiated": rng.random(count) < 0.4,
            "provider": [f"{city}_city" for city in cities],
            "received": next_drop(drops, np.where(known, answered, received)),
        }
    ).with_columns(complaint_no=pl.col("complaint_no").str.replace_all("-", ""))  # fmt: skip


def documents(rng: np.random.Generator, districts: dict[str, dict[str, float]]) -> pl.DataFrame:
    """Plans, summaries and the narrative parts of the return, per year and sender; a few late, a few missing."""
    rows: list[tuple[str, str, str, str | None, str | None, str | None, date, int, str]] = []

    def add(provider: str, kind: str, title: str, issuer: str | None, day: date, text: str,
            district: str | None = None, industry: str | None = None) -> None:  # fmt: skip
        rows.append((provider, kind, title, issuer, district, industry, day, day.year, text))

    for year in YEARS:
        for city, departments in DEPARTMENTS.items():
            office, sender = CITY_OFFICE[city], f"{city}_city"
            add(sender, "配套政策", f"关于做好{year}年安全生产责任保险工作的通知", office, date(year, 3, 20),
                "明确各行业领域投保范围、事故预防服务要求和信息报送时间，要求承保机构在合同中约定服务形式、项目和频次。")  # fmt: skip
            add(sender, "信息化", f"{year}年安责险信息化管理情况", office, date(year, 11, 15),
                "承保机构按月报送投保、理赔、事故预防服务和费用台账数据，逐文件登记收到时间并反馈退回清单；名录由各区市和行业部门维护。")  # fmt: skip
            add(sender, "服务流程", f"{year}年事故预防服务流程", office, date(year, 11, 16),
                "承保前现场评估；合同约定形式、项目、频次和费用占比；制定年度方案；预约确认；现场服务；书面告知隐患；督促整改；"
                "复查；回访；双方确认归档；凭证结算；年度评估。")  # fmt: skip
            add(sender, "典型案例", f"{year}年安责险赔付典型案例", office, date(year, 11, 20),
                "某运输企业车辆发生事故致一名从业人员受伤，承保机构当日查勘，五日内预付医疗费用，结案后二日内支付赔款，企业生产秩序未受影响。")  # fmt: skip
            add(sender, "典型案例", f"{year}年事故预防服务典型案例", office, date(year, 11, 21),
                "承保机构委托技术服务机构为某涉氨制冷企业排查隐患，发现一处报警装置失效，书面告知并在期限内复查销号。")  # fmt: skip
            add(sender, "问题建议", f"{year}年安责险工作存在的问题及建议", office, date(year, 11, 22),
                "个别单位到期未续保；部分服务记录缺投保单位确认；费用台账凭证不全。建议加强到期前提醒，未确认的服务不计入覆盖率，"
                "无凭证支出不计入投入金额。")  # fmt: skip
            # The last year's plan for the next one has not come: the return must say so.
            if year != YEARS[-1]:
                add(sender, "下步打算", f"{year + 1}年安责险工作打算", office, date(year, 11, 23),
                    "核对名录，清零应保未保；以服务覆盖率和合同履约率评价承保机构；按季通报费用提取和投入情况。")  # fmt: skip
            add(sender, "会议", f"{year}年安责险工作会商会议", office, date(year, 5, 28),
                "通报上年情况，部署事故预防服务督导检查。")  # fmt: skip
            add(sender, "宣传", f"{year}年安责险宣传活动", office, date(year, 6, 16), "结合安全生产月开展宣传。")
            for industry, name in departments.items():
                due = date(year, 12, 10) if city == "shanghai" else date(year, 11, 30)
                late = rng.random() < 0.2
                add(f"{city}_dept_{industry}", "总结评估报告", f"{year}年本行业领域安责险工作情况", name,
                    due.replace(day=due.day - int(rng.integers(1, 9))) if not late else date(year, 12, 20),
                    "本行业领域投保、赔付和事故预防服务情况见统计表；已督促承保机构按合同约定开展服务。", industry=industry)  # fmt: skip
        for district in districts["weihai"]:
            sender = f"weihai_{district.lower()}"
            add(sender, "实施方案", f"{year}年本辖区安责险事故预防工作实施方案", None,
                date(year, 5, int(rng.integers(8, 20))) if rng.random() < 0.85 else date(year, 6, 2),
                "明确牵头科室和联络员，梳理投保企业清单，安排督导检查。", district=district)  # fmt: skip
            if rng.random() < 0.9:
                add(sender, "总结评估报告", f"{year}年本辖区安责险事故预防工作总结评估报告", None,
                    date(year, 11, int(rng.integers(20, 30))) if rng.random() < 0.85 else date(year, 12, 8),
                    "完成投保企业清单核对，服务未覆盖单位已逐家督办；典型做法：到期前三十日提醒续保，服务与隐患复查同步安排。", district=district)  # fmt: skip
    names = ["provider", "kind", "title", "issuer", "district_code", "industry_code", "doc_date", "year", "text"]
    frame = pl.DataFrame(rows, schema=names, orient="row")
    # Documents come the day they are dated, not with the quarterly drops.
    return frame.with_columns(
        doc_no=pl.concat_str(pl.lit("D"), "year", pl.int_range(pl.len()).cast(pl.String).str.zfill(4)),
        received=pl.col("doc_date"),
    )


OF_FIELD = {
    "transport": ("两客一危车辆", "疲劳驾驶和动态监控离线"), "construction": ("在建工地", "高处作业防护缺失"), "fishery": ("渔船", "救生设备过期"),
    "fire_risk": ("高层和人员密集场所", "消防设施停用"),
}  # fmt: skip
"""What departments write of: their units, and what services found there most."""
SILENT = {("shanghai_dept_fishery", "信息化"), ("weihai_371083", "典型案例"), ("weihai_dept_fishery", "问题建议")}
"""Parts that were never sent: the return must say so."""


def narratives(districts: dict[str, dict[str, float]]) -> pl.DataFrame:
    """The written parts of the returns of departments and areas, per year; the last year's plan for the next one has not come."""
    rows: list[tuple[str, str, str, str | None, str | None, str | None, date, int, str]] = []
    for year in YEARS:
        for city, departments in DEPARTMENTS.items():
            for industry, name in departments.items():
                units, hazard = OF_FIELD[industry]
                texts = {
                    "典型案例": f"某承保机构为{units}开展专题服务，发现{hazard}等隐患，书面告知并跟踪复查，期限内全部整改。",
                    "问题建议": f"部分{units}参保意识不强，服务记录归档不及时。建议把参保和服务情况纳入日常检查，与信用管理衔接。",
                    "下步打算": f"核对{units}名录，逐家督促续保；以{hazard}为重点安排下一年度服务。",
                }
                if city == "shanghai":
                    texts |= {
                        "服务流程": "承保前评估、签订服务约定、现场服务、书面告知、整改复查、双方确认归档、费用结算。",
                        "配套政策": f"印发{units}投保和事故预防服务工作要求，明确服务项目、频次和信息报送时间。",
                        "信息化": f"{units}的投保、理赔和服务数据按月由承保机构报送，名录由本部门维护。",
                    }
                    if year == YEARS[0]:
                        texts["专项行动"] = (
                            f"组织承保机构对{units}开展重大事故隐患专项排查帮扶，以{hazard}为重点，"
                            "排查出的重大事故隐患逐项建账，拒不整改的已移交执法。"
                        )  # fmt: skip
                else:
                    texts["会议"] = "与承保机构会商服务安排，通报未覆盖单位。"
                rows += _parts(f"{city}_dept_{industry}", name, None, industry, year, texts)
        for district in districts["weihai"]:
            texts = {
                "会议": "召开辖区安责险工作会议，部署督导检查。",
                "典型案例": "结合企业复工检查同步开展保险服务，整改一处有限空间警示缺失。",
                "问题建议": "小微企业续保不及时，建议承保机构到期前三十日逐家提醒。",
                "下步打算": "清零未服务单位，按季核对名录。",
            }
            rows += _parts(f"weihai_{district.lower()}", None, district, None, year, texts)
    names = ["provider", "kind", "title", "issuer", "district_code", "industry_code", "doc_date", "year", "text"]
    schema = dict.fromkeys(names, pl.String) | {"doc_date": pl.Date, "year": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        doc_no=pl.concat_str(pl.lit("CL"), "year", pl.int_range(pl.len()).cast(pl.String).str.zfill(4)), received=pl.col("doc_date"),
        planted=pl.lit(False),
    )  # fmt: skip


def _parts(
    sender: str, issuer: str | None, district: str | None, industry: str | None, year: int, texts: dict[str, str]
) -> list[tuple[str, str, str, str | None, str | None, str | None, date, int, str]]:
    return [
        (sender, kind, f"{year}年{kind}", issuer, district, industry, date(year, 11, 18), year, text)
        for kind, text in texts.items()
        if (sender, kind) not in SILENT and not (kind == "下步打算" and year == YEARS[-1])
    ]
