"""Every path that is answered, from the outside in."""

from django.urls import URLPattern, URLResolver, include, path

from chatapp import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("", include("accounts.urls")),
]
