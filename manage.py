#!/usr/bin/env python
"""Every command of the platform starts here: `manage.py up`, `prepare`, `doctor`, `login_link` ..."""

import os
import sys


def main() -> None:
    """Hand the command line to Django under the platform's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatapp.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - after the settings are named

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
