"""A workspace's policy as it is now: definitions and the active set, compiled once for each policy epoch."""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from uuid import UUID

from django.db import transaction

from policy import epochs, membership
from policy.catalogue import GATES, Action
from policy.language.combine import CompiledPolicy, Plan, compile_policy
from policy.language.definitions import AttributeDefinition as Definition
from policy.language.definitions import Category, Kind, Vocabulary
from policy.language.documents import document_hash, read_document
from policy.language.errors import PolicyLanguageError
from policy.language.evaluate import Answer, Condition, compile_condition
from policy.language.grammar import parse_requirement
from policy.language.rules import PolicyDocument, Target
from policy.language.values import Unknown
from policy.models import AttributeDefinition, EpochKind, PolicySet, PolicySetState
from policy.types import PolicyRef
from tenancy.models import Workspace, WorkspaceState

logger = logging.getLogger(__name__)
ACTIONS = tuple(action.value for action in Action)
MARKING = "resource.marking"
_PLANS_KEPT = 10_000


@dataclass(slots=True)
class Snapshot:
    """Everything that a decision needs of the workspace's policy. `policy` is None when the set cannot be trusted."""

    epoch: int
    active: bool
    lease: timedelta
    vocabulary: Vocabulary
    document: PolicyDocument
    policy: CompiledPolicy | None
    for_members: CompiledPolicy | None
    refs: tuple[PolicyRef, ...]
    _own: dict[tuple[str, bool], Condition] = field(default_factory=dict)
    _plans: dict[tuple[Target, str, bool], Plan] = field(default_factory=dict)
    _apart: dict[tuple[Action, Action], bool] = field(default_factory=dict)

    def plan(self, target: Target, requirement: str, *, of_membership: bool) -> Plan | None:
        """What applies to this target, kept for the next time. Membership is judged without the circumstances.

        Raises PolicyLanguageError when the room's requirement no longer fits the definitions.
        """
        policy = self.for_members if of_membership else self.policy
        if policy is None:
            return None
        key = (target, requirement, of_membership)
        plan = self._plans.get(key)
        if plan is None:
            own = self._condition(requirement, of_membership=of_membership) if requirement else None
            plan = policy.plan(target, own)
            if len(self._plans) < _PLANS_KEPT:
                self._plans[key] = plan
        return plan

    def scopes_around(self, room_id: UUID, *, kind: str, name: str) -> tuple[Answer, ...]:
        """Which rules are for a room of this name, whatever the marking of what is said there."""
        target = Target("", room_id=room_id, kind=kind, name=name, marking=Unknown.UNAVAILABLE)
        return tuple(rule.scope.covers(target) for rule in self.document.rules)

    def tells_apart(self, one: Action, other: Action) -> bool:
        """Whether the two may have different answers in one room: a rule or the role gate names only one of them."""
        if GATES[one] != GATES[other]:
            return True
        key = (one, other)
        if key not in self._apart:
            self._apart[key] = any(rule.names(one) != rule.names(other) for rule in self.document.rules)
        return self._apart[key]

    def _condition(self, requirement: str, *, of_membership: bool) -> Condition:
        key = (requirement, of_membership)
        condition = self._own.get(key)
        if condition is None:
            node = parse_requirement(requirement, self.vocabulary)
            condition = (
                membership.condition(node, self.vocabulary)
                if of_membership
                else compile_condition(node, self.vocabulary)
            )
            self._own[key] = condition
        return condition

    @property
    def markings(self) -> tuple[str, ...]:
        definition = self.vocabulary.get(MARKING)
        return definition.values if definition is not None else ()


_latest: dict[UUID, Snapshot] = {}
_loading = Lock()


def snapshot(workspace_id: UUID) -> Snapshot:
    """The policy of this moment: one query tells whether what is in memory still stands."""
    epoch = epochs.current([(EpochKind.POLICY, workspace_id)]).get((EpochKind.POLICY, workspace_id), 0)
    held = _latest.get(workspace_id)
    if held is not None and held.epoch == epoch:
        return held
    fresh = _load(workspace_id, epoch)
    transaction.on_commit(lambda: _keep(workspace_id, fresh))
    return fresh


def _keep(workspace_id: UUID, fresh: Snapshot) -> None:
    """Only what was committed is remembered: a change that is rolled back takes its epoch with it."""
    with _loading:
        _latest[workspace_id] = fresh


def latest(workspace_id: UUID) -> Snapshot:
    """What was in force at the last decision in this process: for definitions, which change rarely and decide
    nothing.
    """
    return _latest.get(workspace_id) or snapshot(workspace_id)


def vocabulary_of(workspace_id: UUID) -> Vocabulary:
    """The attributes that the workspace has defined."""
    rows = AttributeDefinition.objects.filter(workspace_id=workspace_id).order_by("category", "name")
    return Vocabulary(*(_definition(row) for row in rows))


def _definition(row: AttributeDefinition) -> Definition:
    return Definition(
        name=row.name,
        kind=Kind(row.kind),
        category=Category(row.category),
        values=tuple(row.values),
        aliases=dict(row.aliases),
        label=row.label,
    )


def _load(workspace_id: UUID, epoch: int) -> Snapshot:
    workspace = Workspace.objects.get(id=workspace_id)
    vocabulary = vocabulary_of(workspace_id)
    active = PolicySet.objects.filter(state=PolicySetState.ACTIVE).first()
    document, policy, for_members = PolicyDocument(), None, None
    try:
        document = _verified(active, vocabulary) if active else document
        policy = compile_policy(document, vocabulary)
        for_members = membership.compiled(document, vocabulary)
    except PolicyLanguageError as error:
        logger.error("the policy set of workspace %s cannot be used: %s", workspace_id, error.code)  # noqa: TRY400 — its code says all
    return Snapshot(
        epoch=epoch,
        active=workspace.state == WorkspaceState.ACTIVE,
        lease=timedelta(seconds=workspace.lease_seconds),
        vocabulary=vocabulary,
        document=document,
        policy=policy,
        for_members=for_members,
        refs=(PolicyRef("set", active.version, active.content_hash),) if active else (),
    )


def _verified(active: PolicySet, vocabulary: Vocabulary) -> PolicyDocument:
    document = read_document(active.document, vocabulary, ACTIONS)
    if document_hash(document) != active.content_hash:
        raise PolicyLanguageError("The active set is not what was approved.", "Roll back to a version that verifies.")
    return document
