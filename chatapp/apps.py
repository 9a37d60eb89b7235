from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class ChatappConfig(AppConfig):
    name = "chatapp"
    verbose_name = _("Platform")

    def ready(self) -> None:
        """Register the system checks, and make our Celery application the one that tasks are sent by."""
        from chatapp import celery, checks  # noqa: F401, PLC0415 - importing is what does it


class ConsoleConfig(admin_apps.AdminConfig):
    """The Django admin with our own site: the console."""

    default = False
    default_site = "chatapp.console.ConsoleSite"
