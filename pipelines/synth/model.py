"""The synthetic world: units, policies, claims, services and money, as they truly were.

What belongs here: drawing the world from a seed, vectorised. What does not: how senders write it
down (files.py) and what goes wrong on the way (dirt.py). Shares no code with the warehouse: its
output is the truth the warehouse is tested against.

Everything is invented. Magnitudes follow domain.md section 8 (medians of premium 6-15 thousand
yuan, claims on 3-8 % of policies, mean claim 60-120 thousand yuan, 1-2 visits a year).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from pipelines.synth import departments, details, supervision
from pipelines.synth.patterns import Patterns

START, END = date(2022, 1, 1), date(2026, 10, 15)
DISTRICTS = {
    "weihai": {"371002": 0.2, "371003": 0.16, "371082": 0.19, "371083": 0.12, "371071": 0.12, "371072": 0.1, "371073": 0.07, "3710Z1": 0.04},
    "shanghai": {
        "310101": 0.03, "310104": 0.05, "310105": 0.03, "310106": 0.05, "310107": 0.05, "310109": 0.03, "310110": 0.05, "310112": 0.1,
        "310113": 0.09, "310114": 0.09, "310115": 0.17, "310116": 0.07, "310117": 0.07, "310118": 0.05, "310120": 0.05, "310151": 0.02,
    },
}  # fmt: skip
CITY_SHARE = {"weihai": 0.4, "shanghai": 0.6}
CITY_CODE = {"weihai": "3710", "shanghai": "3101"}
INSURERS = {
    "weihai": {"HAYC": 0.38, "DFJC": 0.27, "LHCX": 0.2, "TSBX": 0.15},
    "shanghai": {"HAYC": 0.3, "DFJC": 0.2, "JNCX": 0.22, "PJCX": 0.2, "LHCX": 0.08},
}
# industry → (share of units, mandatory, median employees, premium per head, Chinese name)
INDUSTRIES = {
    "mine_coal": (0.004, True, 120, 190, "煤矿"), "mine_noncoal": (0.03, True, 45, 170, "非煤矿山"), "hazchem": (0.17, True, 40, 150, "危险化学品"),
    "fireworks": (0.02, True, 12, 160, "烟花爆竹"), "transport": (0.13, True, 50, 120, "交通运输"), "construction": (0.2, True, 60, 140, "建筑施工"),
    "explosives": (0.006, True, 40, 200, "民用爆炸物品"), "metallurgy": (0.04, True, 110, 130, "金属冶炼"), "fishery": (0.1, True, 15, 260, "渔业生产"),
    "fire_risk": (0.07, False, 60, 60, "火灾高危"), "special_equipment": (0.03, False, 50, 70, "特种设备"), "ammonia": (0.03, False, 40, 90, "涉氨制冷"),
    "dust": (0.04, False, 45, 95, "粉尘涉爆"), "confined_space": (0.02, False, 40, 80, "有限空间"), "power": (0.01, False, 80, 60, "电力"),
    "farm_machinery": (0.01, False, 10, 90, "农机经营服务"), "express": (0.02, False, 60, 70, "快递"), "delivery": (0.01, False, 80, 80, "外卖"),
    "public_venue": (0.02, False, 40, 50, "公众聚集场所"), "gas": (0.01, False, 50, 110, "燃气"), "road_maintenance": (0.01, False, 40, 130, "道路养护"),
    "other": (0.02, False, 50, 70, "其他工贸"),
}  # fmt: skip
PRODUCT = {
    "construction": "azx_construction",
    "road_maintenance": "azx_road_maintenance",
    "fire_risk": "azx_fire_risk",
    "fishery": "fishing_vessel",
}
PRODUCT_NAME = {
    "azx": "安责险",
    "azx_construction": "建设工程安责险",
    "azx_road_maintenance": "道路养护安责险",
    "azx_fire_risk": "火灾高危安责险",
    "fishing_vessel": "渔船综合险",
    "employer_liability": "雇主责任险",
}
ITEMS = ["training", "risk_assessment", "standardisation", "hazard_check", "emergency", "technology", "other"]
ITEM_NAME = dict(
    zip(
        ITEMS,
        [
            "安全生产宣传教育培训",
            "安全风险辨识评估",
            "安全生产标准化建设",
            "生产安全事故隐患排查",
            "应急预案编制和应急救援演练",
            "安全生产科技推广应用",
            "其他有关事故预防工作",
        ],
        strict=True,
    )
)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
STEMS = "安泰宏远鑫盛华康瑞达恒通海悦明德金源正阳东升兴隆永和嘉禾天成广益丰茂顺祥"
NO_DATE = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Scale:
    """Units drawn, how often senders send, and how many times that world is written down (tiles.py)."""

    units: int
    months_between_drops: int
    tiles: int = 1


SCALES = {
    "sample": Scale(700, 12),
    "city": Scale(20_000, 3),
    "province": Scale(20_000, 3, tiles=30),
    "region": Scale(20_000, 3, tiles=75),
    "country": Scale(20_000, 3, tiles=300),
}


def drop_dates(months: int) -> np.ndarray:
    """Days on which senders send: the 5th of every n-th month, and the day before the yearly return."""
    days = [date(2022 + month // 12, month % 12 + 1, 5) for month in range(12, 58, months)]
    days += [date(year, 12, 5) for year in range(2023, 2026)] + [END]
    return np.array(sorted(set(days)), dtype="datetime64[D]")


def social_credit_codes(rng: np.random.Generator, count: int, region: np.ndarray) -> np.ndarray:
    """Valid codes: registry, class, the registry's region, a body of nine, the check character (GB 32100)."""
    weights = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
    letters = np.array(list(ALPHABET))
    body = rng.integers(0, 31, size=(count, 9))
    serial = np.arange(count)
    for place in range(5):
        body[:, 8 - place] = serial // 31**place % 31
    head = np.array([[9, 1]] * count)
    region_digits = np.array([[int(digit) for digit in code] for code in np.unique(region)])
    regions = region_digits[np.unique(region, return_inverse=True)[1]]
    values = np.concatenate([head, regions, body], axis=1)
    check = (31 - (values @ weights) % 31) % 31
    codes = letters[np.concatenate([values, check[:, None]], axis=1)]
    return np.asarray(codes.astype("U1").view("U18").ravel())


