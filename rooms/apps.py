from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RoomsConfig(AppConfig):
    name = "rooms"
    verbose_name = _("Rooms")

    def ready(self) -> None:
        from policy import pip, usage  # noqa: PLC0415 — models are loaded by now
        from policy.signals import access_changed  # noqa: PLC0415
        from rooms import doorbell, news, receivers  # noqa: PLC0415
        from rooms.attributes import RoomFacts  # noqa: PLC0415
        from rooms.usage import RoomUsage  # noqa: PLC0415

        pip.register_rooms(RoomFacts())
        usage.register(RoomUsage())
        access_changed.connect(receivers.on_access_changed, dispatch_uid="rooms")
        news.hang(doorbell.ring)
