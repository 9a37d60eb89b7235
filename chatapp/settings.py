"""Settings of Cordon, in blocks. What an operator decides is read by `chatapp.env`, and nowhere else."""

import sys
from datetime import timedelta
from importlib.util import find_spec

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from chatapp import env
from chatapp.deployment import Deployment, Glimpse

_ONLY_LOOKS = sys.argv[1:2] == ["doctor"]
ENV = env.read(deployment=Glimpse if _ONLY_LOOKS else Deployment)
BASE_DIR = env.BASE_DIR

# --- Identity of this deployment

SECRET_KEY = ENV.secret_key
WALL_KEY = ENV.wall_key
DEPLOYMENT_ID = ENV.deployment_id
KMS = "keys.local_kms.from_settings"
KMS_KEYFILE = ENV.kms_keyfile
DATA_DIR = ENV.data_dir
PRODUCTION = ENV.production
DEBUG = ENV.debug

# --- The web process

PORT = ENV.port
PUBLIC_URL = ENV.public_url
ALLOWED_HOSTS = list(ENV.allowed_hosts)
SHARED_ORIGIN = ENV.shared_origin
TRUSTED_PROXIES = ENV.trusted_proxies
METRICS_TOKEN = ENV.metrics_token
ASGI_SERVER = ENV.asgi_server
ASGI_APPLICATION = "chatapp.asgi.application"
ROOT_URLCONF = "chatapp.urls"
FRAME_LIMIT = 256 * 1024  # what is larger is not even read; from 64 KiB on a frame is refused and recorded
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Parts of the house, from the roof down (`.importlinter` holds the order)

HOUSE = ("chatapp", "integrations", "lifecycle", "rooms", "accounts", "keys", "policy", "audit", "tenancy")

INSTALLED_APPS = [
    *(["daphne"] if DEBUG else []),  # gives `runserver` sockets
    *HOUSE,
    "chatapp.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "auditlog",
    "channels",
    "csp",
    "guardian",
    "rest_framework",
    *(["django_linear_migrations"] if find_spec("django_linear_migrations") else []),
]

MIDDLEWARE = [
    "chatapp.metrics.MeasuringMiddleware",
    "chatapp.headers.HardeningMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "chatapp.staticfiles.WholeFileMiddleware",
    "chatapp.headers.PolicyMiddleware",
    "chatapp.errorpages.EmptyAnswerMiddleware",
    "accounts.middleware.WorkspaceMiddleware",
    "accounts.middleware.RegistrySessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "accounts.middleware.ActorMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.FieldDiffMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

_CONTEXT = ("template.context_processors.request", "contrib.auth.context_processors.auth")
_MESSAGES = "contrib.messages.context_processors.messages"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [f"django.{name}" for name in (*_CONTEXT, _MESSAGES)]},
    },
]

SILENCED_SYSTEM_CHECKS = [
    "auth.E003",  # a username is unique within its workspace, not across workspaces
    "auth.W004",
    "guardian.W001",  # grants are a source of attributes for the PDP, never asked at a door
]

# --- Database: one alias per role that this process was given; requests run as `default`, the app role

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = ENV.django_databases()

# --- Valkey: cache, channel layer and broker share one database under a prefix of this deployment

VALKEY_URL = ENV.valkey_url
SOCKETS_PER_ADDRESS = ENV.sockets_per_address
PREFIX = f"cordon:{DEPLOYMENT_ID}"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": VALKEY_URL,
        "KEY_PREFIX": f"{PREFIX}:cache",
    },
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [{"address": VALKEY_URL}],
            "prefix": f"{PREFIX}:layer",
            "symmetric_encryption_keys": [SECRET_KEY],
        },
    },
}

# --- Celery: a task is acknowledged when it is done, and one that its worker lost is run again

CELERY_BROKER_URL = ENV.celery_url
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": f"{PREFIX}:queue:"}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- Sign-in

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.BaseBackend"]  # lets nobody in: accounts.actions does
LOGIN_URL = "/login/"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # sealed, and not in a cookie
CSRF_FAILURE_VIEW = "accounts.views.csrf_failed"
PASSWORD_HASHERS = ["accounts.passwords.Argon2idHasher"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
]

# --- Third-party tables that hold workspace data are ours, behind the wall (R22)

GUARDIAN_USER_OBJ_PERMS_MODEL = "accounts.UserGrant"
GUARDIAN_GROUP_OBJ_PERMS_MODEL = "accounts.GroupGrant"
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
ANONYMOUS_USER_NAME = None
AUDITLOG_LOGENTRY_MODEL = "accounts.FieldDiff"
AUDITLOG_MASK_CALLABLE = "accounts.models_thirdparty.masked"
AUDITLOG_DISABLE_REMOTE_ADDR = True
AUDITLOG_INCLUDE_TRACKING_MODELS = (
    "tenancy.Workspace",
    "policy.AttributeDefinition",
    {"model": "accounts.User", "exclude_fields": ["profile", "profile_revision"], "mask_fields": ["password"]},
    "accounts.Role",
    "accounts.RoleAssignment",
    {"model": "accounts.Group", "exclude_fields": ["name", "name_hash", "name_revision"]},
    "accounts.GroupMembership",
    "accounts.FactSource",
)
MIGRATION_MODULES = {"guardian": None, "auditlog": None}  # none of their own tables is made

# --- Browser: TLS everywhere but on loopback, where cookies carry neither `Secure` nor `__Host-` (R46)

HTTPS = ENV.https
_COOKIE = "__Host-cordon_" if HTTPS else "cordon_"
SESSION_ENGINE = "accounts.session_store"
SESSION_COOKIE_NAME = f"{_COOKIE}session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
DEVICE_COOKIE_NAME = f"{_COOKIE}device"
CSRF_COOKIE_NAME = f"{_COOKIE}csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = int(timedelta(days=730).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # under no-referrer browsers send `Origin: null` with our own forms
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONSOLE_PATH = "console/"
CONSOLE_TRUSTED_TYPES = ["default"]  # under jQuery one `default` policy is the net (R40)
_OWN = ("script-src", "style-src", "font-src", "connect-src", "manifest-src", "worker-src", "form-action", "img-src")
_NOTHING = ("default-src", "base-uri", "frame-ancestors", "object-src", "trusted-types")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **{name: [NONE] for name in _NOTHING},
        **{name: [SELF] for name in _OWN},
        "require-trusted-types-for": ["'script'"],
    },
}

# --- API

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["policy.drf.BoundedJSONParser"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["policy.drf.AsksForAction"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.authentication.ApiThrottle"],
    "EXCEPTION_HANDLER": "policy.drf.exception_handler",
}

# --- Language and files

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [path for path in (BASE_DIR / "static",) if path.exists()]
WHITENOISE_USE_FINDERS = not PRODUCTION
_PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
_HASHED = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _HASHED if PRODUCTION else _PLAIN},
}

# --- Log: one line per record on standard error; the supervisor or the container collects it

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "chatapp.logs.Line", "format": "{asctime} {levelname} {name} {message}", "style": "{"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": ENV.log_level.upper()},
    # at `debug` it writes every frame of every socket: what people say is never in a log
    "loggers": {"uvicorn.error": {"level": ENV.log_level.upper().replace("DEBUG", "INFO")}},
}
