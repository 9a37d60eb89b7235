"""`manage.py asyncapi`: the contract of the socket, for docs/asyncapi.json."""

import json

from django.core.management.base import BaseCommand

from rooms.asyncapi import document


class Command(BaseCommand):
    help = "Print the socket's contract as AsyncAPI 3."
    requires_system_checks = ()

    def handle(self, *_args: object, **_options: object) -> None:
        self.stdout.write(json.dumps(document(), indent=1, sort_keys=True))
