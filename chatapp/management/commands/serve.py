"""`manage.py serve`: the web process on uvicorn, one event loop (R27)."""

import gc

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.module_loading import import_string


class Command(BaseCommand):
    help = "Serve HTTP and sockets on uvicorn."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *_args: object, **options: object) -> None:
        from chatapp.asgi import application  # noqa: PLC0415 - builds the whole tree

        gc.freeze()  # what is loaded by now stays: the collector need not look at it again
        uvicorn.run(
            application,
            host=str(options["bind"]),
            port=int(str(options["port"])),
            loop="uvloop",
            http="httptools",
            ws=import_string(settings.WEBSOCKET_PROTOCOL),
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
