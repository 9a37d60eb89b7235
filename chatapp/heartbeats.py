"""Signs of life that processes leave in Valkey, for `doctor` and the console."""

import time

from django.core.cache import cache

STALE_SECONDS = 60
_KEPT_SECONDS = 24 * 3600


def leave(name: str) -> None:
    """Say that `name` works now."""
    cache.set(f"heartbeat:{name}", time.time(), _KEPT_SECONDS)


def age(name: str) -> float | None:
    """Seconds since the last sign of life; None if there was none within a day."""
    left_at = cache.get(f"heartbeat:{name}")
    return None if left_at is None else max(0.0, time.time() - left_at)
