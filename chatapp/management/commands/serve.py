"""`manage.py serve`: the web process. uvicorn by default, Daphne with ASGI_SERVER=daphne (R27)."""

import gc
import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from audit.heartbeat import Heartbeat
from chatapp import rawsocket
from keys.hygiene import protect_memory

Application = Callable[..., Any]
COLLECT_AFTER = (50_000, 50, 50)
SWITCH_SECONDS = 0.0005


class Command(BaseCommand):
    help = "Serve HTTP and sockets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *_args: object, **options: Any) -> None:
        protect_memory()
        self.check(databases=["default"])
        from chatapp.asgi import application  # noqa: PLC0415 - builds the whole tree

        settle()
        serve = {"uvicorn": serve_by_uvicorn, "daphne": serve_by_daphne}[settings.ASGI_SERVER]
        heartbeat = Heartbeat()
        heartbeat.start()
        try:
            serve(application, options["bind"], options["port"])
        finally:
            heartbeat.stop()


def settle() -> None:
    """Make this process one that serves: what is loaded stays, and threads give way to the event loop at once (R38)."""
    gc.collect()
    gc.freeze()  # the collector need not look at it again
    gc.set_threshold(*COLLECT_AFTER)
    sys.setswitchinterval(SWITCH_SECONDS)


def serve_by_uvicorn(application: Application, bind: str, port: int) -> None:
    uvicorn.run(
        application,
        host=bind,
        port=port,
        loop="uvloop",
        http="httptools",
        ws=rawsocket.protocol(),
        ws_max_size=settings.FRAME_LIMIT,
        ws_per_message_deflate=False,
        lifespan="off",
        server_header=False,
        access_log=False,
        log_config=None,
        proxy_headers=bool(settings.TRUSTED_PROXIES),
        forwarded_allow_ips=list(settings.TRUSTED_PROXIES),
        timeout_graceful_shutdown=3,
    )


def serve_by_daphne(application: Application, bind: str, port: int) -> None:
    """Daphne's own reading of forwarded headers stays off: it believes every peer, and the first hop that is named."""
    from daphne.endpoints import build_endpoint_description_strings  # noqa: PLC0415 - Twisted is large
    from daphne.server import Server  # noqa: PLC0415

    Server(
        application=ProxyHeadersMiddleware(application, list(settings.TRUSTED_PROXIES)),
        endpoints=build_endpoint_description_strings(host=bind, port=port),
        server_name="cordon",
        application_close_timeout=3,
    ).run()
