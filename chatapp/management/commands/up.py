"""`manage.py up`: the whole platform from one command. Ctrl-C stops everything in order."""

import http.client
import io
import json
import shutil
import socket
import time
from contextlib import closing
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatapp import processes
from chatapp.children import CannotStart, Child
from chatapp.deployment import Deployment, NotPrivate, private_directory
from chatapp.embedded import start_postgres, start_valkey
from chatapp.supervisor import AlreadyRunning, Interrupted, Supervisor
from lifecycle import demo

_UPKEEP_SECONDS = 12 * 3600.0


class Command(BaseCommand):
    help = (
        "Start PostgreSQL, Valkey (unless DATABASE_URL and VALKEY_URL are set), web, worker, beat and the audit sealer."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
        parser.add_argument("--no-demo", action="store_true", help="start without the demo workspace")

    def handle(self, *_args: object, **options: object) -> None:
        self._began = time.monotonic()
        bind, port = str(options["bind"]), settings.PORT
        _refuse_taken(bind, port)
        try:
            supervisor = Supervisor(private_directory(settings.DATA_DIR), self._say, port=port)
        except (AlreadyRunning, NotPrivate) as error:
            raise CommandError(str(error)) from None

        try:
            self._start_services(supervisor)
            self._start_programs(supervisor, bind, port)
            with_demo = not options["no_demo"] and not settings.PRODUCTION
            self._greet(with_demo=with_demo)
            supervisor.watch()
        except Interrupted:
            self._say("stopping")
        except CannotStart as error:
            raise CommandError(str(error)) from None
        finally:
            supervisor.stop()
            shutil.rmtree(Deployment(settings.DATA_DIR).sockets, ignore_errors=True)

    def _start_services(self, supervisor: Supervisor) -> None:
        """The servers, if they are ours, and the database as this version needs it."""
        deployment = Deployment(settings.DATA_DIR)
        if settings.ENV.embedded:
            supervisor.add("postgres", partial(start_postgres, deployment))
            supervisor.add("valkey", partial(start_valkey, deployment))
            self._say("PostgreSQL and Valkey answer")
        call_command("prepare", verbosity=0)
        self._say("database prepared")

    def _start_programs(self, supervisor: Supervisor, bind: str, port: int) -> None:
        logs = private_directory(Deployment(settings.DATA_DIR).log)
        for program in processes.programs(bind=bind, port=port):
            child = supervisor.add(program.name, partial(_spawn, program, logs))
            if program.name == processes.WEB:
                child.wait_until(partial(_answers, bind, port), seconds=60)
        supervisor.add_chore(
            processes.UPKEEP.name, partial(_spawn, processes.UPKEEP, logs), every_seconds=_UPKEEP_SECONDS
        )
        self._say("all processes run")

    def _greet(self, *, with_demo: bool) -> None:
        """Say where the platform answers, and let the people of the demo in."""
        links = {}
        if with_demo:
            call_command("demo", stdout=io.StringIO())
            links = {person: _sign_in_link(person) for person in demo.SIGN_IN_AS}
        self.stdout.write(f"ready: {settings.PUBLIC_URL}/")
        for person, link in links.items():
            if link:
                self.stdout.write(f"  sign in once as {person}: {link}")
        self.stdout.flush()

    def _say(self, line: str) -> None:
        self.stdout.write(f"[{time.monotonic() - self._began:5.1f} s] {line}")
        self.stdout.flush()


def _sign_in_link(username: str) -> str:
    """A link that lets somebody of the demo in once; nothing for an account that nobody may use any more."""
    printed = io.StringIO()
    try:
        call_command("login_link", username, "--workspace", demo.SLUG, stdout=printed)
    except CommandError:
        return ""
    return printed.getvalue().strip()


def _spawn(program: processes.Program, logs: Path) -> Child:
    return Child(
        program.name,
        program.command,
        env=processes.environment(program),
        log=logs / f"{program.name}.log",
        stop=program.stop,
        orphaned=program.orphaned,
        grace=program.grace,
    )


def _refuse_taken(bind: str, port: int) -> None:
    """Say at once that the port is taken, before anything has been started."""
    with socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {bind}: {error.strerror}. Choose another one: PORT=8001 make run"
            ) from None


def _answers(bind: str, port: int) -> bool:
    """Whether the web process says that it can serve; raises CannotStart with what it says is failing."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104 - compared, not bound
    with closing(http.client.HTTPConnection(address, port, timeout=2)) as connection:
        connection.request("GET", "/readyz", headers={"Host": urlsplit(settings.PUBLIC_URL).netloc})
        answer = connection.getresponse()
        if answer.status == HTTPStatus.OK:
            return True
        failing = [name for name, state in json.loads(answer.read()).items() if state != "ok"]
    raise CannotStart(f"Failing: {', '.join(failing)}; manage.py doctor says what mends it.")
