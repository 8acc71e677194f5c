"""Hostile and personal content through everything a night, a report and an extract write: searched file by file.

What senders write is text and nothing else: no template, query or formula in it runs. Names of people, phones and
certificate numbers leave the landing zone as keyed hashes; the key and the numbers stand in no log, mart, page, workbook.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator

import duckdb
import polars as pl
import pytest
from conftest import Home, closed_network, make_uscc, socket_guard
from drops import POLICY, policy

PHONE, CERTIFICATE, PAYEE = "13800138000", "AQGCSGEHEIM77", "赵钱孙李周吴"
SECRETS = (PHONE, CERTIFICATE, PAYEE)
TEMPLATE, FORMULA, SCRIPT = "{{ 7*191 }}甲乙丙", '=HYPERLINK("http://evil.example","x")', "<script>alert(4711)</script>"
UNIT = make_uscc(1)
SQL = "x'; drop table marts.findings; --"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A published home whose drops are full of it, with return, rejection workbooks and an extract; nobody was called."""
    home = Home(tmp_path_factory.mktemp("hostile"))
    names = (
        TEMPLATE,
        f'"{FORMULA.replace(chr(34), chr(34) * 2)}"',
        SCRIPT,
        SQL,
        "{% for x in ().__class__.__base__ %}",
    )
    rows = [policy(f"P{number}", 被保险人名称=name) for number, name in enumerate(names)]
    bad = [
        policy(f"B{number}", 被保险人名称=name, 保险止期="2001-01-01", 所在区市=name)
        for number, name in enumerate(names)
    ]
    home.drop("weihai_hayc", "policy", "2023-02-01", f"{SQL}{TEMPLATE}.csv", POLICY + "".join(rows + bad))
    home.drop(
        "weihai_371002", "enterprise", "2023-02-01", "名录.csv",
        "统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期\n" + f"{UNIT},{SCRIPT},环翠区,危化,是,存续,2020-01-01\n",
    )  # fmt: skip
    home.drop(
        "weihai_hayc", "service_record", "2023-03-01", "服务.csv",
        "服务编号,保单号,保险机构,被保险人统一社会信用代码,服务项目,服务形式,服务方式,服务专家,完成时间,服务内容,投保单位确认时间,保险机构确认时间,服务状态\n"
        + f"S1,P0,海岳财险,{UNIT},隐患排查,线下,外聘,{CERTIFICATE}/{CERTIFICATE}2,2023-02-20 10:00:00,{SCRIPT},2023-02-21 10:00:00,2023-02-22 10:00:00,已完成\n"
        + f"S2,P0,海岳财险,{UNIT},没有这样的项目,线下,外聘,{CERTIFICATE},2023-02-20 10:00:00,,,,已完成\n",
    )  # fmt: skip
    home.drop(
        "weihai_hayc", "fee_ledger", "2023-03-01", "台账.csv",
        f"台账编号,保险机构,保单号,入账日期,费用类型,金额,服务编号,收款方\nL1,海岳财险,P0,2023-02-25,支出,100,S1,{PAYEE}\nL2,海岳财险,P0,2023-02-25,支出,-1,S1,{PAYEE}\n",
    )  # fmt: skip
    home.drop(
        "weihai_city", "contact", "2023-03-01", "联络员.csv", f"部门,角色,联络电话\n威海市应急管理局,联络员,{PHONE}\n"
    )
    home.drop(
        "weihai_city",
        "expert",
        "2023-03-01",
        "专家.csv",
        f"证书编号,专家类型,专业,证书有效期至\n{CERTIFICATE},外聘,化工,昨天\n",
    )
    watched, connections = socket_guard(tmp_path_factory.mktemp("guard"))
    for arguments in (
        ["nightly"],
        ["report", "2023", "--jurisdiction", "weihai", "--file", "--incomplete", "测试"],
        ["rejects"],
        ["extract", "--for", "weihai_hayc", "--out", str(home.path / "extract")],
        ["dictionary", "--out", str(home.path / "dictionary")],
        ["explain", "premium_received", "--year", "2023", "--jurisdiction", "weihai", "--xlsx", str(home.path / "explain.xlsx")],
    ):  # fmt: skip
        done = home.anze(*arguments, prefix=closed_network(), ANZE_HASH_KEY="", **watched)
        assert done.returncode == 0, (arguments, done.stdout[-2000:], done.stderr[-3000:])
        (home.path / f"{arguments[0]}.stdout").write_text(done.stdout + done.stderr, encoding="utf-8")
    assert connections.read_text() == ""
    return home


