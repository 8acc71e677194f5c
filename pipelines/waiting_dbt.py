"""dbt in a process that waits for its night: loaded, and the project read, before the models are wanted.

What belongs here: starting it, telling it what to build, its own side (`python -m pipelines.waiting_dbt`). What does not:
where dbt writes and its manifest (transform.py), any definition (dbt_project/).

Loading dbt and reading the project takes one core three and a half seconds. The gates before it need the other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from pipelines.processes import end_with
from pipelines.settings import DBT_PROJECT, quiet_dependencies

_waiting: subprocess.Popen[bytes] | None = None


def begin() -> subprocess.Popen[bytes]:
    """Starts one, unless one waits; it goes away unused when this process ends."""
    global _waiting  # noqa: PLW0603 - one for the next build
    if _waiting is None or _waiting.poll() is not None:
        _waiting = subprocess.Popen(
            [sys.executable, "-m", "pipelines.waiting_dbt", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=DBT_PROJECT,
            # As Dagster asks for it: events as lines of JSON, at once.
            env=os.environ | {"DBT_LOG_FORMAT": "json", "DAGSTER_DBT_CLI": "true", "PYTHONUNBUFFERED": "1"},
        )
    return _waiting


def build(arguments: list[str]) -> subprocess.Popen[bytes]:
    """Runs one dbt command in the process that waits, or in a new one.

    Returns:
        the process: dbt's events are its output, and its exit code is dbt's.
    Raises:
        BrokenPipeError: it died at this very moment (of memory, most likely).
    """
    global _waiting
    process, _waiting = begin(), None
    process.args = ["dbt", *arguments]  # what Dagster names when it fails
    assert process.stdin is not None
    with process.stdin as job:
        job.write(json.dumps(arguments).encode())
    return process


def main() -> None:
    end_with(int(sys.argv[1]))
    quiet_dependencies()
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - in this process and not in the night's own
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415

    project = dbtRunner().invoke(["parse", "--no-write-json", "--quiet"]).result
    job = sys.stdin.read()
    if not job:
        return  # no build this time
    # Where the project cannot be read, the build reads it again and says so to Dagster.
    done = dbtRunner(manifest=project if isinstance(project, Manifest) else None).invoke(json.loads(job))
    if done.exception:
        print(done.exception, flush=True)  # dbt says most of them itself, but not what it did not understand
    sys.exit(0 if done.success else 2 if done.exception else 1)


if __name__ == "__main__":
    main()
