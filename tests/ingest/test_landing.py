"""What becomes of the rows of a drop: accepted, quarantined with a usable message, or an exact duplicate."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from unittest.mock import Mock

import polars as pl
import pytest
from conftest import Home, bundled, make_uscc
from drops import HEADER, POLICY, book, policy
from hypothesis import given
from hypothesis import strategies as st

from pipelines.feeds.contracts import contracts
from pipelines.ingest import manifest, normalise, workers
from pipelines.ingest.checks.columns import reading_day
from pipelines.ingest.manifest import parse_stamp
from pipelines.ingest.readers import delimited
from pipelines.ingest.receive import file_drop

U1, U2 = make_uscc(1), make_uscc(2)


def issues(home: Home) -> list[tuple[str, ...]]:
    table = pl.read_parquet(home.settings.landing / "_issues" / "*.parquet")
    return (
        table.select("line_no", "severity", "rule_code", "column_name", "raw_value", "record_key", "message")
        .sort("line_no")
        .rows()
    )


def test_rejected_row_says_where_what_and_what_to_do(home: Home) -> None:
    home.drop(
        "weihai_hayc", "policy", "2023-02-01", "一月.csv", POLICY + policy("P1") + policy("P2", 保险止期="2022-06-30")
    )
    landed = home.land()["policy"]
    assert (landed.rows_in, landed.rows_accepted, landed.rows_quarantined) == (2, 1, 1)
    assert issues(home) == [
        (3, "reject", "policy.expiry_before_inception", "expiry_date", "2022-06-30", "P2",
         "保险止期早于保险起期（2023-01-02）。请核对后在下一批文件中重新报送该保单，保单号不变。"),
    ]  # fmt: skip


def test_all_problems_of_a_row_are_told_at_once(home: Home) -> None:
    home.drop(
        "weihai_hayc",
        "policy",
        "2023-02-01",
        "a.csv",
        POLICY + policy("P1", 所在区市="某区", 实收保费="很多", 投保人数=""),
    )
    landed = home.land()["policy"]
    assert (landed.rows_accepted, landed.rows_quarantined) == (0, 1)
    assert sorted(row[2] for row in issues(home)) == ["bad_number", "missing_value", "unknown_code"]


def test_exact_repeats_inside_a_file_are_counted_as_duplicates(home: Home) -> None:
    # The second row differs only in spelling: full-width digits in the policy number.
    home.drop(
        "weihai_hayc",
        "policy",
        "2023-02-01",
        "a.csv",
        POLICY + policy("P1") + policy("Ｐ１") + policy("P1", 实收保费="900"),
    )
    landed = home.land()["policy"]
    assert (landed.rows_in, landed.rows_accepted, landed.rows_duplicate) == (3, 2, 1)


def test_an_insurer_speaks_for_itself_and_its_own_city_only(home: Home) -> None:
    rows = policy("P1", 保险机构="东峰财险") + policy("P2", 所在区市="浦东新区") + policy("P3")
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", POLICY + rows)
    assert home.land()["policy"].rows_accepted == 1
    assert [(row[0], row[2], row[3]) for row in issues(home)] == [
        (2, "provider_mismatch", "insurer_code"),
        (3, "provider_mismatch", "district_code"),
    ]


def test_a_bureau_may_not_list_units_of_another_district(home: Home) -> None:
    header = "统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期\n"
    rows = f"{U1},甲,环翠区,危化,是,存续,2020-01-01\n{U2},乙,文登区,危化,是,存续,2020-01-01\n"
    home.drop("weihai_371002", "enterprise", "2023-02-01", "名录.csv", header + rows)
    assert home.land()["enterprise"].rows_accepted == 1
    assert issues(home)[0][2] == "provider_mismatch"


def test_dropping_the_same_file_again_changes_nothing(home: Home) -> None:
    content = POLICY + policy("P1")
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", content)
    home.land()
    before = pl.read_parquet(home.settings.landing / "policy" / "*.parquet")
    home.drop("weihai_hayc", "policy", "2023-03-01", "b.csv", content)
    home.land()
    assert pl.read_parquet(home.settings.landing / "policy" / "*.parquet").equals(before)
    files = home.files()
    assert sorted(files.select("file_name", "status").rows()) == [("a.csv", "loaded"), ("b.csv", "unchanged")]


def test_the_first_received_copy_stands_whatever_the_order_of_loading(home: Home) -> None:
    content = POLICY + policy("P1")
    home.drop("weihai_hayc", "policy", "2023-03-01", "late.csv", content)
    home.land()
    home.drop("weihai_hayc", "policy", "2023-02-01", "early.csv", content)
    home.land()
    files = home.files()
    assert files.filter(pl.col("status") == "loaded")["file_name"].to_list() == ["early.csv"]


def test_a_refused_file_does_not_stop_the_others(home: Home) -> None:
    home.drop("weihai_hayc", "policy", "2023-02-01", "坏.xlsx", b"PK\x03\x04")
    home.drop("weihai_hayc", "policy", "2023-02-01", "好.csv", POLICY + policy("P1"))
    home.drop("weihai_371002", "policy", "2023-02-01", "越权.csv", POLICY + policy("P1"))
    home.drop("nobody", "policy", "2023-02-01", "无名.csv", POLICY + policy("P1"))
    landed = home.land()["policy"]
    assert (landed.refused, landed.rows_accepted) == (3, 1)
    reasons = dict(home.files().select("file_name", "reason").rows())
    assert "Excel" in reasons["坏.xlsx"] and "保险机构" in reasons["越权.csv"] and "nobody" in reasons["无名.csv"]


def test_a_drop_without_stamp_keeps_the_time_it_was_first_seen(home: Home) -> None:
    path = home.drop("weihai_hayc", "policy", "x", "a.csv", POLICY + policy("P1"))
    path.rename(path.parents[1] / "a.csv")
    home.land()
    first = home.files()["received_at"].to_list()
    for file in home.settings.landing.rglob("*"):
        if file.is_file():
            file.unlink()
    home.land()
    assert home.files()["received_at"].to_list() == first


def test_a_landing_file_that_was_lost_is_made_again(home: Home) -> None:
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", POLICY + policy("P1"))
    home.land()
    for path in (home.settings.landing / "_receipts").glob("*.json"):
        path.unlink()
    for path in (home.settings.landing / "policy").glob("*.parquet"):
        path.unlink()
    assert home.land()["policy"].rows_accepted == 1


def test_personal_data_is_hashed_and_never_quoted(home: Home) -> None:
    header = "服务编号,保单号,保险机构,被保险人统一社会信用代码,服务项目,服务形式,服务方式,服务专家,服务状态\n"
    home.drop(
        "weihai_hayc",
        "service_record",
        "2023-02-01",
        "a.csv",
        header + f"S1,P1,海岳财险,{U1},隐患排查,线下,自有,ZS-12345,进行中\n",
    )
    home.land()
    expert = pl.read_parquet(home.settings.landing / "service_record" / "*.parquet")["experts"].to_list()
    assert len(expert) == 1 and len(expert[0]) == 32 and "12345" not in expert[0]
    for path in home.settings.landing.rglob("*.parquet"):
        assert b"ZS-12345" not in path.read_bytes()


def test_unknown_columns_are_kept_aside(home: Home) -> None:
    text = (POLICY + policy("P1")).replace("保单状态\n", "保单状态,经办科室\n").replace("有效\n", "有效,二科\n")
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", text)
    home.land()
    assert pl.read_parquet(home.settings.landing / "policy" / "*.parquet")["extra"].to_list() == ["经办科室"]
    for path in home.settings.landing.rglob("*.parquet"):
        assert "二科".encode() not in path.read_bytes(), "nobody has said what it is: it may be personal"


def test_stamps() -> None:
    assert str(parse_stamp("2023-12-10T0930")) == "2023-12-10 09:30:00"
    assert parse_stamp("2023-13-01") is None
    assert parse_stamp("december") is None


def test_every_contract_has_its_key_and_scope_among_its_columns() -> None:
    for contract in contracts().values():
        assert set(contract.key) | set(contract.provider_scope) <= set(contract.columns)
        assert {rule.column for rule in contract.rules} <= set(contract.columns)


def test_a_misfiled_drop_is_refused_not_overlooked(home: Home) -> None:
    content = POLICY + policy("P1")
    home.drop("weihai_hayc", "polcy", "2023-02-01", "错字.csv", content)
    home.drop("weihai_hayc", "policy", "昨天", "日期.csv", content)
    home.drop("weihai_hayc", "policy", "2023-02-01/更深", "深.csv", content)
    (home.settings.raw / "weihai_hayc" / "浅.csv").write_text(content, encoding="utf-8")
    (home.settings.raw / "README.md").write_text("说明", encoding="utf-8")
    home.land()
    files = home.files()
    assert sorted(files["file_name"]) == ["日期.csv", "浅.csv", "深.csv", "错字.csv"]
    assert not (files["status"] == "loaded").any()
    assert files.filter(pl.col("status") == "refused")["reason"].str.contains("放错了位置").all()
    home.drop("weihai_hayc", "policy", "2023-02-01", "对.csv", content)
    assert home.land()["policy"].rows_accepted == 1
    files = home.files()
    assert files.filter(pl.col("status") == "loaded")["file_name"].to_list() == ["对.csv"]


def test_links_are_not_followed(home: Home, tmp_path: Path) -> None:
    """A sender's link might lead to another sender's files; a provider's folder that is a link is the operator's doing."""
    theirs = home.drop("weihai_lhcx", "policy", "2023-02-01", "一月.csv", POLICY + policy("P1", 保险机构="蓝海财险"))
    mine = home.drop("weihai_hayc", "policy", "2023-02-01", "一月.csv", POLICY + policy("P2")).parent
    (mine / "二月.csv").symlink_to(theirs)
    (mine / "loop.csv").symlink_to("loop.csv")
    (mine.parent / "2023-03-01").symlink_to(theirs.parent)
    elsewhere = tmp_path / "sftp"
    mine.parents[1].rename(elsewhere)
    mine.parents[1].symlink_to(elsewhere)

    def files() -> dict[str, tuple[str, str]]:
        table = home.files()
        return {path: (status, reason[:8]) for path, status, reason in table.select("path", "status", "reason").rows()}

    home.land()
    refused = ("refused", "这是一个链接，不")
    assert files() == {
        "weihai_lhcx/policy/2023-02-01/一月.csv": ("loaded", ""),
        "weihai_hayc/policy/2023-02-01/一月.csv": ("loaded", ""),
        "weihai_hayc/policy/2023-02-01/二月.csv": refused,
        "weihai_hayc/policy/2023-02-01/loop.csv": refused,
        "weihai_hayc/policy/2023-03-01/": refused,
    }
    assert sum(landed.new_files for landed in home.land().values()) == 0
    # What was read before and is a link now is refused as well; the file itself, laid down again, is read.
    (mine / "一月.csv").unlink()
    (mine / "一月.csv").symlink_to(theirs)
    (mine / "二月.csv").unlink()
    home.drop("weihai_hayc", "policy", "2023-02-01", "二月.csv", POLICY + policy("P2"))
    home.land()
    assert files()["weihai_hayc/policy/2023-02-01/一月.csv"] == refused
    assert files()["weihai_hayc/policy/2023-02-01/二月.csv"] == ("loaded", "")


def test_names_written_by_chinese_windows(home: Home) -> None:
    """Names in GBK bytes (an old FTP client) are read as such, even beside the same name in UTF-8; a pipe is no drop."""
    folder = home.drop("weihai_hayc", "policy", "2023-02-01", "一月.csv", POLICY + policy("P1")).parent
    gbk = os.fsencode(folder) + "/一月.csv".encode("gbk")
    Path(os.fsdecode(gbk)).write_text(POLICY + policy("P2"), encoding="utf-8")
    Path(os.fsdecode(os.fsencode(folder) + "/二月.csv".encode("gbk"))).write_text(
        POLICY + policy("P3"), encoding="utf-8"
    )
    wrong = Path(os.fsdecode(os.fsencode(folder.parents[1]) + "/理赔".encode("gbk")))
    wrong.mkdir()
    (wrong / "a.csv").write_text("x", encoding="utf-8")
    os.mkfifo(folder / "pipe.csv")
    assert home.land()["policy"].rows_accepted == 3
    files = dict(home.files().select("path", "status").rows())
    assert files == {
        "weihai_hayc/policy/2023-02-01/一月.csv": "loaded",
        "weihai_hayc/policy/2023-02-01/һ\\xd4\\xc2.csv": "loaded",
        "weihai_hayc/policy/2023-02-01/二月.csv": "loaded",
        "weihai_hayc/理赔/a.csv": "refused",
    }
    assert sum(landed.new_files for landed in home.land().values()) == 0


def land_without_privileges(home: Home) -> None:
    """Lands as a user to whom permissions apply: the system manager (in a container, the tests) may read everything."""
    program = "import sys; from pathlib import Path; from pipelines.ingest.landing import land; from pipelines.settings import settings; land(settings(Path(sys.argv[1])))"
    rights = "-dac_override,-dac_read_search"
    as_user = [] if os.geteuid() else ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]
    subprocess.run([*as_user, sys.executable, "-c", program, str(home.path)], check=True)


def test_what_may_not_be_read_is_refused_until_it_may(home: Home) -> None:
    """An upload account whose umask keeps others out: of one file, of a folder never read, of a folder read before."""
    closed = [
        home.drop("weihai_hayc", "policy", "2023-02-01", "一月.csv", POLICY + policy("P1")),
        home.drop("weihai_hayc", "policy", "2023-03-01", "二月.csv", POLICY + policy("P2")).parent,
    ]
    before = home.drop("weihai_hayc", "policy", "2023-04-01", "三月.csv", POLICY + policy("P3")).parent
    for path in closed:
        path.chmod(0)
    land_without_privileges(home)

    def files() -> dict[str, tuple[str, int]]:
        table = home.files()
        return {path: (status, rows) for path, status, rows in table.select("path", "status", "rows_accepted").rows()}

    refused = {
        "weihai_hayc/policy/2023-02-01/一月.csv": ("refused", 0),
        "weihai_hayc/policy/2023-03-01/": ("refused", 0),
    }
    loaded = {"weihai_hayc/policy/2023-04-01/三月.csv": ("loaded", 1)}
    assert files() == refused | loaded
    assert {issue[2] for issue in issues(home)} == {"unreadable"} and "umask" in issues(home)[0][-1]
    before.chmod(0)
    land_without_privileges(home)
    assert files() == refused | loaded | {"weihai_hayc/policy/2023-04-01/": ("refused", 0)}
    before.chmod(0o444)  # its files' names may be read, and nothing else
    land_without_privileges(home)
    assert files() == refused | loaded
    for path in (*closed, before):
        path.chmod(0o755)
    land_without_privileges(home)
    assert set(files().values()) == {("loaded", 1)} and len(files()) == 3 and issues(home) == []


def test_several_experts_of_one_visit_are_hashed_one_by_one(home: Home) -> None:
    """The same person is found again whoever came along, however the sender separated them (expert rules need it)."""
    header = (
        "服务编号,保单号,保险机构,被保险人统一社会信用代码,服务项目,服务形式,服务方式,服务专家,佐证材料指纹,服务状态\n"
    )
    rows = [("S1", "甲1/乙2", "aa；bb"), ("S2", "乙2", "bb"), ("S3", "乙2、甲1 ", ""), ("S4", "", "/")]
    content = header + "".join(
        f"{number},P1,海岳财险,{U1},隐患排查,线下,外聘,{experts},{hashes},待开展\n" for number, experts, hashes in rows
    )
    home.drop("weihai_hayc", "service_record", "2023-02-01", "一月.csv", content)
    home.land()
    landed = pl.read_parquet(home.settings.landing / "service_record" / "*.parquet").sort("service_no")
    first, second, both, nobody = landed["experts"].to_list()
    assert first.split("、") == both.split("、")[::-1] and first.split("、")[1] == second and nobody is None
    assert len(second) == 32 and landed["evidence_hashes"].to_list() == ["aa、bb", "bb", None, None]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_large_file_read_in_blocks_lands_as_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, line_end: str
) -> None:
    """Line breaks and delimiters inside quotes, bad rows, blank lines, repeats hundreds of rows apart."""
    rows = [
        policy(f"P{number}", 被保险人名称='"甲,""乙""\n公司"' if number % 7 == 0 else "甲公司") for number in range(300)
    ]
    rows[20] = policy("P20", 保险止期="2001-01-01")
    rows.insert(100, "\n")
    rows += [rows[3], rows[250], policy("P9", 投保人数="11")]
    text = POLICY + "".join(rows)
    content = (text if line_end == "\n" else text.replace("\n", line_end)).encode(encoding)
    whole, pieces = Home(tmp_path / "whole"), Home(tmp_path / "pieces")
    for home in (whole, pieces):
        home.drop("weihai_hayc", "policy", "2023-02-01", "大.csv", content)
    expected = whole.land()["policy"]
    assert (expected.rows_in, expected.rows_accepted, expected.rows_quarantined, expected.rows_duplicate) == (
        303,
        300,
        1,
        2,
    )
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 4_000)
    assert pieces.land()["policy"] == expected
    parts = sorted((pieces.settings.landing / "policy" / "_small").glob("*.parquet"))
    assert len(parts) > 5

    def landed(home: Home) -> list[tuple[object, ...]]:
        return pl.read_parquet(home.settings.landing / "policy" / "[!_]*.parquet").sort("line_no").rows()

    assert landed(pieces) == landed(whole)
    assert issues(pieces) == issues(whole)


def test_of_a_large_file_refused_half_way_nothing_stays(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 4_000)
    good = POLICY + "".join(policy(f"P{number}") for number in range(100))
    home.drop("weihai_hayc", "policy", "2023-02-01", "大.csv", good.encode() + b"\x00\x00,nothing\n" * 400)
    landed = home.land()["policy"]
    assert (landed.refused, landed.rows_accepted) == (1, 0)
    assert [path.name for path in (home.settings.landing / "policy").rglob("*.parquet")] == ["_empty.parquet"]


def test_drops_are_read_by_other_processes_with_the_same_outcome(tmp_path: Path) -> None:
    here, by_processes = Home(tmp_path / "here"), Home(tmp_path / "processes")
    for home in (here, by_processes):
        for number in range(12):
            home.drop("weihai_hayc", "policy", "2023-02-01", f"{number}.csv", POLICY + policy(f"P{number}", 保险止期="2001-01-01" if number == 5 else "2024-01-01"))  # fmt: skip
        home.drop("weihai_hayc", "policy", "2023-02-01", "坏.csv", b"\xff\xff\x81\x00")
    by_processes.settings.threads = 2
    expected = here.land()["policy"]
    assert by_processes.land(apart=True)["policy"] == expected
    files = [home.files() for home in (here, by_processes)]
    assert files[0].equals(files[1])


def words_that_kill(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON lines with DEADLY in them end the process that reads them."""
    (folder / "sitecustomize.py").write_text(
        "import os\nimport pipelines.ingest.readers.tables as readers\nreal = readers.read_jsonl\n"
        "readers.read_jsonl = lambda content, *rest: os.abort() if b'DEADLY' in content else real(content, *rest)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{os.environ.get('PYTHONPATH', '')}")


