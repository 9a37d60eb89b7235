"""Decisions per second of one core: the judgement alone, the whole way through the decision point, and a lease.

The baseline is the same condition written by hand as one Python function over the same facts: what no policy language
in Python can be faster than.
"""

import gc
from collections.abc import Callable, Sequence
from time import process_time
from uuid import UUID

from bench import people
from bench.figures import figure, heading, percentile, ratio, table
from bench.people import World

ROUNDS = 11
SECONDS = 0.3
LEVELS = {"UNCLASSIFIED": 0, "CONFIDENTIAL": 1, "SECRET": 2, "TOP_SECRET": 3}


def measure(world: World) -> None:
    """Print how many decisions one core makes, each kind turn by turn with the baseline."""
    from policy import epochs, pdp, pep, pip  # noqa: PLC0415
    from policy.leases import LeaseBook  # noqa: PLC0415
    from policy.snapshot import snapshot  # noqa: PLC0415
    from tenancy.actor import system_actor  # noqa: PLC0415

    workspace_id = UUID(world.workspace)
    with pep.reading(system_actor(workspace_id, cause="bench")):
        snapshot(workspace_id)  # remembered at the commit, as a process that serves has it

    with pep.reading(system_actor(workspace_id, cause="bench")):
        questions = _questions(world)
        held = snapshot(workspace_id)
        gathered = pip.gather(
            [one.actor for one in questions], [(one.actor.id, one.resource.room_id) for one in questions]
        )
        room = gathered.rooms[questions[0].resource.room_id]
        facts = [pdp.facts_of(one, held, gathered, room) for one in questions]
        plan = held.plan(pdp.target_of(questions[0], room, governed=True), room.requirement, of_membership=False)
        values = epochs.current(key for one in questions for key in epochs.keys_of(one))
        decisions = [epochs.stamped(one, values) for one in pdp.decision_point(workspace_id).decide(questions)]
        if plan is None or not all(one.permits for one in decisions):
            raise RuntimeError("the measured question is not permitted to everybody")
        unmet = [{**one, "subject.program": frozenset()} for one in facts]
        leases = LeaseBook()
        for decision in decisions:
            leases.keep(decision)

        ways: dict[str, tuple[int, Callable[[], object]]] = {
            "by hand, without reasons (baseline)": (len(facts), lambda: [_by_hand(one) for one in facts]),
            "verdict with reasons, permit": (len(facts), lambda: [plan.judge(one) for one in facts]),
            "verdict with reasons, deny": (len(facts), lambda: [plan.judge(one) for one in unmet]),
            "under a lease": (len(questions), lambda: [leases.find(one, values) for one in questions]),
            "whole decision, facts from the database, batch of 1,000": (
                len(questions),
                lambda: pdp.decision_point(workspace_id).decide(questions),
            ),
            "whole decision, facts from the database, alone": (
                1,
                lambda: pdp.decision_point(workspace_id).decide(questions[:1]),
            ),
        }
        _print(ways)


def _questions(world: World) -> list:
    """Everybody in the largest room about what is delivered there."""
    from accounts import sessions  # noqa: PLC0415
    from accounts.circumstances import Circumstances  # noqa: PLC0415
    from policy.catalogue import Action  # noqa: PLC0415
    from policy.types import Question  # noqa: PLC0415
    from rooms.access import room_resource, rooms_by_id  # noqa: PLC0415

    workspace_id = UUID(world.workspace)
    circumstances = Circumstances(address="127.0.0.1", user_agent="bench")
    name = people.fan_room(max(people.SIZES))
    room_id = UUID(world.rooms[name])
    room = rooms_by_id([room_id])[room_id]
    actors = [
        sessions.actor_for_token(workspace_id, world.tokens[person], circumstances)
        for person in world.members[name][: max(people.SIZES)]
    ]
    resource = room_resource(room.id, marking=room.marking)
    return [Question(actor, Action.MESSAGE_DELIVER, resource) for actor in actors]


def _by_hand(facts: dict) -> bool:
    return LEVELS[facts["subject.clearance"]] >= 2 and not frozenset(("TITAN",)).isdisjoint(facts["subject.program"])


def _print(ways: dict[str, tuple[int, Callable[[], object]]]) -> None:
    heading(f"Decisions/s of one core, {people.STRICT}: medians of {ROUNDS} turns by CPU time")
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (count, way) in ways.items():
            rates[name].append(_rate(count, way))
    middle = {name: percentile(mine, 0.5) for name, mine in rates.items()}
    bare = next(iter(middle.values()))
    table(("", "to baseline", "decisions/s", "least..most"), [_line(name, rates[name], bare) for name in ways])


def _line(name: str, rates: Sequence[float], bare: float) -> list[str]:
    rate = percentile(rates, 0.5)
    return [name, ratio(rate, bare), figure(rate), f"{figure(min(rates))}..{figure(max(rates))}"]


def _rate(count: int, way: Callable[[], object]) -> float:
    gc.collect()
    began, done = process_time(), 0
    while process_time() - began < SECONDS:
        way()
        done += count
    return done / (process_time() - began)
