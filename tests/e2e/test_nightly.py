"""The nightly job as a user runs it: published, nothing new, blocked, refused, and readers left in peace."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import duckdb
import pytest
from conftest import Home, closed_network, copied, make_uscc, socket_guard
from drops import POLICY, policy

from pipelines.publish.publication import begin_publication, publish
from pipelines.settings import EXPECTATIONS, PROJECT_ROOT
from pipelines.transform import project


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The bundled drops, published by `anze nightly` where there is no network at all."""
    home = Home(tmp_path_factory.mktemp("nightly"))
    shutil.copytree(PROJECT_ROOT / "data" / "raw", home.settings.raw, dirs_exist_ok=True)
    watched, connections = socket_guard(tmp_path_factory.mktemp("guard"))
    night = home.anze("nightly", prefix=closed_network(), **watched)
    assert connections.read_text() == ""
    assert night.returncode == 0, night.stdout + night.stderr
    assert "已发布" in night.stdout and "参保率" in night.stdout and "威海" in night.stdout and "上海" in night.stdout
    for stage in ("落地", "闸门", "转换", "发布", "网页"):
        assert f"✓ {stage}" in night.stderr
    assert "leaked" not in night.stderr and "Traceback" not in night.stderr
    return home


@contextmanager
def webhook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server on loopback that remembers what it is told."""
    told: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", told
    server.shutdown()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_four_headline_ratios_per_district_and_industry(published: Home) -> None:
    rows = published.rows(
        "select jurisdiction, count(distinct district_code), count(participation_rate), count(simple_loss_ratio), count(prevention_fee_share), "
        "count(service_coverage) from marts.supervision_metrics where stat_year = 2025 and district_code <> 'ALL' and industry_code <> 'ALL' group by 1 order by 1",
        published=True,
    )
    assert [(row[0], row[1]) for row in rows] == [("shanghai", 16), ("weihai", 8)]
    assert all(min(row[2:]) > 40 for row in rows)


def test_every_table_and_column_has_a_chinese_comment(published: Home) -> None:
    assert (
        published.rows(
            "select schema_name, table_name from duckdb_tables() where comment is null or not regexp_matches(comment, '[一-龥]')",
            published=True,
        )
        == []
    )
    without = published.rows(
        "select table_name, column_name from duckdb_columns() where not internal and (comment is null or not regexp_matches(comment, '[一-龥A-Z]'))",
        published=True,
    )
    assert without == []
    dictionary = published.rows(
        "select count(*) from meta.data_dictionary where column_name <> '' and table_schema <> 'feed'", published=True
    )
    columns = published.rows("select count(*) from duckdb_columns() where not internal", published=True)
    assert dictionary == columns


def test_published_file_is_read_only_and_old_clients_can_open_it(published: Home) -> None:
    path = published.settings.published
    assert path.stat().st_mode & 0o222 == 0
    # The storage version of DuckDB 1.2 is 65; 2.0's own would be higher than 1.5 can read (64 to 68).
    with duckdb.connect(str(path), read_only=True) as connection:
        tags = connection.execute(
            "select tags from duckdb_databases() where database_name = current_database()"
        ).fetchone()
    assert tags is not None and tags[0].get("storage_version", "").startswith("v1.2")


def test_row_balance_of_every_file(published: Home) -> None:
    assert published.rows(
        "select count(*) from quality.file_balance where rows_in <> rows_accepted + rows_quarantined + rows_duplicate",
        published=True,
    ) == [(0,)]


def test_nothing_new_publishes_nothing(published: Home) -> None:
    before = sha256(published.settings.published)
    site = published.path / "site" / "current"
    first = site.resolve()
    night = published.anze("nightly")
    assert night.returncode == 0 and "没有新文件" in night.stdout
    assert sha256(published.settings.published) == before and site.resolve() == first
    # Pages that got lost after a publication are made up for.
    shutil.rmtree(first)
    assert published.anze("nightly").returncode == 0
    assert (site / "weihai_city" / "index.html").exists()


def test_a_blocking_gate_leaves_the_old_warehouse_and_says_why(published: Home, tmp_path: Path) -> None:
    """A gate made to fail: an expectation nobody can meet is put into a copy of the suites."""
    home = copied(published, tmp_path)
    before = sha256(home.settings.published)
    # New data whose district reports no claims at all for a city: provision entries turned upside down.
    suites = tmp_path / "expectations"
    shutil.copytree(EXPECTATIONS, suites)
    gate = suites / "marts" / "supervision_metrics.yaml"
    gate.write_text(
        gate.read_text(encoding="utf-8").replace("kwargs: {min_value: 1}", "kwargs: {min_value: 1000000000}"),
        encoding="utf-8",
    )
    with webhook() as (url, told):
        night = home.anze("nightly", ANZE_EXPECTATIONS=str(suites), ANZE_WEBHOOK_URL=url)
    assert night.returncode == 3, night.stdout + night.stderr
    assert "未发布" in night.stderr and "至少有一个年度的指标" in night.stderr
    assert sha256(home.settings.published) == before
    assert "✗ 不符" in (home.settings.docs / "gates.html").read_text(encoding="utf-8")
    # The operator finds a note that says what happened, what it means and what to do; the webhook was told once.
    (note,) = (home.path / "incidents").glob("*.md")
    text = note.read_text(encoding="utf-8")
    assert (
        "发布前检查" in text and "至少有一个年度的指标" in text and "保持不变" in text and "ANZE_OVERRIDE_GATES" in text
    )
    assert "已通知（200）" in text
    # Deadlines of the day may be told of too.
    assert [message["title"] for message in told if message["title"] != "报送提醒"] == ["闸门：发布前检查"]


@pytest.mark.heavy
def test_what_is_damaged_is_noticed_and_made_again_from_raw(published: Home, tmp_path: Path) -> None:
    """A landing file with a flipped bit, a private build full of rubbish, a published file somebody wrote to."""
    home = copied(published, tmp_path)
    landed = sorted((home.settings.landing / "policy" / "_small").glob("*.parquet"))[0]
    home.settings.published.chmod(0o644)
    for path in (landed, home.settings.published):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    home.settings.build.write_bytes(b"rubbish")
    examined = home.anze("doctor")
    assert examined.returncode == 1 and examined.stdout.count("有问题") == 3 and "--repair" in examined.stdout
    repaired = home.anze("doctor", "--repair")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert "重新读取 " in repaired.stdout and "重新计算" in repaired.stdout and "已重新发布" in repaired.stdout
    tables = "select table_schema || '.' || table_name from information_schema.tables where table_schema in ('marts', 'quality') and table_name <> 'gate_results' order by 1"
    for (table,) in published.rows(tables, published=True):
        digest = f"select count(*), sum(hash(t)) from {table} as t"
        assert home.rows(digest, published=True) == published.rows(digest, published=True), table
    assert home.anze("doctor", "--repair").stdout.startswith("没有需要修复的")


@pytest.mark.heavy
def test_headline_jump_blocks_and_an_override_lets_it_pass(published: Home, tmp_path: Path) -> None:
    """An insurer's file withdraws half its policies at one blow: no night without somebody looking."""
    home = copied(published, tmp_path)
    before = sha256(home.settings.published)
    roster = home.rows(
        "select uscc, name, district_code, industry_code, provider from marts.fct_roster where jurisdiction = 'weihai' and mandatory and provider = 'weihai_371002'",
        published=True,
    )
    header = "统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期\n"
    new = [f"{make_uscc(number)},新单位{number},环翠区,危化,是,存续,2020-01-01\n" for number in range(500)]
    assert roster
    home.drop("weihai_371002", "enterprise", "2026-10-15", "大批新增.csv", header + "".join(new))
    night = home.anze("nightly")
    assert night.returncode == 3 and "变动不超过限度" in night.stderr and "participation_rate" in night.stderr
    assert "大批新增.csv" in night.stderr and "威海市 停留在" in night.stderr
    held = sha256(home.settings.published)
    assert not home.rows("select 1 from quality.files where file_name = '大批新增.csv'", published=True)
    night = home.anze("nightly", ANZE_OVERRIDE_GATES="headline_moves_within_bound")
    assert night.returncode == 0, night.stderr
    assert sha256(home.settings.published) != before
    assert home.rows("select count(*) from quality.gate_results where overridden", published=True) == [(1,)]
    history = list((home.settings.warehouse / "history").glob("*.duckdb"))
    assert {sha256(path) for path in history} == {before, held}


