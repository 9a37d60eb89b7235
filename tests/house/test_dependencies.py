"""Every direct dependency is pinned, locked with hashes, and explained with its licence."""

import re

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
