"""People and everything that hangs on them. Free text and facts are sealed; tokens stand only as hashes (R21)."""

from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models_thirdparty import FieldDiff, GroupGrant, UserGrant
from tenancy.models import WorkspaceModel

if TYPE_CHECKING:
    from tenancy.actor import Actor

__all__ = [
    "Device",
    "Fact",
    "FactSource",
    "FactSync",
    "FieldDiff",
    "Group",
    "GroupGrant",
    "GroupMembership",
    "LoginLink",
    "Role",
    "RoleAssignment",
    "Session",
    "User",
    "UserGrant",
]


class UserState(models.TextChoices):
    ACTIVE = "active", _("Active")
    DEACTIVATED = "deactivated", _("Deactivated")


class UserKind(models.TextChoices):
    """A placeholder stands for the author of imported messages and can never sign in."""

    PERSON = "person", _("Person")
    SERVICE = "service", _("Service account")
    PLACEHOLDER = "placeholder", _("Placeholder")


class User(WorkspaceModel, AbstractBaseUser):
    """Somebody or something that acts, in exactly one workspace (R26)."""

    username = models.CharField(_("user name"), max_length=64)
    profile = models.BinaryField(null=True, editable=False)
    profile_revision = models.PositiveIntegerField(default=0, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=UserKind, default=UserKind.PERSON)
    state = models.CharField(_("state"), max_length=16, choices=UserState, default=UserState.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)
    groups = models.ManyToManyField("accounts.Group", through="accounts.GroupMembership", related_name="users")

    last_login = None
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    actor: "Actor | None" = None
    """As whom this user acts in the present request; set by the middleware and never stored."""

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint("workspace", Lower("username"), name="accounts_user_username_once"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.state == UserState.ACTIVE

    @property
    def is_superuser(self) -> bool:
        """Nobody by-passes policy (R4)."""
        return False

    @property
    def is_staff(self) -> bool:
        """Whether this user may enter the console now, as the PEP says."""
        from accounts import access  # noqa: PLC0415 - access stands above models

        return access.may_enter_console(self)

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """Whether the PEP permits an Action, named in full or as a flag (R4); anything else is refused."""
        from accounts import access  # noqa: PLC0415 - access stands above models

        return access.has_power(self, perm, obj)

    def has_perms(self, perm_list: list[str], obj: models.Model | None = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, _app_label: str) -> bool:
        return self.is_staff


class Device(WorkspaceModel):
    """A browser or client that a user signed in with, known by a random token; posture is what its manager says."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    token_hash = models.BinaryField(max_length=32, editable=False)
    name = models.BinaryField(null=True, editable=False)
    compliant = models.BooleanField(_("meets the baseline"), null=True)
    posture_at = models.DateTimeField(_("posture reported"), null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = [models.UniqueConstraint(fields=["workspace", "token_hash"], name="accounts_device_token")]

    def __str__(self) -> str:
        return str(self.id)


class Session(WorkspaceModel):
    """One sign-in. The cookie holds a random token, the row its SHA-256; revoking the row ends it at once (ID-9)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    device = models.ForeignKey(Device, on_delete=models.SET_NULL, null=True, related_name="sessions")
    token_hash = models.BinaryField(max_length=32, editable=False)
    origin = models.BinaryField(null=True, editable=False)
    methods = ArrayField(models.CharField(max_length=20), verbose_name=_("methods"))
    data = models.BinaryField(null=True, editable=False)
    data_revision = models.PositiveIntegerField(default=0, editable=False)
    authenticated_at = models.DateTimeField(_("signed in"))
    step_up_at = models.DateTimeField(_("confirmed"), null=True)
    last_used_at = models.DateTimeField(_("last used"))
    expires_at = models.DateTimeField(_("ends"))
    revoked_at = models.DateTimeField(_("ended"), null=True)
    end_reason = models.CharField(_("why it ended"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [models.UniqueConstraint(fields=["workspace", "token_hash"], name="accounts_session_token")]
        indexes = [
            models.Index(
                fields=["workspace", "user"], condition=models.Q(revoked_at=None), name="accounts_session_live"
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class LoginLink(WorkspaceModel):
    """A link that signs one user in once, within minutes."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    token_hash = models.BinaryField(max_length=32, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("sign-in link")
        verbose_name_plural = _("sign-in links")
        constraints = [models.UniqueConstraint(fields=["workspace", "token_hash"], name="accounts_link_token")]

    def __str__(self) -> str:
        return str(self.id)


class Role(WorkspaceModel):
    """A named bundle of flags (AD-2). System roles are locked; the others are the workspace's to shape (AD-3)."""

    name = models.CharField(_("name"), max_length=60)
    system = models.CharField(_("system role"), max_length=20, blank=True, editable=False)
    flags = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("flags"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="accounts_role_name_once"),
            models.UniqueConstraint(
                fields=["workspace", "system"], condition=~models.Q(system=""), name="accounts_role_system_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def locked(self) -> bool:
        return bool(self.system)


class RoleAssignment(WorkspaceModel):
    """That a user holds a role in the workspace."""

    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="assignments")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="assignments")
    assigned_by = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("role assignment")
        verbose_name_plural = _("role assignments")
        constraints = [models.UniqueConstraint(fields=["role", "user"], name="accounts_role_once_per_user")]

    def __str__(self) -> str:
        return f"{self.role_id} {self.user_id}"


class GroupKind(models.TextChoices):
    """Who may know of a group: everybody, its members, or only those who manage users (SG-2)."""

    PUBLIC = "public", _("Public")
    PRIVATE = "private", _("Private")
    HIDDEN = "hidden", _("Hidden")


class Group(WorkspaceModel):
    """People under one name, which policy sees as `subject.group`. It is sealed and found by its keyed hash."""

    kind = models.CharField(_("kind"), max_length=16, choices=GroupKind, default=GroupKind.PUBLIC)
    name = models.BinaryField(editable=False)
    name_revision = models.PositiveIntegerField(default=0, editable=False)
    name_hash = models.BinaryField(max_length=32, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        constraints = [models.UniqueConstraint(fields=["workspace", "name_hash"], name="accounts_group_name_once")]

    def __str__(self) -> str:
        return str(self.id)


class MembershipSource(models.TextChoices):
    """Who says that somebody belongs to a group; sources stand side by side and only take away their own (ID-11)."""

    MANUAL = "manual", _("By hand")
    OIDC = "oidc", _("OpenID Connect")
    SCIM = "scim", _("SCIM")
    LDAP = "ldap", _("LDAP")


class GroupMembership(WorkspaceModel):
    """That one source counts a user among a group."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    source = models.CharField(_("source"), max_length=16, choices=MembershipSource, default=MembershipSource.MANUAL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("group membership")
        verbose_name_plural = _("group memberships")
        constraints = [
            models.UniqueConstraint(fields=["group", "user", "source"], name="accounts_group_member_once_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.user_id}"


class SourceKind(models.TextChoices):
    MANUAL = "manual", _("By hand")
    OIDC = "oidc", _("OpenID Connect")
    SAML = "saml", _("SAML")
    SCIM = "scim", _("SCIM")
    LDAP = "ldap", _("LDAP")
    PIV = "piv", _("Smart card")
    DEVICE = "device", _("Device posture")


class FactSource(WorkspaceModel):
    """Where facts come from, and how long its word stands without being renewed; 0 means for ever."""

    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=16, choices=SourceKind)
    freshness_minutes = models.PositiveIntegerField(_("freshness (minutes)"), default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("source of facts")
        verbose_name_plural = _("sources of facts")
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="accounts_fact_source_once")]

    def __str__(self) -> str:
        return self.name


class FactSync(WorkspaceModel):
    """When a source last told everything it knows of a user; without this, what it does not say is unknown (R5)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="syncs")
    source = models.ForeignKey(FactSource, on_delete=models.CASCADE, related_name="syncs")
    synced_at = models.DateTimeField()

    class Meta:
        verbose_name = _("fact synchronisation")
        verbose_name_plural = _("fact synchronisations")
        constraints = [models.UniqueConstraint(fields=["user", "source"], name="accounts_fact_sync_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.source_id}"


class Fact(WorkspaceModel):
    """An entitlement: what one source asserts of a user, sealed under the user's own key."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="facts")
    source = models.ForeignKey(FactSource, on_delete=models.CASCADE, related_name="facts")
    attribute = models.CharField(_("attribute"), max_length=60)
    value = models.BinaryField(editable=False)
    asserted_at = models.DateTimeField(_("asserted"))
    expires_at = models.DateTimeField(_("expires"), null=True)

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        constraints = [
            models.UniqueConstraint(fields=["user", "source", "attribute"], name="accounts_fact_once_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.attribute} {self.user_id}"
