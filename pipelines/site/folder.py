"""A folder of the site being written, beside the same folder of the publication before.

What belongs here: writing a file, or taking the one of before where it would be the same. What does not: what files hold (site.py,
scripts.py).
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folder:
    """place: where files are written; before: the folder as it was published last, if it was (it need not exist)."""

    place: Path
    before: Path | None = None

    def __truediv__(self, name: str) -> Folder:
        return Folder(self.place / name, self.before / name if self.before else None)

    def put(self, name: str, content: bytes | memoryview) -> None:
        """A file with this content. The one of before is taken (a hard link) if it is byte for byte the same: what somebody has
        changed in a published folder does not get into the next."""
        target = self.place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        before = self.read(name, len(content))
        if before is not None and before == content:
            self.take(name)
        else:
            target.write_bytes(content)

    def read(self, name: str, size: int | None = None) -> bytes | None:
        """The file of before; None: there is none (of this size)."""
        if self.before is None:
            return None
        try:
            with (self.before / name).open("rb") as file:
                if size is not None and os.fstat(file.fileno()).st_size != size:
                    return None
                return file.read()
        except OSError:
            return None

    def take(self, name: str) -> None:
        """The file of before once more."""
        assert self.before is not None
        (self.place / name).parent.mkdir(parents=True, exist_ok=True)
        link(self.before / name, self.place / name)


def link(source: str | Path, target: str | Path) -> None:
    """One file in two folders; a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
