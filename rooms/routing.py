"""Where sockets are answered."""

from django.urls import path

from rooms.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/chat", ChatConsumer.as_asgi())]