def test_a_reader_with_the_old_file_open_is_not_disturbed(published: Home, tmp_path: Path) -> None:
    home = copied(published, tmp_path)
    with duckdb.connect(str(home.settings.published), read_only=True) as reader:
        before = reader.execute("select count(*), sum(premium_received) from marts.fct_policy").fetchone()
        home.drop(
            "weihai_hayc",
            "policy",
            "2026-10-15",
            "新.csv",
            POLICY + policy("NEW1", 保险起期="2026-02-01", 保险止期="2027-01-31", 签单日期="2026-02-01"),
        )
        home.build().publish()
        assert reader.execute("select count(*), sum(premium_received) from marts.fct_policy").fetchone() == before
    assert home.rows("select count(*) from marts.fct_policy where policy_no = 'NEW1'", published=True) == [(1,)]


@pytest.mark.heavy
def test_as_of_publishes_what_was_known_on_that_day(published: Home, tmp_path: Path) -> None:
    home = Home(tmp_path)
    for part in ("raw", "landing", "dbt"):
        shutil.copytree(
            published.path / part, home.path / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("compiled")
        )
    night = home.anze("nightly", "--as-of", "2024-01-31")
    assert night.returncode == 0, night.stderr
    assert home.rows(
        "select max(received_at) < timestamp '2024-02-01', (select as_of from meta.publication) = date '2024-01-31' from quality.files",
        published=True,
    ) == [(True, True)]


