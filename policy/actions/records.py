"""Opening the personal part of an audit entry: allowed to auditors, for a stated reason, and itself on record."""

from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from audit.access import BodyChanged, open_body, read_entry
from audit.events import Event
from audit.log import Target, record
from policy.catalogue import Action
from policy.pep import enforce, performs
from policy.types import Resource
from tenancy.actor import Actor
from tenancy.errors import Conflict, NotFound


@performs(Action.AUDIT_REVEAL)
def reveal_record(actor: Actor, *, entry_id: UUID, reason: str) -> Mapping[str, str]:
    """What an entry says about a person: an address, a user name, somebody's words.

    Raises NotFound where it has no such part or it was erased, and Conflict where it is not the sealed one.
    """
    enforce(actor, Action.AUDIT_REVEAL, Resource("audit_entry", entry_id))
    entry = read_entry(entry_id)
    try:
        body = open_body(entry)
    except BodyChanged:
        raise Conflict(_("The personal part is not the one that was sealed. Keep the evidence.")) from None
    if body is None:
        raise NotFound(_("This entry has no personal part, or it has been erased."))

    record(Event.RECORD_REVEALED, actor, target=Target("audit_entry", entry_id), records=[entry_id], reason=reason)
    return body
