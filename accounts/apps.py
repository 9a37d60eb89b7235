from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from accounts.attributes import DirectorySource, FactSources  # noqa: PLC0415 - models are ready only now
        from policy import pip, sources  # noqa: PLC0415

        pip.register_subjects(DirectorySource())
        sources.register(FactSources())
