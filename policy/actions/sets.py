"""The life of a policy set: draft, in review, approved, active, retired (R6, R15).

Author and approver differ, and nothing becomes active whose test cases do not pass. Before a set is active it decides
nothing; when it is, every answer that was given before is void.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.events import Event
from audit.log import Target, record
from policy import integrity, testcases
from policy.catalogue import Action
from policy.language.definitions import Vocabulary
from policy.language.documents import document_hash, write_document
from policy.language.errors import PolicyLanguageError
from policy.language.rules import PolicyDocument
from policy.models import EpochKind, PolicySet, PolicySetState
from policy.pep import NothingChanged, enforce, performs, refuse
from policy.signals import announce_access_change
from policy.snapshot import ACTIONS, vocabulary_of
from policy.types import Reason, Resource
from tenancy.actor import Actor, new_id
from tenancy.errors import Conflict, NotFound


@performs(Action.POLICY_DRAFT)
def draft_policy_set(
    actor: Actor, *, document: Mapping[str, Any], test_cases: list[Any], set_id: UUID | None = None
) -> PolicySet:
    """Write down a set that somebody means to activate: a new version, or another text of one's own draft."""
    enforce(actor, Action.POLICY_DRAFT, _resource(set_id))
    vocabulary = vocabulary_of(actor.workspace_id)
    read = integrity.read(document, vocabulary)
    _cases(test_cases, vocabulary)

    row = _new(actor) if set_id is None else _own_draft(actor, set_id)
    wanted = {"document": write_document(read), "content_hash": document_hash(read), "test_cases": test_cases}
    if set_id is not None and all(getattr(row, part) == value for part, value in wanted.items()):
        raise NothingChanged(row)
    for part, value in wanted.items():
        setattr(row, part, value)
    _save(row, None if set_id is None else [*wanted])

    _record(Event.POLICY_DRAFTED, actor, row, hash=_digest(row))
    return row


@performs(Action.POLICY_SUBMIT)
def submit_policy_set(actor: Actor, *, set_id: UUID) -> PolicySet:
    """Hand one's draft to somebody else for approval; from now on its text is fixed."""
    row = _access(actor, set_id, Action.POLICY_SUBMIT)
    _refuse_unless(row, PolicySetState.DRAFT)
    if row.author_id != actor.id:
        refuse(actor, Action.POLICY_SUBMIT, _resource(set_id), Reason("not_the_author"))
    _refuse_unproven(row, vocabulary_of(actor.workspace_id))

    _put(row, PolicySetState.REVIEW)

    _record(Event.POLICY_SUBMITTED, actor, row, hash=_digest(row))
    return row


@performs(Action.POLICY_RETURN)
def return_policy_set(actor: Actor, *, set_id: UUID, reason: str = "") -> PolicySet:
    """Give a set that was submitted back to its author; an approval that it had is gone."""
    row = _access(actor, set_id, Action.POLICY_RETURN)
    _refuse_unless(row, PolicySetState.REVIEW, PolicySetState.APPROVED)

    row.approver_id = None
    _put(row, PolicySetState.DRAFT, "approver_id")

    _record(Event.POLICY_RETURNED, actor, row, reason=reason or None)
    return row


@performs(Action.POLICY_APPROVE)
def approve_policy_set(actor: Actor, *, set_id: UUID, reason: str = "") -> PolicySet:
    """Stand in for a set that somebody else has written."""
    row = _access(actor, set_id, Action.POLICY_APPROVE)
    _refuse_unless(row, PolicySetState.REVIEW)
    if row.author_id == actor.id:
        refuse(actor, Action.POLICY_APPROVE, _resource(set_id), Reason("own_work"))
    _refuse_unproven(row, vocabulary_of(actor.workspace_id))

    row.approver_id = actor.id
    _put(row, PolicySetState.APPROVED, "approver_id")

    _record(Event.POLICY_APPROVED, actor, row, hash=_digest(row), reason=reason or None)
    return row


@performs(Action.POLICY_ACTIVATE)
def activate_policy_set(actor: Actor, *, set_id: UUID) -> PolicySet:
    """Let an approved set decide from now on; every membership and every open room is judged by it at once."""
    row = _access(actor, set_id, Action.POLICY_ACTIVATE)
    _refuse_unless(row, PolicySetState.APPROVED)
    if row.approver_id is None or row.approver_id == row.author_id:
        raise Conflict(_("Nobody but its author has approved this set."), field="state")

    _take_over(actor, row, Event.POLICY_ACTIVATED)
    return row


