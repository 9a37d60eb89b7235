"""Every direct dependency is pinned, locked with hashes, and explained with its licence."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from django.conf import settings

ROW = re.compile(r"^\| ([\w.-]+) \| (\d[\w.]+) \| \S.* \| \S.* \|$", re.MULTILINE)
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?(?:==|~=)([\w.]+)", re.MULTILINE)


def read(name: str) -> str:
    return (settings.BASE_DIR / name).read_text()


def pins(name: str) -> dict[str, str]:
    return {package.lower().replace("_", "-"): version for package, version in PIN.findall(read(name))}


def wanted(name: str) -> set[str]:
    lines = (line.split("#")[0].strip() for line in read(name).splitlines())
    return {re.split(r"[\[=~; ]", line)[0].lower().replace("_", "-") for line in lines if line and line[0] != "-"}


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_what_is_wanted_is_pinned_and_locked(name):
    locked = pins(f"{name}.txt")

    assert pins(f"{name}.in").keys() == wanted(f"{name}.in")
    assert {package: locked.get(package) for package in wanted(f"{name}.in")} == pins(f"{name}.in")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_package_has_its_hashes(name):
    blocks = re.split(r"\n(?=[a-z0-9])", read(name).split("\n", 2)[2])

    assert len(blocks) > 40
    assert not [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block]


def test_every_dependency_is_explained():
    explained = {name.lower().replace("_", "-"): version for name, version in ROW.findall(read("docs/dependencies.md"))}
    direct = pins("requirements.in") | pins("requirements-dev.in")

    assert explained == direct


def imported(path: Path) -> set[str]:
    """The top-level names of what a module imports absolutely."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module}
    return {name.partition(".")[0] for name in plain | named}


def test_the_product_imports_only_what_it_names_itself():
    ours = {path.parent.name for path in settings.BASE_DIR.glob("*/__init__.py")} | set(sys.stdlib_module_names)
    providers = packages_distributions()
    modules = [path for package in settings.HOUSE for path in (settings.BASE_DIR / package).rglob("*.py")]
    names = set().union(*map(imported, modules)) - ours

    unnamed = {
        name
        for name in names
        if not {one.lower().replace("_", "-") for one in providers.get(name, [name])} & pins("requirements.in").keys()
    }

    assert len(names) > 10
    assert unnamed == set()
