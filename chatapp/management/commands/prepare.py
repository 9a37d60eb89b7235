"""`manage.py prepare`: bring the database to what this version needs. May be run again at any time."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from audit import partitions
from keys.errors import KeyUnavailable
from keys.kms import LOCAL
from keys.local_kms import LocalKms
from tenancy.scoping import install_wall_key

_ONE_AT_A_TIME = 0x636F7264  # advisory lock: two machines may be rolled out at once


class Command(BaseCommand):
    help = "Migrate as the owner role, install the key of the wall, make partitions and the local key file."
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
            partitions.ensure()
        finally:
            owner.close()
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        if settings.PRODUCTION:
            call_command("collectstatic", interactive=False, verbosity=0)
        self._make_key_file()

    def _make_key_file(self) -> None:
        """The local KMS has its key file from the first day, and can use it; another KMS keeps its keys itself."""
        if settings.KMS != LOCAL:
            return
        keyfile = LocalKms(settings.KMS_KEYFILE, data_dir=settings.DATA_DIR)
        try:
            keyfile.create()
            keyfile.adopt()
        except KeyUnavailable as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
