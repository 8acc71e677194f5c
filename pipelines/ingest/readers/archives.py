"""Archives: what of them may be unfolded, and their members.

What belongs here: gzip and zip, paths, bombs, encryption. What does not: what a member holds (tables.py).
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from pipelines.ingest.readers.sheet import Content, Limits, Refused

# Deflate makes at most 1032 bytes of one.
DEFLATE_MOST = 1032
# What the standard library raises over a broken archive.
BROKEN_ARCHIVE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, KeyError, RuntimeError,
)  # fmt: skip


def gunzip(content: Content, limits: Limits) -> bytes:
    expanded = bytearray()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            # Piece by piece: asked for all at once, it takes the memory of the limit beforehand.
            while block := file.read(1 << 20):
                expanded += block
                if len(expanded) > limits.expanded_bytes:
                    raise Refused("bomb", limit=limits.expanded_bytes >> 20)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused("malformed", detail="压缩文件损坏或截断") from error
    return bytes(expanded)


def safe_members(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], limits: Limits) -> None:
    """No encryption, no paths that lead elsewhere, no bomb.

    Declared sizes may lie: where the compressed bytes could expand past the limit, they are counted.
    """
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if ".." in parts or member.filename.startswith(("/", "\\")) or (parts and ":" in parts[0]):
            raise Refused("unsafe_path", member=member.filename)
        if member.flag_bits & 0x1:
            raise Refused("encrypted")
    if sum(member.file_size for member in members) > limits.expanded_bytes:
        raise Refused("bomb", limit=limits.expanded_bytes >> 20)
    if sum(member.compress_size for member in members) * DEFLATE_MOST > limits.expanded_bytes:
        total = 0
        for member in members:
            with archive.open(member) as file:
                while block := file.read(1 << 20):
                    total += len(block)
                    if total > limits.expanded_bytes:
                        raise Refused("bomb", limit=limits.expanded_bytes >> 20)


def no_entities(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """A workbook has no use for a document type: entities are how XML bombs and outside references come in."""
    for member in members:
        if member.filename.endswith((".xml", ".rels")):
            with archive.open(member) as file:
                head = file.read(4096)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise Refused("xml_entities")


def files_in(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Iterator[tuple[str, bytes]]:
    """Path and content of each member that a sender meant: no folders, no files that programs leave behind."""
    for member in members:
        name = _member_name(member)
        path = PurePosixPath(name)
        if member.is_dir() or path.name.startswith((".", "~$")) or path.parts[0] == "__MACOSX":
            continue
        if path.suffix.lower() == ".zip":
            raise Refused("nested_archive", member=name)
        yield name, archive.read(member)


def _member_name(member: zipfile.ZipInfo) -> str:
    """Names written by Chinese Windows are GBK without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
