"""An archive is brought in whole: every room, thread, author, member and message, once, and every one accounted for."""

import hashlib
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.core.management.base import CommandError

from accounts.access import all_cards
from accounts.actions import issue_login_link, reactivate_user
from accounts.models import User
from audit.events import Event
from audit.models import AuditEvent
from rooms.actions.rooms import archive_room
from rooms.frames import BODY_CHARS
from rooms.models import Membership, Message, Room, RoomKind, Thread
from tenancy.errors import Conflict
from tenancy.scoping import within, workspace_for_slug
from tests.accounts.records import entries
from tests.integrations import archive as made
from tests.integrations.runs import SLUG, everything, import_archive, line_of, workspace_id
from tests.policy.sets import decree, rule

pytestmark = pytest.mark.django_db(transaction=True)


def rows_of(world_id):
    """How many rows of everything there are, the record included."""
    with within(world_id):
        return {
            model.__name__: model.objects.count() for model in (User, Room, Thread, Membership, Message, AuditEvent)
        }


def test_everything_arrives_and_the_account_adds_up():
    printed = import_archive(made.SMALL)

    assert line_of(printed, "channels") == [3, 3, 0, 0]
    assert line_of(printed, "topic files") == [10, 8, 0, 2]
    assert line_of(printed, "authors") == [5, 5, 0, 0]
    assert line_of(printed, "memberships") == [7, 7, 0, 0]
    assert line_of(printed, "messages") == [17, 14, 0, 3]
    assert "14 distinct messages" in printed
    assert "3 topic files have names that begin with a dot" in made.words(printed)
    assert "1 authors' names belong to more than one account" in made.words(printed)
    assert "DOES NOT" not in printed


def test_messages_keep_time_order_author_and_topic_and_leave_no_gap():
    import_archive(made.SMALL)

    said = everything()
    for name, ids in {
        "general": [1, 2, 3, 5, 9, 11, 12, 13],
        "flight ops": [4, 6, 7, 14],
        "night/shift": [8, 10],
    }.items():
        here = [one for one in said if one.room == name]
        assert [one.row.seq for one in here] == list(range(1, len(ids) + 1))
        assert [one.row.at for one in here] == [datetime.fromtimestamp(made.START + 3600 * n, UTC) for n in ids]
        assert all(one.row.also_to_room for one in here)
    assert Counter(one.thread for one in said if one.room == "general") == {
        "hello": 3, ".hidden [topic]": 1, "moved": 2, "Moved": 1, "✔ done / 100%": 1
    }  # fmt: skip


def test_two_who_share_a_name_share_a_placeholder_and_others_never():
    import_archive(made.SMALL)

    with within(workspace_id()):
        cards = {card.id: card for card in all_cards().values()}
    by = {one.body.split(".")[0]: cards[one.sender_id] for one in everything()}
    assert by["Twice here, once there"].name == "Bo"
    assert by["I am the other one, in small letters"].name == "bo"
    assert by["Twice here, once there"].id != by["I am the other one, in small letters"].id
    assert {card.name for card in cards.values() if not card.active} == {"Ada Byron", "Bo", "bo", "Zoë 张", "Night bot"}


def test_no_name_of_an_author_stands_in_clear():
    import_archive(made.SMALL)

    with within(workspace_id()):
        usernames = list(User.objects.filter(kind="placeholder").values_list("username", flat=True))
    assert len(usernames) == 5
    assert not any("ada" in name or "byron" in name or "bot" in name for name in usernames)


def test_nobody_can_sign_in_as_a_placeholder():
    import_archive(made.SMALL)

    from policy.pep import as_system  # noqa: PLC0415

    with within(workspace_id()):
        user = User.objects.filter(kind="placeholder").first()
    with as_system(workspace_id(), cause="test") as system, pytest.raises(Conflict):
        issue_login_link(system, user_id=user.id)
    with as_system(workspace_id(), cause="test") as system, pytest.raises(Conflict):
        reactivate_user(system, user_id=user.id)


def test_a_mention_reaches_the_placeholder():
    import_archive(made.SMALL)

    said = next(one for one in everything() if "@all" in one.body)
    with within(workspace_id()):
        (called,) = User.objects.filter(id__in=said.row.mentions)
    assert said.body.startswith(f"@{called.username} and")
    assert said.row.mentions_room is False


def test_a_second_run_finds_everything_and_brings_nothing():
    import_archive(made.SMALL)
    before = rows_of(workspace_id())

    printed = import_archive(made.SMALL)

    after = rows_of(workspace_id())
    assert line_of(printed, "messages") == [17, 0, 14, 3]
    assert line_of(printed, "memberships") == [7, 0, 7, 0]
    assert line_of(printed, "topic files") == [10, 0, 8, 2]
    assert {name: after[name] for name in after if name != "AuditEvent"} == {
        name: before[name] for name in before if name != "AuditEvent"
    }


