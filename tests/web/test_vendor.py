"""What the client takes from others is what its README says, and asks nothing of any other host."""

import hashlib
import re
from pathlib import Path

STATIC = Path(__file__).parents[2] / "static"
VENDOR = STATIC / "vendor"
_ROW = re.compile(r"^\| `([\w.-]+\.js)` .*? `([0-9a-f]{64})`", re.MULTILINE)


def test_every_vendored_file_has_its_sum_and_licence_in_the_readme():
    listed = dict(_ROW.findall((VENDOR / "README.md").read_text()))

    present = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}

    assert present == listed
    assert {path.name for path in VENDOR.glob("LICENSE.*")} == {"LICENSE.preact", "LICENSE.htm", "LICENSE.markdown-it"}


def test_no_module_or_sheet_of_ours_names_another_origin_or_writes_html():
    ours = [path for path in STATIC.rglob("*") if path.suffix in {".js", ".css"} and VENDOR not in path.parents]
    banned = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|\beval\(|new Function"
        r"|url\(\s*['\"]?(?:https?:)?//"
    )

    found = {str(path.relative_to(STATIC)): banned.findall(path.read_text()) for path in ours}

    assert not {name: hits for name, hits in found.items() if hits}


def test_no_module_of_ours_is_longer_than_three_hundred_lines():
    ours = [path for path in STATIC.rglob("*.js") if VENDOR not in path.parents and "locale" not in path.parts]

    lengths = {str(path.relative_to(STATIC)): len(path.read_text().splitlines()) for path in ours}

    assert not {name: length for name, length in lengths.items() if length > 300}
