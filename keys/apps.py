from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KeysConfig(AppConfig):
    name = "keys"
    verbose_name = _("Keys")

    def ready(self) -> None:
        from keys import audit_keys  # noqa: PLC0415 - models are there only now

        audit_keys.register()
