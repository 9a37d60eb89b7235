"""A workspace is as closed to another one's people by HTTP as it is in SQL (AD-1)."""

from django.test import Client

from accounts.actions import set_password
from audit.events import Event
from policy.catalogue import Action
from tests.asserts import assert_refusal_recorded, recorded, unchanged
from tests.world import World

PASSWORD = "the crew has left the pad"


def at(world: World, *, as_: str = "", of: World | None = None) -> Client:
    """A browser at this workspace's address, with the cookie of somebody of another one if need be."""
    client = Client(HTTP_HOST=f"{world.workspace.slug}.localhost")
    if as_:
        client.cookies["cordon_session"] = (of or world).token(as_)
    return client


def test_a_session_of_one_workspace_is_nobody_at_the_address_of_another(olympus, pluto):
    assert at(olympus, as_="ada").get("/api/v1/sessions/").status_code == 200

    answer = at(pluto, as_="ada", of=olympus).get("/api/v1/sessions/")

    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_a_password_opens_only_the_workspace_that_it_was_set_in(olympus, pluto):
    set_password(olympus.system, user_id=olympus.people["eve"].id, password=PASSWORD)

    there = at(pluto).post("/login/", {"username": "eve", "password": PASSWORD})
    here = at(olympus).post("/login/", {"username": "eve", "password": PASSWORD})

    assert "cordon_session" in here.cookies
    assert "cordon_session" not in there.cookies


def test_a_session_of_another_workspace_cannot_be_ended_by_its_id(olympus, pluto):
    theirs = pluto.actor("grace").environment.session_id
    before = {one.id for one in recorded(olympus)}

    with unchanged(olympus, pluto):
        answer = at(olympus, as_="ada").delete(f"/api/v1/sessions/{theirs}/")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert not [one for one in recorded(olympus, Event.SESSION_REVOKED) if one.id not in before]


def test_who_manages_nobody_is_refused_the_same_for_any_session_that_is_not_theirs(olympus, pluto):
    foreign = pluto.actor("grace").environment.session_id
    before = {one.id for one in recorded(olympus)}

    answer = at(olympus, as_="eve").delete(f"/api/v1/sessions/{foreign}/")
    known = at(olympus, as_="eve").delete(f"/api/v1/sessions/{olympus.actor('grace').environment.session_id}/")

    assert answer.status_code == known.status_code
    assert answer.json()["code"] == known.json()["code"]
    assert_refusal_recorded(olympus, Action.SESSION_REVOKE, since=before)
