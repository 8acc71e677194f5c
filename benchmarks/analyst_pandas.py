"""The four headline ratios of a city and year the way an analyst would write them in pandas: `python benchmarks/analyst_pandas.py HOME`.

The same steps as analyst_polars.py, in pandas' words. Writes HOME/analyst_pandas.parquet.
"""

from __future__ import annotations

import sys
import time
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
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


def load(raw: Path, feed: str) -> pd.DataFrame:
    frames, seen = [], set()
    for path in sorted(raw.glob(f"*/{feed}/*/*.csv"), key=lambda path: path.parent.name):
        content = path.read_bytes()
        if content in seen:
            continue
        seen.add(content)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            try:
                text = content.decode("gb18030")
            except UnicodeDecodeError:
                continue
        frame = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False, na_values=[""])
        if frame.shape[1] > 2:
            frames.append(
                frame.assign(
                    received=path.parent.name, file=path.name, sender=path.parts[-4], line=np.arange(len(frame))
                )
            )
    return pd.concat(frames, ignore_index=True)


def day(column: pd.Series) -> pd.Series:
    written = column.str.strip().str.replace("/", "-").str.replace("年", "-").str.replace("月", "-").str.rstrip("日")
    return pd.to_datetime(written, format="%Y-%m-%d", errors="coerce")


def yuan(column: pd.Series) -> pd.Series:
    """In fen, whole numbers: sums of floats are no money."""
    return (pd.to_numeric(column.str.replace("[￥,]", "", regex=True), errors="coerce") * 100).round()


def key(column: pd.Series) -> pd.Series:
    return column.str.normalize("NFKC").str.strip()


def valid_code(column: pd.Series) -> np.ndarray:
    return is_uscc(pl.Series(column.tolist(), dtype=pl.String)).to_numpy()


