"""The product's own web process, with the limits of a single client lifted.

One load generator stands for a thousand people behind a thousand addresses: what a limit per socket or per address does
to it would not be what it does to them. Nothing else differs from `manage.py serve`.
"""

import os
import sys
from dataclasses import replace

UNLIMITED = 10_000_000


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatapp.settings")
    os.environ.setdefault("CORDON_SOCKETS_PER_ADDRESS", "1000000")
    import django  # noqa: PLC0415 - after the settings are named

    django.setup()
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    from accounts import ratelimit  # noqa: PLC0415
    from rooms import consumers  # noqa: PLC0415

    for module, name in ((ratelimit, "CONNECT"), (consumers, "FRAMES")):
        setattr(module, name, replace(getattr(module, name), per_minute=UNLIMITED, burst=UNLIMITED))
    execute_from_command_line(["manage.py", "serve", *sys.argv[1:]])


if __name__ == "__main__":
    main()
