"""Telling the configured webhook (ANZE_WEBHOOK_URL): a short text as JSON.

What belongs here: the request. What does not: what is told (incident.py, reminder.py).
"""

from __future__ import annotations

import json
import urllib.request

WEBHOOK_SECONDS = 5


def tell(url: str, text: str, **also: object) -> tuple[bool, str]:
    """Posts `{"text": …, **also}`; whether it was taken, and what came of it, in words. Never raises: who is told makes nothing worse."""
    body = json.dumps({"text": text, **also}, ensure_ascii=False).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json; charset=utf-8"})
    try:
        with urllib.request.urlopen(request, timeout=WEBHOOK_SECONDS) as answer:
            return True, f"已通知（{answer.status}）"
    except (OSError, ValueError) as error:
        return False, f"通知未送达（{error}）"