def _days(rng: np.random.Generator, low: np.ndarray | int, high: np.ndarray | int, size: int) -> np.ndarray:
    return rng.integers(low, high, size=size, endpoint=True).astype("timedelta64[D]")


def _pick(rng: np.random.Generator, options: dict[str, float], size: int) -> np.ndarray:
    weights = np.array(list(options.values()), dtype=float)
    return np.array(list(options))[rng.choice(len(options), size=size, p=weights / weights.sum())]


def _chance(rng: np.random.Generator, probability: float, size: int) -> np.ndarray:
    return rng.random(size) < probability


def _money(values: np.ndarray) -> np.ndarray:
    """Yuan as whole cents, so that no binary fraction enters the truth."""
    return np.round(values * 100).astype(np.int64)


@dataclass
class World:
    """All records of the feeds, every version, as polars frames with English column names.

    Each frame has `provider` and `received` (the drop it comes in); money is in cents.
    """

    feeds: dict[str, pl.DataFrame]
    patterns: pl.DataFrame
    """What is planted where: rule_code, record_key."""


def build(scale: Scale, seed: int) -> World:
    """Draws the world; the same scale and seed give the same world."""
    rng = np.random.default_rng(seed)
    # Streams of their own: what is drawn for one part changes nothing in another.
    detail = np.random.default_rng([seed, 2])
    patterns = Patterns(np.random.default_rng([seed, 3]), 3 + scale.units // 20_000, END)
    drops = drop_dates(scale.months_between_drops)
    units = _units(rng, scale.units)
    fields = _fields(rng, units)
    organisations = details.organisations(scale.units)
    policies = details.policies(detail, patterns.uninsured(_policies(rng, fields), fields))
    policies = patterns.policies(policies, fields)
    endorsements = _endorsements(rng, policies, drops)
    claims = _with_accidents(_claims(rng, policies, drops))
    services = details.services(detail, _services(rng, policies), policies, organisations)
    expired = organisations.filter("is_expired")["uscc"][0]
    services = patterns.services(services, policies, expired)
    ledger = details.payees(_ledger(rng, policies, services, drops), services)
    ledger = patterns.ledger(ledger, services, policies, endorsements)
    claims = patterns.claims(claims)
    policies = patterns.in_use(policies, services, ledger, claims)
    feeds = {
        "enterprise": _roster(rng, fields, drops),
        "policy": _policy_versions(rng, policies, drops),
        "coinsurance": _coinsurance(rng, policies, drops),
        "endorsement": endorsements,
        "claim": claims,
        "service_record": _service_versions(rng, services, drops),
        "fee_ledger": ledger,
    }
    rng = np.random.default_rng([seed, 1])
    feeds["hazard"] = patterns.hazards(supervision.hazards(rng, policies, services, drops, END), policies)
    feeds["complaint"] = patterns.complaints(
        supervision.complaints(rng, INSURERS, 20 + scale.units // 200, drops, END).with_columns(planted=pl.lit(False))
    )
    feeds["document"] = supervision.documents(rng, DISTRICTS).with_columns(planted=pl.lit(False))
    names = {code: row[4] for code, row in INDUSTRIES.items()}
    feeds["service_plan"] = patterns.plans(departments.plans(policies, names, drops), policies)
    feeds["project"] = patterns.projects(departments.projects(policies, drops, END), policies)
    feeds["accident"] = patterns.accidents(
        departments.accidents(detail, feeds["claim"], policies, drops), fields, policies
    )
    feeds["service_org"] = departments.organisations_sent(organisations)
    feeds["expert"] = departments.experts(detail, services, organisations)
    checks = departments.checks(detail, fields, policies, INSURERS, drops, END)
    feeds |= checks | {"problem": patterns.problems(checks["problem"])}
    feeds["contact"] = departments.contacts()
    feeds["indicator"] = departments.indicators(detail, DISTRICTS)
    return World(patterns.spared(feeds), patterns.frame())


def _with_accidents(claims: pl.DataFrame) -> pl.DataFrame:
    """Claims with a death or two injured name the accident they are from; one in eight of the others does."""
    serious = (
        (pl.col("deaths") > 0) | (pl.col("serious_injuries") > 1) | (pl.col("claim_no").str.slice(-1).is_in(["3"]))
    )
    return claims.with_columns(
        accident_id=pl.when(serious).then(pl.concat_str(pl.lit("SG"), "claim_no")), planted=pl.lit(False)
    )


def _arrives(rng: np.random.Generator, drops: np.ndarray, event: np.ndarray) -> np.ndarray:
    """The drop a record comes in: the first one after the event, for 3 % the one after that."""
    place = np.searchsorted(drops, event, side="right") + _chance(rng, 0.03, len(event))
    return np.asarray(drops[np.minimum(place, len(drops) - 1)])


def _units(rng: np.random.Generator, count: int) -> pl.DataFrame:
    jurisdiction = _pick(rng, CITY_SHARE, count)
    weihai = jurisdiction == "weihai"
    district = np.where(weihai, _pick(rng, DISTRICTS["weihai"], count), _pick(rng, DISTRICTS["shanghai"], count))
    # The registry's region is not the place of business: nobody may read the district from the code.
    region = np.where(weihai, "371000", np.where(_chance(rng, 0.5, count), "310000", "310115"))
    stems = np.array(list(STEMS))
    industry = _pick(rng, {name: row[0] for name, row in INDUSTRIES.items()}, count)
    median = np.array([INDUSTRIES[name][2] for name in INDUSTRIES])[_place(industry)]
    serial = np.arange(count)
    late = _chance(rng, 0.15, count)
    listed = np.where(
        late,
        np.datetime64(START) + _days(rng, 0, 1500, count),
        np.datetime64("2018-06-01") + _days(rng, 0, 1200, count),
    )
    closed = _chance(rng, 0.05, count)
    closed_on = np.where(
        closed, np.maximum(listed + 200, np.datetime64("2023-03-01") + _days(rng, 0, 1200, count)), NO_DATE
    )
    units = pl.DataFrame(
        {
            "uscc": social_credit_codes(rng, count, region),
            "stem": np.char.add(stems[serial % len(stems)], stems[serial // len(stems) % len(stems)]),
            "serial": serial,
            "jurisdiction": jurisdiction,
            "district_code": district,
            "industry_code": industry,
            "employees": np.maximum(2, rng.lognormal(np.log(median), 0.8)).astype(np.int64),
            "listed_from": listed,
            "closed_on": closed_on,
            "ownership": _pick(rng, {"其他": 0.88, "地方国企": 0.09, "央企": 0.03}, count),
        }
    ).with_columns(
        name=pl.concat_str(
            pl.when(pl.col("jurisdiction") == "weihai").then(pl.lit("威海")).otherwise(pl.lit("上海")),
            "stem",
            pl.col("industry_code").replace_strict({name: row[4] for name, row in INDUSTRIES.items()}),
            pl.lit("有限公司"),
            "serial",
            pl.lit("（合成）"),
        )
    )
    return _with_branches(rng, units)


def _with_branches(rng: np.random.Generator, units: pl.DataFrame) -> pl.DataFrame:
    """3 % of units are branches (分公司) of another unit: a code of their own, the parent's name before theirs."""
    parent = rng.integers(0, units.height, units.height)
    is_branch = _chance(rng, 0.03, units.height) & (parent != np.arange(units.height))
    return units.with_columns(
        parent_uscc=pl.when(pl.Series(is_branch)).then(units["uscc"][parent]),
        name=pl.when(pl.Series(is_branch))
        .then(pl.concat_str(units["name"][parent], pl.lit("第"), pl.col("serial"), pl.lit("分公司")))
        .otherwise("name"),
    )


def _place(industry: np.ndarray) -> np.ndarray:
    names = np.array(list(INDUSTRIES))
    order = np.argsort(names)
    return np.asarray(order[np.searchsorted(names[order], industry)])


def _fields(rng: np.random.Generator, units: pl.DataFrame) -> pl.DataFrame:
    """Unit × field: 4 % of units have a second field, a few of these in another district."""
    second = units.filter(pl.Series(_chance(rng, 0.04, units.height)))
    other = _pick(rng, {name: row[0] for name, row in INDUSTRIES.items()}, second.height)
    moved = _chance(rng, 0.3, second.height)
    weihai = (second["jurisdiction"] == "weihai").to_numpy()
    district = np.where(
        weihai, _pick(rng, DISTRICTS["weihai"], second.height), _pick(rng, DISTRICTS["shanghai"], second.height)
    )
    second = second.with_columns(
        industry_code=pl.Series(other),
        district_code=pl.when(pl.Series(moved)).then(pl.Series(district)).otherwise("district_code"),
    )
    fields = pl.concat([units, second.select(units.columns)]).unique(
        ["uscc", "industry_code"], keep="first", maintain_order=True
    )
    mandatory = {name: row[1] for name, row in INDUSTRIES.items()}
    return fields.with_columns(
        mandatory=pl.col("industry_code").replace_strict(mandatory, return_dtype=pl.Boolean)
    ).with_row_index("field")


def _roster(rng: np.random.Generator, fields: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """Roster rows: as listed, and again when the unit closes or its headcount is updated."""
    departments = {
        ("weihai", "transport"),
        ("weihai", "construction"),
        ("weihai", "fishery"),
        ("shanghai", "transport"),
        ("shanghai", "construction"),
        ("shanghai", "fishery"),
        ("shanghai", "fire_risk"),
    }
    by_department = pl.concat_str("jurisdiction", "industry_code", separator="/").is_in(
        [f"{city}/{industry}" for city, industry in sorted(departments)]
    )
    # A few units that must insure are missing from the roster; voluntary fields are mostly not listed.
    listed = np.where(
        fields["mandatory"].to_numpy(), ~_chance(rng, 0.01, fields.height), _chance(rng, 0.3, fields.height)
    )
    first = fields.filter(pl.Series(listed)).select(
        "uscc", "name", "district_code", "industry_code", "mandatory", "employees", "ownership", "parent_uscc", "listed_from", "closed_on",
        address=pl.concat_str(pl.lit("安全路"), pl.col("serial") % 999 + 1, pl.lit("号")),
        operating_status=pl.lit("存续"),
        status_date=pl.lit(None, pl.Date),
        listed_to=pl.lit(None, pl.Date),
        provider=pl.when(by_department).then(pl.concat_str("jurisdiction", pl.lit("_dept_"), "industry_code"))
        .otherwise(pl.concat_str("jurisdiction", pl.lit("_"), pl.col("district_code").str.to_lowercase())),
    )  # fmt: skip
    first = first.with_columns(
        received=pl.Series(_arrives(rng, drops, first["listed_from"].to_numpy().astype("datetime64[D]")))
    )
    closing = first.filter(pl.col("closed_on") < pl.lit(END))
    closing = closing.with_columns(
        operating_status=pl.Series(_pick(rng, {"注销": 0.6, "吊销,未注销": 0.2, "停产": 0.2}, closing.height)),
        status_date="closed_on",
        listed_to=pl.when(pl.Series(_chance(rng, 0.4, closing.height))).then(pl.col("closed_on")),
        received=pl.Series(_arrives(rng, drops, closing["closed_on"].to_numpy().astype("datetime64[D]"))),
    )
    updated = first.filter(pl.Series(_chance(rng, 0.25, first.height)))
    updated = updated.with_columns(
        employees=pl.Series(_changed_headcount(rng, updated["employees"].to_numpy())),
        received=pl.Series(drops[rng.integers(1, len(drops), updated.height)]),
    ).filter((pl.col("closed_on") > pl.col("received")) | pl.col("closed_on").is_null())
    later = pl.concat([updated.select(first.columns), closing.select(first.columns)])
    later = later.join(first.select("uscc", "industry_code", first_received="received"), on=["uscc", "industry_code"])
    later = later.filter(pl.col("received") > pl.col("first_received")).drop("first_received")
    return pl.concat([first, later]).drop("closed_on")


def _changed_headcount(rng: np.random.Generator, employees: np.ndarray) -> np.ndarray:
    """Another headcount than before: an update that changes nothing would be an exact repeat."""
    changed = np.maximum(2, employees * rng.uniform(0.7, 1.4, len(employees))).astype(np.int64)
    return np.where(changed == employees, employees + 1, changed)


def _policies(rng: np.random.Generator, fields: pl.DataFrame) -> pl.DataFrame:
    """One row per policy: yearly renewals per field, with lapses, gaps, switches of insurer."""
    count, years = fields.height, 5
    mandatory = fields["mandatory"].to_numpy()
    insured_at_all = np.where(mandatory, _chance(rng, 0.93, count), _chance(rng, 0.8, count))
    # Season: a third of policies begin around the new year, a bump in June.
    day_of_year = np.where(
        _chance(rng, 0.35, count),
        rng.integers(0, 40, count),
        np.where(_chance(rng, 0.2, count), rng.integers(150, 185, count), rng.integers(0, 365, count)),
    )
    listed = fields["listed_from"].to_numpy().astype("datetime64[D]")
    first = np.maximum(np.datetime64(START) + day_of_year.astype("timedelta64[D]"), listed + _days(rng, 0, 90, count))
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
        _pick(rng, INSURERS["weihai"], count),
        _pick(rng, INSURERS["shanghai"], count),
    )
    switched = np.where(weihai, _pick(rng, INSURERS["weihai"], size), _pick(rng, INSURERS["shanghai"], size))
    insurer = np.where(_chance(rng, 0.1, size), switched, usual[field])
    industry = rows["industry_code"].to_numpy().astype(str)
    place = _place(industry)
    per_head = np.array([row[3] for row in INDUSTRIES.values()])[place] * rng.uniform(0.7, 1.4, size)
    employees = rows["employees"].to_numpy()
    persons = np.where(
        _chance(rng, 0.06, size), np.maximum(1, (employees * rng.uniform(0.3, 0.8, size)).astype(np.int64)), employees
    )
    written = np.round(np.maximum(800, persons * per_head) / 10) * 10
    received = np.where(_chance(rng, 0.03, size), written * 0.5, written)
    floor = np.where(inception >= np.datetime64("2025-03-29"), 400_000, 300_000)
    limit = np.where(
        _chance(rng, 0.02, size), floor - 100_000, floor + rng.choice([0, 0, 100_000, 200_000, 500_000], size)
    )
    new_law = inception >= np.datetime64("2025-03-29")
    commission_rate = np.where(
        new_law, np.where(_chance(rng, 0.02, size), 0.08, rng.uniform(0, 0.05, size)), rng.uniform(0, 0.15, size)
    )
    state = _pick(rng, {"有效": 0.975, "退保": 0.015, "注销": 0.01}, size)
    surrendered = np.where(
        state == "退保", inception + _days(rng, 30, 300, size), np.where(state == "注销", inception, NO_DATE)
    )
    future = ~np.isnat(surrendered) & (surrendered > np.datetime64(END))
    state = np.where(future, "有效", state)
    surrendered = np.where(future, NO_DATE, surrendered)
    product = np.array([PRODUCT.get(name, "azx") for name in INDUSTRIES])[place]
    product = np.where(_chance(rng, 0.01, size), "employer_liability", product)
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
            "issue_date": inception - _days(rng, 0, 20, size),
            "inception_date": inception,
            "premium_written": _money(written),
            "premium_received": _money(received),
            "insured_persons": persons,
            "limit_per_person": _money(limit),
            "limit_aggregate": _money(limit * rng.choice([5, 10, 20], size)),
            "commission": _money(received * commission_rate),
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


def _day_values(column: pl.Series) -> np.ndarray:
    return column.to_numpy().astype("datetime64[D]")


def _policy_versions(rng: np.random.Generator, policies: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """As issued; corrected premiums and later states in later drops; a few withdrawn."""
    arrives = _arrives(rng, drops, _day_values(policies["issue_date"]))
    changed_on = _day_values(policies["status_date"])
    late_state = ~np.isnat(changed_on) & (changed_on > arrives)
    wrong = _chance(rng, 0.02, policies.height)
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
    again = base.with_columns(received=pl.Series(_arrives(rng, drops, again_on))).filter(
        pl.Series(late_state | wrong) & (pl.Series(arrives) < pl.col("received"))
    )
    withdrawn_rows = _chance(rng, 0.003, policies.height) & ~late_state & ~wrong & ~policies["planted"].to_numpy()
    withdrawn = base.with_columns(
        record_status=pl.lit("撤销"), received=pl.Series(_arrives(rng, drops, arrives + 1))
    ).filter(pl.Series(withdrawn_rows) & (pl.Series(arrives) < pl.col("received")))
    # In the last drop a correction has no later one to come in: those rows were right at once.
    corrected = again.select("policy_no")
    first = pl.concat(
        [first.join(corrected, on="policy_no", how="semi"), base.join(corrected, on="policy_no", how="anti")]
    )
    return pl.concat([first, again, withdrawn]).drop("serial", "field", "jurisdiction")


def _coinsurance(rng: np.random.Generator, policies: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """5 % of policies are shared: the lead's 60 or 50 %, the rest with one or two others."""
    shared = policies.filter(pl.Series(_chance(rng, 0.05, policies.height))).select(
        "policy_no", "insurer_code", "provider", "jurisdiction", "issue_date"
    )
    received = pl.Series(_arrives(rng, drops, _day_values(shared["issue_date"])))
    shared = shared.with_columns(
        received=received,
        pair=pl.Series(_chance(rng, 0.6, shared.height)),
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


def _endorsements(rng: np.random.Generator, policies: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """Changes of persons and premium, refunds on surrender."""
    live = policies.filter(pl.col("status") != "注销")
    changed = live.filter(pl.Series(_chance(rng, 0.08, live.height)) & (pl.col("status") == "有效"))
    size = changed.height
    kind = _pick(rng, {"加保": 0.6, "减保": 0.35, "更正": 0.05}, size)
    share = rng.integers(5, 30, size)
    sign = np.where(kind == "加保", 1, np.where(kind == "减保", -1, 0))
    effective = _day_values(changed["inception_date"]) + _days(rng, 20, 330, size)
    change = changed["premium_received"].to_numpy() * share * sign // 100
    changes = changed.select("policy_no", "provider").with_columns(
        effective_date=pl.Series(effective), type=pl.Series(kind), premium_change=pl.Series(change), received_change=pl.Series(change),
        persons_change=pl.Series(changed["insured_persons"].to_numpy() * share * sign // 100),
    )  # fmt: skip
    gone = live.filter(pl.col("status") == "退保")
    left = (_day_values(gone["expiry_date"]) - _day_values(gone["status_date"])).astype(int)
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
        received=pl.Series(_arrives(rng, drops, _day_values(every["effective_date"]))),
    )
    return every.select("endorsement_no", *changes.columns, "received")


def _claims(rng: np.random.Generator, policies: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """5 % of policies have a claim, a few a second one; a claim is sent when open and again when closed."""
    live = policies.filter(pl.col("status") != "注销")
    counts = np.where(_chance(rng, 0.05, live.height), np.where(_chance(rng, 0.1, live.height), 2, 1), 0)
    rows = live[np.repeat(np.arange(live.height), counts)]
    size = rows.height
    cover_end = np.minimum(
        _day_values(rows["expiry_date"]),
        np.where(
            np.isnat(_day_values(rows["status_date"])), np.datetime64("2100-01-01"), _day_values(rows["status_date"])
        ),
    )
    length = (cover_end - _day_values(rows["inception_date"])).astype(int)
    loss = _day_values(rows["inception_date"]) + (rng.random(size) * length).astype(int).astype("timedelta64[D]")
    report = loss + _days(rng, 0, 6, size)
    register = report + _days(rng, 0, 3, size)
    decide = register + _days(rng, 5, 70, size)
    paid = decide + _days(rng, 1, 18, size)
    close = paid + _days(rng, 0, 10, size)
    amount = np.minimum(
        _money(np.round(rng.lognormal(np.log(45_000), 1.0, size), -1)), rows["limit_per_person"].to_numpy()
    )
    outcome = _pick(rng, {"paid": 0.9, "zero": 0.06, "cancelled": 0.04}, size)
    final = np.where(outcome == "paid", amount, 0)
    advance = np.where(_chance(rng, 0.15, size), amount * 3 // 10 // 100 * 100, 0)
    claims = rows.select("policy_no", "insured_uscc", "district_code", "provider").with_columns(
        claim_no=pl.concat_str(pl.lit("C"), rows["policy_no"], pl.Series(np.arange(size)).cast(pl.String).str.zfill(6)),
        loss_date=pl.Series(loss), report_date=pl.Series(report), register_date=pl.Series(register),
        accident_type=pl.Series(rng.choice(["物体打击", "机械伤害", "高处坠落", "火灾", "车辆伤害", "灼烫", "中毒和窒息", "其他伤害"], size)),
        deaths=pl.Series((_chance(rng, 0.06, size)).astype(np.int64)), serious_injuries=pl.Series(rng.poisson(0.3, size)),
        _decide=pl.Series(decide), _paid=pl.Series(paid), _close=pl.Series(close), _final=pl.Series(final),
        _estimate=pl.Series(amount * rng.integers(80, 130, size) // 100), _advance=pl.Series(np.where(outcome == "paid", advance, 0)),
        _outcome=pl.Series(outcome),
    ).filter(pl.col("report_date") <= pl.lit(END))  # fmt: skip
    first = _arrives(rng, drops, _day_values(claims["report_date"]))
    last = _arrives(rng, drops, np.maximum(_day_values(claims["_close"]), first + 1))
    close_days = _day_values(claims["_close"])
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


def _services(rng: np.random.Generator, policies: pl.DataFrame) -> pl.DataFrame:
    """Contracted visits spread over the term; 86 % done, some cancelled, some still open."""
    live = policies.filter(pl.col("status") == "有效")
    frequency = live["service_frequency"].to_numpy()
    owner = np.repeat(np.arange(live.height), frequency)
    rows = live[owner]
    size = rows.height
    visit = np.arange(size) - np.repeat(np.cumsum(frequency) - frequency, frequency)
    planned = _day_values(rows["inception_date"]) + (
        (visit + rng.random(size)) * 360 / np.repeat(frequency, frequency)
    ).astype(int).astype("timedelta64[D]")
    item = _pick(
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
    online = (item == "training") & _chance(rng, 0.4, size)
    finished = details.on_working_day(planned + _days(rng, 0, 10, size))
    hours = rng.integers(9, 16, size)
    state = _pick(rng, {"已完成": 0.86, "取消": 0.08, "进行中": 0.06}, size)
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
    confirmed = done & ~_chance(rng, 0.04, size)
    blank = np.datetime64("NaT", "us")
    services = rows.select("policy_no", "insurer_code", "insured_uscc", "provider", "jurisdiction").with_columns(
        service_no=pl.concat_str(pl.lit("S"), rows["policy_no"], pl.lit("-"), pl.Series(visit + 1)),
        item=pl.Series(item), form=pl.Series(np.where(online, "线上", "线下")),
        provider_type=pl.Series(_pick(rng, {"自有": 0.35, "外聘": 0.2, "委托": 0.45}, size)),
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


def _service_versions(rng: np.random.Generator, services: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
    """Finished visits; a tenth is announced in the drop before as still going on."""
    arrives = _arrives(rng, drops, _day_values(services["finished_on"]) + 3)
    final = services.with_columns(received=pl.Series(arrives))
    place = np.searchsorted(drops, arrives)
    early_drop = drops[np.maximum(place - 1, 0)]
    early = _chance(rng, 0.1, services.height) & (place > 0)
    announced = services.with_columns(
        received=pl.Series(early_drop), status=pl.lit("待开展"), satisfaction=pl.lit(None, pl.Int64),
        started_at=pl.lit(None, pl.Datetime("us")), finished_at=pl.lit(None, pl.Datetime("us")),
        insured_confirmed_at=pl.lit(None, pl.Datetime("us")), insurer_confirmed_at=pl.lit(None, pl.Datetime("us")),
        participants=pl.lit(0, pl.Int64), hazards_found=pl.lit(0, pl.Int64), evidence_count=pl.lit(0, pl.Int64),
    ).pipe(details.announced).filter(pl.Series(early))  # fmt: skip
    return pl.concat([announced.cast(final.schema), final]).drop("jurisdiction", "cost", "finished_on", "done")


def _ledger(
    rng: np.random.Generator, policies: pl.DataFrame, services: pl.DataFrame, drops: np.ndarray
) -> pl.DataFrame:
    """Provisions at inception, spending per visit, reversals, and entries of the insurer's pool."""
    live = policies.filter(pl.col("status") != "注销")
    provided = live.filter(pl.Series(_chance(rng, 0.93, live.height)))
    size = provided.height
    amount = (
        provided["premium_received"].to_numpy()
        * provided["fee_ratio"].to_numpy()
        // 100
        * rng.choice([80, 90, 100, 100, 100], size)
        // 100
    )
    entry = _day_values(provided["inception_date"]) + _days(rng, 5, 40, size)
    provision = provided.select("provider", "insurer_code", "policy_no").with_columns(
        entry_no=pl.concat_str(pl.lit("LP"), provided["policy_no"]), entry_date=pl.Series(entry), type=pl.lit("提取"), amount=pl.Series(amount),
        service_no=pl.lit(None, pl.String), payee_type=pl.lit(None, pl.String), voucher_no=pl.lit(None, pl.String), category=pl.lit("事故预防服务费"),
    )  # fmt: skip
    reversed_ = provision.filter(pl.Series(_chance(rng, 0.01, size))).with_columns(
        entry_no=pl.concat_str(pl.lit("LR"), "policy_no"),
        type=pl.lit("冲回"),
        amount=pl.col("amount") // 4,
        entry_date=pl.col("entry_date").dt.offset_by("60d"),
    )
    paid = services.filter(pl.col("done") | pl.Series(_chance(rng, 0.01, services.height)))
    count = paid.height
    voucher = ~_chance(rng, 0.03, count)
    spent = paid.select("provider", "insurer_code", "policy_no").with_columns(
        entry_no=pl.concat_str(pl.lit("LS"), paid["service_no"]), entry_date=pl.Series(_day_values(paid["finished_on"]) + _days(rng, 3, 30, count)), type=pl.lit("支出"),
        amount=paid["cost"], service_no=paid["service_no"], payee_type=pl.Series(_pick(rng, {"服务机构": 0.7, "专家": 0.28, "其他": 0.02}, count)),
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
    return every.with_columns(received=pl.Series(_arrives(rng, drops, _day_values(every["entry_date"]))))
