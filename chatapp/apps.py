from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatappConfig(AppConfig):
    name = "chatapp"
    verbose_name = _("Platform")

    def ready(self) -> None:
        """Register the system checks, and make our Celery application the one that tasks are sent by."""
        from chatapp import celery, checks  # noqa: F401, PLC0415 - importing is what does it
