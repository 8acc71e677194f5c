"""A folder of the site being written, beside the same folder of the publication before.

What belongs here: writing a file, or taking the one of before where it would be the same. What does not: what files hold (site.py,
scripts.py).
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Folder:
    """place: where files are written; before: the folder as it was published last, if it was (it need not exist)."""

    place: Path
    before: Path | None = None

    def __truediv__(self, name: str) -> Folder:
        return Folder(self.place / name, self.before / name if self.before else None)

    def put(self, name: str, content: bytes | memoryview) -> None:
        """A file with this content. The one of before is taken (a hard link) if it is byte for byte the same, and its rights are those
        of a new file: what somebody has changed in a published folder does not get into the next. What is there already under
        this name may be an older publication's too: it is replaced and never written into."""
        target = self.place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        before = self.read(name, len(content))
        if self.before is not None and before == content and self._has_the_rights_of_a_new_file(self.before / name):
            link(self.before / name, target)
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

    def _has_the_rights_of_a_new_file(self, before: Path) -> bool:
        return _rights(before.stat()) == _rights_of_a_new_file(self.place)


def _rights(of: os.stat_result) -> tuple[int, int, int]:
    return of.st_mode, of.st_uid, of.st_gid


@cache
def _rights_of_a_new_file(folder: Path) -> tuple[int, int, int]:
    """Mode, owner and group that a file written into the folder gets."""
    probe = folder / ".rights"
    probe.touch()
    try:
        return _rights(probe.stat())
    finally:
        probe.unlink()


def link(source: str | Path, target: str | Path) -> None:
    """One file in two folders; a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