def test_bad_arguments(published: Home) -> None:
    assert published.anze("nightly", "--as-of", "昨天").returncode == 2
    assert published.anze("nightly", "--home", str(published.path / "nowhere")).returncode == 1
    assert (
        published.anze("receive", "--provider", "x", "--feed", "policy", str(PROJECT_ROOT / "README.md")).returncode
        == 2
    )


def test_an_engine_that_is_not_there_is_said_at_once(published: Home, tmp_path: Path) -> None:
    before = published.settings.published.read_bytes()
    (published.path / "warehouse" / "publication.json").rename(tmp_path / "publication.json")
    try:
        spark = published.anze("nightly", "--engine", "spark", ANZE_SPARK_MASTER="spark://127.0.0.1:9")
    finally:
        (tmp_path / "publication.json").rename(published.path / "warehouse" / "publication.json")
    assert spark.returncode == 1
    installed = importlib.util.find_spec("pyspark")
    assert ("连不上 Spark 主节点" if installed else "没有安装 Spark 引擎") in spark.stderr
    assert published.settings.published.read_bytes() == before
    assert "Spark" in published.anze("doctor", ANZE_ENGINE="spark").stdout
    unknown = published.anze("nightly", "--engine", "flink")
    assert (unknown.returncode, "flink" in unknown.stderr) == (2, True)


