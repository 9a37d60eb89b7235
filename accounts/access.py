"""The only giver of people, groups and roles to the other apps; foreign and absent look the same (R11).

Functions with an `actor` decide; those without are for code that has decided already, and run inside `within`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import sealing, sessions
from accounts.models import Fact, Group, GroupMembership, Role, RoleAssignment, Session, User, UserKind, UserState
from keys.errors import SealError
from policy import pip
from policy.catalogue import Action, Flag, with_implied
from policy.language.definitions import Category
from policy.language.sight import NOTHING_HELD, OWN, Seen, Sight
from policy.pep import enforce, permitted
from policy.snapshot import vocabulary_of
from policy.sources import GROUP
from policy.types import Resource
from tenancy.actor import Actor, ActorKey
from tenancy.errors import NotFound, OutsideWorkspace
from tenancy.scoping import current_workspace_id, within

HUES = 12


@dataclass(frozen=True, slots=True)
class Card:
    """What everybody in the workspace may see of a person."""

    id: UUID
    username: str
    name: str
    title: str
    kind: str
    active: bool

    @property
    def initials(self) -> str:
        words = self.name.split() or [self.username]
        return "".join(word[0] for word in (words[0], *words[1:][-1:])).upper()

    @property
    def hue(self) -> int:
        return self.id.int % HUES

    @property
    def bot(self) -> bool:
        return self.kind == UserKind.SERVICE


def user_resource(user_id: UUID) -> Resource:
    return Resource("user", user_id, properties={"owner_id": user_id})


def access_user(actor: Actor, user_id: UUID, action: Action) -> User:
    """The user, locked for a change. Raises AccessDenied or NotFound."""
    enforce(actor, action, user_resource(user_id))
    rows = User.objects.select_for_update(no_key=True, of=("self",)).select_related("workspace")
    user: User | None = rows.filter(id=user_id).first()
    if user is None:
        raise NotFound(_("There is no such person."), field="user")
    return user


def access_session(actor: Actor, session_id: UUID, action: Action) -> Session:
    """The session, for its own user or somebody who manages users. Raises AccessDenied or NotFound."""
    session: Session | None = Session.objects.select_related("user", "workspace").filter(id=session_id).first()
    owner_id = session.user_id if session else None
    enforce(actor, action, Resource("session", session_id, properties={"owner_id": owner_id}))
    if session is None:
        raise NotFound(_("There is no such session."), field="session")
    return session


def access_role(actor: Actor, role_id: UUID, action: Action) -> Role:
    """The role, locked for a change. Raises AccessDenied or NotFound."""
    enforce(actor, action, Resource("role", role_id))
    role: Role | None = Role.objects.select_for_update(no_key=True).filter(id=role_id).first()
    if role is None:
        raise NotFound(_("There is no such role."), field="role")
    return role


def access_group(actor: Actor, group_id: UUID, action: Action) -> Group:
    """The group, locked for a change. Raises AccessDenied or NotFound."""
    enforce(actor, action, Resource("group", group_id))
    group: Group | None = Group.objects.select_for_update(no_key=True).filter(id=group_id).first()
    if group is None:
        raise NotFound(_("There is no such group."), field="group")
    return group


def flags_of(actor: Actor) -> frozenset[Flag]:
    """The flags that the actor holds now, implied ones included; what a client shows as `powers`."""
    gathered = pip.gather([actor], [])
    state = gathered.subjects.get(actor.key)
    return state.flags if state is not None else frozenset()


def holders_of(flags: Collection[Flag]) -> set[UUID]:
    """To whom a role gives one of these flags. Nothing is decided by it."""
    giving = [flag.value for flag in Flag if with_implied(frozenset({flag})) & set(flags)]
    held = RoleAssignment.objects.filter(role__flags__overlap=giving)
    return set(held.values_list("user_id", flat=True))


def has_power(user: User, name: str, obj: models.Model | None) -> bool:
    """Whether the PEP permits the Action of this name to the user in the present request (R4)."""
    if user.actor is None or name not in set(Action):
        return False
    resource = Resource(type(obj).__name__.lower(), obj.pk) if obj is not None else Resource("console")
    with within(user.workspace_id):
        return permitted(user.actor, Action(name), resource)


def may_enter_console(user: User) -> bool:
    return has_power(user, Action.CONSOLE_ENTER, None)


def active_user_ids(user_ids: Iterable[UUID]) -> set[UUID]:
    """Those of them who have an active account."""
    return set(User.objects.filter(id__in=set(user_ids), state=UserState.ACTIVE).values_list("id", flat=True))


def user_ids_by_username(usernames: Iterable[str]) -> dict[str, UUID]:
    """Ids by user name as it was written, whatever its case; unknown names are left out."""
    wanted = {name: canonical_username(name) for name in usernames}
    found = dict(User.objects.filter(username__in=set(wanted.values())).values_list("username", "id"))
    return {name: found[username] for name, username in wanted.items() if username in found}


def user_by_username(username: str) -> User | None:
    return User.objects.select_related("workspace").filter(username=canonical_username(username)).first()


def canonical_username(username: str) -> str:
    """User names are kept in small letters, so that no two differ by case alone."""
    return username.strip().lower()


def group_member_ids(asked: Sequence[tuple[Actor, Collection[str]]]) -> list[dict[str, set[UUID]]]:
    """For each actor the active members of these groups, by name as it was written; as many queries for all as for one.

    Names that the actor may not know of are left out (SG-2).
    """
    groups = _groups_named({name for _actor, names in asked for name in names})
    if not groups:
        return [{} for _ in asked]
    members = _members_of({group_id for group_id, _kind in groups.values()})
    managers = _who_manage_users({actor.key: actor for actor, _names in asked}.values())
    found = []
    for actor, names in asked:
        known = {}
        for name in groups.keys() & set(names):
            group_id, kind = groups[name]
            if kind == "public" or actor.key in managers or actor.id in members[group_id]:
                known[name] = {user_id for user_id, state in members[group_id].items() if state == UserState.ACTIVE}
        found.append(known)
    return found


def _groups_named(names: Collection[str]) -> dict[str, tuple[UUID, str]]:
    """Group and kind by name as it was written."""
    workspace_id = current_workspace_id()
    if workspace_id is None:
        raise OutsideWorkspace("groups were looked up outside a workspace")
    if not names:
        return {}
    hashes = {name: sealing.group_hash(workspace_id, name) for name in names}
    rows = Group.objects.filter(name_hash__in=set(hashes.values())).values_list("name_hash", "id", "kind")
    groups = {bytes(name_hash): (group_id, kind) for name_hash, group_id, kind in rows}
    return {name: groups[name_hash] for name, name_hash in hashes.items() if name_hash in groups}


def _members_of(group_ids: Collection[UUID]) -> dict[UUID, dict[UUID, str]]:
    """The state of each member's account, by group."""
    members: dict[UUID, dict[UUID, str]] = {group_id: {} for group_id in group_ids}
    rows = GroupMembership.objects.filter(group_id__in=group_ids)
    for group_id, user_id, state in rows.values_list("group_id", "user_id", "user__state"):
        members[group_id][user_id] = state
    return members


