"""The key management service: whoever holds the key-encryption keys (KEK), which never leave it.

A `Kms` is a local key file or a foreign system. What the platform uses is a `GuardedKms` around it: identical calls
share one answer, and a process can neither storm an ailing service nor wait on it for ever.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from keys.errors import KmsUnavailable

_LONGEST_WAIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key that only the KMS can unwrap, and by which of its KEKs."""

    kek_id: str
    blob: bytes


@dataclass(frozen=True, slots=True)
class KekStatus:
    """One KEK as people may see it."""

    id: str
    state: str
    created_at: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class KmsStatus:
    """What holds the KEKs, and which of them wraps new keys."""

    kind: str
    place: str
    active_kek_id: str
    keks: tuple[KekStatus, ...]


@dataclass(frozen=True, slots=True)
class Health:
    healthy: bool
    finding: str = ""
    remedy: str = ""


class Kms(Protocol):
    """What every key management service must do (KE-2). The context is authenticated, not secret.

    Each call raises KmsUnavailable if there is no answer and KmsRefused if the answer is no. An implementation bounds
    its own waiting, and never returns a key that it did not authenticate.
    """

    calls_per_second: int

    def wrap(self, context: bytes, key: bytes) -> Wrapped:
        """The key under the active KEK, bound to the context."""

    def unwrap(self, context: bytes, wrapped: Wrapped) -> bytes:
        """The key again; only with the same context."""

    def derive(self, context: bytes) -> bytes:
        """A 256-bit key that is the same for this deployment and context at every call and is stored nowhere."""

    def describe(self) -> KmsStatus:
        """What people may see of it. Raises like the other calls."""

    def health(self) -> Health:
        """Whether it works now, and what to do if not. Does not raise."""


class Bucket:
    """At most `rate` turns a second, with bursts of one second's worth; waiting for a turn is bounded."""

    def __init__(self, rate: int, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._turns = float(rate)
        self._counted_at = clock()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Raises KmsUnavailable if no turn would come soon enough."""
        with self._lock:
            now = self._clock()
            self._turns = min(float(self._rate), self._turns + (now - self._counted_at) * self._rate)
            self._counted_at = now
            wait = max(0.0, (1.0 - self._turns) / self._rate)
            if wait > _LONGEST_WAIT_SECONDS:
                raise KmsUnavailable(
                    "The KMS is asked too often by this process.", remedy="Try again in a few seconds."
                )
            self._turns -= 1.0
        if wait:
            self._sleep(wait)


class GuardedKms:
    """A KMS that is asked once for what several threads want at once, and never more often than it bears."""

    def __init__(
        self, kms: Kms, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._kms = kms
        self._bucket = Bucket(kms.calls_per_second, clock=clock, sleep=sleep)
        self._running: dict[bytes, Future[bytes]] = {}
        self._lock = threading.Lock()

    @property
    def calls_per_second(self) -> int:
        return self._kms.calls_per_second

    def wrap(self, context: bytes, key: bytes) -> Wrapped:
        self._bucket.take()
        return self._kms.wrap(context, key)

    def unwrap(self, context: bytes, wrapped: Wrapped) -> bytes:
        return self._once(b"unwrap", context, wrapped.blob, ask=lambda: self._kms.unwrap(context, wrapped))

    def derive(self, context: bytes) -> bytes:
        return self._once(b"derive", context, ask=lambda: self._kms.derive(context))

    def describe(self) -> KmsStatus:
        self._bucket.take()
        return self._kms.describe()

    def health(self) -> Health:
        try:
            self._bucket.take()
        except KmsUnavailable as busy:
            return Health(healthy=False, finding=busy.message, remedy=busy.remedy)
        return self._kms.health()

    def _once(self, *question: bytes, ask: Callable[[], bytes]) -> bytes:
        """Single flight: whoever asks the same thing meanwhile gets the same answer or the same error."""
        digest = hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in question)).digest()
        with self._lock:
            running = self._running.get(digest)
            mine = running is None
            if running is None:
                running = self._running[digest] = Future()
        if not mine:
            return running.result()

        try:
            self._bucket.take()
            answer = ask()
        except BaseException as error:
            running.set_exception(error)
            raise
        else:
            running.set_result(answer)
            return answer
        finally:
            with self._lock:
                del self._running[digest]


LOCAL = "keys.local_kms.from_settings"


@cache
def kms() -> GuardedKms:
    """The KMS of this deployment: what the function named by the setting `KMS` gives (R13)."""
    return GuardedKms(import_string(getattr(settings, "KMS", LOCAL))())
