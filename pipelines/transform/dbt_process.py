"""dbt's own side of a run: `python -m pipelines.transform.dbt_process PARENT ARGUMENTS`.

What belongs here: ending with the process that started it, so that nobody writes on after a night was killed, and dbt's
documented entry for programs. What does not: what dbt is told (project.py).
"""

from __future__ import annotations

import sys

from pipelines.processes import end_with


def main() -> None:
    end_with(int(sys.argv[1]))
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - seconds of imports; whoever started this is to be known first

    done = dbtRunner().invoke(sys.argv[2:])
    if done.exception:
        print(done.exception, flush=True)  # dbt says most of them itself, but not what it did not understand
    sys.exit(0 if done.success else 2 if done.exception else 1)


if __name__ == "__main__":
    main()
