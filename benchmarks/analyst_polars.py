"""The four headline ratios of a city and year the way an analyst would write them in Polars: `python benchmarks/analyst_polars.py HOME`.

Readable and short: whole files as text, typed where needed, one expression per number. City totals only; no keys checked
beyond what the numbers need, nothing kept. Writes HOME/analyst_polars.parquet.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import polars as pl
from floor import CITY, CODES, is_uscc

MUST_INSURE = [
    "mine_coal",
    "mine_noncoal",
    "hazchem",
    "fireworks",
    "transport",
    "construction",
    "explosives",
    "metallurgy",
    "fishery",
]
NOT_COUNTED = ["employer_liability", "public_liability", "group_accident"]


def load(raw: Path, feed: str) -> pl.DataFrame:
    frames, seen = [], set()
    for path in sorted(raw.glob(f"*/{feed}/*/*.csv"), key=lambda path: path.parent.name):
        content = path.read_bytes()
        if hash(content) in seen:
            continue
        seen.add(hash(content))
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                text = content.decode(encoding)
                break
            except UnicodeDecodeError:
                text = ""
        frame = pl.read_csv(text.encode(), infer_schema=False) if text.strip() else pl.DataFrame()
        if frame.width > 2:
            frames.append(
                frame.with_columns(
                    received=pl.lit(path.parent.name),
                    file=pl.lit(path.name),
                    sender=pl.lit(path.parts[-4]),
                    line=pl.int_range(pl.len()),
                )
            )
    return pl.concat(frames, how="diagonal")


def day(name: str) -> pl.Expr:
    column = pl.col(name).str.strip_chars()
    return pl.coalesce(column.str.to_date(format, strict=False) for format in ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日"))


def yuan(name: str) -> pl.Expr:
    return pl.col(name).str.replace_all(r"[￥,]", "").cast(pl.Decimal(18, 2), strict=False)


def key(name: str) -> pl.Expr:
    return pl.col(name).str.normalize("NFKC").str.strip_chars()


def code(name: str) -> pl.Expr:
    return pl.col(name).replace_strict(CODES[name], default=None, return_dtype=pl.String)


def newest(frame: pl.DataFrame, *keys: str) -> pl.DataFrame:
    return frame.sort("received", "file", "line").unique(list(keys), keep="last")


def valid_code(name: str) -> pl.Expr:
    return pl.col(name).map_batches(is_uscc, return_dtype=pl.Boolean)


def ratios(raw: Path) -> pl.DataFrame:
    policy = load(raw, "policy").with_columns(
        key("保单号"), day("保险起期"), day("保险止期"), day("状态日期"), day("签单日期"), yuan("实收保费"), yuan("签单保费"), code("所在区市"), code("行业领域"),
        code("险种"), code("保险机构"), ratio=pl.col("事故预防服务费占比").str.strip_suffix("%").cast(pl.Float64, strict=False),
    )  # fmt: skip
    policy = policy.filter(
        pl.all_horizontal(pl.col("保单号", "保险起期", "保险止期", "实收保费", "所在区市", "行业领域", "险种", "保险机构", "被保险人名称").is_not_null()),
        pl.col("保险止期") >= pl.col("保险起期"), pl.col("签单保费") >= 0, pl.col("ratio") <= 100, valid_code("被保险人统一社会信用代码"),
    )  # fmt: skip
    endorsement = load(raw, "endorsement").with_columns(key("批单号"), key("保单号"), day("生效日期"), yuan("实收变动"))
    endorsement = newest(
        endorsement.filter(pl.all_horizontal(pl.col("批单号", "生效日期", "实收变动", "批改类型").is_not_null())),
        "批单号",
    )
    left = endorsement.filter(pl.col("批改类型") == "退保").group_by("保单号").agg(left=pl.col("生效日期").min())
    last = policy["received"].max()
    policy = newest(policy, "保单号").join(left, on="保单号", how="left")
    policy = policy.filter(
        pl.col("记录状态") != "撤销", ~pl.col("险种").is_in(NOT_COUNTED), pl.col("保单状态") != "注销",
        pl.col("left").is_null() | (pl.col("left") > pl.col("保险起期")),
    ).with_columns(
        city=pl.col("所在区市").replace_strict(CITY), unit="被保险人统一社会信用代码",
        end=pl.min_horizontal("保险止期", "left", pl.when(pl.col("保单状态") == "退保").then("状态日期")),
    )  # fmt: skip
    where = policy.select("保单号", "city", "unit")
    endorsement = endorsement.join(where, on="保单号")

    claim = load(raw, "claim").with_columns(
        key("理赔案号"),
        key("保单号"),
        day("报案时间"),
        day("结案时间"),
        day("出险时间"),
        yuan("估损金额"),
        yuan("累计已付赔款"),
    )
    claim = claim.filter(
        pl.all_horizontal(pl.col("理赔案号", "出险时间", "估损金额").is_not_null()), pl.col("报案时间") >= pl.col("出险时间"),
        valid_code("被保险人统一社会信用代码"),
    )  # fmt: skip
    claim = newest(claim, "理赔案号").filter(pl.col("案件状态") != "销案").join(where, on="保单号")

    service = load(raw, "service_record").with_columns(key("服务编号"), key("保单号"), day("计划日期"))
    service = service.filter(
        pl.all_horizontal(pl.col("服务编号", "服务项目", "计划日期").is_not_null()),
        valid_code("被保险人统一社会信用代码"),
    )
    service = newest(service, "服务编号").filter(
        pl.col("服务状态") == "已完成",
        pl.col("投保单位确认时间").is_not_null(),
        pl.col("保险机构确认时间").is_not_null(),
    )
    service = service.with_columns(done=pl.col("完成时间").str.slice(0, 10).str.to_date()).join(
        where, on="保单号", suffix="_policy"
    )

    ledger = load(raw, "fee_ledger").with_columns(key("台账编号"), key("保单号"), day("入账日期"), yuan("金额"))
    ledger = ledger.filter(
        pl.all_horizontal(pl.col("台账编号", "入账日期", "金额", "费用类型").is_not_null()), pl.col("金额") >= 0
    )
    ledger = newest(ledger, "台账编号").join(where, on="保单号", how="left")
    ledger = ledger.filter(pl.col("city").is_not_null() | pl.col("保单号").is_null()).with_columns(
        city=pl.coalesce("city", pl.col("sender").str.split("_").list.first()),
        signed=pl.when(pl.col("费用类型") == "提取")
        .then("金额")
        .when(pl.col("费用类型") == "冲回")
        .then(-pl.col("金额")),
    )

    roster = load(raw, "enterprise").with_columns(
        code("行业领域"), code("所在区市"), day("列入日期"), day("移出日期"), day("状态日期")
    )
    roster = roster.filter(
        pl.all_horizontal(pl.col("企业名称", "行业领域", "所在区市", "列入日期").is_not_null()),
        valid_code("统一社会信用代码"),
    )
    roster = newest(roster, "统一社会信用代码", "行业领域").filter(
        (pl.col("应保") == "是") | (pl.col("列外原因").is_null() & pl.col("行业领域").is_in(MUST_INSURE))
    )
    roster = roster.with_columns(city=pl.col("所在区市").replace_strict(CITY))

    found = []
    for year in sorted(policy["保险起期"].dt.year().unique()):
        start = pl.date(year, 1, 1)
        end = pl.min_horizontal(pl.date(year, 12, 31), pl.lit(last).str.to_date())
        for city in ("weihai", "shanghai"):
            here = pl.col("city") == city
            force = policy.filter(here, pl.col("保险起期") <= end, pl.col("end") >= end)
            required = roster.filter(
                here, pl.col("列入日期") <= end, pl.col("移出日期").is_null() | (pl.col("移出日期") > end),
                (pl.col("经营状态") == "存续") | (pl.col("状态日期") > end),
            )  # fmt: skip
            covered = required.join(
                force.select("unit", "行业领域").unique(),
                left_on=["统一社会信用代码", "行业领域"],
                right_on=["unit", "行业领域"],
                how="semi",
            )
            bare = required.join(covered, on=["统一社会信用代码", "行业领域"], how="anti")["统一社会信用代码"].unique()
            units = required["统一社会信用代码"].n_unique()
            served = service.filter(here, pl.col("done").is_between(start, end))
            premium = (
                policy.filter(here, pl.col("保险起期").is_between(start, end))["实收保费"].sum()
                + endorsement.filter(here, pl.col("生效日期").is_between(start, end))["实收变动"].sum()
            )
            still_open = (pl.col("报案时间") <= end) & (pl.col("结案时间").is_null() | (pl.col("结案时间") > end))
            incurred = claim.filter(here).select(
                pl.when(pl.col("结案时间").is_between(start, end)).then("累计已付赔款").when(still_open).then(pl.max_horizontal("估损金额", "累计已付赔款")).sum()
            ).item()  # fmt: skip
            provided = ledger.filter(here, pl.col("入账日期").is_between(start, end))["signed"].sum()
            found.append(
                {
                    "jurisdiction": city, "stat_year": year, "insured_required_units": units - len(bare), "required_units": units, "incurred": incurred,
                    "provided": provided, "premium_received": premium,
                    "serviced_units": force.join(served, on="unit", how="semi")["unit"].n_unique(), "insured_units_in_force": force["unit"].n_unique(),
                }
            )  # fmt: skip
    return pl.DataFrame(found)


def main() -> None:
    home = Path(sys.argv[1])
    began = time.perf_counter()
    ratios(home / "raw").write_parquet(home / "analyst_polars.parquet")
    print(f"{time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