def test_a_later_export_adds_what_is_new_and_leaves_what_has_changed(tmp_path):
    import_archive(made.SMALL)
    general = dict(made.CHANNELS[made.GENERAL])
    changed = {**general["hello"][0], "content": "<p>Other words.</p>"}
    fresh = {"id": 50, "sender_full_name": "New One", "content": "<p>I came later.</p>"}
    general["hello"] = [changed, *general["hello"][1:], fresh]
    later = made.packed(tmp_path / "later.tar.xz", made.files(made.CHANNELS | {made.GENERAL: general}))

    printed = import_archive(later)

    assert line_of(printed, "messages") == [18, 1, 13, 4]
    assert "1 messages left out: changed at their source" in printed
    bodies = [one.body for one in everything() if one.room == "general"]
    assert bodies[0] == "First words."
    assert bodies[-1] == "I came later."


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path):
    printed = import_archive(made.SMALL, "--dry-run")

    assert line_of(printed, "messages") == [17, 14, 0, 3]
    assert "dry run" in printed
    assert workspace_for_slug(SLUG) is None


def test_a_dry_run_into_a_workspace_that_is_there_changes_not_even_the_record():
    import_archive(made.SMALL)
    before = rows_of(workspace_id())

    printed = import_archive(made.SMALL, "--dry-run")

    assert line_of(printed, "messages") == [17, 0, 14, 3]
    assert line_of(printed, "memberships") == [7, 0, 7, 0]
    assert rows_of(workspace_id()) == before


def test_the_record_says_which_file_came_in_and_what_became_of_it():
    import_archive(made.SMALL)

    (started,) = entries(workspace_id(), Event.IMPORT_STARTED)
    (finished,) = entries(workspace_id(), Event.IMPORT_FINISHED)
    stored = entries(workspace_id(), Event.MESSAGES_IMPORTED)
    assert started.data["digest"] == hashlib.sha256(made.SMALL.read_bytes()).hexdigest()
    assert finished.data["import_id"] == started.data["import_id"] == stored[0].data["import_id"]
    assert finished.data["counts"]["messages:source"] == 17
    assert finished.data["counts"]["messages:imported"] == sum(one.data["counts"]["messages"] for one in stored) == 14
    assert finished.data["counts"]["messages:repeated"] == 3


def test_into_a_governed_room_every_membership_is_refused_counted_and_recorded(olympus):
    olympus.room("general", kind=RoomKind.PUBLIC, requirement="clearance >= SECRET and program any_of {TITAN}")

    printed = import_archive(made.SMALL, workspace="olympus")

    assert line_of(printed, "memberships") == [7, 3, 0, 4]
    assert "4 memberships left out: refused" in printed
    assert line_of(printed, "messages") == [17, 14, 0, 3]
    refused = entries(olympus.id, Event.MEMBER_REFUSED)
    assert len({entry.data["user_id"] for entry in refused}) == len(refused) == 4
    assert {entry.target_id for entry in refused} == {olympus.rooms["general"].id}
    with olympus.inside():
        members = set(Membership.objects.filter(room=olympus.rooms["general"]).values_list("user_id", flat=True))
    assert members == {olympus.people["ada"].id}


def test_a_dry_run_does_not_guess_what_a_requirement_will_say(olympus):
    olympus.room("general", kind=RoomKind.PUBLIC, requirement="clearance >= SECRET and program any_of {TITAN}")

    printed = import_archive(made.SMALL, "--dry-run", workspace="olympus")

    assert line_of(printed, "memberships") == [7, 0, 0, 7]
    assert "7 memberships left out: to be judged when it comes in" in printed


def test_a_dry_run_foresees_what_a_rule_of_the_workspace_refuses(olympus):
    import_archive(made.SMALL, workspace="olympus")
    with olympus.inside():
        Membership.objects.filter(user__kind="placeholder").delete()
    decree(olympus, rule("cleared-only", "deny", "room:member:hold", condition="NOT clearance present"))

    told = import_archive(made.SMALL, "--dry-run", workspace="olympus")

    done = import_archive(made.SMALL, workspace="olympus")
    assert line_of(told, "memberships") == line_of(done, "memberships")
    assert "memberships left out: refused by what the room requires or by a rule" in told


def test_a_dry_run_promises_no_membership_in_a_workspace_that_has_rules(olympus):
    decree(olympus, rule("nobody", "deny", "room:member:hold"))

    told = import_archive(made.SMALL, "--dry-run", workspace="olympus")

    assert line_of(told, "memberships") == [7, 0, 0, 7]


