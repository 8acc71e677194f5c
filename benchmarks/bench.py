"""anze beside the floor and beside an analyst's script, on the same files: `python benchmarks/bench.py SCALE [rounds] [floor|alone]`.

SCALE: city, province, region (2.5 provinces) or country.

What it does, in turn and several times: generates the scale with `anze synth` (once), runs the hand-written floor
(floor.py), an analyst's scripts in Polars, pandas and PySpark (analyst_*.py; the last only where `make spark-setup` was
run), the path of the four ratios alone (headline.py), and anze: a full build from nothing, a night with nothing new and
a small one, with some 0.2 % new rows of a new day. It checks that all give the same ratios and prints medians, ratios, peak memory and bytes per
second; with `floor` the analyst's scripts are left out, with `alone` the floor too (it holds everything in memory).
Nothing in it is a test of time. Work lies in benchmarks/.work (ignored); results are written down in docs/speed.md.
"""

from __future__ import annotations

import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"
ANZE = str(Path(sys.executable).with_name("anze"))
SPARK_PYTHON = HERE.parent / ".venv-spark" / "bin" / "python"
SCRIPTS = {"polars": sys.executable, "pandas": sys.executable} | (
    {"spark": str(SPARK_PYTHON)} if SPARK_PYTHON.exists() else {}
)
HEADLINE_FEEDS = ("enterprise", "policy", "endorsement", "coinsurance", "claim", "service_record", "fee_ledger")
NUMBERS = {
    "insured_required_units": "insured_required_units", "required_units": "required_units",
    "incurred": "claims_settled + claims_paid_open + claims_outstanding", "provided": "fee_provided", "premium_received": "premium_received",
    "serviced_units": "serviced_units_in_force", "insured_units_in_force": "insured_units_in_force",
}  # fmt: skip
STAGE = re.compile(r"✓ (.+?) ([\d.]+) 秒")
console = Console(width=150)


@dataclass
class Run:
    """One run of a command: seconds, peak memory of its largest process in MB, what it said."""

    seconds: float
    peak_mb: float
    said: str

    @property
    def stages(self) -> dict[str, float]:
        return {name: float(seconds) for name, seconds in STAGE.findall(self.said)}


def environment(home: Path) -> dict[str, str]:
    """What a command is run with: this home, no comparison with the night before."""
    return {**os.environ, "ANZE_HOME": str(home), "ANZE_OVERRIDE_GATES": "headline_moves_within_bound"}


def run(*command: str, home: Path) -> Run:
    """Runs a command under GNU time's eyes; what the one before left to be written to disk is written first.

    Raises:
        SystemExit: it failed.
    """
    os.sync()
    began = time.perf_counter()
    done = subprocess.run(
        ["/usr/bin/time", "-f", "peak %M", *command], capture_output=True, text=True, check=False, env=environment(home)
    )
    seconds = time.perf_counter() - began
    said = done.stdout + done.stderr
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {said[-3000:]}")
    return Run(seconds, int(re.findall(r"peak (\d+)", said)[-1]) / 1024, said)


def generated(scale: str) -> Path:
    """The scale's home with raw drops of text files (the scripts read nothing else), made once."""
    home = WORK / scale
    if not (home / "truth").exists():
        began = time.perf_counter()
        made = run(ANZE, "synth", "--scale", scale, "--seed", "1", "--dirt", "0.01", "--out", str(home), home=home)
        rows = sum(int(number.replace(",", "")) for number in re.findall(r"│\s+([\d,]+) │", made.said))
        for path in (home / "raw").rglob("*"):
            if path.is_file() and path.suffix.lower() not in (".csv", "") and not path.name.startswith("."):
                path.unlink()
        console.print(
            f"synth {scale}: {rows:,} rows in {time.perf_counter() - began:.0f} s, peak {made.peak_mb:.0f} MB"
        )
    return home


def size(home: Path, feeds: tuple[str, ...] | None = None) -> int:
    files = (path for path in (home / "raw").glob("*/*/**/*") if path.is_file())
    return sum(
        path.stat().st_size for path in files if feeds is None or path.relative_to(home / "raw").parts[1] in feeds
    )


def forget(home: Path) -> None:
    """Nothing but the raw drops is left, and dbt's manifest, which belongs to setting up.

    What there was is moved aside: Linux is slow to make files where thousands have just been deleted, and no user does that.
    """
    aside = WORK / "aside" / str(time.time_ns())
    aside.mkdir(parents=True)
    for part in ("landing", "warehouse", "dagster", "site", "docs"):
        if (home / part).exists():
            (home / part).rename(aside / part)


def asked(home: Path) -> str:
    """What an analyst waits for: the headline of a city and year, from opening the file and again; an explanation."""
    query = "select * from marts.supervision_metrics where jurisdiction = 'weihai' and stat_year = 2025 and district_code = 'ALL' and industry_code = 'ALL'"
    began = time.perf_counter()
    with duckdb.connect(str(home / "warehouse" / "anze.duckdb"), read_only=True) as connection:
        connection.execute(query).fetchall()
        opened = time.perf_counter() - began
        again = []
        for _ in range(9):
            began = time.perf_counter()
            connection.execute(query).fetchall()
            again.append(time.perf_counter() - began)
    explained = run(ANZE, "explain", "simple_loss_ratio", "--year", "2025", "--jurisdiction", "weihai", home=home)
    return f"headline query {1000 * statistics.median(again):.0f} ms ({1000 * opened:.0f} ms with opening the file), anze explain {explained.seconds:.1f} s"


