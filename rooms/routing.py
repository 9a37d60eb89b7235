"""Where sockets are answered."""

from django.conf import settings
from django.urls import path

from rooms.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/chat", ChatConsumer.as_asgi())]
if settings.SHARED_ORIGIN:
    websocket_urlpatterns.append(path("w/<slug:workspace>/ws/chat", ChatConsumer.as_asgi()))
