"""Which publication the static site shows.

What belongs here: this alone; a night with nothing new must not import what site.py does. What does not: the pages.
"""

from pipelines.settings import Settings


def is_current(settings: Settings, publication_id: str) -> bool:
    """Whether `site/current` shows a publication."""
    current = settings.home / "site" / "current"
    return current.exists() and current.resolve().name.endswith(f"_{publication_id}")
