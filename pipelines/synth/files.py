"""Writing the synthetic world down as senders do, and the truth beside it.

What belongs here: Chinese headers, formats and encodings per sender, folders and stamps, the truth
files. What does not: the world (model.py) and mistakes (dirt.py).

out/raw/<provider>/<feed>/<stamp>/<file>   what senders drop
out/truth/<feed>.parquet                   every row written (of a world in tiles: the first tile's): true values (money in cents, ratios in
                                           percent), file, line, expected rule code (null = accepted)
out/truth/files.parquet                    files that must be refused or change nothing
out/truth/patterns.parquet                 what supervisors must find: rule code, record key
"""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import xlsxwriter

from pipelines.processes import processes
from pipelines.settings import environment
from pipelines.synth import dirt as mistakes
from pipelines.synth.model import SCALES, build
from pipelines.synth.terms import DISTRICTS, INDUSTRIES, ITEM_NAME, PRODUCT_NAME
from pipelines.synth.tiles import Copies, of_every_tile, several

ROWS_AT_ONCE = 200_000
"""Rows of all tiles that are in memory while files are written."""
ROWS_TOGETHER = 20_000
"""Rows of the first tile that are written together, in as many files as it takes."""
ENCODED_AT_ONCE = 256 << 10

# Written out here and not read from the contracts: the truth shares nothing with what it tests.
HEADERS: dict[str, dict[str, str]] = {
    "policy": {
        "policy_no": "保单号", "insurer_code": "保险机构", "insured_uscc": "被保险人统一社会信用代码", "insured_name": "被保险人名称",
        "district_code": "所在区市", "industry_code": "行业领域", "product_code": "险种",
        "clause_filing_no": "条款备案号", "project_code": "施工许可证号", "project_name": "项目名称", "renewal_flag": "新保续保", "issue_date": "签单日期",
        "inception_date": "保险起期", "expiry_date": "保险止期", "premium_written": "签单保费", "premium_received": "实收保费",
        "insured_persons": "投保人数", "limit_per_person": "每人责任限额", "limit_aggregate": "累计责任限额", "base_premium": "基础保费", "rate_factor": "费率因子", "commission": "手续费",
        "fee_ratio": "事故预防服务费占比", "service_items": "事故预防服务项目", "service_frequency": "事故预防服务频次", "service_form": "服务形式",
        "survey_date": "承保前评估日期", "survey_on_site": "现场评估", "survey_report_no": "评估报告编号", "risk_grade": "风险等级", "refusal_clause": "拒绝预防服务违约条款",
        "unserved_settlement": "未完成服务处理",
        "status": "保单状态", "status_date": "状态日期", "record_status": "记录状态",
    },
    "coinsurance": {"policy_no": "保单号", "insurer_code": "保险机构", "share": "承保比例", "is_lead": "是否首席"},
    "endorsement": {
        "endorsement_no": "批单号", "policy_no": "保单号", "effective_date": "生效日期", "type": "批改类型", "premium_change": "保费变动",
        "received_change": "实收变动", "persons_change": "人数变动",
    },
    "claim": {
        "claim_no": "理赔案号", "policy_no": "保单号", "insured_uscc": "被保险人统一社会信用代码", "loss_date": "出险时间", "report_date": "报案时间",
        "register_date": "立案时间", "decide_date": "决案时间", "close_date": "结案时间", "paid_date": "赔款支付日期", "district_code": "出险区市",
        "accident_id": "事故编号", "accident_type": "事故类型", "deaths": "死亡人数", "serious_injuries": "重伤人数", "estimate": "估损金额", "paid_to_date": "累计已付赔款",
        "advance_paid": "其中预付", "loss_rescue": "事故抢险救援", "payment_kind": "支付方式", "rescue_assist": "抢险协助", "status": "案件状态",
    },
    "service_record": {
        "service_no": "服务编号", "policy_no": "保单号", "insurer_code": "保险机构", "insured_uscc": "被保险人统一社会信用代码", "item": "服务项目",
        "form": "服务形式", "provider_type": "服务方式", "service_org_uscc": "技术服务机构信用代码", "experts": "服务专家", "planned_date": "计划日期",
        "appointed_at": "预约确认时间", "started_at": "开始时间", "finished_at": "完成时间", "longitude": "经度", "latitude": "纬度",
        "participants": "参与人数", "content": "服务内容", "checked_work": "检查重点", "hazards_found": "发现隐患数", "evidence_count": "佐证材料数", "evidence_hashes": "佐证材料指纹",
        "insured_confirmed_at": "投保单位确认时间", "insurer_confirmed_at": "保险机构确认时间", "revisit_date": "回访日期", "satisfaction": "满意度",
        "archived_at": "归档时间", "status": "服务状态", "campaign": "专项活动",
        "channel": "服务渠道", "activity": "活动形式", "reach": "触达人数", "equipment": "使用装备",
    },
    "fee_ledger": {
        "entry_no": "台账编号", "insurer_code": "保险机构", "policy_no": "保单号", "entry_date": "入账日期", "type": "费用类型", "amount": "金额",
        "service_no": "服务编号", "category": "费用类别", "payee_uscc": "收款方信用代码", "payee_type": "收款方类型", "voucher_no": "凭证号", "instalment": "分期",
        "contract_amount": "服务合同金额",
    },
    "enterprise": {
        "uscc": "统一社会信用代码", "name": "企业名称", "district_code": "所在区市", "address": "地址", "industry_code": "行业领域", "mandatory": "应保",
        "operating_status": "经营状态", "status_date": "状态日期", "exempt_reason": "列外原因", "permit_no": "许可证编号", "permit_valid_to": "许可证有效期至",
        "employees": "从业人员数", "ownership": "所有制", "parent_uscc": "上级单位信用代码", "listed_from": "列入日期",
        "listed_to": "移出日期", "fire_class": "火灾高危类别", "fire_features": "火灾风险特征", "new_trade": "新业态",
    },
    "hazard": {
        "hazard_no": "隐患编号", "service_no": "服务编号", "insured_uscc": "被保险人统一社会信用代码", "insurer_code": "保险机构",
        "district_code": "所在区市", "grade": "隐患等级", "scene": "场景", "criterion": "判定依据", "criterion_code": "判定标准", "found_date": "发现日期",
        "written_notice_at": "书面告知时间", "rectify_due": "整改期限", "rectified_at": "整改完成时间", "rechecked_at": "复查时间",
        "refused": "拒不整改", "reported_to": "报告部门", "reported_at": "报告时间", "case_no": "处罚案号", "moment": "发现环节",
    },
    "complaint": {
        "complaint_no": "投诉编号", "received_on": "受理登记日期", "topic": "投诉事项", "target_code": "被投诉对象代码",
        "accepted_at": "受理时间", "answered_at": "答复时间", "needs_check": "需要调查", "extended": "是否延期", "substantiated": "是否属实",
    },
    "document": {
        "doc_no": "文件编号", "kind": "文件类别", "title": "标题", "issuer": "发文单位", "district_code": "所在区市",
        "industry_code": "行业领域", "doc_date": "文件日期", "year": "年度", "channel": "宣传渠道", "reach": "触达人数", "text": "正文",
    },
    "service_plan": {
        "insurer_code": "保险机构", "plan_year": "方案年度", "insured_uscc": "被保险人统一社会信用代码", "consulted_at": "协商时间", "confirmed_at": "确认时间",
        "planned_visits": "计划服务次数", "goal": "预期目标",
    },
    "project": {
        "project_code": "施工许可证号", "name": "项目名称", "district_code": "所在区市", "builder_uscc": "施工单位信用代码", "owner": "建设单位",
        "cost": "工程总造价", "status": "项目状况", "start_date": "开工日期", "end_date": "竣工日期",
    },
    "accident": {
        "accident_id": "事故编号", "uscc": "统一社会信用代码", "occurred_at": "发生时间", "district_code": "所在区市", "industry_code": "行业领域",
        "type": "事故类型", "scene": "场景", "deaths": "死亡人数", "serious_injuries": "重伤人数", "direct_loss": "直接经济损失", "grade": "事故等级",
        "liability": "责任事故",
    },
    "service_org": {
        "uscc": "统一社会信用代码", "name": "机构名称", "qualification": "资质", "valid_from": "资质起始日期", "valid_to": "资质截止日期",
        "technicians": "专业技术人员数", "equipment": "主要装备", "audit_date": "审核日期", "audit_result": "审核结果",
    },
    "expert": {
        "certificate_no": "证书编号", "org_uscc": "所属机构信用代码", "type": "专家类型", "speciality": "专业", "valid_to": "证书有效期至",
    },
    "inspection": {
        "inspection_no": "检查编号", "inspected_on": "检查日期", "department": "检查部门", "joint": "联合检查", "target_type": "检查对象类型",
        "target_code": "检查对象代码", "subject": "检查内容", "campaign": "专项活动", "problem_no": "问题编号", "plan_no": "检查计划编号", "considered": "参考参保与整改情况",
    },
    "inspection_plan": {
        "plan_no": "检查计划编号", "department": "检查部门", "campaign": "专项活动", "target_type": "检查对象类型", "subject": "检查内容",
        "planned": "计划数", "planned_from": "自", "planned_to": "至",
    },
    "problem": {
        "problem_no": "问题编号", "found_date": "发现日期", "origin": "问题来源", "target_type": "对象类型", "target_code": "对象代码", "kind": "问题类别",
        "measure": "整改措施", "due": "整改期限", "closed_at": "整改完成时间", "notified_regulator_at": "通报保险监管时间", "escalation": "处置升级",
    },
    "enforcement": {
        "case_no": "处罚案号", "uscc": "统一社会信用代码", "decided_on": "处罚日期", "law_article": "处罚依据", "fine": "罚款金额", "problem_no": "问题编号", "target_type": "处罚对象类型",
        "target_code": "处罚对象代码", "accident_id": "事故编号", "hazard_no": "隐患编号",
    },
    "credit_list": {
        "list_no": "名单编号", "target_code": "对象代码", "target_type": "对象类型", "kind": "名单类别", "valid_from": "列入日期", "valid_to": "移出日期",
        "reason": "原因",
    },
    "contact": {"department": "部门", "role": "角色", "leader_title": "分管负责人职务", "office": "责任科室", "phone": "联络电话"},
    "declaration": {
        "feed": "报送表", "period": "期间", "covers_to": "数据截至", "rows": "行数", "amount": "控制金额", "nothing": "零报告",
    },
    "permit": {
        "permit_no": "许可证号", "uscc": "统一社会信用代码", "kind": "许可证类型", "industry_code": "行业领域", "valid_from": "有效期自", "valid_to": "有效期至",
        "status": "许可证状态",
    },
    "insurer_capacity": {
        "insurer_code": "保险机构", "period": "期间", "has_management_unit": "设有管理机构", "risk_staff": "风控人员数", "expert_count": "专家人数",
        "has_rules": "管理制度健全", "has_system": "服务信息系统", "outlets": "本地网点数", "solvency_core": "核心偿付能力充足率",
        "solvency_total": "综合偿付能力充足率",
    },
    "social_insurance": {"uscc": "统一社会信用代码", "period": "期间", "insured_persons": "参保人数"},
    "enterprise_link": {"uscc": "统一社会信用代码", "other_uscc": "关联单位信用代码", "kind": "关系"},
    "indicator": {"district_code": "所在区市", "year": "年度", "name": "指标名称", "value": "数值", "unit": "单位"},
}  # fmt: skip
TITLE = {
    "policy": "保单",
    "coinsurance": "共保",
    "endorsement": "批单",
    "claim": "理赔",
    "service_record": "服务记录",
    "fee_ledger": "费用台账",
    "enterprise": "名录",
    "hazard": "隐患台账",
    "complaint": "投诉",
    "document": "文件",
    "service_plan": "年度服务方案",
    "project": "建设项目",
    "accident": "事故",
    "service_org": "服务机构",
    "expert": "专家",
    "inspection": "监督检查",
    "inspection_plan": "检查计划",
    "problem": "问题清单",
    "enforcement": "行政处罚",
    "credit_list": "信用名单",
    "contact": "联络员",
    "indicator": "背景指标",
    "declaration": "报送声明",
    "permit": "许可证",
    "insurer_capacity": "承保机构能力",
    "social_insurance": "社保人数",
    "enterprise_link": "单位关系",
}
MONEY = {
    "contract_amount",
    "premium_written",
    "premium_received",
    "limit_per_person",
    "limit_aggregate",
    "commission",
    "premium_change",
    "received_change",
    "estimate",
    "paid_to_date",
    "advance_paid",
    "loss_rescue",
    "amount",
    "base_premium",
    "cost",
    "direct_loss",
    "fine",
}
PERCENT = {"fee_ratio", "share"}
DISTRICT_NAME = {
    "371002": "环翠区", "371003": "文登区", "371082": "荣成市", "371083": "乳山市", "371071": "高区", "371072": "经区", "371073": "临港区", "3710Z1": "南海新区",
}  # fmt: skip
INSURER_NAME = {
    "HAYC": "海岳财险",
    "DFJC": "东峰财险",
    "LHCX": "蓝海财险",
    "TSBX": "泰石财险",
    "JNCX": "江宁财险",
    "PJCX": "浦津财险",
}