def _who_manage_users(actors: Collection[Actor]) -> set[ActorKey]:
    subjects = pip.gather(list(actors), []).subjects
    return {key for key, state in subjects.items() if Flag.MANAGE_USERS in state.flags}


def cards(user_ids: Iterable[UUID]) -> dict[UUID, Card]:
    """What everybody may see of these people."""
    return _cards(User.objects.filter(id__in=set(user_ids)))


def all_cards() -> dict[UUID, Card]:
    """Everybody in the workspace."""
    return _cards(User.objects.order_by("username"))


def _cards(users: Iterable[User]) -> dict[UUID, Card]:
    rows = list(users)
    profiles = sealing.open_profiles(rows)
    return {
        user.id: Card(
            id=user.id,
            username=user.username,
            name=profiles[user.id].name or user.username,
            title=profiles[user.id].title,
            kind=user.kind,
            active=user.is_active,
        )
        for user in rows
    }


def find_people(text: str, limit: int = 20) -> list[Card]:
    """Active people whose user name or name has a word that begins with the text. Names are sealed: all are opened."""
    wanted = text.strip().lower()
    return [card for card in all_cards().values() if card.active and _fits(card, wanted)][:limit]


def _fits(card: Card, wanted: str) -> bool:
    words: Collection[str] = (card.username, card.name.lower(), *card.name.lower().split())
    return any(word.startswith(wanted) for word in words)


def visible_groups(actor: Actor) -> Mapping[UUID, str]:
    """Names of the groups that the actor may know of: public ones, their own, and all for who manages users (SG-2)."""
    return sealing.open_group_names(list(_knowable_groups(actor)))


def _knowable_groups(actor: Actor) -> models.QuerySet[Group]:
    if Flag.MANAGE_USERS in flags_of(actor):
        return Group.objects.all()
    mine = GroupMembership.objects.filter(user_id=actor.id).values("group_id")
    return Group.objects.filter(Q(kind="public") | Q(id__in=mine))


