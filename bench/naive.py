"""The naive way: what the Channels tutorial shows. A consumer, the ORM, one group per room, Daphne.

It commits each message before it tells anybody, as the product does; it knows no policy, no keys and no audit.
"""

import os
import sys
from urllib.parse import parse_qs


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.naive_settings"
    import django  # noqa: PLC0415

    django.setup()
    from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: PLC0415
    from daphne.server import Server  # noqa: PLC0415
    from django.core.asgi import get_asgi_application  # noqa: PLC0415
    from django.urls import path  # noqa: PLC0415

    from bench.naive_chat.models import make_table  # noqa: PLC0415

    make_table()
    sockets = URLRouter([path("ws/chat", _consumer().as_asgi())])
    application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": sockets})
    Server(application, endpoints=[f"tcp:port={sys.argv[1]}:interface=127.0.0.1"], signal_handlers=True).run()


def _consumer() -> type:
    from channels.db import database_sync_to_async  # noqa: PLC0415
    from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: PLC0415

    from bench.naive_chat.models import NaiveMessage  # noqa: PLC0415

    class Chat(AsyncJsonWebsocketConsumer):
        async def connect(self) -> None:
            self.rooms = parse_qs(self.scope["query_string"].decode()).get("rooms", [""])[0].split(",")
            for room in self.rooms:
                await self.channel_layer.group_add(f"room.{room}", self.channel_name)
            await self.accept("cordon.chat.v1")

        async def receive_json(self, frame: dict, **_: object) -> None:
            if frame["t"] != "message.post":
                await self.send_json({"t": "result", "id": frame["id"], "data": {}})
                return
            message = await database_sync_to_async(NaiveMessage.objects.create)(room=frame["room"], body=frame["body"])
            await self.send_json({"t": "ack", "id": frame["id"], "room": frame["room"], "message": message.id})
            told = {"t": "event", "room": frame["room"], "kind": "message.posted", "data": {"body": frame["body"]}}
            await self.channel_layer.group_send(f"room.{frame['room']}", {"type": "chat.event", "told": told})

        async def chat_event(self, event: dict) -> None:
            await self.send_json(event["told"])

        async def disconnect(self, code: int) -> None:
            for room in self.rooms:
                await self.channel_layer.group_discard(f"room.{room}", self.channel_name)

        @classmethod
        async def encode_json(cls, content: object) -> str:
            import json  # noqa: PLC0415

            return json.dumps(content, separators=(",", ":"))

    return Chat


if __name__ == "__main__":
    main()
