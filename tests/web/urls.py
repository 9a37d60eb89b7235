"""The one name that the templates of signing in reverse."""

from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("login/", lambda _request: HttpResponse(), name="login")]
