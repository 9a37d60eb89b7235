"""No address of the console is outside the table of flags and pages; no button is pressed without its flag (AD-5)."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.actions import create_group, register_device
from accounts.models import Device, Group
from policy.actions import draft_policy_set
from policy.catalogue import CASCADES, GATES, Flag
from policy.console import Button
from policy.console.pages import PAGES as SINGLE
from policy.language.documents import FORMAT
from policy.models import AttributeDefinition, PolicySet
from tests.console.conftest import Console
from tests.console.pages import OF_OBJECTS, OPENS, PAGES, of_objects

FOR_ALL = {"confirm", "login", "suggest_people", "figures"}
"""Of everybody in the console: no page of a task."""
WITH_ITS_OBJECT = (
    "_change",
    "_history",
    "_do",
    "_requirement",
    "_preview",
    "audit_entry",
    "audit_proof",
    "audit_reveal",
)
NEVER_ADDED = {"tenancy_workspace_add", "accounts_device_add", "accounts_session_add"}


def _addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[tuple[str, str]]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _addresses(one.url_patterns, f"{before}{one.pattern}")
        elif one.name:
            yield f"{before}{one.pattern}", one.name


@pytest.fixture
def furnished(console: Console) -> Console:
    """The console with one of everything."""
    world = console.world
    create_group(world.system, name="Crew")
    register_device(world.actor("grace"), name="NG-1")
    draft_policy_set(world.actor("ada"), document={"format": FORMAT, "requirements": {}, "rules": []}, test_cases=[])
    return console


def _paths(console: Console) -> dict[str, str]:
    """Every page of an object."""
    world = console.world
    models = {
        "device": (Device, "accounts/device"),
        "group": (Group, "accounts/group"),
        "attribute": (AttributeDefinition, "policy/attributedefinition"),
        "policy set": (PolicySet, "policy/policyset"),
    }
    with world.inside():
        ids = {name: model.objects.order_by("id")[0].id for name, (model, _) in models.items()}
    return {
        **of_objects(world),
        **{name: f"/console/{path}/{ids[name]}/change/" for name, (_, path) in models.items()},
        "workspace": f"/console/tenancy/workspace/{world.id}/change/",
    }


def test_the_table_speaks_of_every_address():
    known = {path.lstrip("/") for path in PAGES.values()}

    strange = {
        address
        for address, name in _addresses(get_resolver().url_patterns)
        if address.startswith("/console/")
        and address.lstrip("/") not in known
        and name not in FOR_ALL | NEVER_ADDED
        and not name.endswith(WITH_ITS_OBJECT)
    }

    assert strange == set()


def test_what_nobody_adds_has_no_page_to_add_it(console: Console):
    for name in ("tenancy/workspace", "accounts/device", "accounts/session"):
        assert console.get("ada", f"/console/{name}/add/").status_code in (403, 404)


@pytest.mark.parametrize("flag", [flag for flag, pages in OPENS.items() if len(pages) > 1], ids=lambda flag: flag.value)
def test_a_flag_opens_the_pages_of_objects_with_their_list(furnished: Console, flag: Flag):
    paths = _paths(furnished)
    who = furnished.flagged("hedy", flag)

    answers = {name: furnished.get(who, path).status_code for name, path in paths.items()}

    wanted = {name for page in OPENS[flag] for name in OF_OBJECTS.get(page, ())}
    assert paths.keys() == {name for names in OF_OBJECTS.values() for name in names}
    assert {name for name, status in answers.items() if status == 200} == wanted
    assert {status for name, status in answers.items() if name not in wanted} <= {403, 404}


def _buttons(console: Console) -> dict[frozenset[Flag], list[tuple[Button, str]]]:
    """Every button of the console with its address, by the flags of which any one lets press it."""
    paths = _paths(console)
    found: dict[frozenset[Flag], list[tuple[Button, str]]] = {}
    screens = {paths[name].removesuffix("change/") for name in paths if paths[name].endswith("change/")}
    for model, screen in admin.site._registry.items():
        start = f"/console/{model._meta.app_label}/{model._meta.model_name}/"
        base = next(path for path in screens if path.startswith(start))
        for button in screen.buttons:
            found.setdefault(GATES[button.performs].flags, []).append((button, f"{base}do/{button.name}/"))
    for page in SINGLE:
        for button in page.buttons:
            found.setdefault(GATES[button.performs].flags, []).append(
                (button, f"/console/{page.route}do/{button.name}/")
            )
    return found


def test_no_button_is_pressed_without_its_flag_whatever_else_one_may(furnished: Console):
    buttons = _buttons(furnished)
    refused = 0

    for number, (needed, pressed) in enumerate(buttons.items()):
        implying = {flag for flag, implied in CASCADES.items() if implied & needed}
        who = furnished.flagged(f"hedy{number}", *(set(Flag) - needed - implying))
        for button, address in pressed:
            answer = furnished.post(who, address)

            assert answer.status_code in (403, 404), button.name
            refused += 1
        denied = furnished.entries(store="decision", outcome="deny", actor_id=furnished.world.people[who].id)
        assert len(denied) == len(pressed)

    assert refused >= 25
