"""No post commits after a revocation was acknowledged, however the two interleave and whatever was revoked (R16)."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connections

from accounts.actions import deactivate_user, reactivate_user, revoke_session
from policy import epochs, pep
from policy.types import AccessDenied
from rooms.actions import judging
from rooms.actions.members import remove_member
from rooms.actions.messages import post_message
from rooms.actions.rooms import set_requirement
from rooms.models import Message
from rooms.posting import Post
from tenancy.actor import Actor, new_id
from tests import boot
from tests.policy.sets import decree, rule
from tests.world import CLEARED, GUARD, World, furnish

UNCLEARED = {"clearance": "SECRET"}
FROZEN = rule("freeze", "deny", "room:message:post", condition="program = TITAN")
AT_ONCE = 2
"""So many posts race each revocation, each on a thread of its own."""
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
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool
        barrier = Barrier(AT_ONCE)
        for done in [pool.submit(lambda: (barrier.wait(), connections.close_all())) for _ in range(AT_ONCE)]:
            done.result()


Act = Callable[[World], object]


def clear_again(world: World) -> None:
    """With a lease, as people have who talk: the posts that race are judged by it. Elsewhere they have none."""
    world.knows("grace", CLEARED)
    world.says("grace", "titan", "Cleared again.")


def sign_in_again(world: World) -> None:
    world._signed_in["grace"] = world.sign_in("grace")


def restore_account(world: World) -> None:
    reactivate_user(world.system, user_id=world.people["grace"].id)
    sign_in_again(world)


def raise_requirement(world: World, requirement: str) -> None:
    set_requirement(world.system, room_id=world.rooms["titan"].id, requirement=requirement)


def end_session(world: World) -> None:
    revoke_session(world.system, session_id=world.actor("grace").environment.session_id)


def put_out(world: World) -> None:
    remove_member(world.actor("ada"), room_id=world.rooms["titan"].id, user_id=world.people["grace"].id)


REVOCATIONS: dict[str, tuple[Act, Act]] = {
    "a fact": (lambda world: world.knows("grace", UNCLEARED), clear_again),
    "a session": (end_session, sign_in_again),
    "a place in the room": (put_out, lambda world: world.joins("grace", "titan")),
    "what the room requires": (
        lambda world: raise_requirement(world, "clearance >= TOP_SECRET"),
        lambda world: raise_requirement(world, GUARD),
    ),
    "an account": (
        lambda world: deactivate_user(world.system, user_id=world.people["grace"].id),
        restore_account,
    ),
    "the policy": (lambda world: decree(world, FROZEN), decree),
}
"""What takes away the right to post, and what gives it back."""
ROUNDS = {
    "a fact": 200,
    "a session": 520,
    "a place in the room": 130,
    "what the room requires": 70,
    "an account": 60,
    "the policy": 20,
}
"""How many revocations of each kind race, a thousand together. Those that cost the most to take back are the fewest."""


@dataclass(slots=True)
class Race:
    """How many revocations raced, with how many posts; how many of these were committed, and how many of them after the
    revocation had been acknowledged.
    """

    rounds: int = 0
    asked: int = 0
    posted: int = 0
    violations: int = 0
    took: float = 0.03
    """How long the last revocation took: posts begin at any moment of that time, on machines of any speed."""

    def run(self, world: World, threads: ThreadPoolExecutor, *, revoke: Act, restore: Act) -> None:
        """One round: one revocation against `AT_ONCE` posts."""
        barrier, grace = Barrier(AT_ONCE + 1), world.actor("grace")
        posts = {client_id: self._post(world, threads, grace, client_id, barrier) for client_id in new_ids()}
        barrier.wait()
        began = time.monotonic()
        revoke(world)
        self.took = time.monotonic() - began
        with world.inside():
            seen = set(
                Message.objects.filter(client_message_id__in=list(posts)).values_list("client_message_id", flat=True)
            )
        committed = {client_id for client_id, post in posts.items() if post.result()}
        self.rounds += 1
        self.asked += len(posts)
        self.posted += len(committed)
        self.violations += len(committed - seen)
        restore(world)

    def _post(
        self, world: World, threads: ThreadPoolExecutor, actor: Actor, client_id: UUID, barrier: Barrier
    ) -> Future[bool]:
        pause = random.uniform(0, self.took)
        post = Post(actor, world.rooms["titan"].id, client_id, "One more thing.")
        return threads.submit(post_after, post, pause, barrier)


def new_ids() -> list[UUID]:
    return [new_id() for _ in range(AT_ONCE)]


def post_after(post: Post, pause: float, barrier: Barrier) -> bool:
    """Whether it was committed."""
    barrier.wait()
    time.sleep(pause)
    try:
        with pep.unit(post.actor.workspace_id):
            post_message(post.actor, post=post)
    except AccessDenied:
        return False
    return True


def deadlocks() -> int:
    """How often PostgreSQL had to break one up; each costs everybody a second."""
    return (boot.DEPLOYMENT.log / "postgres.log").read_text().count("deadlock detected")


@pytest.mark.parametrize(("what", "rounds"), ROUNDS.items())
def test_no_post_commits_after_a_revocation_was_acknowledged(a_gap, threads, what, rounds):
    olympus, race, before = furnish("olympus"), Race(), deadlocks()
    revoke, restore = REVOCATIONS[what]

    while race.rounds < rounds or (not 0.02 < race.posted / race.asked < 0.98 and race.rounds < 5 * rounds):
        race.run(olympus, threads, revoke=revoke, restore=restore)

    assert 0.02 < race.posted / race.asked < 0.98, "the two must really race"
    assert race.violations == 0
    assert deadlocks() == before


def test_without_the_lock_posts_slip_through(a_gap, threads, monkeypatch):
    olympus, race = furnish("olympus"), Race()
    revoke, restore = REVOCATIONS["a fact"]
    monkeypatch.setattr(epochs, "hold", epochs.current)

    while race.rounds < 200 and not race.violations:
        race.run(olympus, threads, revoke=revoke, restore=restore)

    assert race.violations > 0
