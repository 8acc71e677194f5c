"""dbt in a process of its own: what it makes is given out one by one, what it says of errors is kept, it ends with the night."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Home

from pipelines.transform import project


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with empty landing files, dbt's environment set."""
    before = dict(os.environ)
    home = Home(tmp_path_factory.mktemp("dbt"))
    home.land()
    project.fresh_manifest(home.settings)
    project.use_environment(home.settings)
    yield home
    os.environ.clear()
    os.environ.update(before)


def test_models_are_given_out_once_they_are_made(ready: Home) -> None:
    made = list(project.build_models(ready.settings, ["ref_district", "stg_quality__files", "int_as_of"]))
    names = [model.name for model in made]
    assert set(names) == {"ref_district", "stg_quality__files", "int_as_of"}
    assert names.index("int_as_of") > names.index("stg_quality__files")
    assert all(0 < model.seconds < 60 for model in made)
    log = project.dbt_log(ready.settings).read_text(encoding="utf-8")
    assert "int_as_of" in log and "{" not in log  # in words


def test_what_fails_is_raised_with_what_dbt_said_of_it(ready: Home) -> None:
    with pytest.raises(RuntimeError, match="exit code 1") as failed:
        list(project.build_models(ready.settings, ["int_claim_step"]))  # its records are not there
    assert "int_claim_step" in str(failed.value) and "does not exist" in str(failed.value)


def test_what_dbt_does_not_understand_is_said(ready: Home) -> None:
    with pytest.raises(RuntimeError, match="no-such-option"):
        project.run_dbt(["ls", "--no-such-option"], project.dbt_environment(ready.settings))


def test_it_ends_when_its_night_is_killed(ready: Home) -> None:
    night = textwrap.dedent("""
        from pipelines.settings import settings
        from pipelines.transform import project
        for made in project.build_models(settings()):
            print("made", flush=True)
            import signal; signal.pause()
    """)
    environment = os.environ | {"ANZE_HOME": str(ready.path)}
    process = subprocess.Popen([sys.executable, "-c", night], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "made\n"
    children = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    assert len(children) == 1
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    for _ in range(300):
        if not Path(f"/proc/{children[0]}").exists() or ") Z" in Path(f"/proc/{children[0]}/stat").read_text():
            return
        time.sleep(0.1)
    pytest.fail("it is still there")