def test_the_second_of_two_runs_says_so_and_stops(published: Home) -> None:
    handle = os.open(published.settings.warehouse / ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        night = published.anze("nightly")
    finally:
        os.close(handle)
    assert night.returncode == 1 and "另一个作业" in night.stderr


def test_receive_files_a_drop_and_says_whether_it_can_be_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    good, bad = tmp_path / "好.csv", tmp_path / "坏.csv"
    good.write_text(POLICY + policy("P1"), encoding="gb18030")
    bad.write_text("部门,电话\n", encoding="utf-8")
    assert home.anze("receive", str(good), "--provider", "weihai_hayc", "--feed", "policy").returncode == 0
    refused = home.anze("receive", str(bad), "--provider", "weihai_hayc", "--feed", "policy")
    assert refused.returncode == 1 and "没有找到表头" in refused.stdout
    of_windows = Path(os.fsdecode(os.fsencode(tmp_path) + "/保单.csv".encode("gbk")))
    of_windows.write_text(POLICY + policy("P2"), encoding="utf-8")
    received = home.anze("receive", str(of_windows), "--provider", "weihai_hayc", "--feed", "policy")
    assert received.returncode == 0 and "保单.csv" in received.stdout
    filed = sorted(path.name for path in (home.settings.raw / "weihai_hayc").rglob("*.csv"))
    assert filed == ["保单.csv", "坏.csv", "好.csv"]


def test_query_status_dictionary_doctor(published: Home) -> None:
    assert "7" in published.anze("query", "select 3 + 4 as 和").stdout
    assert published.anze("query", "create table x (a int)").returncode == 1
    assert published.anze("query", "select * from read_csv('/etc/passwd')").returncode == 1
    assert "取数时点" in published.anze("status").stdout
    assert "参保率" in published.anze("dictionary", "supervision_metrics").stdout
    assert published.anze("doctor").returncode == 0


def test_publication_record(published: Home) -> None:
    record = json.loads((published.settings.warehouse / "publication.json").read_text(encoding="utf-8"))
    row = published.rows(
        "select publication_id, cast(as_of as varchar), source_files from meta.publication", published=True
    )[0]
    assert (record["publication_id"], record["as_of"], record["source_files"]) == row


def test_a_run_of_some_models_keeps_the_other_published_tables(published: Home, tmp_path: Path) -> None:
    """Assets chosen in Dagster: what is not computed again is what was published, and views come from what was."""
    home = copied(published, tmp_path)
    before = tables(home.settings.published)
    project.use_environment(home.settings)
    begin_publication(home.settings, whole=False)
    assert [model.name for model in project.build_models(home.settings, ["supervision_metrics"])] == [
        "supervision_metrics"
    ]
    publish(home.settings, project.manifest_path(home.settings), [], "some models")
    assert tables(home.settings.published) == before and len(before) > 70


def test_the_same_build_published_again_is_the_same(published: Home, tmp_path: Path) -> None:
    """Only the asset `publication` chosen in Dagster, after a night that went well."""
    home = copied(published, tmp_path)
    before = tables(home.settings.published)
    publish(home.settings, project.manifest_path(home.settings), [], "once more")
    assert tables(home.settings.published) == before


def test_tables_of_a_publication_broken_off_are_written_anew(published: Home, tmp_path: Path) -> None:
    home = copied(published, tmp_path)
    before = tables(home.settings.published)
    begin_publication(home.settings, whole=False)
    with duckdb.connect(str(home.settings.publishing)) as connection:
        connection.execute("delete from marts.insured_units")  # a view of the build, written by the publication
        connection.execute("create table marts.of_an_older_version as select 1")
    publish(home.settings, project.manifest_path(home.settings), [], "again")
    assert tables(home.settings.published) == before


def tables(path: Path) -> dict[str, tuple[int, int]]:
    """Rows and a hash of the rows of every table dbt makes."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('marts', 'quality') "
            "and table_name <> 'gate_results' order by 1"
        ).fetchall()
        return {
            name: connection.execute(f"select count(*), coalesce(sum(hash(t)), 0) from {name} as t").fetchall()[0]
            for (name,) in names
        }


def test_old_clients_open_what_dbt_and_the_publication_wrote(published: Home) -> None:
    """DuckDB 1.2 and later (docs/decisions/0002-storage-version.md); no view is left that would look elsewhere."""
    written = "select tags['storage_version'] from duckdb_databases() where database_name = 'anze'"
    assert published.rows(written, published=True) == [("v1.2.0+",)]
    assert published.rows("select count(*) from duckdb_views() where not internal", published=True) == [(0,)]
    undescribed = "select table_name, column_name from duckdb_columns() where comment is null and schema_name in ('marts', 'quality', 'meta')"
    assert published.rows(undescribed, published=True) == []