@dataclass(frozen=True)
class Style:
    """How a sender writes: file type, encoding, whether codes are written as names, dates, money."""

    suffix: str
    encoding: str
    names: bool
    date_format: str

    @property
    def first_line(self) -> int:
        """The line the first record stands on: a workbook has a title above its header."""
        return 3 if self.suffix == "xlsx" else 2


STYLES = [
    Style("csv", "utf-8-sig", names=True, date_format="%Y-%m-%d"),
    Style("csv", "gb18030", names=True, date_format="%Y/%m/%d"),
    Style("xlsx", "", names=True, date_format="%Y-%m-%d"),
    Style("csv", "utf-8", names=False, date_format="%Y-%m-%d"),
]


def write(
    out: Path, scale: str, seed: int, dirt: float, progress: Callable[[str], None] = lambda text: None
) -> dict[str, int]:
    """Generates the drops and the truth of one world.

    Args:
        scale: a key of model.SCALES. dirt: share of rows with a mistake, 0..1.
    Returns:
        rows written per feed.
    """
    tiles = SCALES[scale].tiles
    (out / "truth").mkdir(parents=True, exist_ok=True)
    written = {}
    every_file: list[str] = []
    with _writers(tiles) as writers:
        world = build(SCALES[scale], seed)
        begun: dict[str, list[Begun]] = {}
        for place, (feed, frame) in enumerate(world.feeds.items()):
            dirty = mistakes.spread(feed, _prepare(feed, frame), dirt, seed * 100 + place)
            begun[feed] = _begin_feed(out, feed, dirty, tiles, writers)
        for feed, files in begun.items():
            progress(f"{TITLE[feed]}：{world.feeds[feed].height * tiles:,} 行")
            truth, written[feed] = _finish_feed(files)
            truth.write_parquet(out / "truth" / f"{feed}.parquet")
            every_file += [place.as_posix() for group in files for place in group.parts]
    expected = mistakes.spoil_files(out / "raw", every_file) if dirt else mistakes.NO_FILES
    expected.write_parquet(out / "truth" / "files.parquet")
    world.patterns.write_parquet(out / "truth" / "patterns.parquet")
    return written


