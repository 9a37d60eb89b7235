"""Devices and whether they meet the baseline, as whoever manages them says."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import actions, sealing
from accounts.access import cards
from accounts.admin import barred
from accounts.admin.users import posture
from accounts.agents import in_words
from accounts.models import Device
from policy.console import Action, AskForm, Button, ConsoleAdmin, Section, code, link, moment, two_lines


class PostureForm(AskForm):
    """Does it meet the baseline?"""

    compliant = forms.TypedChoiceField(
        label=gettext_lazy("This device"),
        choices=[("yes", gettext_lazy("meets the baseline")), ("no", gettext_lazy("does not meet the baseline"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Counts from now on, until the word of this source goes stale."),
    )


def _here(device: Device) -> bool:
    return device.removed_at is None


@admin.register(Device)
class DeviceAdmin(ConsoleAdmin):
    sees = (Action.DEVICE_UPDATE,)
    key = "device_id"
    section, icon, order = Section.PEOPLE, "card", 45
    help = gettext_lazy("Browsers and clients that somebody has signed in with, and whether they meet the baseline.")
    empty = gettext_lazy("No device has been used yet.")
    list_display = ("device", "owner", "baseline", "reported", "first_seen")
    list_filter = ("compliant",)
    ordering = ("-created_at",)
    buttons = (
        Button(
            actions.update_device_posture,
            gettext_lazy("State posture"),
            asks=PostureForm,
            fits=_here,
            bars=barred.the_owner,
        ),
    )

    def opened(self, _request: HttpRequest, rows: list[Any]) -> list[Any]:
        names = sealing.open_device_names(rows)
        people = cards(one.user_id for one in rows)
        for one in rows:
            one.words, one.card = in_words(names.get(one.id, "")) or _("Unknown device"), people[one.user_id]
        return rows

    @admin.display(description=gettext_lazy("Device"))
    def device(self, device: Any) -> str:
        return str(device.words)

    @admin.display(description=gettext_lazy("Person"))
    def owner(self, device: Any) -> Any:
        return two_lines(device.card.name, device.card.username)

    @admin.display(description=gettext_lazy("Baseline"), ordering="compliant")
    def baseline(self, device: Any) -> Any:
        return posture(device)

    @admin.display(description=gettext_lazy("Reported"), ordering="posture_at")
    def reported(self, device: Any) -> Any:
        return moment(device.posture_at)

    @admin.display(description=gettext_lazy("First used"), ordering="created_at")
    def first_seen(self, device: Any) -> Any:
        return moment(device.created_at)

    def headline(self, obj: Any) -> str:
        return _("%(device)s of %(name)s") % {"device": obj.words, "name": obj.card.name}

    def facts(self, _request: HttpRequest, obj: Any) -> Any:
        return [
            (_("Person"), link(obj.card.name, reverse("admin:accounts_user_change", args=[obj.user_id]))),
            (_("Baseline"), posture(obj)),
            (_("Reported"), moment(obj.posture_at)),
            (_("First used"), moment(obj.created_at)),
            (_("Id"), code(obj.id)),
        ]
