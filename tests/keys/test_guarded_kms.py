import threading
import time
from pathlib import Path

import pytest

from keys.errors import KmsUnavailable
from keys.format import new_key
from keys.kms import GuardedKms
from keys.local_kms import LocalKms


class CountingKms(LocalKms):
    """The real thing, slow and counted."""

    calls_per_second = 20
    pause = 0.0

    def __init__(self, path, *, data_dir):
        super().__init__(path, data_dir=data_dir)
        self.unwraps = 0

    def unwrap(self, context, wrapped):
        self.unwraps += 1
        time.sleep(self.pause)
        return super().unwrap(context, wrapped)


@pytest.fixture
def kms(tmp_path: Path) -> CountingKms:
    made = CountingKms(tmp_path / "key", data_dir=tmp_path / "data")
    made.create()
    return made


def test_what_many_threads_want_at_once_is_asked_once(kms):
    kms.pause = 0.2
    guarded = GuardedKms(kms)
    key = new_key()
    wrapped = guarded.wrap(b"context", key)
    ready = threading.Barrier(16)
    answers = []

    def ask() -> None:
        ready.wait()
        answers.append(guarded.unwrap(b"context", wrapped))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [key] * 16
    assert kms.unwraps == 1


def test_a_failure_is_shared_and_not_kept(kms, tmp_path):
    guarded = GuardedKms(kms)
    key = new_key()
    wrapped = guarded.wrap(b"context", key)

    (tmp_path / "key").rename(tmp_path / "away")
    with pytest.raises(KmsUnavailable):
        guarded.unwrap(b"context", wrapped)
    (tmp_path / "away").rename(tmp_path / "key")

    assert guarded.unwrap(b"context", wrapped) == key


def test_a_process_asks_no_more_often_than_the_kms_bears(kms):
    now = [0.0]
    naps = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        now[0] += seconds

    guarded = GuardedKms(kms, clock=lambda: now[0], sleep=sleep)
    for number in range(100):
        guarded.wrap(b"%d" % number, new_key())

    assert now[0] >= (100 - 20) / 20 - 0.1
    assert max(naps) <= 2.0


def test_who_would_wait_too_long_is_told_at_once(kms):
    naps = []
    guarded = GuardedKms(kms, clock=lambda: 0.0, sleep=naps.append)

    for _ in range(60):
        guarded.wrap(b"context", new_key())

    with pytest.raises(KmsUnavailable, match="too often"):
        guarded.wrap(b"context", new_key())
    assert max(naps) == 2.0
    assert not guarded.health().healthy
