"""Roles: which flags they carry, what those open and imply, and who holds them (AD-2, AD-3)."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import actions
from accounts.access import cards
from accounts.admin import barred
from accounts.admin.fields import PersonForm, ThisPersonForm
from accounts.models import Role, RoleAssignment
from policy.catalogue import CASCADES, GATES, with_implied
from policy.console import (
    FLAGS,
    Action,
    Button,
    ConsoleAdmin,
    ConsoleForm,
    Flag,
    Offer,
    Panel,
    Section,
    code,
    link,
    listed,
    moment,
    status,
    tag,
    yes_no,
)


class RoleForm(ConsoleForm):
    """A role's name and its flags."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    flags = forms.MultipleChoiceField(
        label=gettext_lazy("Flags"),
        choices=[(flag.value, words[0]) for flag, words in FLAGS.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy(
            "Some flags imply others, see the table of cascades. Nobody gives a flag that they do not hold."
        ),
    )

    def written(self, obj: Any) -> dict[str, Any]:
        return {"name": obj.name, "flags": obj.flags}


def _own(role: Role) -> bool:
    return not role.locked


@admin.register(Role)
class RoleAdmin(ConsoleAdmin):
    sees = (Action.ROLE_VIEW,)
    adds, saves, key = actions.create_role, actions.update_role, "role_id"
    section, icon, order = Section.PEOPLE, "card", 30
    adding = gettext_lazy("New role")
    help = gettext_lazy(
        "A role is a bundle of flags; a flag opens actions. System roles are locked, others are yours to shape."
    )
    form = RoleForm
    list_display = ("role", "standing", "people", "flag_count")
    ordering = ("created_at", "id")
    panels = ("holders_panel", "flags_panel")
    change_list_template = "console/roles.html"
    buttons = (
        Button(
            actions.assign_role,
            gettext_lazy("Assign to somebody"),
            asks=PersonForm,
            bars=barred.who_holds_less,
            in_row=True,
        ),
        Button(
            actions.unassign_role,
            gettext_lazy("Take role away"),
            asks=ThisPersonForm,
            warns=gettext_lazy("What only this role allows is refused from now on, also in open clients."),
            bars=barred.who_holds_less,
            in_row=True,
        ),
        Button(
            actions.delete_role,
            gettext_lazy("Delete role"),
            warns=gettext_lazy("Everybody who holds it loses what it opens, at once. This cannot be undone."),
            tone="danger",
            fits=_own,
            bars=barred.who_holds_less,
        ),
    )

    def open_to_change(self, obj: Any) -> bool:
        return obj is None or _own(obj)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), **_overview()})

    def opened(self, _request: HttpRequest, rows: list[Any]) -> list[Any]:
        held = RoleAssignment.objects.filter(role_id__in=[one.id for one in rows])
        sizes = dict(held.values_list("role_id").annotate(n=Count("id")))
        for one in rows:
            one.size = sizes.get(one.id, 0)
        return rows

    @admin.display(description=gettext_lazy("Role"), ordering="name")
    def role(self, role: Any) -> str:
        return str(role.name)

    @admin.display(description=gettext_lazy("Kind"))
    def standing(self, role: Any) -> Any:
        return _kind(role)

    @admin.display(description=gettext_lazy("People"))
    def people(self, role: Any) -> int:
        return int(role.size)

    @admin.display(description=gettext_lazy("Flags"))
    def flag_count(self, role: Any) -> int:
        return len(_held(role))

    def facts(self, _request: HttpRequest, obj: Any) -> Any:
        return [
            (_("Kind"), _kind(obj)),
            (_("People"), obj.size),
            (_("Flags"), len(obj.flags)),
            (_("With implied ones"), len(_held(obj))),
            (_("Created"), moment(obj.created_at)),
            (_("Id"), code(obj.id)),
        ]

    def holders_panel(self, request: HttpRequest, role: Any) -> Panel:
        may_take = self.may(request, actions.unassign_role, role)
        may_give = self.may(request, actions.assign_role, role)
        held = list(RoleAssignment.objects.filter(role=role).order_by("created_at"))
        people = cards(one.user_id for one in held)
        rows = [
            (
                link(people[one.user_id].name, reverse("admin:accounts_user_change", args=[one.user_id])),
                moment(one.created_at),
                link(
                    _("Take away"),
                    self.do_url(role, "unassign_role", user_id=one.user_id),
                    hint=people[one.user_id].name,
                )
                if may_take
                else "",
            )
            for one in held
        ]
        offers = [Offer(_("Assign to somebody"), self.do_url(role, "assign_role"))] if may_give else []
        return Panel(_("Who holds it"), (_("Person"), _("Since"), ""), rows, empty=_("Nobody."), offers=offers)

    def flags_panel(self, _request: HttpRequest, role: Any) -> Panel:
        rows = [
            (
                FLAGS[flag][0],
                tag(_("given")) if flag.value in role.flags else tag(_("implied"), "accent"),
                FLAGS[flag][1],
                _opens(flag),
            )
            for flag in Flag
            if flag in _held(role)
        ]
        columns = (_("Flag"), _("How"), _("What it is for"), _("Actions"))
        return Panel(_("What it opens"), columns, rows, empty=_("This role carries no flag."))


def _held(role: Role) -> frozenset[Flag]:
    return with_implied(frozenset(Flag(flag) for flag in role.flags if flag in set(Flag)))


def _kind(role: Role) -> Any:
    return status(_("system, locked"), "", "lock") if role.locked else status(_("own"), "", "edit")


def _opens(flag: Flag) -> Any:
    names = sorted(action.value for action, gate in GATES.items() if flag in gate.flags)
    return listed(names, _("none yet"))


def _overview() -> dict[str, Any]:
    """The matrix of roles and flags, and the cascades as they are declared."""
    roles = list(Role.objects.order_by("created_at", "id"))
    held = {role.id: _held(role) for role in roles}
    return {
        "matrix_roles": [(role, reverse("admin:accounts_role_change", args=[role.id])) for role in roles],
        "matrix": [
            {
                "words": FLAGS[flag][0],
                "hint": FLAGS[flag][1],
                "cells": [yes_no(flag in held[role.id]) for role in roles],
            }
            for flag in Flag
        ],
        "cascades": [
            {"flag": FLAGS[flag][0], "implies": _words(implied)}
            for flag, implied in sorted(CASCADES.items(), key=lambda pair: (-len(pair[1]), list(Flag).index(pair[0])))
        ],
    }


def _words(flags: Iterable[Flag]) -> str:
    return ", ".join(str(FLAGS[flag][0]) for flag in Flag if flag in flags)
