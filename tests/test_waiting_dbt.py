"""dbt in a process that waits for its night."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from conftest import Home

from pipelines.transform import project, waiting_dbt


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A home whose project has been read; dbt's environment there."""
    home = Home(tmp_path_factory.mktemp("waiting"))
    home.land()
    project.fresh_manifest(home.settings)
    return project.dbt_environment(home.settings)


@pytest.fixture(autouse=True)
def environment(project: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in project.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(waiting_dbt, "_waiting", None)


def said(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    with process.stdout as output:
        text = output.read().decode()
    process.wait()
    return text


def test_it_runs_what_it_is_told_and_its_exit_code_is_dbts() -> None:
    waiting = waiting_dbt.begin()
    assert waiting_dbt.begin() is waiting
    listing = waiting_dbt.build(["ls", "--select", "supervision_metrics", "--resource-type", "model"])
    heard = said(listing)
    assert listing is waiting and "supervision_metrics" in heard and listing.returncode == 0, heard
    # What dbt does not understand is an error of its own, and is said.
    wrong = waiting_dbt.build(["ls", "--no-such-option"])
    assert "no-such-option" in said(wrong) and wrong.returncode == 2
    assert wrong is not waiting


def test_one_that_was_killed_is_replaced() -> None:
    waiting = waiting_dbt.begin()
    waiting.kill()
    waiting.wait()
    listing = waiting_dbt.build(["ls", "--select", "supervision_metrics", "--resource-type", "model"])
    assert "supervision_metrics" in said(listing) and listing.returncode == 0


def test_it_goes_when_nothing_is_to_be_built_and_when_its_night_is_killed() -> None:
    waiting = waiting_dbt.begin()
    assert waiting.stdin is not None
    waiting.stdin.close()
    assert waiting.wait(60) == 0

    night = textwrap.dedent("""
        import signal
        from pipelines.transform.project import waiting_dbt
        print(waiting_dbt.begin().pid, flush=True)
        signal.pause()
    """)
    process = subprocess.Popen([sys.executable, "-c", night], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as output:
        child = int(output.readline())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(600):
        if not Path(f"/proc/{child}").exists() or ") Z" in Path(f"/proc/{child}/stat").read_text():
            return
        time.sleep(0.1)
    pytest.fail("it is still there")
