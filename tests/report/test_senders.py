"""What senders get: templates that load, rejection workbooks that can be acted on and are safe to open."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import fastexcel
import polars as pl
import pytest
from conftest import Home, bundled, copied, make_uscc
from drops import POLICY, policy

from pipelines.documents.spreadsheet import escaped
from pipelines.feeds.contracts import contracts
from pipelines.ingest.drop import SENDER_KINDS
from pipelines.report.rejects import write_rejects
from pipelines.report.template import EXAMPLE, write_template


@pytest.mark.parametrize("feed", contracts())
def test_template_loads_and_its_example_row_is_ignored(home: Home, tmp_path: Path, feed: str) -> None:
    contract = contracts()[feed]
    sender = "weihai_city" if "city_bureau" in SENDER_KINDS[contract.sender] else "weihai_hayc"
    path = tmp_path / "模板.xlsx"
    write_template(feed, path, bundled())
    home.drop(sender, feed, "2024-01-01", "空模板.xlsx", path.read_bytes())
    landed = home.land()[feed]
    assert (landed.new_files, landed.refused, landed.rows_in) == (1, 0, 0)
    # The example values themselves are good ones: written without the mark they load.
    sheet = pl.DataFrame(fastexcel.read_excel(path).load_sheet(0, header_row=0, dtypes="string").to_polars())
    row = sheet.with_columns(pl.all().str.strip_prefix(f"{EXAMPLE}（").str.strip_suffix("）"))
    if "insurer_code" in contract.provider_scope:
        row = row.with_columns(
            pl.lit(bundled().providers()[sender].name[:4]).alias(f"{contract.columns['insurer_code'].title}*")
        )
    home.drop(sender, feed, "2024-01-02", "填好.csv", row.write_csv())
    assert home.land()[feed].rows_accepted == 1


def test_template_has_drop_downs_and_hidden_codes(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "policy.xlsx"
    write_template("policy", path, bundled())
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        book = archive.read("xl/workbook.xml").decode()
    assert sheet.count("<dataValidation ") >= 6 and "不在清单内" in sheet
    assert 'name="代码" sheetId="2" state="hidden"' in book


def test_formulas_are_escaped() -> None:
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "普通", "a=b"]
    assert pl.DataFrame({"v": texts}).select(escaped(pl.col("v"))).to_series().to_list() == [
        "'=1+1",
        "'+1",
        "'-1",
        "'@x",
        "'\tx",
        "普通",
        "a=b",
    ]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("rejects"))
    bad = (
        policy("P2", 实收保费="=HYPERLINK(1)")
        + policy("P3", 保险止期="2022-01-01")
        + policy("P4", 所在区市="某区", 投保人数="")
    )
    home.drop("weihai_hayc", "policy", "2023-02-01", "一月.csv", POLICY + policy("P1", 实收保费="2000") + bad)
    home.drop("weihai_hayc", "policy", "2023-02-01", "坏.xlsx", b"PK\x03\x04")
    home.drop("weihai_hayc", "policy", "2023-03-01", "补报.csv", POLICY + policy("P3"))
    home.drop(
        "weihai_dfjc",
        "policy",
        "2023-02-01",
        "别家.csv",
        POLICY + policy("Q1", 保险机构="东峰财险", 投保人数="", 被保险人统一社会信用代码=make_uscc(99)),
    )
    return home.build().publish()


def test_rejection_workbook_tells_where_what_and_how(published: Home, tmp_path: Path) -> None:
    written = {rejects.provider: rejects for rejects in write_rejects(published.settings, tmp_path)}
    assert set(written) == {"weihai_hayc", "weihai_dfjc"}
    book = fastexcel.read_excel(written["weihai_hayc"].workbook)
    assert book.sheet_names == ["汇总", "退回明细", "提示", "未读内容", "报送完整性", "声明核对", "提示汇总"]
    detail = pl.DataFrame(book.load_sheet("退回明细", header_row=1, dtypes="string").to_polars())
    rows = detail.select("文件", "行号", "列", "原值", "记录主键").rows()
    # P3 was sent again and is released; the others stand, each with its own line for each problem.
    assert ("一月.csv", "3", "实收保费", "'=HYPERLINK(1)", "P2") in rows
    assert ("一月.csv", "5", "所在区市", "某区", "P4") in rows and ("一月.csv", "5", "投保人数", None, "P4") in rows
    assert not [row for row in rows if row[4] == "P3"]
    assert any(row[0] == "坏.xlsx" for row in rows)
    assert all(detail["怎样更正"].str.len_chars() > 8)
    summary = pl.DataFrame(book.load_sheet("汇总", header_row=1, dtypes="string").to_polars()).row(0, named=True)
    assert (summary["数据行数"], summary["接收"], summary["隔离"], summary["整份退回"]) == ("5", "2", "3", "1")
    hints = pl.DataFrame(book.load_sheet("提示", header_row=1, dtypes="string").to_polars())
    assert "policy.received_above_written" in hints["规则代码"].to_list()


def test_json_says_the_same_and_nothing_of_other_senders(published: Home, tmp_path: Path) -> None:
    written = {rejects.provider: rejects for rejects in write_rejects(published.settings, tmp_path)}
    content = json.loads((tmp_path / "weihai_hayc.json").read_text(encoding="utf-8"))
    assert len(content["退回明细"]) == written["weihai_hayc"].open_rows
    assert "Q1" not in json.dumps(content, ensure_ascii=False)
    assert "P4" not in (tmp_path / "weihai_dfjc.json").read_text(encoding="utf-8")


def test_command(published: Home) -> None:
    assert "退回清单" in published.anze("rejects", "--provider", "weihai_hayc").stdout
    assert (published.path / "rejects" / "weihai_hayc.xlsx").exists()
    assert published.anze("template", "nothing", "--out", str(published.path / "x.xlsx")).returncode == 2


MARTS = {
    "policy": "fct_policy", "coinsurance": "fct_coinsurance", "endorsement": "fct_endorsement", "claim": "fct_claim", "service_record": "fct_service",
    "fee_ledger": "fct_fee_entry", "enterprise": "fct_roster", "hazard": "fct_hazard", "service_plan": "fct_service_plan", "project": "dim_project",
    "service_org": "dim_service_org", "expert": "dim_expert", "accident": "fct_accident", "inspection": "fct_inspection", "inspection_plan": "fct_inspection_plan", "problem": "fct_problem",
    "enforcement": "fct_enforcement", "complaint": "fct_complaint", "credit_list": "fct_credit_list", "document": "fct_document", "contact": "dim_contact",
    "indicator": "fct_indicator", "answer": "fct_answer",
    "declaration": "declarations", "permit": "fct_permit", "insurer_capacity": "fct_insurer_capacity",
    "social_insurance": "fct_social_insurance", "enterprise_link": "fct_enterprise_link",
}  # fmt: skip


def test_a_record_of_every_feed_reaches_its_mart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for feed, contract in contracts().items():
        sender = "weihai_city" if "city_bureau" in SENDER_KINDS[contract.sender] else "weihai_hayc"
        write_template(feed, tmp_path / "t" / f"{feed}.xlsx", bundled())
        book = fastexcel.read_excel(tmp_path / "t" / f"{feed}.xlsx")
        row = pl.DataFrame(book.load_sheet(0, header_row=0, dtypes="string").to_polars())
        row = row.with_columns(pl.all().str.strip_prefix(f"{EXAMPLE}（").str.strip_suffix("）"))
        if "policy_no" in contract.columns:
            title = contract.columns["policy_no"].title
            row = row.with_columns(pl.lit("P1").alias(title + ("*" if contract.columns["policy_no"].required else "")))
        home.drop(sender, feed, "2024-01-01", "填好.csv", row.write_csv())
    home.build()
    assert set(MARTS) == set(contracts())
    for feed, mart in MARTS.items():
        assert home.rows(f"select count(*) from {'quality' if mart == 'declarations' else 'marts'}.{mart}") == [(1,)], (
            feed
        )
    # Certificate numbers leave the landing zone only as a hash, telephone numbers not at all.
    assert len(home.rows("select certificate_hash from marts.dim_expert")[0][0]) == 32
    assert home.rows("select count(*) from duckdb_columns() where schema_name = 'marts' and column_name = 'phone'") == [
        (0,)
    ]


def test_corrections_sent_back_release_what_was_rejected(published: Home, tmp_path: Path) -> None:
    """The rows as they were sent, each fault a comment at its cell; put right and dropped as it is, the workbook releases them, one
    whose number was the fault included. What will never come again is closed by an answer."""
    home = copied(published, tmp_path / "home")
    header = POLICY.replace("实收保费", "实收保费（万元）")
    rows = (
        policy("1.0533E+19", 实收保费="1.5")
        + policy("P8", 实收保费="两万")
        + policy("P9", 被保险人名称='"半个引号公司')
    )
    home.drop("weihai_hayc", "policy", "2023-04-01", "四月.csv", header + policy("P7", 实收保费="2") + rows)
    home.build().publish()
    written = {rejects.provider: rejects for rejects in write_rejects(home.settings, tmp_path)}
    (book,) = written["weihai_hayc"].corrections
    sheet = pl.DataFrame(fastexcel.read_excel(book).load_sheet(0, header_row=0, dtypes="string").to_polars())
    april = sheet.filter(pl.col("退回编号").is_not_null()).tail(3)
    assert april["保单号*"].to_list() == ["1.0533E+19", "P8", None]
    assert april["实收保费*"].to_list() == ["1.5万元", "两万", None], "in the unit of their header"
    with zipfile.ZipFile(book) as archive:
        comments = archive.read("xl/comments1.xml").decode()
    assert "已被 Excel 转成数字" in comments and "不是有效数字" in comments and "无法分成各列" in comments
    good = dict(zip(POLICY.strip().split(","), policy("x").strip().split(","), strict=True))
    fixed = april.with_columns(
        pl.col(f"{name}*").fill_null(value) for name, value in good.items() if f"{name}*" in april.columns
    ).with_columns(
        pl.Series("保单号*", ["Q1", "P8", "P9"]),
        pl.Series("实收保费*", ["1.5万元", "2万元", "20000"]),
    )
    home.drop("weihai_hayc", "policy", "2023-05-01", "更正.csv", fixed.write_csv())
    refused = home.rows("select reject_no from quality.quarantine where severity = 'fatal'", published=True)[0][0]
    assert refused.isalnum(), "the number of a file, without a dash for the line there is not"
    answer = f"事项编号,答复类别,说明\n{refused},不再补报,测试文件，不再报送\n".replace("，", "；")
    home.drop("weihai_hayc", "answer", "2023-05-01", "答复.csv", answer)
    home.drop("weihai_dfjc", "answer", "2023-05-01", "答复.csv", answer)
    home.build().publish()
    states = dict(
        home.rows(
            "select coalesce(file_name || ' ' || line_no, file_name), any_value(status) from quality.quarantine where provider = 'weihai_hayc' group by all",
            published=True,
        )
    )
    assert {states[f"四月.csv {line}"] for line in (3, 4, 5)} == {"released"}
    assert states["坏.xlsx"] == "closed" and states["一月.csv 5"] == "open"
    assert home.rows("select premium_received from marts.fct_policy where policy_no = 'Q1'", published=True) == [
        (15000,)
    ]


def test_what_releases_a_reject_and_what_does_not(home: Home) -> None:
    """A row corrected and rejected again stands in the place of the first; a number releases a row of its own feed only, never a
    whole file; a file refused is released by a good one of its name."""
    home.drop(
        "weihai_hayc",
        "policy",
        "2023-02-01",
        "a.csv",
        POLICY + policy("P1", 投保人数="十") + policy("P2", 投保人数="十"),
    )
    home.drop("weihai_hayc", "policy", "2023-02-01", "b.csv", "保单号,险种\nP3,安责险\n")
    home.drop("weihai_hayc", "policy", "2023-02-01", "c.csv", "保单号,险种\nP4,安责险\n")
    home.build()

    def states() -> dict[tuple[str, int | None], tuple[str, str]]:
        rows = home.rows("select file_name, line_no, reject_no, status from quality.quarantine")
        return {(name, line): (number, status) for name, line, number, status in rows}

    first = states()
    assert {status for _, status in first.values()} == {"open"} and len(first) == 4
    (one, _), (two, _), (other, _) = first["a.csv", 2], first["a.csv", 3], first["c.csv", None]
    header = POLICY.strip() + ",退回编号\n"
    rows = [
        policy("P1", 投保人数="九").strip() + f",{one.lower()}",
        "," * len(POLICY.strip().split(",")) + two,
        policy("P7").strip() + f",{other}",
    ]
    home.drop("weihai_hayc", "policy", "2023-03-01", "更正.csv", header + "\n".join(rows) + "\n")
    home.drop("weihai_hayc", "policy", "2023-03-01", "b.csv", POLICY + policy("P3"))
    claim = "理赔案号,保单号,被保险人统一社会信用代码,出险时间,报案时间,估损金额,累计已付赔款,案件状态,退回编号\n"
    claim += f"C1,P3,{make_uscc(1)},2023-02-01,2023-02-02,100,0,处理中,{two}\n"
    home.drop("weihai_hayc", "claim", "2023-03-01", "赔.csv", claim)
    home.build()
    second = states()
    assert home.rows("select count(*) from marts.fct_claim") == [(1,)]
    assert second["a.csv", 2][1] == "superseded" and second["更正.csv", 2][1] == "open", "rejected again"
    assert second["a.csv", 3][1] == "open" and ("更正.csv", 3) not in second, (
        "a number by itself is no record; a claim corrects no policy"
    )
    assert second["b.csv", None][1] == "released" and second["c.csv", None][1] == "open", "a row stands for no file"
    again = second["更正.csv", 2][0]
    home.drop("weihai_hayc", "policy", "2023-04-01", "再.csv", header + policy("P8").strip() + f",{again}\n")
    home.build()
    third = states()
    assert (
        third["更正.csv", 2][1] == "released"
        and third["a.csv", 2][1] == "superseded"
        and third["a.csv", 3][1] == "open"
    )