def test_a_channel_with_the_name_of_a_private_room_is_left_out_and_accounted_for(olympus):
    vault = olympus.room("Flight Ops", kind=RoomKind.PRIVATE)
    before = vault.last_seq

    told = import_archive(made.SMALL, "--dry-run", workspace="olympus")
    printed = import_archive(made.SMALL, workspace="olympus")

    for text in (told, printed):
        assert line_of(text, "channels") == [3, 2, 0, 1]
        assert line_of(text, "messages") == [17, 10, 0, 7]
        assert "4 messages left out: a private room of that name is here" in text
        assert "2 memberships left out: a private room of that name is here" in text
        assert "DOES NOT" not in text
    with olympus.inside():
        assert not Membership.objects.filter(room=vault, user__kind="placeholder").exists()
        assert not Message.objects.filter(room=vault).exists()
        assert Room.objects.get(id=vault.id).last_seq == before


def test_a_room_that_an_import_made_is_used_again_beside_a_private_one_of_the_same_name(olympus):
    import_archive(made.SMALL, workspace="olympus")
    olympus.room("flight ops", kind=RoomKind.PRIVATE)

    printed = import_archive(made.SMALL, workspace="olympus")

    assert line_of(printed, "channels") == [3, 0, 3, 0]
    assert line_of(printed, "messages") == [17, 0, 14, 3]


def test_a_room_that_becomes_governed_later_loses_its_placeholders(olympus):
    from rooms.actions.rooms import set_requirement  # noqa: PLC0415

    import_archive(made.SMALL, workspace="olympus")
    with olympus.inside():
        room = next(room for room in Room.objects.filter(kind=RoomKind.PUBLIC) if room.last_seq == 8)

    set_requirement(olympus.system, room_id=room.id, requirement="clearance >= SECRET")

    with olympus.inside():
        placeholders = Membership.objects.filter(room=room, user__kind="placeholder")
        assert set(placeholders.values_list("state", flat=True)) == {"suspended"}


def test_a_room_that_is_closed_takes_nothing_and_the_rest_goes_on(olympus):
    olympus.room("flight ops", kind=RoomKind.PUBLIC)
    archive_room(olympus.actor("ada"), room_id=olympus.rooms["flight ops"].id)

    printed = import_archive(made.SMALL, workspace="olympus")

    assert line_of(printed, "messages") == [17, 10, 0, 7]
    assert line_of(printed, "memberships") == [7, 5, 0, 2]
    assert "4 messages left out: for a room that takes no messages" in printed


def test_somebody_who_was_put_out_of_a_room_is_not_brought_back(olympus):
    from rooms.actions.members import remove_member  # noqa: PLC0415

    import_archive(made.SMALL, workspace="olympus")
    with olympus.inside():
        one = Membership.objects.filter(user__kind="placeholder").first()
    remove_member(olympus.system, room_id=one.room_id, user_id=one.user_id)

    import_archive(made.SMALL, workspace="olympus")

    with olympus.inside():
        assert Membership.objects.get(id=one.id).state == "removed"


def test_the_owner_keeps_the_rooms_that_were_opened():
    import_archive(made.SMALL, "--owner", "Margaret")

    with within(workspace_id()):
        kept = list(Membership.objects.filter(role="owner").values_list("user__username", flat=True))
    assert kept == ["margaret"] * 3


def test_an_archive_that_points_outside_changes_nothing_and_is_noted(olympus, tmp_path):
    import tarfile  # noqa: PLC0415

    before = rows_of(olympus.id)
    path = made.packed(tmp_path / "a.tar.xz", made.files(), tarfile.TarInfo("zulip_json/../../etc/cron.d/x"))

    with pytest.raises(CommandError, match="outside of the archive"):
        import_archive(path, workspace="olympus")

    (noted,) = entries(olympus.id, Event.PATH_TRAVERSAL_REFUSED)
    assert noted.outcome == "refused"
    after = rows_of(olympus.id)
    assert {name: after[name] for name in after if name != "AuditEvent"} == {
        name: before[name] for name in before if name != "AuditEvent"
    }


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_archive_makes_no_workspace(tmp_path, content):
    path = tmp_path / "a.tar.xz"
    path.write_bytes(content)

    with pytest.raises(CommandError):
        import_archive(path)

    assert workspace_for_slug(SLUG) is None


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        import_archive(tmp_path / "nothing.tar.xz")


def test_what_is_longer_than_a_message_may_be_is_left_out_and_accounted_for(tmp_path):
    long = [{"id": 1, "sender_full_name": "Bo", "content": "x" * (BODY_CHARS + 1)}]
    short = [{"id": 2, "sender_full_name": "Bo", "content": "x" * BODY_CHARS}]
    path = made.packed(tmp_path / "long.tar", made.files({made.GENERAL: {"long": long, "short": short}}))

    printed = import_archive(path)

    assert line_of(printed, "messages") == [2, 1, 0, 1]
    assert line_of(printed, "topic files") == [2, 1, 0, 1]
    assert "longer than a message may be" in made.words(printed)
    assert [len(one.body) for one in everything()] == [BODY_CHARS]


def test_an_archive_without_channels_is_refused(tmp_path):
    with pytest.raises(CommandError, match="no channel"):
        import_archive(made.packed(tmp_path / "empty.tar", {}), "--dry-run")
