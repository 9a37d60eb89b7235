"""Every path that is answered, from the outside in."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from chatapp import errorpages, health
from chatapp.client import client

handler400 = errorpages.bad_request
handler403 = errorpages.refused
handler404 = errorpages.not_found
handler500 = errorpages.failed

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("", client, name="client"),
    path(settings.CONSOLE_PATH, admin.site.urls),
    path("", include("accounts.urls")),
]