@contextmanager
def _writers(tiles: int) -> Iterator[Executor]:
    """Who writes the files: processes for a large world (Python turns one text at a time into another encoding)."""
    if tiles == 1:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            yield threads
        return
    with (
        environment("POLARS_MAX_THREADS", "1"),  # one core each
        processes(os.cpu_count() or 1) as writers,
    ):
        for _ in range(os.cpu_count() or 1):
            writers.submit(_ready)
        yield writers


def _ready() -> None:
    """Nothing: a process told to do it loads its modules, while the world is still being built."""


def _prepare(feed: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows in order of sender, drop and key, with the columns a sender sends."""
    return frame.sort("provider", "received", *list(HEADERS[feed])[:3])


def _text(feed: str, frame: pl.DataFrame, style: Style) -> pl.DataFrame:
    """True values as a sender of this style types them."""
    columns = []
    for name in HEADERS[feed]:
        value = pl.col(name)
        kind = frame.schema[name]
        if name in MONEY:
            sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
            text = pl.concat_str(
                sign, value.abs() // 100, pl.lit("."), (value.abs() % 100).cast(pl.String).str.zfill(2)
            )
        elif name in PERCENT:
            text = (
                pl.concat_str(value, pl.lit("%"))
                if style.names
                else pl.concat_str(pl.lit("0."), value.cast(pl.String).str.zfill(2))
            )
        elif kind == pl.Date:
            text = value.dt.strftime(style.date_format)
        elif kind == pl.Datetime:
            text = value.dt.strftime("%Y-%m-%d %H:%M:%S")
        elif kind == pl.Boolean:
            text = pl.when(value).then(pl.lit("是")).when(~value).then(pl.lit("否"))
        else:
            text = value.cast(pl.String)
        columns.append(text.alias(name))
    text_frame = frame.select(columns)
    spoken = {
        "district_code": DISTRICT_NAME, "industry_code": {code: row[4] for code, row in INDUSTRIES.items()}, "insurer_code": INSURER_NAME,
    } if style.names else {}  # fmt: skip
    spoken |= {"product_code": PRODUCT_NAME, "item": ITEM_NAME}
    return text_frame.with_columns(
        pl.col(name).replace(mapping) for name, mapping in spoken.items() if name in text_frame.columns
    )


@dataclass(frozen=True)
class Begun:
    """Files of one style that are being written: their rows (of the first tile) by place, in the end the number of rows."""

    parts: dict[Path, pl.DataFrame]
    style: Style
    done: Future[int]


def _begin_feed(out: Path, feed: str, rows: pl.DataFrame, tiles: int, writers: Executor) -> list[Begun]:
    """One file per sender and drop; files are written together, since most are small."""
    together: dict[Style, dict[Path, pl.DataFrame]] = {}
    begun = []

    def begin(style: Style) -> None:
        parts = together.pop(style)
        begun.append(Begun(parts, style, writers.submit(_write_files, out / "raw", feed, parts, style, tiles)))

    for (provider, received), part in rows.partition_by(
        "provider", "received", as_dict=True, maintain_order=True
    ).items():
        style = STYLES[sum(str(provider).encode()) % len(STYLES)]
        # Workbooks are for people: large senders at large scales send text.
        if style.suffix == "xlsx" and (part.height > 20_000 or tiles > 1):
            style = STYLES[0]
        stamp = f"{received:%Y-%m-%d}"
        place = Path(str(provider)) / feed / stamp / f"{stamp[:7].replace('-', '')}{TITLE[feed]}.{style.suffix}"
        together.setdefault(style, {})[place] = part
        if sum(part.height for part in together[style].values()) > ROWS_TOGETHER:
            begin(style)
    for style in list(together):
        begin(style)
    return begun


def _finish_feed(begun: list[Begun]) -> tuple[pl.DataFrame, int]:
    """The first tile's truth rows, and how many rows the files hold."""
    truth = [
        part.with_columns(
            path=pl.lit(place.as_posix()), line_no=pl.int_range(pl.len(), dtype=pl.Int64) + files.style.first_line
        )
        for files in begun
        for place, part in files.parts.items()
    ]
    return pl.concat(truth), sum(files.done.result() for files in begun)


def _write_files(raw: Path, feed: str, parts: dict[Path, pl.DataFrame], style: Style, tiles: int) -> int:
    """Writes the rows of every tile; returns their number."""
    rows = pl.concat(parts.values())
    number = np.repeat(np.arange(len(parts)), [part.height for part in parts.values()])
    typed = _text(feed, rows, style).with_columns(dirt=rows["dirt"], file=pl.Series(number))
    places = [raw / place for place in parts]
    for place, text in _spoiled(feed, typed).items():
        path = places[place]
        path.parent.mkdir(parents=True, exist_ok=True)
        if style.suffix == "xlsx":
            _write_workbook(path, feed, text)
        else:
            bom = codecs.BOM_UTF8 if style.encoding == "utf-8-sig" else b""
            path.write_bytes(bom + _lines(text, style, header=True))
    return typed.height + (_add_tiles(places, feed, of_every_tile(feed, typed), style, tiles) if tiles > 1 else 0)


def _add_tiles(places: list[Path], feed: str, typed: pl.DataFrame, style: Style, tiles: int) -> int:
    """Adds the rows of all tiles but the first to their files; returns their number."""
    # Lines with a mistake or a quotation mark in them are written anew for every tile; the others are copied.
    quoted = pl.any_horizontal(pl.col(*HEADERS[feed]).str.contains('[,"\\n]').fill_null(value=False))
    plain = pl.col("dirt").is_null() & ~quoted
    copied, others = typed.filter(plain), typed.filter(~plain)
    at_once = min(tiles - 1, max(1, ROWS_AT_ONCE // max(1, typed.height)))
    copies = Copies(feed, list(HEADERS[feed]), _lines(copied.select(*HEADERS[feed]), style), at_once)
    ends = copies.line_ends[copied["file"].search_sorted(np.arange(len(places)), "right")]
    for first in range(1, tiles, at_once):
        some = range(first, min(tiles, first + at_once))
        letters = copies.of(some)
        anew = _spoiled(feed, several(feed, others, some))
        for place, path in enumerate(places):
            with path.open("ab") as file:
                file.writelines(letters[:, ends[place - 1] if place else 0 : ends[place]])
                if place in anew:
                    file.write(_lines(anew[place], style))
    return typed.height * (tiles - 1)


def _spoiled(feed: str, typed: pl.DataFrame) -> dict[int, pl.DataFrame]:
    """Rows with their mistakes, under the sender's headers, by number of file."""
    names = ["file", *HEADERS[feed]]
    spoiled = mistakes.soil(feed, typed.select(names), typed["dirt"]).rename(HEADERS[feed])
    parts = spoiled.partition_by("file", as_dict=True, include_key=False, maintain_order=True)
    return {int(place): text for (place,), text in parts.items()}


def _lines(text: pl.DataFrame, style: Style, *, header: bool = False) -> bytes:
    """Rows as a sender's CSV."""
    buffer = io.BytesIO()
    text.write_csv(buffer, include_header=header)
    content = buffer.getvalue()
    if style.encoding.startswith("utf-8"):
        return content
    pieces = []
    start = 0
    while start < len(content):  # what fits a processor's cache is turned into other letters three times as fast
        end = content.find(b"\n", start + ENCODED_AT_ONCE) + 1 or len(content)
        pieces.append(content[start:end].decode().encode(style.encoding))
        start = end
    return b"".join(pieces)


def _write_workbook(path: Path, feed: str, named: pl.DataFrame) -> None:
    """A workbook as people keep them: a title line above, 合计 below, a hidden sheet with code lists."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet(TITLE[feed])
        bold = book.add_format({"bold": True})
        sheet.write(0, 0, f"安全生产责任保险{TITLE[feed]}清单（合成数据）", bold)
        sheet.write_row(1, 0, named.columns, bold)
        for place, column in enumerate(named.columns):
            sheet.write_column(2, place, named[column].to_list())
        sheet.write(2 + named.height, 0, "合计")
        codes = book.add_worksheet("代码")
        codes.hide()
        codes.write_column(0, 0, list(DISTRICTS["weihai"]))
    path.write_bytes(buffer.getvalue())
