"""`manage.py doctor`: examine the deployment and print what mends each finding. Exits 1 if something is not well."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from chatapp import doctor


class Command(BaseCommand):
    help = "Examine database, roles, wall, Valkey, worker, sealer, clock, KMS, static files and packages."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *_args: object, **options: Any) -> None:
        findings = doctor.examine()
        if options["json"]:
            self.stdout.write(json.dumps(doctor.as_json(findings), indent=1))
        else:
            self._print(findings)
        if not all(finding.well for finding in findings):
            sys.exit(1)

    def _print(self, findings: list[doctor.Finding]) -> None:
        for finding in findings:
            mark = self.style.SUCCESS("ok  ") if finding.well else self.style.ERROR("FAIL")
            self.stdout.write(f"{mark} {finding.name:<10} {finding.detail}")
            if not finding.well:
                self.stdout.write(f"     fix: {finding.fix}")