def newest(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    return frame.sort_values(["received", "file", "line"]).drop_duplicates(list(keys), keep="last")


def typed(frame: pd.DataFrame, keys: str = "", days: str = "", money: str = "", codes: str = "") -> pd.DataFrame:
    for names, convert in ((keys, key), (days, day), (money, yuan)):
        for name in names.split():
            frame[name] = convert(frame[name])
    for name in codes.split():
        frame[name] = frame[name].map(CODES[name])
    return frame


def ratios(raw: Path) -> pd.DataFrame:
    policy = typed(
        load(raw, "policy"), "保单号", "保险起期 保险止期 状态日期 签单日期", "实收保费 签单保费", "所在区市 行业领域 险种 保险机构"
    )  # fmt: skip
    share = pd.to_numeric(policy["事故预防服务费占比"].str.removesuffix("%"), errors="coerce")
    needed = ["保单号", "保险起期", "保险止期", "实收保费", "所在区市", "行业领域", "险种", "保险机构", "被保险人名称"]
    policy = policy[
        policy[needed].notna().all(axis=1) & (policy["保险止期"] >= policy["保险起期"]) & (policy["签单保费"] >= 0) & (share <= 100)
        & valid_code(policy["被保险人统一社会信用代码"])
    ]  # fmt: skip
    last = pd.Timestamp(policy["received"].max())
    endorsement = typed(load(raw, "endorsement"), "批单号 保单号", "生效日期", "实收变动")
    endorsement = newest(endorsement.dropna(subset=["批单号", "生效日期", "实收变动", "批改类型"]), "批单号")
    left = endorsement[endorsement["批改类型"] == "退保"].groupby("保单号")["生效日期"].min().rename("left")
    policy = newest(policy, "保单号").join(left, on="保单号")
    policy = policy[
        (policy["记录状态"] != "撤销") & ~policy["险种"].isin(NOT_COUNTED) & (policy["保单状态"] != "注销")
        & (policy["left"].isna() | (policy["left"] > policy["保险起期"]))
    ]  # fmt: skip
    policy = policy.assign(
        city=policy["所在区市"].map(CITY),
        unit=policy["被保险人统一社会信用代码"],
        end=pd.concat(
            [policy["保险止期"], policy["left"], policy["状态日期"].where(policy["保单状态"] == "退保")], axis=1
        ).min(axis=1),
    )
    where = policy[["保单号", "city", "unit"]]
    endorsement = endorsement.merge(where, on="保单号")

    claim = typed(load(raw, "claim"), "理赔案号 保单号", "报案时间 结案时间 出险时间", "估损金额 累计已付赔款")
    claim = claim[
        claim[["理赔案号", "出险时间", "估损金额"]].notna().all(axis=1)
        & (claim["报案时间"] >= claim["出险时间"])
        & valid_code(claim["被保险人统一社会信用代码"])
    ]
    claim = newest(claim, "理赔案号")
    claim = claim[claim["案件状态"] != "销案"].merge(where, on="保单号")

    service = typed(load(raw, "service_record"), "服务编号 保单号", "计划日期")
    service = newest(
        service[
            service[["服务编号", "服务项目", "计划日期"]].notna().all(axis=1)
            & valid_code(service["被保险人统一社会信用代码"])
        ],
        "服务编号",
    )
    service = service[
        (service["服务状态"] == "已完成") & service["投保单位确认时间"].notna() & service["保险机构确认时间"].notna()
    ]
    service = service.assign(done=pd.to_datetime(service["完成时间"].str[:10])).merge(where, on="保单号")

    ledger = typed(load(raw, "fee_ledger"), "台账编号 保单号", "入账日期", "金额")
    ledger = ledger[ledger[["台账编号", "入账日期", "金额", "费用类型"]].notna().all(axis=1) & (ledger["金额"] >= 0)]
    ledger = newest(ledger, "台账编号").merge(where, on="保单号", how="left")
    ledger = ledger[ledger["city"].notna() | ledger["保单号"].isna()]
    ledger["city"] = ledger["city"].fillna(ledger["sender"].str.split("_").str[0])
    ledger["signed"] = ledger["金额"] * ledger["费用类型"].map({"提取": 1, "冲回": -1}).fillna(0)

    roster = typed(load(raw, "enterprise"), "", "列入日期 移出日期 状态日期", "", "行业领域 所在区市")
    roster = roster[
        roster[["企业名称", "行业领域", "所在区市", "列入日期"]].notna().all(axis=1)
        & valid_code(roster["统一社会信用代码"])
    ]
    roster = newest(roster, "统一社会信用代码", "行业领域")
    roster = roster[(roster["应保"] == "是") | (roster["列外原因"].isna() & roster["行业领域"].isin(MUST_INSURE))]
    roster["city"] = roster["所在区市"].map(CITY)

    found = []
    for year in sorted(policy["保险起期"].dt.year.unique()):
        start, end = pd.Timestamp(year, 1, 1), min(pd.Timestamp(year, 12, 31), last)
        for city in ("weihai", "shanghai"):
            ours = policy[policy["city"] == city]
            force = ours[(ours["保险起期"] <= end) & (ours["end"] >= end)]
            listed = roster[roster["city"] == city]
            listed = listed[
                (listed["列入日期"] <= end) & (listed["移出日期"].isna() | (listed["移出日期"] > end))
                & ((listed["经营状态"] == "存续") | (listed["状态日期"] > end))
            ]  # fmt: skip
            insured = force[["unit", "行业领域"]].drop_duplicates().rename(columns={"unit": "统一社会信用代码"})
            asked = listed.merge(insured, on=["统一社会信用代码", "行业领域"], how="left", indicator=True)
            bare = asked.loc[asked["_merge"] == "left_only", "统一社会信用代码"].nunique()
            units = listed["统一社会信用代码"].nunique()
            served = service[(service["city"] == city) & service["done"].between(start, end)]
            changed = endorsement[(endorsement["city"] == city) & endorsement["生效日期"].between(start, end)]
            premium = ours.loc[ours["保险起期"].between(start, end), "实收保费"].sum() + changed["实收变动"].sum()
            cases = claim[claim["city"] == city]
            closed = cases["结案时间"].between(start, end)
            is_open = (cases["报案时间"] <= end) & (cases["结案时间"].isna() | (cases["结案时间"] > end))
            outstanding = cases[["估损金额", "累计已付赔款"]].max(axis=1)
            entries = ledger[(ledger["city"] == city) & ledger["入账日期"].between(start, end)]
            found.append(
                {
                    "jurisdiction": city, "stat_year": year, "insured_required_units": units - bare, "required_units": units,
                    "incurred": (cases.loc[closed, "累计已付赔款"].sum() + outstanding[is_open].sum()) / 100,
                    "provided": entries["signed"].sum() / 100, "premium_received": premium / 100,
                    "serviced_units": force["unit"][force["unit"].isin(served["unit"])].nunique(), "insured_units_in_force": force["unit"].nunique(),
                }
            )  # fmt: skip
    return pd.DataFrame(found)


def main() -> None:
    home = Path(sys.argv[1])
    began = time.perf_counter()
    ratios(home / "raw").to_parquet(home / "analyst_pandas.parquet")
    print(f"{time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
