"""Every Action, asked by every kind of person, is answered as the table says; the table and the gates say the same."""

from itertools import islice

from policy import pep
from policy.catalogue import GATES, Action
from policy.types import AccessDenied, Decision
from tests.matrix import MATRIX, PERSONAS, personas, question

ASKED = {"permit": "+", "denied": "-", "not_found": "h"}


def sign_of(answer: Decision) -> str:
    return ASKED["permit" if answer.permits else AccessDenied(answer).code]


def test_every_action_has_its_row_in_the_matrix():
    assert MATRIX.keys() == set(Action)
    assert {len(row) for row in MATRIX.values()} == {len(PERSONAS)}


def test_every_kind_of_person_gets_the_answer_of_the_matrix(olympus):
    people = personas(olympus)

    with olympus.inside():
        answers = pep.preview([question(olympus, action, actor) for action in Action for actor in people.values()])
        signs = iter(map(sign_of, answers))

    assert {action: "".join(islice(signs, len(people))) for action in Action} == MATRIX


def test_nobody_whose_session_has_ended_may_do_anything():
    column = PERSONAS.index("stale_session")

    assert {row[column] for row in MATRIX.values()} == {"-"}


def test_who_has_not_signed_in_may_only_come_in():
    column = PERSONAS.index("anonymous")

    open_to_all = {action for action, row in MATRIX.items() if row[column] == "+"}

    assert open_to_all == {action for action in Action if GATES[action].anonymous}
    assert open_to_all == {Action.SESSION_START, Action.TICKET_USE, Action.LINK_USE, Action.VIOLATION_NOTE}


def test_what_is_in_a_room_that_is_not_there_does_not_exist_for_anybody(olympus, pluto):
    """A room of another workspace looks like one that never was (R11)."""
    elsewhere = pluto.rooms["titan"].id
    actors = [olympus.actor("ada"), olympus.actor("eve"), olympus.system]

    with olympus.inside():
        asked = [question(pluto, action, actor) for action in Action for actor in actors]
        answers = pep.preview([one for one in asked if one.resource.room_id == elsewhere])

    assert len(answers) > 60
    assert {sign_of(answer) for answer in answers} == {"h"}