@performs(Action.POLICY_ROLL_BACK)
def roll_back_policy_set(actor: Actor, *, set_id: UUID, reason: str = "") -> PolicySet:
    """Let a set that was active before decide again, in one step: it has been approved then."""
    row = _access(actor, set_id, Action.POLICY_ROLL_BACK)
    _refuse_unless(row, PolicySetState.RETIRED)
    if row.activated_at is None:
        raise Conflict(_("This set was never active."), field="state", remedy=_("Choose one that was."))

    _take_over(actor, row, Event.POLICY_ROLLED_BACK, reason=reason or None)
    return row


def _take_over(actor: Actor, row: PolicySet, event: Event, **data: Any) -> None:
    document = _refuse_unproven(row, vocabulary_of(actor.workspace_id))
    integrity.refuse_missing_requirements(document)

    before = PolicySet.objects.select_for_update().filter(state=PolicySetState.ACTIVE).first()
    if before is not None:
        _put(before, PolicySetState.RETIRED)
        _record(Event.POLICY_RETIRED, actor, before)
    row.activated_at = timezone.now()
    _put(row, PolicySetState.ACTIVE, "activated_at")

    _record(event, actor, row, hash=_digest(row), **data)
    announce_access_change(actor, kind=EpochKind.POLICY, keys=[actor.workspace_id], reason="policy:set:activated")


def _access(actor: Actor, set_id: UUID, action: Action) -> PolicySet:
    """The set, locked for a change. Raises AccessDenied or NotFound."""
    enforce(actor, action, _resource(set_id))
    row = PolicySet.objects.select_for_update().filter(id=set_id).first()
    if row is None:
        raise NotFound(_("There is no such policy set."), field="set")
    return row


def _own_draft(actor: Actor, set_id: UUID) -> PolicySet:
    row = PolicySet.objects.select_for_update().filter(id=set_id).first()
    if row is None:
        raise NotFound(_("There is no such policy set."), field="set")
    _refuse_unless(row, PolicySetState.DRAFT)
    if row.author_id != actor.id:
        refuse(actor, Action.POLICY_DRAFT, _resource(set_id), Reason("not_the_author"))
    return row


def _new(actor: Actor) -> PolicySet:
    latest = PolicySet.objects.order_by("-version").values_list("version", flat=True).first() or 0
    return PolicySet(id=new_id(), workspace_id=actor.workspace_id, version=latest + 1, author_id=actor.id)


def _save(row: PolicySet, changed: list[str] | None) -> None:
    """Write what changed; None for a new one."""
    try:
        with transaction.atomic():
            row.save(force_insert=changed is None, update_fields=changed)
    except IntegrityError:
        raise Conflict(_("Somebody has just begun another version."), remedy=_("Save yours again.")) from None


def _put(row: PolicySet, state: PolicySetState, *fields: str) -> None:
    row.state = state
    row.save(update_fields=["state", *fields])


def _refuse_unless(row: PolicySet, *states: PolicySetState) -> None:
    if row.state not in states:
        raise Conflict(
            _("Version %(version)s is %(state)s.") % {"version": row.version, "state": row.get_state_display().lower()},
            field="state",
            remedy=_("Load the page again."),
        )


def _refuse_unproven(row: PolicySet, vocabulary: Vocabulary) -> PolicyDocument:
    """A set that is the one whose hash was taken, still fits the definitions, and passes its test cases (R15)."""
    document = integrity.read(row.document, vocabulary)
    if document_hash(document) != row.content_hash:
        raise Conflict(_("This set is not what its hash says."), field="document", remedy=_("Draft it anew."))
    outcomes = testcases.run(document, vocabulary, _cases(row.test_cases, vocabulary))
    if not outcomes:
        raise Conflict(
            _("This set has no test case."), field="test_cases", remedy=_("Say for at least one case what is expected.")
        )
    failed = [outcome.name for outcome in outcomes if not outcome.passed]
    if failed:
        raise Conflict(
            _("A test case does not come out as expected: %(name)s.") % {"name": failed[0]}, field="test_cases"
        )
    return document


def _cases(forms: list[Any], vocabulary: Vocabulary) -> list[testcases.Case]:
    try:
        return testcases.read_cases(forms, vocabulary, ACTIONS)
    except PolicyLanguageError as refusal:
        raise integrity.located(refusal, "test_cases") from None


def _resource(set_id: UUID | None) -> Resource:
    return Resource("policy_set", set_id)


def _digest(row: PolicySet) -> bytes:
    return bytes.fromhex(row.content_hash)


def _record(event: Event, actor: Actor, row: PolicySet, **data: Any) -> None:
    record(event, actor, target=Target("policy_set", row.id), set_id=row.id, version=row.version, **data)
