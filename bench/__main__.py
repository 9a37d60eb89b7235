"""`python -m bench`: take the figures of the product beside a ceiling and the naive way, on servers of its own.

Without arguments everything, in a temporary directory that is gone at the end. With `--keep DIR` the furnished
workspace stays there for the next run.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bench import figures

SERVED = ("memory", "fanout", "throughput", "revocation")
PARTS = (*SERVED, "decisions", "audit", "sealer")


def main() -> None:
    signal.signal(signal.SIGTERM, _end)
    asked = _arguments()
    figures.lock_file = asked.lock
    parts = asked.parts or PARTS
    if asked.keep is not None:
        asked.keep.parent.mkdir(parents=True, exist_ok=True)
        _run(asked.keep.resolve(), parts, keep=True)
        return
    with tempfile.TemporaryDirectory(prefix="cordon-bench-", ignore_cleanup_errors=True) as directory:
        _run(Path(directory) / "data", parts, keep=False)


def _end(*_: object) -> NoReturn:
    """Leave by the ordinary way, so that everything that was started is stopped."""
    sys.exit("ended")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of: {', '.join(PARTS)}")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a data directory that is used again and kept")
    parser.add_argument("--lock", type=Path, metavar="FILE", help="hold this lock while measuring, for a quiet machine")
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return asked


def _run(root: Path, parts: Sequence[str], *, keep: bool) -> None:
    from bench.servers import site  # noqa: PLC0415 - imports the product's supervisor

    print(figures.machine(), flush=True)
    with site(root, keep=keep) as here:
        os.environ |= here.environment() | {"DJANGO_SETTINGS_MODULE": "chatapp.settings"}
        import django  # noqa: PLC0415

        django.setup()
        from bench import audit_rates, chat, decisions, people, sealing  # noqa: PLC0415 - need Django

        world = people.furnished(root)
        file = root / people.FILE
        if set(parts) & set(SERVED):
            chat.measure(here, world, file, parts)
        if "decisions" in parts:
            with figures.quiet():
                decisions.measure(world)
        if "audit" in parts:
            with figures.quiet():
                audit_rates.measure(world)
        if "sealer" in parts:
            sealing.measure(here, world, file)


if __name__ == "__main__":
    main()
