"""The four headline ratios of a city and year the way an analyst would write them in PySpark on one machine:
`python benchmarks/analyst_spark.py HOME` (needs the extra `spark`).

The same steps as analyst_polars.py, as Spark SQL over the raw CSV files. Writes HOME/analyst_spark.parquet.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from pathlib import Path

from floor import ALPHABET, CITY, CODES
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it

MUST_INSURE = (
    "mine_coal", "mine_noncoal", "hazchem", "fireworks", "transport", "construction", "explosives", "metallurgy", "fishery",
)  # fmt: skip
NOT_COUNTED = ["employer_liability", "public_liability", "group_accident"]
WEIGHTS = [pow(3, place, 31) for place in range(17)]


def load(spark: SparkSession, raw: Path, feed: str) -> DataFrame:
    """Files of one encoding and one header are read together."""
    kinds, seen = defaultdict(list), set()
    for path in sorted(raw.glob(f"*/{feed}/*/*.csv"), key=lambda path: path.parent.name):
        content = path.read_bytes()
        if hash(content) in seen:
            continue
        seen.add(hash(content))
        for encoding in ("utf-8", "gb18030"):
            try:
                content.decode(encoding)
            except UnicodeDecodeError:
                continue
            header = content.split(b"\n", 1)[0].decode(encoding)
            if header.count(",") > 1:
                kinds[encoding, header].append(str(path))
            break
    frames = []
    for (encoding, _), paths in kinds.items():
        frames.append(spark.read.csv(paths, header=True, encoding=encoding, enforceSchema=True))
    whole = frames[0]
    for frame in frames[1:]:
        whole = whole.unionByName(frame, allowMissingColumns=True)
    parts = F.split(F.url_decode(F.input_file_name()), "/")
    return whole.withColumns(
        {
            "received": F.element_at(parts, -2), "file": F.element_at(parts, -1), "sender": F.element_at(parts, -4),
            "line": F.monotonically_increasing_id(),
        }
    )  # fmt: skip


def day(name: str) -> F.Column:
    written = F.regexp_replace(F.regexp_replace(F.trim(name), "[/年月]", "-"), "日$", "")
    return F.to_date(F.try_to_timestamp(written, F.lit("y-M-d")))


def yuan(name: str) -> F.Column:
    return F.regexp_replace(name, "[￥,]", "").try_cast("decimal(18,2)")


def key(name: str) -> F.Column:
    wide, narrow = (
        "".join(chr(code) for code in range(0xFF01, 0xFF5F)),
        "".join(chr(code) for code in range(0x21, 0x7F)),
    )
    return F.trim(F.translate(name, "\u3000" + wide, " " + narrow))


def code(spark: SparkSession, name: str) -> F.Column:
    pairs = [F.lit(part) for pair in CODES[name].items() for part in pair]
    return F.create_map(*pairs)[F.col(name)]


def city_of(name: str) -> F.Column:
    return F.create_map(*[F.lit(part) for pair in CITY.items() for part in pair])[F.col(name)]


def valid_code(name: str) -> F.Column:
    places = [F.instr(F.lit(ALPHABET), F.substring(name, place + 1, 1)) - 1 for place in range(18)]
    total = sum(place * weight for place, weight in zip(places, WEIGHTS, strict=False))
    return F.coalesce((F.length(name) == 18) & (F.least(*places) >= 0) & ((total + places[17]) % 31 == 0), F.lit(False))


def newest(frame: DataFrame, *keys: str) -> DataFrame:
    order = Window.partitionBy(*keys).orderBy(F.desc("received"), F.desc("file"), F.desc("line"))
    return frame.withColumn("place", F.row_number().over(order)).filter("place = 1").drop("place")


def filled(frame: DataFrame, names: str) -> DataFrame:
    return frame.dropna(subset=names.split())


def register(spark: SparkSession, raw: Path) -> None:
    policy = load(spark, raw, "policy")
    policy = policy.withColumns(
        {"保单号": key("保单号")} | {name: day(name) for name in ("保险起期", "保险止期", "状态日期")}
    )
    policy = policy.withColumns({name: yuan(name) for name in ("实收保费", "签单保费")})
    policy = policy.withColumns({name: code(spark, name) for name in ("所在区市", "行业领域", "险种", "保险机构")})
    policy = filled(policy, "保单号 保险起期 保险止期 实收保费 所在区市 行业领域 险种 保险机构 被保险人名称")
    policy = policy.filter(
        (F.col("保险止期") >= F.col("保险起期")) & (F.col("签单保费") >= 0) & valid_code("被保险人统一社会信用代码")
        & (F.regexp_replace("事故预防服务费占比", "%", "").try_cast("double") <= 100)
    )  # fmt: skip
    spark.createDataFrame([(policy.agg(F.max("received")).first()[0],)], "last string").createOrReplaceTempView("known")
    endorsement = load(spark, raw, "endorsement").withColumns(
        {"批单号": key("批单号"), "保单号": key("保单号"), "生效日期": day("生效日期"), "实收变动": yuan("实收变动")}
    )
    endorsement = newest(filled(endorsement, "批单号 生效日期 实收变动 批改类型"), "批单号")
    left = endorsement.filter("`批改类型` = '退保'").groupBy("保单号").agg(F.min("生效日期").alias("left"))
    policy = newest(policy, "保单号").join(left, "保单号", "left")
    policy = policy.filter(
        (F.coalesce("记录状态", F.lit("")) != "撤销") & ~F.col("险种").isin(NOT_COUNTED) & (F.col("保单状态") != "注销")
        & (F.isnull("left") | (F.col("left") > F.col("保险起期")))
    )  # fmt: skip
    policy = policy.select(
        "保单号", "行业领域", city_of("所在区市").alias("city"), F.col("被保险人统一社会信用代码").alias("unit"), F.col("保险起期").alias("begins"),
        F.least("保险止期", "left", F.when(F.col("保单状态") == "退保", F.col("状态日期"))).alias("ends"), F.col("实收保费").alias("premium"),
    )  # fmt: skip
    policy.cache().createOrReplaceTempView("policy")
    where = policy.select("保单号", "city", "unit")
    endorsement.join(where, "保单号").selectExpr(
        "city", "`生效日期` as day", "`实收变动` as premium"
    ).createOrReplaceTempView("endorsement")
    claim = load(spark, raw, "claim")
    claim = claim.withColumns({name: key(name) for name in ("理赔案号", "保单号")})
    claim = claim.withColumns({name: day(name) for name in ("报案时间", "结案时间", "出险时间")})
    claim = claim.withColumns({name: yuan(name) for name in ("估损金额", "累计已付赔款")})
    claim = filled(claim, "理赔案号 出险时间 估损金额").filter(
        (F.col("报案时间") >= F.col("出险时间")) & valid_code("被保险人统一社会信用代码")
    )
    claim = newest(claim, "理赔案号").filter("`案件状态` <> '销案'").join(where, "保单号")
    claim.createOrReplaceTempView("claim")
    service = load(spark, raw, "service_record").withColumns(
        {"服务编号": key("服务编号"), "保单号": key("保单号"), "计划日期": day("计划日期")}
    )
    service = filled(service, "服务编号 服务项目 计划日期").filter(valid_code("被保险人统一社会信用代码"))
    service = newest(service, "服务编号").filter(
        "`服务状态` = '已完成' and `投保单位确认时间` is not null and `保险机构确认时间` is not null"
    )
    service.join(where, "保单号").select("city", "unit", F.to_date(F.substring("完成时间", 1, 10)).alias("done")).distinct().cache(
    ).createOrReplaceTempView("service")  # fmt: skip
    ledger = load(spark, raw, "fee_ledger").withColumns(
        {"台账编号": key("台账编号"), "保单号": key("保单号"), "入账日期": day("入账日期"), "金额": yuan("金额")}
    )
    ledger = newest(filled(ledger, "台账编号 入账日期 金额 费用类型").filter("`金额` >= 0"), "台账编号").join(
        where, "保单号", "left"
    )
    ledger.filter("city is not null or `保单号` is null").selectExpr(
        "coalesce(city, split(sender, '_')[0]) as city", "`入账日期` as day",
        "case `费用类型` when '提取' then `金额` when '冲回' then -`金额` end as amount",
    ).createOrReplaceTempView("ledger")  # fmt: skip
    roster = load(spark, raw, "enterprise")
    roster = roster.withColumns({name: code(spark, name) for name in ("行业领域", "所在区市")})
    roster = roster.withColumns({name: day(name) for name in ("列入日期", "移出日期", "状态日期")})
    roster = filled(roster, "企业名称 行业领域 所在区市 列入日期").filter(valid_code("统一社会信用代码"))
    roster = (
        newest(roster, "统一社会信用代码", "行业领域")
        .filter(f"`应保` = '是' or (`列外原因` is null and `行业领域` in {MUST_INSURE})")
        .withColumn("city", city_of("所在区市"))
    )
    roster.createOrReplaceTempView("roster")


RATIOS = """
with periods as (
    select distinct city, year(begins) as y, make_date(year(begins), 1, 1) as s, least(make_date(year(begins), 12, 31), cast(last as date)) as e
    from policy cross join known
),
force as (select p.city, y, unit, `行业领域` as industry from policy p join periods x on p.city = x.city and begins <= e and ends >= e group by all),
required as (
    select r.city, y, `统一社会信用代码` as unit, `行业领域` as industry from roster r join periods x on r.city = x.city
    where `列入日期` <= e and (`移出日期` is null or `移出日期` > e) and (`经营状态` = '存续' or `状态日期` > e)
),
part as (
    select city, y, count(*) as required, sum(covered) as insured from (
        select r.city, r.y, r.unit, min(if(f.unit is null, 0, 1)) as covered
        from required r left join force f on r.city = f.city and r.y = f.y and r.unit = f.unit and r.industry = f.industry group by all
    ) group by all
),
premium as (
    select m.city, y, sum(premium) as premium from (
        select city, begins as day, premium from policy union all select city, day, premium from endorsement
    ) m join periods x on m.city = x.city and day between s and e group by all
),
incurred as (
    select c.city, y, sum(
        case when `结案时间` between s and e then `累计已付赔款`
        when `报案时间` <= e and (`结案时间` is null or `结案时间` > e) then greatest(`估损金额`, `累计已付赔款`) end
    ) as incurred from claim c join periods x on c.city = x.city group by all
),
provided as (select l.city, y, sum(amount) as provided from ledger l join periods x on l.city = x.city and day between s and e group by all),
cover as (
    select f.city, f.y, count(distinct f.unit) as in_force, count(distinct v.unit) as serviced from force f
    left join (select v.city, y, unit from service v join periods x on v.city = x.city and done between s and e group by all) v
    on f.city = v.city and f.y = v.y and f.unit = v.unit group by all
)
select city as jurisdiction, y as stat_year, insured as insured_required_units, required as required_units, incurred, provided,
    premium as premium_received, serviced as serviced_units, in_force as insured_units_in_force
from premium join part using (city, y) join cover using (city, y) left join incurred using (city, y) left join provided using (city, y)
"""


def main() -> None:
    home = Path(sys.argv[1])
    began = time.perf_counter()
    spark = (
        SparkSession.builder.master(f"local[{os.cpu_count()}]").config("spark.driver.memory", "6g")
        .config("spark.sql.shuffle.partitions", "16")
        .config("spark.sql.legacy.javaCharsets", "true").config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1").config("spark.ui.enabled", "false").getOrCreate()
    )  # fmt: skip
    register(spark, home / "raw")
    rows = spark.sql(RATIOS).collect()
    import polars as pl  # noqa: PLC0415

    pl.DataFrame([row.asDict() for row in rows]).write_parquet(home / "analyst_spark.parquet")
    print(f"{time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
