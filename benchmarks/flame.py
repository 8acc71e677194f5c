"""Where a full build spends its time, as a picture: `python benchmarks/flame.py [city|province]`.

A flame graph of every process of a night (py-spy, a hundred samples a second) in benchmarks/.work/flame.svg: open it in a
browser; the wider, the longer; a click goes into a part of it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench import ANZE, WORK, console, environment, forget, generated


def main() -> None:
    home = generated(sys.argv[1] if len(sys.argv) > 1 else "city")
    forget(home)
    picture = WORK / "flame.svg"
    py_spy = str(Path(sys.executable).with_name("py-spy"))
    subprocess.run(
        [py_spy, "record", "--subprocesses", "--output", str(picture), "--", ANZE, "nightly"],
        env=environment(home), check=True,
    )  # fmt: skip
    console.print(f"{picture}")


if __name__ == "__main__":
    main()
