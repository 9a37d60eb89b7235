"""Settings of the naive chat alone."""

import os

from psycopg.conninfo import conninfo_to_dict

SECRET_KEY = "naive"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["channels", "bench.naive_chat"]
ROOT_URLCONF = "bench.naive_settings"
urlpatterns: list[object] = []
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_given = conninfo_to_dict(os.environ["NAIVE_DATABASE_URL"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _given["dbname"],
        "USER": _given["user"],
        "PASSWORD": _given["password"],
        "HOST": _given["host"],
        "CONN_MAX_AGE": None,
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            "hosts": [{"address": os.environ["VALKEY_URL"], "max_connections": 20_000, "socket_timeout": None}],
            "prefix": "naive",
            "capacity": 100_000,
        },
    }
}
