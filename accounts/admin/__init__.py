"""Screens about people: accounts, groups, roles, sessions, devices."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from accounts.access import cards, find_people, user_by_username
from accounts.admin import confirm, devices, groups, roles, sessions, users
from accounts.models import Role
from policy.console import Action, DataPage, register, register_page

__all__ = ["PeoplePage", "confirm", "devices", "groups", "roles", "sessions", "users"]


def _user_named(username: str) -> UUID | None:
    user = user_by_username(username)
    return user.id if user is not None else None


register("user", lambda ids: {card.id: card.name for card in cards(ids).values()}, _user_named)
register("role", lambda ids: dict(Role.objects.filter(id__in=ids).values_list("id", "name")))


@register_page
class PeoplePage(DataPage):
    """People whose name begins with what was typed, for fields that name one."""

    name = "suggest_people"
    route = "suggest/people/"
    title = ""
    sees = (Action.USER_VIEW,)

    def context(self, request: HttpRequest, **_parts: Any) -> dict[str, Any]:
        found = find_people(request.GET.get("q", ""))
        return {"found": [{"value": card.username, "label": card.name} for card in found]}
