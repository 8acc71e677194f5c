"""Which publication the static site shows; apart from site.py because a night with nothing new must not import that."""

from pipelines.settings import Settings


def is_current(settings: Settings, publication_id: str) -> bool:
    """Whether `site/current` shows a publication."""
    current = settings.home / "site" / "current"
    return current.exists() and current.resolve().name.endswith(f"_{publication_id}")