def test_a_file_that_ends_the_process_reading_it_is_refused_and_the_others_load(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As if the parser had been killed for want of memory: no exception, the process is gone."""
    words_that_kill(tmp_path, monkeypatch)
    row = dict(zip(POLICY.strip().split(","), policy("P1").strip().split(","), strict=True))
    names = ["甲公司", "DEADLY", "乙公司", *["丙公司"] * 7]
    for number, name in enumerate(names):
        line = json.dumps(row | {"保单号": f"P{number}", "被保险人名称": name}, ensure_ascii=False)
        home.drop("weihai_hayc", "policy", "2023-02-01", f"{number}.jsonl", line + "\n")
    home.settings.threads = 2
    landed = home.land(apart=True)["policy"]
    assert (landed.new_files, landed.refused, landed.rows_accepted) == (10, 1, 9)
    files = home.files().sort("file_name")
    assert files["status"].to_list() == ["loaded", "refused", *["loaded"] * 8]
    assert "没有读完，或异常终止" in files["reason"][1]
    assert home.land(apart=True)["policy"].new_files == 0


def test_files_read_together_land_as_each_does_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told of a file (repeats, codes damaged by Excel, blank lines, sums, other headers) is told of it alone."""
    good, damaged = "913710001234567891", "913700000000000000"
    texts = {
        "普通": POLICY + policy("P1") + policy("P2", 保险止期="2001-01-01"),
        "同样的行": POLICY + policy("P1") + policy("P1") + policy("P3", 实收保费="一千"),
        "只有表头": POLICY,
        "合计": POLICY + policy("P4") + "合计" + "," * (POLICY.count(",")) + "\n\n",
        "多一格": POLICY + policy("P5").rstrip("\n") + ",多\n" + policy("P6"),
        "Excel 丢了位数": POLICY + policy("P7", 被保险人统一社会信用代码=damaged),
        "另有好代码": POLICY
        + policy("P8", 被保险人统一社会信用代码=damaged)
        + policy("P9", 被保险人统一社会信用代码=good),
        "另一种表头": POLICY.replace("实收保费", "实收保费（万元）") + policy("P10"),
        "多一列": POLICY.rstrip("\n") + ",备注一\n" + policy("P11").rstrip("\n") + ",好\n",
        "无名的空列": POLICY.rstrip("\n") + ",\n" + policy("P13").rstrip("\n") + ",\n",
        "无名而有值的列": POLICY.rstrip("\n") + ",\n" + policy("P14").rstrip("\n") + ",好\n",
        "没有表头": policy("P12"),
        "空": "",
        "坏": "\x00" + POLICY,
    }
    homes = {"alone": Home(tmp_path / "alone"), "together": Home(tmp_path / "together")}
    landed = {}
    for how, home in homes.items():
        for name, text in texts.items():
            for stamp in ("2023-02-01", "2023-03-01"):
                home.drop("weihai_hayc", "policy", stamp, f"{name}.csv", text if stamp == "2023-02-01" else text + "\n")
        with monkeypatch.context() as patched:
            patched.setattr(workers, "TOGETHER_FILES", 1 if how == "alone" else 32)
            if how == "together":
                patched.setattr(
                    "pipelines.ingest.checks.check.check", None
                )  # the rest of a file is not read twice for nothing
            landed[how] = home.land()["policy"]

    def outcome(home: Home) -> list[object]:
        receipts = sorted(home.receipts(), key=lambda receipt: receipt.path)
        found: list[object] = []
        for receipt in receipts:
            rows = [pl.read_parquet(home.settings.landing / name).rows() for name in receipt.outputs]
            found.append((receipt.path, receipt.status, receipt.reason, receipt.rows_in, receipt.rows_duplicate, rows))
        return found

    assert outcome(homes["together"]) == outcome(homes["alone"])
    assert landed["together"] == landed["alone"]
    assert (landed["alone"].refused, landed["alone"].rows_duplicate) == (6, 2)


def test_a_text_that_ends_the_process_reading_it_with_others_is_refused_alone(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nimport pipelines.ingest.readers.delimited as readers\nreal = readers._scan\n"
        "readers._scan = lambda body, *rest, **more: os.abort() if b'DEADLY' in body else real(body, *rest, **more)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    for number in range(6):
        name = "DEADLY" if number == 2 else "甲公司"
        home.drop(
            "weihai_hayc", "policy", "2023-02-01", f"{number}.csv", POLICY + policy(f"P{number}", 被保险人名称=name)
        )
    landed = home.land(apart=True)["policy"]
    assert (landed.new_files, landed.refused, landed.rows_accepted) == (6, 1, 5)
    files = home.files().sort("file_name")
    assert files["status"].to_list() == ["loaded", "loaded", "refused", *["loaded"] * 3]


def test_a_sender_of_many_deadly_files_does_not_take_the_night(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words_that_kill(tmp_path, monkeypatch)
    for number in range(5):
        home.drop("weihai_hayc", "policy", "2023-02-01", f"{number}.jsonl", f'{{"DEADLY": {number}}}\n' + " " * 1000)
    home.drop("weihai_lhcx", "policy", "2023-02-01", "好.csv", POLICY + policy("P1", 保险机构="蓝海财险"))
    landed = home.land(apart=True)["policy"]
    assert (landed.refused, landed.rows_accepted) == (3, 1)
    landed = home.land(apart=True)["policy"]
    assert (landed.refused, landed.rows_accepted) == (2, 0)


def test_a_file_that_is_never_read_to_its_end_is_refused_and_the_others_load(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As if a parser went round in circles: its process ends by its own alarm."""
    (tmp_path / "sitecustomize.py").write_text(
        "import time\nimport pipelines.ingest.readers.delimited as readers\nreal = readers._scan\n"
        "readers._scan = lambda body, *rest, **more: time.sleep(900) if b'STALLED' in body else real(body, *rest, **more)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    home.settings.reader_seconds = 4
    for number, name in enumerate(["甲公司", "STALLED", "乙公司"]):
        home.drop(
            "weihai_hayc", "policy", "2023-02-01", f"{number}.csv", POLICY + policy(f"P{number}", 被保险人名称=name)
        )
    landed = home.land(apart=True)["policy"]
    assert (landed.new_files, landed.refused, landed.rows_accepted) == (3, 1, 2)
    files = home.files().sort("file_name")
    assert "超过 4 秒没有读完" in files["reason"][1]


def test_where_no_reading_process_can_begin_no_file_is_to_blame(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As while somebody installs the environment anew: said in words, and read the next time."""
    (tmp_path / "sitecustomize.py").write_text(
        "import multiprocessing, os, sys\nif '--multiprocessing-fork' in sys.argv:\n    os._exit(1)\n"
    )
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", POLICY + policy("P1"))
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
        with pytest.raises(OSError, match="进程无法启动"):
            home.land(apart=True)
    landed = home.land(apart=True)["policy"]
    assert (landed.new_files, landed.refused, landed.rows_accepted) == (1, 0, 1)


def test_what_is_read_together() -> None:
    """Small texts of one sender and feed, in order; large ones and other formats alone."""
    day = datetime(2023, 2, 1)
    drops = [
        manifest.Drop(f"{provider}/{feed}/2023-02-01/{name}", provider, feed, day, size, 0)
        for provider, feed, name, size in [
            ("a", "policy", "large.csv", workers.ALONE_FROM_BYTES), ("a", "policy", "1.csv", 3), ("a", "claim", "1.csv", 3), ("a", "policy", "2.txt", 2),
            ("b", "policy", "1.csv", 2), ("a", "policy", "1.xlsx", 2), ("a", "policy", "3.csv", 1),
        ]
    ]  # fmt: skip
    tasks = workers.together(drops)
    assert [[drop.path for drop in task] for task in tasks] == [
        ["a/policy/2023-02-01/large.csv"],
        ["a/policy/2023-02-01/1.csv", "a/policy/2023-02-01/2.txt", "a/policy/2023-02-01/3.csv"],
        ["a/claim/2023-02-01/1.csv"],
        ["b/policy/2023-02-01/1.csv"],
        ["a/policy/2023-02-01/1.xlsx"],
    ]
    assert all(len(task) <= workers.TOGETHER_FILES for task in workers.together(drops[1:2] * 100))
    assert len(workers.together(drops[1:2] * 100)) == 4


@given(received=st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_the_day_a_file_is_read_by_stands_for_the_day_it_was_received(received: date) -> None:
    for feed, contract in contracts().items():
        day = reading_day(feed, received, bundled())
        assert day <= received
        for column in contract.columns.values():
            assert column.since is None or (column.since <= day) == (column.since <= received)
            if column.codes is not None:
                codes = bundled().codes_of(column)
                for valid_from, valid_to in codes.select("valid_from", "valid_to").unique().rows():
                    in_force = [
                        (valid_from is None or valid_from <= at) and (valid_to is None or valid_to >= at)
                        for at in (day, received)
                    ]
                    assert in_force[0] == in_force[1], (feed, valid_from, valid_to)


def test_of_two_copies_the_first_received_counts_whatever_they_are_called(home: Home) -> None:
    """The later copy sorts before the first by name; both ways round."""
    for first, second in (("z.csv", "a.csv"), ("b.csv", "y.csv")):
        text = POLICY + policy(f"P{first[0]}")
        home.drop("weihai_hayc", "policy", "2023-02-01", first, text)
        home.drop("weihai_hayc", "policy", "2023-03-01", second, text)
    home.land()
    files = home.files().sort("received_at", "file_name")
    assert files.select("file_name", "status").rows() == [
        ("b.csv", "loaded"), ("z.csv", "loaded"), ("a.csv", "unchanged"), ("y.csv", "unchanged"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "accepted", "rejected"),
    [
        ("实收保费", ["0", "100000000000"], ["-0.01", "100000000000.01", "99999999999999"]),
        ("投保人数", ["0", "1000000000"], ["-1", "1000000001", "13800001111"]),
        ("事故预防服务费占比", ["0", "1"], ["-0.000001", "1.0001%%"]),
        ("费率因子", ["0", "1000"], ["-1", "1000.000001"]),
        ("签单日期", ["1990-01-01", "2100-12-31"], ["1989-12-31", "2101-01-01"]),
    ],
)
def test_bounds_are_accepted_and_what_is_beyond_is_not(
    home: Home, column: str, accepted: list[str], rejected: list[str]
) -> None:
    head = POLICY if column in POLICY else POLICY.rstrip("\n") + f",{column}\n"
    tail = "" if column in POLICY else ",{}"

    def row(number: str, value: str) -> str:
        if tail:
            return policy(number).rstrip("\n") + tail.format(value) + "\n"
        return policy(number, **{column: value})

    text = head + "".join(row(f"G{place}", value) for place, value in enumerate(accepted))
    text += "".join(row(f"B{place}", value) for place, value in enumerate(rejected))
    home.drop("weihai_hayc", "policy", "2026-02-01", "a.csv", text)
    landed = home.land()["policy"]
    assert (landed.rows_accepted, landed.rows_quarantined) == (len(accepted), len(rejected))
    assert {row[5] for row in issues(home) if row[1] == "reject"} == {f"B{place}" for place in range(len(rejected))}


def test_what_looks_personal_leaves_the_file_in_no_column_and_no_message(home: Home) -> None:
    """A phone in a text, an identity card as the number of a policy, both in values that are refused."""
    card, phone = "110101199003074514", "13800001111"
    text = (
        POLICY
        + policy("P1", 被保险人名称=f"张三{phone}")
        + policy(card)
        + policy("P3", 险种=phone)
        + policy("P4", 行业领域=f"电话 {phone}，{card}")
        + policy("13900001111")
    )
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", text)
    home.drop(
        "weihai_371002",
        "contact",
        "2023-02-01",
        "a.csv",
        f'部门,角色,分管负责人职务,联络电话\n局,联络员,"张三{phone},x\n',
    )
    home.drop(
        "weihai_city", "expert", "2023-02-01", "a.csv", f"证书编号,所属机构信用代码,类型\n{card},不是代码,{card}\n"
    )
    landed = home.land()["policy"]
    assert (landed.rows_accepted, landed.rows_quarantined) == (3, 2)
    for path in home.settings.landing.rglob("*"):
        if path.suffix in (".parquet", ".json"):
            content = path.read_bytes() if path.suffix == ".json" else str(pl.read_parquet(path).rows()).encode()
            assert phone.encode() not in content and card.encode() not in content, path
    rows = pl.read_parquet(home.settings.landing / "policy" / "*.parquet").sort("line_no")
    assert rows["policy_no"].to_list() == ["P1", "（个人信息，不显示）", "13900001111"], (
        "a number that looks like a phone is a number"
    )
    assert rows["insured_name"][0] == "张三（个人信息，不显示）"


def test_invisible_characters_go_and_a_key_that_had_some_is_told(home: Home) -> None:
    text = POLICY + policy("P\u200b1", 被保险人名称="甲\x0b公\u202e司") + policy("P2")
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", text)
    home.land()
    rows = pl.read_parquet(home.settings.landing / "policy" / "*.parquet").sort("line_no")
    assert rows["policy_no"].to_list() == ["P1", "P2"] and rows["insured_name"][0] == "甲公司"
    assert [(row[0], row[2], row[3]) for row in issues(home)] == [(2, "invisible_characters", "policy_no")]


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ("2026-05-06T01:30:00Z", "2026-05-06 09:30:00"),
        ("2026-05-06 09:30+08:00", "2026-05-06 09:30:00"),
        ("2026-05-05T20:30:00-0500", "2026-05-06 09:30:00"),
        ("2026-05-06T17:30:00.000Z", "2026-05-07 01:30:00"),
        ("2026-05-06 09:30", "2026-05-06 09:30:00"),
    ],
)
def test_a_stamp_with_a_zone_is_chinas_time(sent: str, moment: str) -> None:
    assert str(normalise.read(pl.Series([sent]), normalise.to_datetime())[0]) == moment
    assert str(normalise.read(pl.Series([sent]), normalise.to_date())[0]) == moment[:10]


def test_stamps_of_typed_files_are_converted_too(home: Home, tmp_path: Path) -> None:
    moment = pl.Series("finished_at", [datetime(2026, 5, 6, 17, 30)]).dt.replace_time_zone("UTC")
    frame = pl.DataFrame({
        "service_no": ["S1"], "policy_no": ["P1"], "insurer_code": ["HAYC"], "insured_uscc": [U1], "item": ["隐患排查"], "form": ["线下"],
        "provider_type": ["自有"], "status": ["已完成"],
    }).with_columns(moment, moment.alias("started_at"))  # fmt: skip
    frame.write_parquet(tmp_path / "a.parquet")
    home.drop("weihai_hayc", "service_record", "2026-06-01", "a.parquet", (tmp_path / "a.parquet").read_bytes())
    home.land()
    landed = pl.read_parquet(home.settings.landing / "service_record" / "*.parquet")
    assert str(landed["finished_at"][0]) == "2026-05-07 01:30:00"


def test_digits_of_another_script_cost_their_row(home: Home) -> None:
    rows = policy("P1", 签单日期="2023-01-02 ٠١:٠٢") + policy("P2", 签单日期="२०२३-०१-०२") + policy("P3")
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", POLICY + rows)
    assert home.land()["policy"].rows_accepted == 1
    assert [row[2] for row in issues(home)] == ["bad_date", "bad_date"]


def zip_of_an_impossible_offset() -> bytes:
    """A workbook's list of sheets that the archive says to begin beyond all files (zip64)."""
    name = b"xl/workbook.xml"
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 45, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name
    extra = struct.pack("<HHQ", 1, 8, (1 << 63) + 5)
    central = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 45, 45, 0, 0, 0, 0, 0, 0, 0, len(name), len(extra), 0, 0, 0, 0, 0xFFFFFFFF
    )
    central += name + extra
    return local + central + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)


@pytest.mark.parametrize("apart", [False, True])
def test_what_a_library_trips_over_costs_its_file(home: Home, apart: bool) -> None:
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.xlsx", zip_of_an_impossible_offset())
    home.drop("weihai_hayc", "policy", "2023-02-01", "b.csv", zip_of_an_impossible_offset() + b"\n")
    home.drop("weihai_hayc", "policy", "2023-02-01", "好.csv", POLICY + policy("P1"))
    assert home.land(apart)["policy"].rows_accepted == 1
    assert sorted(home.files()["status"]) == ["loaded", "refused", "refused"]


def test_a_fault_outside_every_reader_costs_its_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.ingest.drop.parts_of", Mock(side_effect=[MemoryError, OverflowError]))
    for name in ("a.parquet", "b.parquet"):
        home.drop("weihai_hayc", "policy", "2023-02-01", name, name.encode())
    home.drop("weihai_hayc", "policy", "2023-02-01", "c.csv", POLICY + policy("P1"))
    home.drop("weihai_hayc", "policy", "2023-02-01", "d.csv", POLICY + policy("P2"))
    assert home.land()["policy"].rows_accepted == 2
    assert (
        home.files().filter(pl.col("status") == "refused")["reason"].str.contains("文件结构损坏").to_list()
        == [True] * 2
    )


def test_a_folder_deeper_than_a_path_may_be_stops_nobody(home: Home) -> None:
    home.drop("weihai_hayc", "policy", "2023-02-01", "好.csv", POLICY + policy("P1"))
    here = Path.cwd()
    try:
        os.chdir(home.settings.raw / "weihai_hayc")
        for _ in range(20):
            Path("d" * 240).mkdir()
            os.chdir("d" * 240)
        Path("a.csv").write_text(POLICY + policy("P2"), encoding="utf-8")
    finally:
        os.chdir(here)
    assert home.land()["policy"].rows_accepted == 1
    assert home.files().filter(pl.col("status") == "refused").height >= 1
    assert sum(landed.new_files for landed in home.land().values()) == 0


def test_a_stamp_of_a_far_future_moves_no_date(home: Home) -> None:
    home.drop("weihai_hayc", "policy", "2062-11-30", "a.csv", POLICY + policy("P1"))
    home.drop("weihai_hayc", "policy", "2023-02-01", "b.csv", POLICY + policy("P2"))
    assert home.land()["policy"].rows_accepted == 1
    files = {
        name: (status, received.year)
        for name, status, received in home.files().select("file_name", "status", "received_at").rows()
    }
    assert files["b.csv"] == ("loaded", 2023)
    assert files["a.csv"][0] == "refused" and files["a.csv"][1] < 2062


def test_what_stands_in_the_place_of_a_drop_since_it_was_seen_is_not_read(home: Home) -> None:
    theirs = home.drop("weihai_lhcx", "policy", "2023-02-01", "一月.csv", POLICY + policy("P1", 保险机构="蓝海财险"))
    mine = home.drop("weihai_hayc", "policy", "2023-02-01", "一月.csv", POLICY + policy("P2"))
    (drop,) = (found for found in manifest.find_drops(home.settings.raw) if found.path.startswith("weihai_hayc/"))
    assert b"P2" in drop.read(home.settings.raw)
    mine.unlink()
    mine.symlink_to(theirs)
    with pytest.raises(FileNotFoundError):
        drop.read(home.settings.raw)
    mine.unlink()
    mine.write_bytes(theirs.read_bytes())
    with pytest.raises(FileNotFoundError):
        drop.read(home.settings.raw)


def test_a_sheet_of_words_called_a_declaration_takes_nothing_with_it(home: Home, tmp_path: Path) -> None:
    said = [["本表数据截至10月31日，共1行"], ["经办人"]]
    content = book({"保单": [HEADER, policy("P1").strip().split(",")], "报送声明": said})
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.xlsx", content)
    assert home.land()["policy"].rows_accepted == 1
    told = pl.read_parquet(home.settings.landing / "_issues" / "*.parquet")["message"].to_list()
    assert len(told) == 1 and "工作表「报送声明」没有入库" in told[0] and "缺少必填列：，" not in told[0]
    (tmp_path / "b.xlsx").write_bytes(content)
    received = file_drop(home.settings, tmp_path / "b.xlsx", "weihai_hayc", "policy", datetime(2024, 2, 1, 9))
    assert (received.refused, received.counts, received.unread) == ("", (1, 1, 0, 0), (told[0],))


@pytest.mark.parametrize("size", [4_000, 1 << 20])
def test_a_row_is_a_repeat_only_of_the_version_before_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """X, X, Y, X, Y, Y of one record, hundreds of rows apart: in one piece and in blocks."""
    monkeypatch.setattr(delimited, "BLOCK_BYTES", size)
    versions = [policy("P", 实收保费=value) for value in ("1", "1", "2", "1", "2", "2")]
    others = iter(range(10**6))
    rows = [line for version in versions for line in (version, *(policy(f"Q{next(others)}") for _ in range(50)))]
    home.drop("weihai_hayc", "policy", "2023-02-01", "a.csv", POLICY + "".join(rows))
    landed = home.land()["policy"]
    assert (landed.rows_in, landed.rows_duplicate) == (306, 2)
    kept = (
        pl.read_parquet(home.settings.landing / "policy" / "[!_]*.parquet")
        .filter(pl.col("policy_no") == "P")
        .sort("line_no")
    )
    assert [str(value) for value in kept["premium_received"]] == ["1.00", "2.00", "1.00", "2.00"]
