"""Units, the fields they work in, and the rosters on which departments keep them.

What belongs here: who must insure, and who says so. What does not: their policies.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.synth.draw import NO_DATE, chance, days, drop_of, industry_place, pick
from pipelines.synth.terms import CITY_SHARE, DISTRICTS, END, INDUSTRIES, START

PERMITTED = ["hazchem", "fireworks", "mine_coal", "mine_noncoal", "explosives"]
"""Fields whose units need a work-safety permit."""
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
STEMS = "安泰宏远鑫盛华康瑞达恒通海悦明德金源正阳东升兴隆永和嘉禾天成广益丰茂顺祥"


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


def draw_units(rng: np.random.Generator, count: int) -> pl.DataFrame:
    jurisdiction = pick(rng, CITY_SHARE, count)
    weihai = jurisdiction == "weihai"
    district = np.where(weihai, pick(rng, DISTRICTS["weihai"], count), pick(rng, DISTRICTS["shanghai"], count))
    # The registry's region is not the place of business: nobody may read the district from the code.
    region = np.where(weihai, "371000", np.where(chance(rng, 0.5, count), "310000", "310115"))
    stems = np.array(list(STEMS))
    industry = pick(rng, {name: row[0] for name, row in INDUSTRIES.items()}, count)
    median = np.array([INDUSTRIES[name][2] for name in INDUSTRIES])[industry_place(industry)]
    serial = np.arange(count)
    late = chance(rng, 0.15, count)
    listed = np.where(
        late,
        np.datetime64(START) + days(rng, 0, 1500, count),
        np.datetime64("2018-06-01") + days(rng, 0, 1200, count),
    )
    closed = chance(rng, 0.05, count)
    closed_on = np.where(
        closed, np.maximum(listed + 200, np.datetime64("2023-03-01") + days(rng, 0, 1200, count)), NO_DATE
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
            "ownership": pick(rng, {"其他": 0.88, "地方国企": 0.09, "央企": 0.03}, count),
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
    is_branch = chance(rng, 0.03, units.height) & (parent != np.arange(units.height))
    return units.with_columns(
        parent_uscc=pl.when(pl.Series(is_branch)).then(units["uscc"][parent]),
        name=pl.when(pl.Series(is_branch))
        .then(pl.concat_str(units["name"][parent], pl.lit("第"), pl.col("serial"), pl.lit("分公司")))
        .otherwise("name"),
    )


def draw_fields(rng: np.random.Generator, units: pl.DataFrame) -> pl.DataFrame:
    """Unit × field: 4 % of units have a second field, a few of these in another district."""
    second = units.filter(pl.Series(chance(rng, 0.04, units.height)))
    other = pick(rng, {name: row[0] for name, row in INDUSTRIES.items()}, second.height)
    moved = chance(rng, 0.3, second.height)
    weihai = (second["jurisdiction"] == "weihai").to_numpy()
    district = np.where(
        weihai, pick(rng, DISTRICTS["weihai"], second.height), pick(rng, DISTRICTS["shanghai"], second.height)
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


def draw_roster(rng: np.random.Generator, fields: pl.DataFrame, drops: np.ndarray) -> pl.DataFrame:
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
        fields["mandatory"].to_numpy(), ~chance(rng, 0.01, fields.height), chance(rng, 0.3, fields.height)
    )
    first = fields.filter(pl.Series(listed)).select(
        "uscc", "name", "district_code", "industry_code", "mandatory", "employees", "ownership", "parent_uscc", "listed_from", "closed_on",
        address=pl.concat_str(pl.lit("安全路"), pl.col("serial") % 999 + 1, pl.lit("号")),
        permit_no=pl.when(pl.col("industry_code").is_in(PERMITTED)).then(pl.concat_str(pl.lit("AQXK"), "uscc")),
        permit_valid_to=pl.when(pl.col("industry_code").is_in(PERMITTED)).then(pl.lit(date(2028, 6, 30))),
        operating_status=pl.lit("存续"),
        status_date=pl.lit(None, pl.Date),
        listed_to=pl.lit(None, pl.Date),
        provider=pl.when(by_department).then(pl.concat_str("jurisdiction", pl.lit("_dept_"), "industry_code"))
        .otherwise(pl.concat_str("jurisdiction", pl.lit("_"), pl.col("district_code").str.to_lowercase())),
    )  # fmt: skip
    first = first.with_columns(
        received=pl.Series(drop_of(rng, drops, first["listed_from"].to_numpy().astype("datetime64[D]")))
    )
    closing = first.filter(pl.col("closed_on") < pl.lit(END))
    closing = closing.with_columns(
        operating_status=pl.Series(pick(rng, {"注销": 0.6, "吊销,未注销": 0.2, "停产": 0.2}, closing.height)),
        status_date="closed_on",
        listed_to=pl.when(pl.Series(chance(rng, 0.4, closing.height))).then(pl.col("closed_on")),
        received=pl.Series(drop_of(rng, drops, closing["closed_on"].to_numpy().astype("datetime64[D]"))),
    )
    updated = first.filter(pl.Series(chance(rng, 0.25, first.height)))
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
