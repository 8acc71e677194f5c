"""The wheel alone is enough: a night in an empty folder, from an installation nothing is written to."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import DBT_PROJECT, EXPECTATIONS, PROJECT_ROOT

SHIPPED = {".py", ".sql", ".yml", ".yaml", ".csv", ".md", ".html", ".js", ".css"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the checkout: setuptools builds where the sources lie."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pipelines", "dbt_project", "expectations"):
        shutil.copytree(
            PROJECT_ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs")
        )
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(PROJECT_ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", ".", "-w", str(out)],
        cwd=source, check=True,
    )  # fmt: skip
    return next(out.glob("anze-*.whl"))


def digest(folder: Path) -> str:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return hashlib.sha256(b"".join(path.as_posix().encode() + path.read_bytes() for path in files)).hexdigest()


def test_it_carries_what_the_checkout_has(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    wanted = {
        path.relative_to(PROJECT_ROOT).as_posix()
        for folder in (PROJECT_ROOT / "pipelines", DBT_PROJECT, EXPECTATIONS)
        for path in folder.rglob("*")
        if path.suffix in SHIPPED and not {"__pycache__", "target", "logs"} & set(path.parts)
    }
    assert len(wanted) > 500 and wanted <= carried, sorted(wanted - carried)[:10]


def test_a_night_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    installed, home = tmp_path / "installed", tmp_path / "home"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    shutil.copytree(PROJECT_ROOT / "data" / "raw", home / "raw")
    before = digest(installed)
    for path in installed.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)

    def anze(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANZE_")}
        environment |= {
            "PYTHONPATH": str(installed),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ANZE_SITE_AUDIENCES": "weihai_city",
        }
        return subprocess.run(
            [sys.executable, "-m", "pipelines.cli.main", *arguments], cwd=home, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    night = anze("nightly")
    assert night.returncode == 0, night.stdout + night.stderr
    assert "没有新文件" in anze("nightly").stdout
    with duckdb.connect(str(home / "warehouse" / "anze.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) > 100 from marts.supervision_metrics").fetchone() == (True,)
    assert (home / "site" / "current" / "weihai_city" / "index.html").exists()
    said = anze("--version")
    assert said.returncode == 0 and "程序" in said.stdout
    assert digest(installed) == before, "nothing is written where the program lies"
