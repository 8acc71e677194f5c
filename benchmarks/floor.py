"""The floor: the four headline ratios by the fastest script we could write by hand, from the same raw CSV files.

`python benchmarks/floor.py HOME` prints how long it took and writes HOME/floor.parquet. Polars reads and types every
column of the six feeds behind the ratios and drops rows that break a key or a type; DuckDB takes the newest version of
each record and counts. It keeps nothing: no landing files, no reasons, no lines, no gates, no other number. It shares no
code with anze, so that equal ratios mean something; what takes it longer than this is what anze does besides.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
YUAN, RATIO = pl.Decimal(18, 2), pl.Decimal(9, 6)
KEYS = {
    "policy": ["sender", "保单号"], "endorsement": ["sender", "批单号"], "claim": ["sender", "理赔案号"],
    "service_record": ["sender", "服务编号"], "fee_ledger": ["sender", "台账编号"],
    "enterprise": ["统一社会信用代码", "行业领域"],
}  # fmt: skip
IDENTIFIERS = {
    "保单号",
    "批单号",
    "理赔案号",
    "服务编号",
    "台账编号",
    "凭证号",
    "评估报告编号",
    "条款备案号",
    "事故编号",
    "施工许可证号",
}
USCC = {"被保险人统一社会信用代码", "统一社会信用代码"}
LENIENT_USCC = {"技术服务机构信用代码", "收款方信用代码", "上级单位信用代码"}
MONEY = {
    "签单保费", "实收保费", "每人责任限额", "累计责任限额", "手续费", "基础保费", "保费变动", "实收变动", "估损金额", "累计已付赔款", "其中预付", "金额",
}  # fmt: skip
DATES = {
    "签单日期", "保险起期", "保险止期", "承保前评估日期", "状态日期", "生效日期", "出险时间", "报案时间", "立案时间", "决案时间", "结案时间", "赔款支付日期", "计划日期",
    "回访日期", "入账日期", "列入日期", "移出日期",
}  # fmt: skip
MOMENTS = {"预约确认时间", "开始时间", "完成时间", "投保单位确认时间", "保险机构确认时间", "归档时间"}
WHOLE = {
    "投保人数", "事故预防服务频次", "人数变动", "死亡人数", "重伤人数", "参与人数", "发现隐患数", "佐证材料数", "满意度", "从业人员数",
}  # fmt: skip
REQUIRED = {
    "policy": ["被保险人名称"], "endorsement": ["批改类型"], "claim": ["出险时间"], "service_record": ["服务项目"], "fee_ledger": ["费用类型"],
    "enterprise": ["企业名称"],
}  # fmt: skip
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
TERMS = np.full((18, 256), -1000, dtype=np.int16)
for PLACE in range(18):
    TERMS[PLACE, [ord(letter) for letter in ALPHABET]] = np.arange(31) * (pow(3, PLACE, 31) if PLACE < 17 else 1) % 31


def reference(table: str) -> pl.DataFrame:
    """A table of reference data: the program's rows and the bundled cities', the latter under their column's Chinese headers in order."""
    shipped = pl.read_csv(ROOT / "pipelines/feeds/reference" / f"{table}.csv", infer_schema=False)
    home = [pl.read_csv(path, infer_schema=False) for path in (ROOT / "data/raw/_reference" / table).rglob("*.csv")]
    return pl.concat([shipped, *(rows.rename(dict(zip(rows.columns, shipped.columns, strict=True))) for rows in home)])


def names(table_name: str, code: str) -> dict[str, str]:
    """Every spelling of a code list → code."""
    table = reference(table_name)
    listed = table_name.removeprefix("ref_")
    aliases = reference("ref_alias").filter(pl.col("code_list") == listed)
    spoken = dict(aliases.select("alias", "code").rows())
    spoken |= {row["name"]: row[code] for row in table.to_dicts()}
    spoken |= {row["short_name"]: row[code] for row in table.to_dicts() if row.get("short_name")}
    return spoken | {value: value for value in table[code]}


CODES = {
    "所在区市": names("ref_district", "district_code"), "行业领域": names("ref_industry", "industry_code"),
    "险种": names("ref_product", "product_code"), "保险机构": names("ref_insurer", "insurer_code"),
}  # fmt: skip
CITY = dict(reference("ref_district").select("district_code", "jurisdiction").rows())


