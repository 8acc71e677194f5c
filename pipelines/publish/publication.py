"""Publication: a checked build becomes the read-only warehouse analysts open.

What belongs here: what a publication contains, the atomic swap, history. What does not: whether it
may be published (pipelines/gates).

A fresh file is written beside the old one in a storage format that DuckDB 1.2 and later open, checked,
made read-only and renamed over the old one. Readers with the old file open keep it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl

import pipelines
from pipelines.gates.run import GateResult, held_back
from pipelines.ingest.manifest import sha256_of, write_atomically
from pipelines.publish.return_calendar import TABLE as RETURN_CALENDAR
from pipelines.publish.return_calendar import write_calendar
from pipelines.publish.share_log import share_log
from pipelines.settings import CHINA, Settings, duckdb_limits
from pipelines.warehouse.dictionary import PUBLISHED_SCHEMAS, data_dictionary, descriptions, metric_catalogue
from pipelines.warehouse.held_back import HeldBack, as_json, put_back
from pipelines.warehouse.tables import copy_tables, fresh_file, literal, quoted, reading, write_comments

# Tables the publication adds to what dbt built: description, and Chinese comment per column.
ADDED_TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "quality.gate_results": (
        "闸门结果：本次发布前各项检查的结果",
        {
            "stage": "阶段：landing 落地后，marts 发布前", "suite": "检查集：检查集名称", "table_name": "表：被检查的表", "expectation": "检查：检查名称",
            "title": "说明：检查内容", "severity": "类别：critical 阻断，warning 提示", "success": "是否符合", "overridden": "是否放行：由值班人员放行",
            "unexpected_count": "不符数：不符合的行数", "observed": "观测值", "sample": "样例：不符合的前几行",
        },
    ),
    "meta.data_dictionary": (
        "数据字典：各表各列的中文名、单位、定义与来源条款",
        {
            "table_schema": "模式：所在模式", "table_name": "表名", "column_name": "列名：空值表示整表", "chinese_name": "中文名", "unit": "单位",
            "definition": "定义", "source_clause": "来源条款：文件与条款",
        },
    ),
    "meta.metric_catalogue": (
        "指标目录：各指标的定义、分子、分母与来源条款",
        {
            "metric": "指标：列名", "metric_code": "指标编号：metrics 编号 M01–M42", "chinese_name": "中文名", "definition": "定义", "numerator": "分子：列名或表达式",
            "denominator": "分母：列名或表达式", "unit": "单位", "source_clause": "来源条款：文件与条款", "table_name": "所在表",
            "evidence": "证据表：数出本指标的各行所在的表，空值为比率", "measure": "数法：JSON，怎样由证据表数出",
            "feed": "报送表：证据行来自的报送表（表达式）", "record": "记录主键：证据行的记录主键（表达式）",
            "depends": "相关报送表：同一保单下还有哪些报送表决定其是否计入",
        },
    ),
    "meta.filed_statistics": (
        "已封存报送：各次封存的年度报送的统计事项，同一年度的不同取数时点并列",
        {
            "number": "报送编号", "jurisdiction": "统计辖区：代码，名称见 dim_district", "stat_year": "统计年度：年份", "as_of": "取数时点：封存时的取数时点", "owner": "由谁报送：报送单位代码；全市汇总为辖区代码",
            "filed_at": "封存时间：北京时间", "item_no": "事项序号",
            "item_name": "事项名称", "metric": "指标：列名", "numerator": "分子", "denominator": "分母", "shown": "印出的数值",
        },
    ),
    "meta.share_log": (
        "共享记录：本次发布之前，什么资料在何时给了谁",
        {
            "shared_at": "共享时间：北京时间", "what": "资料：提取、网页、案卷或年度报告", "audience": "报送单位：给谁，空值为不限于一个单位的文件", "audience_name": "单位名称",
            "publication_id": "发布编号：取自哪次发布", "place": "位置：写到哪里", "jurisdiction": "统计辖区：所属城市",
            "stat_year": "统计年度：年度报告所报的年度，其他资料为空",
        },
    ),
    "meta.return_calendar": (
        "报送日历：各单位应报的年度报告和其他材料，应报、已起草、已封存、已收到、迟报或逾期",
        {
            "jurisdiction": "统计辖区：代码，名称见 dim_district", "stat_year": "统计年度：年份", "provider": "报送单位：代码", "provider_name": "单位名称",
            "sender_kind": "单位类别：区市应急管理局、行业主管部门等", "obligation_code": "报送事项代码", "name": "报送事项", "due_date": "期限：最后一天",
            "drafted_on": "起草日期：最近一次生成草稿", "filed_on": "封存日期：最近一次封存", "filing_number": "报送编号：最近一次封存的",
            "received_on": "收到日期：材料首次收到", "state": "状态：应报、已起草、已封存、已收到、迟报、逾期", "clause": "来源条款：文件与条款",
        },
    ),
    "meta.publication": (
        "发布信息：本次发布的取数时点、时间与来源",
        {
            "publication_id": "发布编号", "as_of": "取数时点", "previous_as_of": "上次取数时点：上一个较早取数时点的发布，空值表示没有", "built_at": "生成时间：北京时间", "code_version": "程序版本", "source_files": "来源文件数",
            "source_hash": "来源指纹：全部来源文件指纹的汇总", "row_counts": "各表行数：JSON",
            "held_back": "暂停更新的城市：JSON，城市、停留的取数时点、自何时起、不符的检查；空值表示没有",
        },
    ),
}  # fmt: skip
ADDED_COMMENTS = [
    (table, column, text)
    for table, (description, columns) in ADDED_TABLES.items()
    for column, text in [("", description), *columns.items()]
]


@dataclass(frozen=True)
class Publication:
    """What was published. `fingerprint` tells whether anything has changed since, `sha256` whether the file is still it."""

    publication_id: str
    as_of: str
    built_at: str
    fingerprint: str
    source_files: int
    tables: int
    rows: int
    sha256: str = ""
    held_back: tuple[dict[str, str], ...] = ()
    """Cities that stay at a day before (held_back.HeldBack)."""
    previous_as_of: str = ""
    """The knowledge date of the newest publication of a day before; empty: there was none."""


def is_whole(settings: Settings, publication: Publication) -> bool:
    """The published file is, byte for byte, what was published."""
    try:
        return sha256_of(settings.published) == publication.sha256
    except OSError:
        return False


def opens(path: Path) -> bool:
    """A DuckDB file can be opened, or is not there."""
    if not path.exists():
        return True
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("select count(*) from duckdb_tables()").fetchall()
    except duckdb.Error:
        return False
    return True


def set_wal_aside(settings: Settings) -> Path | None:
    """A log that another program left beside the published file: DuckDB would replay it into whatever lies there next.

    Returns:
        where it lies now; None: there was none.
    """
    log = settings.published.with_name(f"{settings.published.name}.wal")
    if not log.exists():
        return None
    place = log.with_name(f"set_aside_{datetime.now(CHINA):%Y%m%d-%H%M%S-%f}.wal")
    log.replace(place)
    return place


def last_publication(settings: Settings) -> Publication | None:
    """The publication in force; None if there is none or its record is gone."""
    try:
        record = json.loads(_record_path(settings).read_text(encoding="utf-8"))
        return Publication(**record | {"held_back": tuple(record.get("held_back", ()))})
    except (OSError, ValueError, TypeError):
        return None


def _record_path(settings: Settings) -> Path:
    return settings.warehouse / "publication.json"


def begin_publication(settings: Settings, whole: bool) -> None:
    """Before dbt: the file it writes published tables into.

    Args:
        whole: every table is written anew. Otherwise (some assets chosen in Dagster) the others are those of the last
            publication, or of the run that goes on.
    """
    if whole:
        fresh_file(settings.publishing, PUBLISHED_SCHEMAS)
    elif settings.published.exists() and not _holds_tables(settings.publishing):
        settings.publishing.unlink(missing_ok=True)
        shutil.copyfile(settings.published, settings.publishing)


def _holds_tables(path: Path) -> bool:
    if not path.exists():
        return False
    with duckdb.connect(str(path), read_only=True) as connection:
        return bool(connection.execute("select count(*) from duckdb_tables()").fetchall()[0][0])


WRITTEN_BY_DBT = (
    "select schema_name || '.' || view_name from duckdb_views() "
    "where database_name = current_database() and contains(sql, 'FROM publishing.')"
)
"""Published tables of which the build has only a view of the file they are in (macros/materializations/duckdb.sql)."""


def _written_by_dbt(build: Path) -> bool:
    with duckdb.connect(str(build), read_only=True) as connection:
        return bool(connection.execute(WRITTEN_BY_DBT).fetchall())


def publish(
    settings: Settings,
    manifest: Path,
    results: list[GateResult],
    fingerprint: str,
    held: Sequence[tuple[HeldBack, Path | None]] = (),
) -> Publication:
    """Publishes the private build.

    Args:
        held: cities that stay at a day before, each with the warehouse of that day; None: nothing good is known of it.
    Raises:
        ValueError: a blocking gate does not hold, and not for these cities alone.
    """
    failed = held_back(settings, results)
    if failed is None or failed.keys() != {city.jurisdiction for city, _ in held}:
        raise ValueError("a blocking gate does not hold")
    if _written_by_dbt(settings.build):
        begin_publication(settings, whole=False)  # published before: what dbt wrote is in the published file by now
    else:
        fresh_file(settings.publishing, PUBLISHED_SCHEMAS)
    publication = assemble(
        settings, settings.build, settings.publishing, manifest, results, fingerprint, filed_statistics(settings), share_log(settings), held,
        last_publication(settings),
    )  # fmt: skip
    _keep_history(settings)
    set_wal_aside(settings)
    settings.publishing.replace(settings.published)
    write_atomically(_record_path(settings), json.dumps(asdict(publication), ensure_ascii=False, indent=1).encode())
    return publication


def row_counts(settings: Settings) -> dict[str, int]:
    """Rows of every published table (`marts.fct_policy`), as the publication recorded them."""
    with reading(settings.published) as connection:
        recorded: dict[str, int] = json.loads(
            connection.execute("select row_counts from meta.publication").fetchall()[0][0]
        )
    return recorded


FILED = (
    "number", "jurisdiction", "stat_year", "as_of", "owner", "filed_at", "item_no", "item_name", "metric", "numerator", "denominator", "shown",
)  # fmt: skip


def filed_statistics(settings: Settings, as_of: str = "9999-12-31") -> pl.DataFrame:
    """The items of every frozen return (pipelines/report/filing.py) whose knowledge date is not after a day."""
    rows = []
    for path in sorted((settings.home / "filings").glob("*/*/*/filing.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["as_of"] > as_of:
            continue
        of = {name: record[name] for name in ("number", "jurisdiction", "stat_year", "as_of", "filed_at")}
        of["owner"] = record.get("owner") or record["jurisdiction"]
        filed = json.loads((path.parent / "annual_return.json").read_text(encoding="utf-8"))
        rows += [
            of
            | {"item_name": figure["name"] + (f"（{figure['insurer_name']}）" if figure.get("insurer_name") else "")}
            | {name: figure[name] for name in ("item_no", "metric", "numerator", "denominator", "shown")}
            for figure in filed["figures"]
        ]
    schema = dict.fromkeys(FILED, pl.String) | {"stat_year": pl.Int32}
    return pl.DataFrame(rows, schema=schema).with_columns(
        pl.col("as_of").str.to_date(),
        pl.col("filed_at").str.slice(0, 19).str.to_datetime(time_unit="us"),
    )


def assemble(
    settings: Settings,
    build: Path,
    target: Path,
    manifest: Path,
    results: list[GateResult],
    fingerprint: str,
    filed: pl.DataFrame,
    drafted: pl.DataFrame,
    held: Sequence[tuple[HeldBack, Path | None]] = (),
    before: Publication | None = None,
) -> Publication:
    """Writes what is published of a build into a file that may hold part of it already; checked and read-only then.

    Args:
        filed, drafted: filings and share log that the calendar of returns knows; of a past day, none.
        before: the publication that is replaced.
    """
    built_at = datetime.now(CHINA).replace(tzinfo=None, microsecond=0)
    with duckdb.connect(str(build), config=duckdb_limits(settings)) as connection:
        connection.execute(f"attach {literal(str(target))} as publishing")
        as_of = connection.execute("select as_of from intermediate.int_as_of").fetchall()[0][0]
        files = connection.execute(
            "select count(*), md5(string_agg(file_id, ',' order by file_id)) from quality.files"
        ).fetchall()[0]
        publication_id = f"{as_of:%Y%m%d}-{hashlib.sha256((files[1] + fingerprint).encode()).hexdigest()[:8]}"
        cities = [city for city, _ in held]
        previous = _day_before(as_of, before)
        _add_tables(
            connection,
            manifest,
            results,
            publication_id,
            as_of,
            previous,
            built_at,
            files,
            filed,
            share_log(settings),
            as_json(cities),
        )
        rows = _copy(connection, settings.threads)
        if held:
            put_back(connection, list(rows), held)
            rows = _counted(connection, list(rows))
        rows[RETURN_CALENDAR] = write_calendar(connection, filed, drafted, as_of)
        connection.execute("update publishing.meta.publication set row_counts = ?", [json.dumps(rows)])
        comments = [comment for comment in descriptions(manifest) + ADDED_COMMENTS if comment[0] in rows]
        write_comments(connection, "publishing", comments)
        connection.execute("checkpoint publishing")
        connection.execute("detach publishing")
    _check(target, len(rows))
    target.chmod(0o444)
    return Publication(
        publication_id,
        as_of.isoformat(),
        built_at.isoformat(),
        fingerprint,
        files[0],
        len(rows),
        sum(rows.values()),
        sha256_of(target),
        tuple(asdict(city) for city in cities),
        previous.isoformat() if previous else "",
    )


def _day_before(as_of: date, before: Publication | None) -> date | None:
    """The knowledge date that readers saw before this one: of what is replaced, or (the same day published again) of what that replaced."""
    known = [day for day in (before.as_of, before.previous_as_of) if day and day < as_of.isoformat()] if before else []
    return date.fromisoformat(max(known)) if known else None


def _add_tables(
    connection: duckdb.DuckDBPyConnection,
    manifest: Path,
    results: list[GateResult],
    publication_id: str,
    as_of: date,
    previous: date | None,
    built_at: datetime,
    files: tuple[int, str],
    filed: pl.DataFrame,
    shared: pl.DataFrame,
    held: str,
) -> None:
    gate_columns = ADDED_TABLES["quality.gate_results"][1]
    frames = {
        "quality.gate_results": pl.DataFrame(
            [asdict(result) for result in results],
            schema=dict.fromkeys(gate_columns, pl.String)
            | {"success": pl.Boolean, "overridden": pl.Boolean, "unexpected_count": pl.Int64},
        ),
        "meta.metric_catalogue": metric_catalogue(manifest),
        "meta.filed_statistics": filed,
        "meta.share_log": shared,
        "meta.publication": pl.DataFrame(
            {
                "publication_id": [publication_id], "as_of": [as_of], "previous_as_of": pl.Series([previous], dtype=pl.Date), "built_at": [built_at], "code_version": [pipelines.__version__],
                "source_files": [files[0]], "source_hash": [files[1]], "row_counts": [""], "held_back": [held],
            }
        ),
        "meta.data_dictionary": data_dictionary(manifest),
    }  # fmt: skip
    described = pl.DataFrame(ADDED_COMMENTS, schema=["table", "column_name", "text"], orient="row").select(
        pl.col("table").str.split(".").list.first().alias("table_schema"), pl.col("table").str.split(".").list.last().alias("table_name"), "column_name",
        chinese_name=pl.col("text").str.split("：").list.first(), unit=pl.lit(""),
        definition=pl.col("text").str.split("：").list.last(), source_clause=pl.lit(""),
    )  # fmt: skip
    frames["meta.data_dictionary"] = pl.concat([frames["meta.data_dictionary"], described])
    for name, frame in frames.items():
        connection.register("added", frame.to_arrow())
        connection.execute(f"create or replace table {name} as select * from added")
        connection.unregister("added")


def _copy(connection: duckdb.DuckDBPyConnection, at_once: int) -> dict[str, int]:
    """Fills the attached file: views of the build as tables. What dbt has written there already is a view of the file."""
    for (table,) in connection.execute(
        "select schema_name || '.' || table_name as name from duckdb_tables() "
        f"where database_name = 'publishing' and name not in ({WRITTEN_BY_DBT})"
    ).fetchall():
        connection.execute(f"drop table publishing.{quoted(table)}")  # of a publication that was broken off
    tables = connection.execute(
        "with relations as ("
        "  select database_name, schema_name, table_name from duckdb_tables()"
        "  union all select database_name, schema_name, view_name from duckdb_views() where not internal"
        ") select list(schema_name || '.' || table_name order by schema_name, table_name) from relations "
        "where database_name = current_database() and list_contains(?, schema_name)",
        [PUBLISHED_SCHEMAS],
    ).fetchall()[0][0]
    return copy_tables(connection, "publishing", tables, at_once)


def _counted(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> dict[str, int]:
    return {
        table: connection.execute(f"select count(*) from publishing.{quoted(table)}").fetchall()[0][0]
        for table in tables
    }


def _check(path: Path, tables: int) -> None:
    """The file opens read-only, holds every table, and is on disk."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("select count(*) from duckdb_tables() where not internal").fetchall()[0][0]
        if found != tables:
            raise OSError(f"{path.name}: {found} of {tables} tables")
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _keep_history(settings: Settings) -> None:
    """The publication about to be replaced stays under history/, the newest few; only if it still is what was published."""
    previous = last_publication(settings)
    if previous is None or not is_whole(settings, previous):
        return
    folder = settings.warehouse / "history"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"anze_{previous.built_at.replace(':', '').replace('-', '')}_{previous.publication_id}.duckdb"
    if not kept.exists() and settings.history:
        os.link(settings.published, kept)
    for old in sorted(folder.glob("anze_*.duckdb"))[: -settings.history or None]:
        old.unlink()