def texts(home: Home) -> Iterator[tuple[str, str]]:
    """Every file below the home but the drops themselves, as texts: archives unpacked, tables cell by cell."""
    for path in sorted(home.path.rglob("*")):
        relative = path.relative_to(home.path).as_posix()
        if not path.is_file() or path.is_symlink() or relative.startswith(("raw/", "dbt/compiled")):
            continue
        content = path.read_bytes()
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield f"{relative}/{name}", archive.read(name).decode("utf-8", errors="replace")
        elif path.suffix == ".parquet":
            frame = pl.read_parquet(path).select(pl.col(pl.String))
            yield relative, "\n".join("\n".join(frame[name].drop_nulls().unique()) for name in frame.columns)
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                for schema, table, column in connection.execute(
                    "select schema_name, table_name, column_name from duckdb_columns() where not internal and data_type = 'VARCHAR' "
                    "and (schema_name, table_name) in (select (schema_name, table_name) from duckdb_tables())"
                ).fetchall():
                    cells = connection.execute(
                        f'select distinct "{column}" from {schema}."{table}" where "{column}" is not null'
                    )
                    yield f"{relative}/{schema}.{table}.{column}", "\n".join(str(cell) for (cell,) in cells.fetchall())
        else:
            yield relative, content.decode("utf-8", errors="replace")


def test_personal_data_and_the_key_are_nowhere_but_in_the_drops(home: Home) -> None:
    key = (home.settings.raw / ".hash_key").read_text().strip()
    looked_at = 0
    for where, text in texts(home):
        looked_at += 1
        for secret in (*SECRETS, key):
            assert secret not in text, (where, secret)
    assert looked_at > 300


def test_nothing_that_was_sent_ran(home: Home) -> None:
    """A template would have become 1337, a query would have dropped a table; a page holds the script as text."""
    assert home.rows("select count(*) from marts.findings", published=True)[0][0] >= 0
    names = {name for (name,) in home.rows("select insured_name from marts.fct_policy", published=True)}
    assert {TEMPLATE, SCRIPT, SQL} <= names
    # A formula in the place of a value is refused, and shown as what it is.
    refused = {value for (value,) in home.rows("select raw_value from quality.quarantine", published=True)}
    assert FORMULA in refused and FORMULA not in names
    for where, text in texts(home):
        # What a template engine would have made of the name of P0, wherever that name stands.
        assert "1337甲乙丙" not in text, where
        if where.endswith(".html"):
            assert SCRIPT not in text, where
        if where.endswith(".xml") and "/xl/" in where:
            assert "<f>HYPERLINK" not in text and "<f>=HYPERLINK" not in text, where
    for path in home.path.rglob("*.csv"):
        if "raw" not in path.parts:
            assert not any(
                line.startswith(("=", "+", "@")) for line in path.read_text(encoding="utf-8-sig").splitlines()
            )


def test_modes_of_everything_written(home: Home) -> None:
    """Nobody but the owner writes anything; the key is the owner's alone; what was published or filed is read-only."""
    for path in home.path.rglob("*"):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            assert not mode & 0o022, (path, oct(mode))
    assert stat.S_IMODE((home.settings.raw / ".hash_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.settings.published.stat().st_mode) == 0o444
    filed = [path for path in (home.path / "filings").rglob("*") if path.is_file()]
    assert filed and all(not stat.S_IMODE(path.stat().st_mode) & 0o222 for path in filed)
