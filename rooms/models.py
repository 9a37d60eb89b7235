"""Rooms and messages as they rest: ciphertext, ids, times and counters."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from policy.catalogue import RoomRole
from tenancy.models import Workspace, WorkspaceModel


class RoomKind(models.TextChoices):
    PUBLIC = "public", _("Public channel")
    PRIVATE = "private", _("Private channel")
    DIRECT = "direct", _("Direct message")
    GROUP = "group", _("Group message")


class RoomState(models.TextChoices):
    ACTIVE = "active", _("Active")
    ARCHIVED = "archived", _("Archived")


class Room(WorkspaceModel):
    """A place to talk. Its requirement, if it has one, guards every membership and every use (PO-2)."""

    kind = models.CharField(_("kind"), max_length=8, choices=RoomKind)
    state = models.CharField(_("state"), max_length=8, choices=RoomState, default=RoomState.ACTIVE)
    marking = models.CharField(_("marking"), max_length=40)
    name_sealed = models.BinaryField()
    name_hash = models.BinaryField(max_length=32)
    topic_sealed = models.BinaryField(null=True)
    people_hash = models.BinaryField(max_length=32, null=True)
    requirement = models.TextField(_("requirement"), blank=True)
    requirement_hash = models.CharField(max_length=64, blank=True)
    requirement_version = models.PositiveIntegerField(default=0)
    named_requirements = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    last_seq = models.BigIntegerField(default=0)
    last_message_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name_hash"],
                condition=models.Q(kind="public"),
                name="rooms_name_once",
            ),
            models.UniqueConstraint(
                fields=["workspace", "people_hash"],
                condition=models.Q(people_hash__isnull=False),
                name="rooms_people_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class RequirementVersion(WorkspaceModel):
    """What a room's inline requirement was, from when, and who set it (R6)."""

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="requirement_versions")
    version = models.PositiveIntegerField()
    requirement = models.TextField(blank=True)
    requirement_hash = models.CharField(max_length=64, blank=True)
    set_by = models.UUIDField()
    set_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "version"], name="rooms_requirement_version_once")]


class MembershipState(models.TextChoices):
    """A deny suspends at once and removes after the grace; nothing else takes a membership away (R9)."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    REMOVED = "removed", _("Removed")


class Membership(WorkspaceModel):
    """One person's standing in one room. It outlives a removal, so that role and read state can come back."""

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(
        _("role"), max_length=10, choices=[(role.value, role.value) for role in RoomRole], default=RoomRole.MEMBER
    )
    state = models.CharField(_("state"), max_length=10, choices=MembershipState, default=MembershipState.ACTIVE)
    sources = ArrayField(models.CharField(max_length=10), default=list)
    muted = models.BooleanField(default=False)
    favourite = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    suspended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="rooms_membership_once")]
        indexes = [models.Index(fields=["user", "state"], name="rooms_membership_of_user")]


class Thread(WorkspaceModel):
    """A conversation beside the room's own: under a message, or a topic with a title of its own (R20)."""

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="threads")
    root_id = models.UUIDField(null=True)
    title_sealed = models.BinaryField(null=True)
    title_hash = models.BinaryField(max_length=32, null=True)
    replies = models.PositiveIntegerField(default=0)
    last_seq = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    participants = ArrayField(models.UUIDField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "root_id"], name="rooms_thread_of_root"),
            models.UniqueConstraint(fields=["room", "title_hash"], name="rooms_thread_title_once"),
        ]
        indexes = [models.Index(fields=["room", "-last_seq"], name="rooms_thread_recent")]


class Message(WorkspaceModel):
    """One sealed message. `seq` is gapless per room and stays on the server; `changed_seq` moves with every
    change (R18).

    Its rows are written on the hot path: the wall's keys over (workspace, id) hold its references, once each, and what
    is found by the indexes below has no index of its own.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="+", editable=False, db_constraint=False, db_index=False
    )
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    seq = models.BigIntegerField()
    changed_seq = models.BigIntegerField()
    sender = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    client_message_id = models.UUIDField()
    body_mac = models.BinaryField(max_length=32)
    body_sealed = models.BinaryField(null=True)
    marking = models.CharField(max_length=40)
    revision = models.PositiveIntegerField(default=0)
    thread = models.ForeignKey(
        Thread, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    also_to_room = models.BooleanField(default=False)
    mentions = ArrayField(models.UUIDField(), default=list)
    mentions_room = models.BooleanField(default=False)
    at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="rooms_message_gapless"),
            models.UniqueConstraint(fields=["workspace", "sender", "client_message_id"], name="rooms_message_once"),
        ]
        indexes = [
            models.Index(fields=["room", "changed_seq"], name="rooms_message_changes"),
            models.Index(fields=["thread", "seq"], name="rooms_message_thread"),
        ]


class MessageRevision(WorkspaceModel):
    """What a message said before it was edited."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="revisions")
    revision = models.PositiveIntegerField()
    body_sealed = models.BinaryField(null=True)
    marking = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "revision"], name="rooms_revision_once")]


class Reaction(WorkspaceModel):
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="reactions")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    emoji = models.CharField(max_length=40)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "user", "emoji"], name="rooms_reaction_once")]


class ReadMark(WorkspaceModel):
    """How far a person has read a room, or one thread of it; it only moves forward unless the person moves it back."""

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, null=True, related_name="+")
    seq = models.BigIntegerField(default=0)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["room", "user", "thread"], name="rooms_read_mark_once", nulls_distinct=False
            ),
        ]


class ThreadFollow(WorkspaceModel):
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="follows")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["thread", "user"], name="rooms_follow_once")]
