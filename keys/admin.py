"""The state of the keys: ages, fingerprints and counts. No page shows a key, and none opens content."""

from typing import Any

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from keys.access import KeyOverview, key_overview, signing_keys
from keys.actions import rewrap, rotate_tenant_key
from keys.envelope import COUNTED_IN_STEPS_OF
from keys.models import DataKeyScope, KeyState
from policy.console import Action, Button, ConsolePage, Panel, Section, code, moment, register_page, status
from policy.types import Resource

_SCOPES = dict(DataKeyScope.choices)
_STATES = {KeyState.ACTIVE: "ok", KeyState.RETIRED: "", KeyState.DESTROYED: ""}
_SYMBOLS = {KeyState.ACTIVE: "check", KeyState.RETIRED: "history", KeyState.DESTROYED: "x"}


@register_page
class KeysPage(ConsolePage):
    name = "keys"
    route = "keys/"
    title = gettext_lazy("Keys")
    sees = (Action.KEY_VIEW,)
    template = "console/keys.html"
    section, icon, order = Section.PLATFORM, "key", 20
    buttons = (
        Button(
            rotate_tenant_key,
            gettext_lazy("Rotate the tenant key"),
            warns=gettext_lazy("New keys are wrapped under a new tenant key. The old ones follow in the background."),
        ),
        Button(
            rewrap,
            gettext_lazy("Rewrap now"),
            warns=gettext_lazy("Brings one batch of keys under the present tenant key. Content is not touched."),
        ),
    )

    def resource_of(self, request: HttpRequest) -> Resource:
        return Resource("key", request.actor.workspace_id)  # type: ignore[attr-defined]

    def context(self, request: HttpRequest, **_parts: Any) -> dict[str, Any]:
        found = key_overview(request.actor)  # type: ignore[attr-defined]
        signing = signing_keys(request.actor)  # type: ignore[attr-defined]
        return {
            "found": found,
            "healthy": found.kms_health.healthy,
            "panels": [_keks(found), _tenant_keys(found), _data_keys(found), _signing(signing)],
        }


def _state(state: str) -> Any:
    known = KeyState(state)
    return status(known.label, _STATES[known], _SYMBOLS[known])


def _keks(found: KeyOverview) -> Panel:
    keks = found.kms.keks if found.kms else ()
    rows = [
        (code(kek.id), _state(kek.state), code(kek.fingerprint), moment(parse_datetime(kek.created_at))) for kek in keks
    ]
    hint = found.kms.kind if found.kms else ""
    columns = (_("Key"), _("State"), _("Fingerprint"), _("Created"))
    return Panel(_("Key-encryption keys"), columns, rows, empty=_("The key service does not answer."), hint=hint)


def _tenant_keys(found: KeyOverview) -> Panel:
    rows = [
        (f"v{one.version}", _state(one.state), code(one.fingerprint), code(one.kek_id), moment(one.created_at))
        for one in found.tenant_keys
    ]
    columns = (_("Version"), _("State"), _("Fingerprint"), _("Wrapped by"), _("Created"))
    return Panel(_("Tenant keys"), columns, rows, empty=_("This workspace has no tenant key."))


def _data_keys(found: KeyOverview) -> Panel:
    rows = [
        (_SCOPES.get(one.scope, one.scope), _state(one.state), one.keys, one.uses, moment(one.oldest_at))
        for one in found.data_keys
    ]
    columns = (_("For"), _("State"), _("Keys"), _("Records sealed"), _("Oldest"))
    hint = _("What is sealed is counted in steps of %(n)s") % {"n": COUNTED_IN_STEPS_OF}
    return Panel(_("Data keys"), columns, rows, empty=_("No data key yet."), hint=hint)


def _signing(keys: Any) -> Panel:
    rows = [(code(one.name), _state(one.state), moment(one.created_at)) for one in keys]
    columns = (_("Name"), _("State"), _("Created"))
    hint = _("They sign checkpoints of the audit log, for the whole deployment")
    return Panel(_("Audit signing keys"), columns, rows, empty=_("The sealer has not made its key yet."), hint=hint)