def group_ids_of(user_id: UUID) -> list[UUID]:
    """The groups that this person is in."""
    return list(GroupMembership.objects.filter(user_id=user_id).values_list("group_id", flat=True))


def client_settings(user_id: UUID) -> Mapping[str, Any]:
    """How this person likes the client."""
    user = User.objects.get(id=user_id)
    return sealing.open_profiles([user])[user.id].settings


def own_session(actor: Actor) -> Session | None:
    """The session in which the actor speaks, if it is one."""
    session_id = actor.environment.session_id
    if session_id is None:
        return None
    return Session.objects.select_related("workspace").filter(id=session_id).first()


def session_view(actor: Actor) -> dict[str, Any]:
    """The actor's own session as the client shows it."""
    session = own_session(actor)
    if session is None:
        raise Session.DoesNotExist
    return {
        "id": session.id,
        "step_up_until": session.step_up_at + sessions.FRESH_PROOF if session.step_up_at else None,
        "expires_at": session.expires_at,
        "idle_seconds": session.workspace.session_idle_minutes * 60,
    }


@dataclass(frozen=True, slots=True)
class SessionCard:
    """A session as its user and the console see it."""

    id: UUID
    user_id: UUID
    device_id: UUID | None
    address: str
    user_agent: str
    methods: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


def sessions_of(actor: Actor, user_id: UUID) -> list[SessionCard]:
    """The live sessions of a person, the latest first. Raises AccessDenied."""
    enforce(actor, Action.SESSION_LIST, user_resource(user_id))
    held = sessions.live_of(user_id)
    origins = sealing.open_origins(held)
    return [
        SessionCard(
            id=session.id,
            user_id=session.user_id,
            device_id=session.device_id,
            address=origins.get(session.id, sealing.Origin()).address,
            user_agent=origins.get(session.id, sealing.Origin()).user_agent,
            methods=tuple(session.methods),
            created_at=session.authenticated_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
        )
        for session in held
    ]


def own_profile(actor: Actor) -> sealing.Profile:
    """One's own profile with the settings of one's client. Raises AccessDenied."""
    enforce(actor, Action.USER_VIEW, user_resource(actor.id))
    user = User.objects.get(id=actor.id)
    return sealing.open_profiles([user])[user.id]


@dataclass(frozen=True, slots=True)
class FactCard:
    """One fact as far as the viewer may see it; `value` is None where nothing of it is shown or can be opened."""

    attribute: str
    value: object
    withheld: bool
    source: str
    asserted_at: datetime
    expires_at: datetime | None


def sight_of(actor: Actor, user_id: UUID) -> Sight | None:
    """How far the actor sees the facts of a person now, None for not at all (R12).

    Oneself wholly; another with the flag `view_facts`, and of ranks and sets only what the actor holds at this moment,
    as policy knows it. Groups that the actor may know of are no secret. Nothing is recorded.
    """
    if actor.id == user_id:
        return OWN
    if not permitted(actor, Action.FACTS_VIEW, user_resource(user_id)):
        return None
    state = pip.gather([actor], []).subjects.get(actor.key)
    facts = {**(state.facts if state is not None else {}), GROUP: list(visible_groups(actor).values())}
    return Sight(vocabulary_of(actor.workspace_id).facts(Category.SUBJECT, facts))


def facts_of(actor: Actor, user_id: UUID) -> list[FactCard]:
    """Everything that the sources say of a person, as far as the actor sees it (R12).

    Shown live, never to be stored with anything. Raises AccessDenied.
    """
    enforce(actor, Action.FACTS_VIEW, user_resource(user_id))
    sight, vocabulary = sight_of(actor, user_id) or NOTHING_HELD, vocabulary_of(actor.workspace_id)
    rows = list(Fact.objects.select_related("source").filter(user_id=user_id).order_by("attribute", "source__name"))
    places = [sealing.fact_place(fact.workspace_id, fact.user_id, fact.id) for fact in rows]
    values = sealing.open_values([(place, bytes(fact.value)) for place, fact in zip(places, rows, strict=True)])
    return [
        _fact_card(fact, sight.stored(vocabulary.get(f"{Category.SUBJECT}.{fact.attribute}"), value))
        for fact, value in zip(rows, values, strict=True)
    ]


def _fact_card(fact: Fact, seen: Seen[object]) -> FactCard:
    return FactCard(
        attribute=fact.attribute,
        value=None if isinstance(seen.value, SealError) else seen.value,
        withheld=seen.withheld,
        source=fact.source.name,
        asserted_at=fact.asserted_at,
        expires_at=fact.expires_at,
    )