def is_uscc(codes: pl.Series) -> pl.Series:
    shaped = (codes.str.len_bytes() == 18).fill_null(False)
    valid = np.zeros(len(codes), bool)
    letters = np.frombuffer(codes.filter(shaped).str.join("").item().encode(), np.uint8).reshape(-1, 18)
    total = np.zeros(len(letters), np.int16)
    for place in range(18):
        total += TERMS[place].take(letters[:, place])
    valid[shaped.to_numpy()] = (total >= 0) & (total % 31 == 0)
    return pl.Series(valid)


def text(content: bytes) -> bytes:
    """UTF-8, whatever it was."""
    if content[:3] == b"\xef\xbb\xbf":
        return content[3:]
    ends = pa.py_buffer(np.array([0, len(content)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(content)]).validate(full=True)
    except pa.ArrowInvalid:
        return content.decode("gb18030").encode()
    return content


def odd_dates(column: pl.Expr) -> pl.Expr:
    return column.str.to_date("%Y年%m月%d日", strict=False)


def table(content: bytes, feed: str) -> pl.DataFrame:
    """One file, typed; rows whose key or type is broken are gone."""
    raw = pl.read_csv(content, infer_schema=False)
    typed, good = [], []
    for name in raw.columns:
        column = pl.col(name)
        if name in DATES:
            value = column.str.replace_all("/", "-", literal=True).str.to_date("%Y-%m-%d", strict=False)
        elif name in MOMENTS:
            value = column.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
        elif name in MONEY:
            value = column.cast(YUAN, strict=False)
        elif name in WHOLE:
            value = column.cast(pl.Int64, strict=False)
        elif name == "事故预防服务费占比":
            percent = column.str.ends_with("%")
            number = column.str.strip_suffix("%").cast(RATIO, strict=False)
            value = pl.when(percent).then((number / 100).cast(RATIO)).otherwise(number)
        elif name in CODES:
            value = column.replace_strict(CODES[name], default=None, return_dtype=pl.String)
        elif name in USCC | LENIENT_USCC:
            value = pl.when(column.map_batches(is_uscc, return_dtype=pl.Boolean)).then(column)
        elif name in IDENTIFIERS:
            value = column.str.strip_chars(" 　")
        else:
            continue
        typed.append(value.alias(name))
    frame = raw.with_columns(typed)
    fixed = []
    for name in raw.columns:
        if name in DATES | MONEY and frame[name].null_count() > raw[name].null_count():
            column = pl.Series(raw[name])
            other = (
                odd_dates(column) if name in DATES else column.str.replace_all(r"[￥,]", "").cast(YUAN, strict=False)
            )
            fixed.append(pl.select(pl.coalesce(frame[name], other).alias(name)).to_series())
        elif name in IDENTIFIERS and frame[name].str.contains(r"[^\x00-\x7f]").any():
            fixed.append(frame[name].str.normalize("NFKC"))
    frame = frame.with_columns(fixed)
    for name in raw.columns:
        if (
            name in DATES | MOMENTS | MONEY | WHOLE | USCC | set(CODES)
            and frame[name].null_count() > raw[name].null_count()
        ):
            good.append(frame[name].is_not_null() | raw[name].is_null())
    for name in [*(set(KEYS[feed]) - {"sender"}), *REQUIRED[feed], *(USCC & set(raw.columns))]:
        if frame[name].null_count():
            good.append(frame[name].is_not_null())
    if feed == "policy":
        good += [frame["保险止期"] >= frame["保险起期"], frame["签单保费"] >= 0, frame["事故预防服务费占比"] <= 1]
    elif feed == "claim":
        good.append(frame["报案时间"] >= frame["出险时间"])
    elif feed == "fee_ledger":
        good.append(frame["金额"] >= 0)
    return frame.filter(pl.all_horizontal(good)) if good else frame


def tables(raw: Path, feed: str) -> Iterator[pl.DataFrame]:
    """Every file once, two at a time: what one thread decodes the other parses."""
    columns: list[str] = []
    seen: set[bytes] = set()

    def read(path: Path) -> pl.DataFrame | None:
        content = path.read_bytes()
        digest = hashlib.sha256(content).digest()
        if digest in seen:
            return None  # sent again
        seen.add(digest)
        try:
            frame = table(text(content), feed)
        except (pl.exceptions.PolarsError, UnicodeDecodeError, KeyError):
            return None  # not this feed
        return frame.with_columns(
            received=pl.lit(path.parent.name),
            file=pl.lit(path.name),
            sender=pl.lit(path.parts[-4]),
            line=pl.int_range(pl.len()),
        )

    with ThreadPoolExecutor(2) as threads:
        for frame in threads.map(read, sorted(raw.glob(f"*/{feed}/*/*.csv"), key=lambda path: path.parent.name)):
            if frame is not None:
                columns = columns or frame.columns
                yield frame.select(columns)


NEWEST = """
create temp table newest_{feed} as
with several as (select {keys} from {feed} group by all having count(*) > 1)
select * from {feed} where not exists (select 1 from several where ({keys}) = ({own}))
union all
select * exclude (place) from (
    select {feed}.*, row_number() over (partition by {own} order by received desc, file desc, line desc) as place
    from {feed} where exists (select 1 from several where ({keys}) = ({own}))
) where place = 1
"""
RATIOS = """
create temp table policies as
with surrendered as (
    select sender, 保单号 as policy_no, min(生效日期) as surrendered_on from newest_endorsement where 批改类型 = '退保' group by all
)
select newest_policy.sender, 保单号 as policy_no, 被保险人统一社会信用代码 as uscc, jurisdiction, 所在区市 as district, 行业领域 as industry,
    保险起期 as inception, 实收保费 as received,
    least(保险止期, case when 保单状态 = '退保' then 状态日期 end, surrendered_on) as cover_end
from newest_policy
join cities on 所在区市 = cities.district_code
left join surrendered on 保单号 = surrendered.policy_no and newest_policy.sender = surrendered.sender
where (险种 like 'azx%' or 险种 = 'fishing_vessel') and 保单状态 <> '注销' and coalesce(记录状态, '正常') <> '撤销'
    and (surrendered_on is null or surrendered_on > 保险起期);

create temp table periods as
select y as year, make_date(y, 1, 1) as s, least(make_date(y, 12, 31), (select max(cast(received as date)) from policy)) as e
from (
    select year(inception) as y from policies union select year(出险时间) from newest_claim
    union select year(入账日期) from newest_fee_ledger
) where make_date(y, 1, 1) <= (select max(cast(received as date)) from policy);

create temp table cells as
with premium as (
    select jurisdiction, year, district, industry, sum(amount) as premium from (
        select p.*, inception as day, received as amount from policies as p
        union all by name
        select p.*, 生效日期 as day, 实收变动 as amount from newest_endorsement as n join policies as p on 保单号 = policy_no and n.sender = p.sender
    ) join periods on day between s and e group by all
),
incurred as (
    select jurisdiction, year, district, industry, sum(
        case when 结案时间 between s and e then 累计已付赔款
        when 报案时间 <= e and (结案时间 is null or 结案时间 > e) then greatest(估损金额, 累计已付赔款) else 0 end
    ) as incurred
    from newest_claim as n join policies as p on 保单号 = policy_no and n.sender = p.sender cross join periods where 案件状态 <> '销案' group by all
),
provided as (
    select coalesce(jurisdiction, split_part(n.sender, '_', 1)) as jurisdiction, year, district, industry,
        sum(case 费用类型 when '提取' then 金额 when '冲回' then -金额 end) as provided
    from newest_fee_ledger as n left join policies as p on 保单号 = policy_no and n.sender = p.sender join periods on 入账日期 between s and e
    where 保单号 is null or policy_no is not null group by all
)
select jurisdiction, year, coalesce(district, 'ALL') as district, coalesce(industry, 'ALL') as industry,
    sum(premium) as premium, coalesce(sum(incurred), 0) as incurred, coalesce(sum(provided), 0) as provided
from (
    select * from premium union all by name select * from incurred union all by name select * from provided
) group by grouping sets (
    (jurisdiction, year, district, industry), (jurisdiction, year, district), (jurisdiction, year, industry), (jurisdiction, year)
)
having grouping(district) + grouping(industry) = 2 or (
    (grouping(district) = 1 or district is not null) and (grouping(industry) = 1 or industry is not null)
);

create temp table force as
select jurisdiction, year, district, industry, uscc from policies join periods on inception <= e and cover_end >= e group by all;

create temp table required as
select jurisdiction, year, 所在区市 as district, 行业领域 as industry, 统一社会信用代码 as uscc,
    exists (from force as f where f.year = periods.year and f.uscc = 统一社会信用代码 and f.industry = 行业领域) as insured
from newest_enterprise join cities on 所在区市 = district_code
join periods on 列入日期 <= e and (移出日期 is null or 移出日期 > e) and (经营状态 = '存续' or 状态日期 > e)
-- Left out for no stated reason in a field that must insure: required all the same.
where 应保 = '是' or (列外原因 is null and 行业领域 in ('mine_coal', 'mine_noncoal', 'hazchem', 'fireworks', 'transport', 'construction', 'explosives', 'metallurgy', 'fishery'));

create temp table part as
select jurisdiction, year, coalesce(district, 'ALL') as district, coalesce(industry, 'ALL') as industry,
    count(*) as required, sum(insured) as insured
from (
    select jurisdiction, year, district, industry, uscc, min(cast(insured as int)) as insured from required
    group by grouping sets (
        (jurisdiction, year, district, industry, uscc), (jurisdiction, year, district, uscc),
        (jurisdiction, year, industry, uscc), (jurisdiction, year, uscc)
    )
) group by all;

create temp table cover as
with served as (
    select jurisdiction, year, district, industry, 被保险人统一社会信用代码 as uscc
    from newest_service_record as n join policies as p on 保单号 = policy_no and replace(n.sender, 'weihai_aqjs', 'weihai_tsbx') = p.sender
        and 被保险人统一社会信用代码 = p.uscc
    join periods on cast(完成时间 as date) between s and e
    where 服务状态 = '已完成' and 投保单位确认时间 is not null and 保险机构确认时间 is not null group by all
),
units as (
    select jurisdiction, year, district, industry, uscc, 1 as in_force, 0 as is_served from force
    union all
    select jurisdiction, year, district, industry, uscc, 0, 1 from served
)
select jurisdiction, year, coalesce(district, 'ALL') as district, coalesce(industry, 'ALL') as industry,
    sum(in_force) as in_force, sum(in_force * is_served) as serviced
from (
    select jurisdiction, year, district, industry, uscc, max(in_force) as in_force, max(is_served) as is_served from units
    group by grouping sets (
        (jurisdiction, year, district, industry, uscc), (jurisdiction, year, district, uscc),
        (jurisdiction, year, industry, uscc), (jurisdiction, year, uscc)
    )
) group by all;

select jurisdiction, year as stat_year, district as district_code, industry as industry_code,
    coalesce(insured, 0) as insured_required_units, coalesce(required, 0) as required_units, incurred, provided, premium as premium_received,
    coalesce(serviced, 0) as serviced_units, coalesce(in_force, 0) as insured_units_in_force
from cells full join part using (jurisdiction, year, district, industry) full join cover using (jurisdiction, year, district, industry)
order by all
"""


def main() -> None:
    home = Path(sys.argv[1])
    began = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        rows = 0
        for feed, keys in KEYS.items():
            frame = pl.concat(tables(home / "raw", feed), rechunk=False)
            rows += frame.height
            connection.register(feed, frame.to_arrow())
            own = ", ".join(f"{feed}.{key}" for key in keys)
            several = ", ".join(f"several.{key}" for key in keys)
            connection.execute(
                NEWEST.replace("({keys}) =", f"({several}) =").format(feed=feed, keys=", ".join(keys), own=own)
            )
        reading = time.perf_counter() - began
        city = pl.DataFrame({"district_code": list(CITY), "jurisdiction": list(CITY.values())})
        connection.register("cities", city.to_arrow())
        *steps, last = RATIOS.split(";\n\n")
        for step in steps:
            connection.execute(step)
        result = connection.sql(last).pl()
    print(
        f"{rows:,} rows: {time.perf_counter() - began:.1f} s, of it reading, typing and newest versions {reading:.1f} s"
    )
    result.write_parquet(home / "floor.parquet")


if __name__ == "__main__":
    main()
