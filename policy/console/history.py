"""Who changed which field of a configuration object, from what to what (AU-7): a help to operators, never evidence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditlog import get_logentry_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils.translation import gettext as _

from policy import naming

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one change."""

    at: datetime
    who: str
    verb: str
    field: str
    before: str
    after: str


def field_history(obj: Model) -> list[Change]:
    """The latest changes of this object's fields, newest first."""
    kind = ContentType.objects.get_for_model(obj)
    rows = get_logentry_model().objects.filter(content_type=kind, object_pk=str(obj.pk)).order_by("-timestamp", "-id")
    entries = list(rows[:SHOWN])
    people = naming.people(entry.actor_id for entry in entries)
    return [change for entry in entries for change in _changes(entry, people.get(entry.actor_id, _("Platform")))]


def _changes(entry: Any, who: str) -> list[Change]:
    verb = {0: _("created"), 1: _("changed"), 2: _("deleted")}.get(entry.action, "")
    return [
        Change(entry.timestamp, who, verb, field, _said(values, 0), _said(values, 1))
        for field, values in sorted((entry.changes or {}).items())
        if not _of_others(values)
    ]


def _of_others(values: Any) -> bool:
    """Whether these are rows that point here, which a birth counts as fields: `accounts.Session.None`."""
    return isinstance(values, list | tuple) and any(str(one).endswith(".None") for one in values)


def _said(values: Any, side: int) -> str:
    if isinstance(values, list | tuple) and len(values) > side:
        return "" if values[side] in (None, "None") else str(values[side])
    return ""
