from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RoomsConfig(AppConfig):
    name = "rooms"
    verbose_name = _("Rooms")

    def ready(self) -> None:
        from policy import pip, usage
        from policy.signals import access_changed
        from rooms import doorbell, news, receivers
        from rooms.attributes import RoomFacts
        from rooms.usage import RoomUsage

        pip.register_rooms(RoomFacts())
        usage.register(RoomUsage())
        access_changed.connect(receivers.on_access_changed, dispatch_uid="rooms")
        news.hang(doorbell.ring)
