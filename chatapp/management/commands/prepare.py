"""`manage.py prepare`: bring the database to what this version needs. May be run again at any time."""

from importlib.util import find_spec

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from tenancy.scoping import install_wall_key

_ONE_AT_A_TIME = 0x636F7264  # advisory lock: two machines may be rolled out at once


class Command(BaseCommand):
    help = "Migrate as the owner role, install the key of the wall, make the partitions of the days ahead."
    requires_system_checks = ()

    def handle(self, *_args: object, **options: object) -> None:
        if "owner" not in connections:
            raise CommandError("Preparing needs the owner role. Set CORDON_DATABASE_OWNER_URL.")
        owner = connections["owner"]
        with owner.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", [_ONE_AT_A_TIME])
        try:
            call_command("migrate", database="owner", interactive=False, verbosity=options["verbosity"])
            install_wall_key(owner, settings.WALL_KEY)
            self._make_partitions()
        finally:
            owner.close()
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        if settings.PRODUCTION:
            call_command("collectstatic", interactive=False, verbosity=0)

    def _make_partitions(self) -> None:
        if find_spec("audit.partitions"):
            from audit import partitions  # noqa: PLC0415

            partitions.ensure()
