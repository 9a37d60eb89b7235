"""No post commits after a revocation was acknowledged, however the two interleave (R16)."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connections

from policy import epochs, pep
from policy.types import AccessDenied
from rooms.actions import judging
from rooms.actions.messages import post_message
from rooms.models import Message
from rooms.posting import Post
from tenancy.actor import new_id
from tests.world import CLEARED, World, furnish

UNCLEARED = {"clearance": "SECRET"}
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def a_gap(monkeypatch):
    """Up to two milliseconds pass between the check of a post and its insert, as a call to a decision point
    would take."""
    judge = judging.judge_posts

    def slowly(posts):
        answers = judge(posts)
        time.sleep(random.uniform(0, 0.002))
        return answers

    monkeypatch.setattr(judging, "judge_posts", slowly)


@pytest.fixture
def two_threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool
        barrier = Barrier(2)
        for done in [pool.submit(lambda: (barrier.wait(), connections.close_all())) for _ in range(2)]:
            done.result()


def test_no_post_commits_after_an_acknowledged_revocation(a_gap, two_threads):
    olympus = furnish("olympus")

    posted, violations = race(olympus, two_threads, rounds=1_000)

    assert 20 < posted < 990, "the two must really race"
    assert violations == 0


def test_without_the_lock_posts_slip_through(a_gap, two_threads, monkeypatch):
    olympus = furnish("olympus")
    monkeypatch.setattr(epochs, "hold", epochs.current)

    _posted, violations = race(olympus, two_threads, rounds=300)

    assert violations > 0


def race(olympus: World, pool: ThreadPoolExecutor, *, rounds: int) -> tuple[int, int]:
    """How many posts were committed, and how many of them after the revocation had been acknowledged."""
    posted = violations = 0
    for _ in range(rounds):
        olympus.knows("grace", CLEARED)
        client_id, barrier = new_id(), Barrier(2)
        posting = pool.submit(post_at_some_time, olympus, client_id, barrier)
        revoking = pool.submit(revoke_and_look, olympus, client_id, barrier)
        posted += posting.result()
        violations += posting.result() and not revoking.result()
    return posted, violations


def post_at_some_time(olympus: World, client_id: UUID, barrier: Barrier) -> bool:
    post = Post(olympus.actor("grace"), olympus.rooms["titan"].id, client_id, "One more thing.")
    barrier.wait()
    time.sleep(random.uniform(0, 0.02))
    try:
        with pep.unit(olympus.id):
            post_message(post.actor, post=post)
    except AccessDenied:
        return False
    return True


def revoke_and_look(olympus: World, client_id: UUID, barrier: Barrier) -> bool:
    """Revoke; then, at once, whether the post is there already. One that comes later came too late."""
    barrier.wait()
    time.sleep(random.uniform(0, 0.005))
    olympus.knows("grace", UNCLEARED)
    with olympus.inside():
        return Message.objects.filter(client_message_id=client_id).exists()
