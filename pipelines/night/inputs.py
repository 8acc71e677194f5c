"""What a night would work on: is there anything new?

What belongs here: the fingerprint of all that decides what is published, and the publication that still stands. What does
not: the drops themselves (pipelines/ingest).
"""

from __future__ import annotations

import hashlib

from pipelines.ingest.landing import damaged, pending
from pipelines.publish.publication import Publication, is_whole, last_publication
from pipelines.settings import Settings, code_fingerprint


def input_fingerprint(settings: Settings, as_of: str) -> str:
    """Fingerprint of all that decides what is published: landed files, code, knowledge date, filings."""
    files = settings.landing / "files.parquet"
    content = files.read_bytes() if files.exists() else b""
    filed = ",".join(sorted(path.parent.name for path in settings.home.glob("filings/*/*/*/filing.json")))
    parts = [hashlib.sha256(content).hexdigest(), code_fingerprint(), as_of, settings.override_gates, filed]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def nothing_new(settings: Settings, as_of: str) -> Publication | None:
    """The publication in force, if a run would publish the same again."""
    publication = last_publication(settings)
    if publication is None or not is_whole(settings, publication):
        return None
    if publication.fingerprint != input_fingerprint(settings, as_of) or pending(settings):
        return None
    return None if damaged(settings) else publication
