"""`manage.py rotate_kms_key`: a new KEK in the local key file, and every tenant key wrapped anew under it."""

from django.core.management.base import BaseCommand, CommandError

from keys import tasks
from keys.errors import KeyUnavailable
from keys.local_kms import from_settings


class Command(BaseCommand):
    help = "Add a new key-encryption key to the local key file and wrap the tenant keys anew. Content is not touched."

    def handle(self, *_args: object, **_options: object) -> None:
        try:
            kek_id = from_settings().rotate()
        except KeyUnavailable as error:
            raise CommandError(f"{error.message} {error.remedy}") from None
        tasks.rewrap_keys()
        self.stdout.write(f"New keys are wrapped by {kek_id}. Make a new backup of the key file now.")
