"""The ASGI tree: HTTP to Django, sockets to the consumers, which judge Origin and session themselves."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatapp.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()

from rooms.routing import websocket_urlpatterns  # noqa: E402 — after the apps are ready

application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(websocket_urlpatterns)})
