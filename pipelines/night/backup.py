"""What must be saved of a home, in one archive.

What belongs here: which files, and how links are saved. What does not: restoring, which is unpacking it (docs/operator.md).
"""

from __future__ import annotations

import tarfile
from pathlib import Path

from pipelines.settings import Settings

PARTS = ("raw", "filings", "shared")
"""All else is made again from them."""


def back_up(settings: Settings, target: Path) -> int:
    """Writes raw/ (stamps and hash key included), filings/ and the log of what was shared into a tar archive, whole or not at all.

    A sender's folder that is a link, which only the operator can lay, is saved with what it leads to, so that it comes back on
    another machine. Links further down, which are refused as drops, are saved as links: what they lead to is not their sender's.

    Returns:
        bytes written.
    """
    partial = target.with_name(f"{target.name}.part")
    with tarfile.open(partial, "w") as archive:
        for part in PARTS:
            folder = settings.home / part
            for path in sorted(folder.iterdir()) if folder.exists() else ():
                archive.add(path.resolve() if part == "raw" and path.is_symlink() else path, f"{part}/{path.name}")
    partial.replace(target)
    return target.stat().st_size
