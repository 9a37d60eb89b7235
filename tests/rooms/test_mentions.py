"""Who is called in a text: people and groups of the room, and the room itself for those who may call it."""

import pytest

from accounts.actions import add_group_member, create_group
from policy.catalogue import Action, RoomRole
from policy.types import AccessDenied
from rooms.actions.messages import edit_message
from rooms.mentions import MOST_NAMES
from rooms.models import Message
from rooms.posting import Post
from rooms.postqueue import commit_posts
from tenancy.actor import new_id
from tenancy.errors import Invalid
from tests.asserts import assert_denied, assert_refused
from tests.policy.sets import decree, rule
from tests.world import CLEARED, World


def called(world: World, body: str, by: str = "ada") -> tuple[set[str], bool]:
    """The user names of those whom a post in titan calls, and whether it calls everybody."""
    posted = world.says(by, "titan", body)
    names = {user.id: name for name, user in world.people.items()}
    with world.inside():
        row = Message.objects.get(id=posted.message_id)
    return {names[user_id] for user_id in row.mentions}, row.mentions_room


def grouped(world: World, name: str, *usernames: str, kind: str = "public") -> None:
    group = create_group(world.system, name=name, kind=kind)
    for username in usernames:
        add_group_member(world.system, group_id=group.id, user_id=world.people[username].id)


def test_a_person_is_called_by_user_name_however_it_is_written(olympus):
    assert called(olympus, "Hold, @Grace, and read.") == ({"grace"}, False)


def test_who_is_not_in_the_room_is_not_called(olympus):
    """A mention never tells anybody that a room exists."""
    assert called(olympus, "@eve should see this, @nobody as well.") == (set(), False)


@pytest.mark.parametrize(
    "body", ["`@grace`", "```\n@grace\n```", "grace@titan.example", "[a](http://x.example/@grace)"]
)
def test_what_only_looks_like_a_mention_calls_nobody(olympus, body):
    assert called(olympus, body) == (set(), False)


def test_a_group_calls_those_of_it_who_are_in_the_room(olympus):
    grouped(olympus, "controllers", "grace", "eve")

    assert called(olympus, "@group:controllers go") == ({"grace"}, False)


def test_a_group_that_the_author_may_not_know_of_calls_nobody(olympus):
    """Who is in it would be told to everybody in the room (SG-2)."""
    olympus.person("linus", CLEARED)
    olympus.joins("linus", "titan")
    grouped(olympus, "insiders", "grace", kind="private")
    grouped(olympus, "nobodys", "grace", kind="hidden")

    assert called(olympus, "@group:insiders @group:nobodys", by="linus") == (set(), False)
    assert called(olympus, "@group:insiders", by="grace") == ({"grace"}, False)
    assert called(olympus, "@group:insiders @group:nobodys", by="ada") == ({"grace"}, False)


def test_a_member_may_call_the_whole_room(olympus):
    assert called(olympus, "@room Go or no go?", by="grace") == (set(), True)


@pytest.fixture
def calm(olympus: World) -> World:
    """Only owners may call everybody in titan."""
    decree(olympus, rule("calm", "deny", "room:mention:room", condition='mission_role any_of {"CREW"}'))
    olympus.knows("grace", {**CLEARED, "mission_role": ["CREW"]})
    return olympus


def test_who_may_not_call_the_room_does_not_post_the_call_either(calm):
    with assert_denied(calm, Action.MENTION_ROOM, reason="rule_denies"):
        calm.says("grace", "titan", "@room Wake up!")

    assert calm.says("grace", "titan", "Room is a word.")


def test_nor_is_it_smuggled_in_by_an_edit(calm):
    said = calm.says("grace", "titan", "Quiet.")

    with assert_denied(calm, Action.MENTION_ROOM):
        edit_message(calm.actor("grace"), message_id=said.message_id, body="@room Wake up!")


def test_a_reader_calls_nobody(olympus):
    olympus.person("linus", CLEARED)
    olympus.joins("linus", "titan", role=RoomRole.READER)
    olympus.actor("linus")

    with assert_denied(olympus, Action.MESSAGE_POST):
        olympus.says("linus", "titan", "@grace")


def test_an_edit_calls_anew(olympus):
    said = olympus.says("ada", "titan", "@grace look")

    edit_message(olympus.actor("ada"), message_id=said.message_id, body="Nothing.")

    with olympus.inside():
        assert Message.objects.get(id=said.message_id).mentions == []


def test_one_message_calls_fifty_names_and_no_more(olympus):
    names = [f"@nobody{number}" for number in range(MOST_NAMES - 1)]
    said = olympus.says("ada", "titan", " ".join([*names, "@grace", *names]))

    with assert_refused(olympus, Invalid, field="body"):
        olympus.says("ada", "titan", " ".join([*names, "@grace", "@eve"]))
    with assert_refused(olympus, Invalid, field="body"):
        edit_message(
            olympus.actor("ada"), message_id=said.message_id, body=" ".join([*names, "@grace", "@group:nobodys"])
        )

    with olympus.inside():
        assert Message.objects.get().mentions == [olympus.people["grace"].id]


def test_in_a_batch_each_post_calls_for_itself(calm):
    """People and groups by who wrote, the room by who may: one batch, as if each had come alone."""
    grouped(calm, "insiders", "ada", kind="private")
    calm.person("linus", CLEARED)
    calm.joins("linus", "titan")
    asked = [
        ("grace", "@room!"),
        ("ada", "@room @grace"),
        ("linus", "@group:insiders"),
        ("grace", "@linus"),
        ("eve", "@"),
    ]

    outcomes = commit_posts(
        calm.id, [Post(calm.actor(one), calm.rooms["titan"].id, new_id(), body) for one, body in asked]
    )

    refused, everybody, nobody, linus, outside = outcomes
    assert {type(refused), type(outside)} == {AccessDenied}
    assert (everybody.mentions, everybody.mentions_room) == ((calm.people["grace"].id,), True)
    assert (nobody.mentions, nobody.mentions_room) == ((), False)
    assert linus.mentions == (calm.people["linus"].id,)