def a_little_more(home: Path) -> int:
    """Some 0.2 % new rows: every insurer's newest services once more, under new numbers, received the day after everything."""
    rows = 0
    for path in sorted((home / "raw").glob("*/service_record/2026-10-15/*.csv")):
        content = path.read_bytes()
        encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            text = content.decode("gb18030")
        frame = pl.read_csv(text.encode(), infer_schema=False)
        frame = frame.with_columns(服务编号=pl.concat_str(pl.lit(f"N{time.time_ns()}"), "服务编号")).head(5_000)
        target = path.parents[1] / "2026-10-16" / f"新增{time.time_ns()}.csv"
        target.parent.mkdir(exist_ok=True)
        frame.write_csv(target)
        os.utime(target, (1_700_000_000, 1_700_000_000))
        rows += frame.height
    return rows


def same_ratios(home: Path, script: str, every_cell: bool) -> int:
    """How many cells the warehouse has, all of them equal to a script's; it leaves out cells in which nothing happened."""
    theirs = pl.read_parquet(home / f"{script}.parquet").with_columns(pl.col("stat_year").cast(pl.Int32))
    keys = ["jurisdiction", "stat_year", "district_code", "industry_code"]
    # Scripts know the years in which something happened.
    wanted = "where period_end >= data_since"
    wanted += "" if every_cell else " and district_code = 'ALL' and industry_code = 'ALL'"
    columns = ", ".join(f"{expression} as {name}" for name, expression in NUMBERS.items())
    with duckdb.connect(str(home / "warehouse" / "anze.duckdb"), read_only=True) as connection:
        ours = connection.sql(f"select {', '.join(keys)}, {columns} from marts.supervision_metrics {wanted}").pl()
    if not every_cell:
        theirs = theirs.with_columns(district_code=pl.lit("ALL"), industry_code=pl.lit("ALL"))
    both = ours.join(theirs, on=keys, how="full", suffix="_theirs")
    if both.height != ours.height:
        raise SystemExit(f"{script}: {theirs.height} cells, the warehouse has {ours.height}")
    for name in NUMBERS:
        mine, other = (pl.col(column).cast(pl.Float64).fill_null(0).round(2) for column in (name, f"{name}_theirs"))
        different = both.filter(mine != other)
        if different.height:
            raise SystemExit(f"{script}: {name} differs in {different.height} cells: {different.head(1).to_dicts()}")
    return both.height


def _stages(nights: dict[str, list[Run]]) -> Table:
    """Where the time of each kind of night went: medians of its stages, and what it needed beside them."""
    table = Table(title="stages, median s")
    for heading in ("stage", *nights):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for stage in next(iter(nights.values()))[0].stages:
        table.add_row(
            stage, *(f"{statistics.median(one.stages.get(stage, 0) for one in runs):.1f}" for runs in nights.values())
        )
    rest = (statistics.median(one.seconds - sum(one.stages.values()) for one in runs) for runs in nights.values())
    table.add_row("start and end", *(f"{seconds:.1f}" for seconds in rest))
    return table


def main() -> None:
    scale, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with_floor = "alone" not in sys.argv[3:]
    scripts = SCRIPTS if with_floor and "floor" not in sys.argv[3:] else {}
    home = generated(scale)
    whole, headline = size(home), size(home, HEADLINE_FEEDS)
    runs: dict[str, list[Run]] = {}

    def note(name: str, one: Run) -> None:
        runs.setdefault(name, []).append(one)
        console.print(f"  {name}: {one.seconds:.1f} s")

    for number in range(rounds):
        console.print(f"round {number + 1} of {rounds}")
        if with_floor:
            note("floor", run(sys.executable, str(HERE / "floor.py"), str(home), home=home))
        works = []
        for name, python in scripts.items():
            try:
                script = run(python, str(HERE / f"analyst_{name}.py"), str(home), home=home)
            except SystemExit as failed:
                console.print(f"  analyst's {name} script failed: {str(failed)[-300:]}")
                continue
            works.append(name)
            note(f"analyst's {name} script", script)
        alone = run(sys.executable, str(HERE / "headline.py"), str(home), str(WORK / "headline"), home=home)
        note("anze, the four ratios alone", alone)
        console.print(f"  {alone.said.splitlines()[0]}")
        forget(home)
        note("anze, full build", run(ANZE, "nightly", home=home))
        if with_floor:
            console.print(f"  floor: {same_ratios(home, 'floor', every_cell=True)} cells equal")
        for name in works:
            console.print(f"  {name}: {same_ratios(home, f'analyst_{name}', every_cell=False)} cells equal")
        console.print(f"  {asked(home)}")
        note("anze, nothing new", run(ANZE, "nightly", home=home))
        new = a_little_more(home)
        note("anze, a small night", run(ANZE, "nightly", home=home))
        for path in (home / "raw").glob("*/service_record/2026-10-16"):
            shutil.rmtree(path)
        console.print(f"  {new:,} rows were new in the small night")
        shutil.rmtree(WORK / "aside", ignore_errors=True)
    floor = statistics.median(one.seconds for one in runs["floor"]) if with_floor else math.nan
    table = Table(
        title=f"{scale}: {whole / 1e6:,.0f} MB raw, of it {headline / 1e6:,.0f} MB in the feeds of the four ratios"
    )
    for heading in ("what", "median s", "x floor", "peak MB (largest process)", "MB/s"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for name, several in runs.items():
        seconds = statistics.median(one.seconds for one in several)
        read = whole if name.startswith("anze") and "alone" not in name else headline
        table.add_row(
            name,
            f"{seconds:.1f}",
            f"{seconds / floor:.2f}",
            f"{max(one.peak_mb for one in several):.0f}",
            f"{read / seconds / 1e6:.0f}",
        )
    console.print(table)
    console.print(_stages({name: runs[name] for name in ("anze, full build", "anze, a small night")}))
    console.print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, DuckDB {duckdb.__version__}, Polars {pl.__version__}")  # fmt: skip


if __name__ == "__main__":
    main()
