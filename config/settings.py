"""Settings of the deployment, each choice an environment variable (config/environment.py).

SECRET_KEY            required unless DEBUG is on
DEBUG                 off
DEMO                  off; with DEBUG, on adds config/demo: kinds, a page that sends them, a mailbox
DEMO_MAILBOX          the directory of its mails: mailbox, in this directory
ALLOWED_HOSTS         example.org,www.example.org; with DEBUG: localhost only
CSRF_TRUSTED_ORIGINS  https://example.org, where the proxy hides the scheme
HTTPS                 on unless DEBUG is: redirects, secure cookies, HSTS
HSTS_SECONDS          31536000; HSTS_SUBDOMAINS and HSTS_PRELOAD are off: they bind a domain
BEHIND_PROXY          off; on where a proxy sets X-Forwarded-Proto itself, and `serve` runs with
                      --proxy-headers
DATABASE_URL          SQLite in this directory; or postgres://user:password@host:port/name
DATABASE_POOL         connections to PostgreSQL that one process may hold: 20; 0: no pool
DATABASE_PREPARE      on: connections of the pool prepare frequent statements
REDIS_URL             none: the channel layer is in memory and serves one process
REDIS_LAYER           pubsub, or core
STATIC_ROOT           where collectstatic puts its files
LANGUAGE_CODE, TIME_ZONE, LOG_LEVEL
NOTIFY_…              the settings of the app: notify/conf.py
"""

from pathlib import Path
from typing import Any
from warnings import filterwarnings

import csp.constants
from django import VERSION as DJANGO_VERSION
from django.urls import reverse_lazy
from django.utils.text import format_lazy

from config.environment import (
    REDIS_SCHEMES,
    Environment,
    database,
    json_object,
    number,
    one_of,
    or_none,
    switch,
    text,
    url,
    whole_number,
    words,
)

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

DEBUG = env.read("DEBUG", switch, default=False)
DEMO = DEBUG and env.read("DEMO", switch, default=False)
HTTPS = env.read("HTTPS", switch, default=not DEBUG)

if DEBUG:
    # The same at every start, so that a reload signs nobody out. `check --deploy` refuses it.
    SECRET_KEY = env.read("SECRET_KEY", text, default="django-insecure-for-debug-only")
else:
    SECRET_KEY = env.require("SECRET_KEY", text, why="sessions are signed with it")

ALLOWED_HOSTS: list[str] = env.read("ALLOWED_HOSTS", words, default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.read("CSRF_TRUSTED_ORIGINS", words, default=[])

# ----------------------------------------------------------------------------------- apps

INSTALLED_APPS = [
    "daphne",  # first: its runserver serves sockets too
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "ninja",  # serves the script of the API's page from this host
    "notify",
]
if DEMO:
    INSTALLED_APPS.insert(0, "config.demo")  # first, as its dashboard extends that of notify

MIDDLEWARE = [
    "config.middleware.security_headers",
    # Before all that check the host: probes come by address and without TLS.
    "notify.web.probes.AnswerProbes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "config.signing_in.RememberBrowser",
    "config.middleware.DatabaseIsAway",
    "config.middleware.in_one_thread",  # last, as it acts on all before it
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# ------------------------------------------------------------------------------- database

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.read(
        "DATABASE_URL", database, default=database(f"sqlite:///{BASE_DIR / 'db.sqlite3'}")
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_options = DATABASES["default"].setdefault("OPTIONS", {})
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: otherwise a transaction that reads first and writes later fails at once instead
    # of waiting for its turn. WAL: readers do not wait for the writer. `timeout` is below the 10 s
    # after which the server takes the database for hung; a lock is no such case.
    _options |= {
        "transaction_mode": "IMMEDIATE",
        "timeout": 8,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    # A server that vanishes silently is noticed within 20 s, even on an idle connection; the
    # system's own defaults are minutes to hours. DATABASE_URL overrides these.
    _options = DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,  # milliseconds
    } | _options
    if pool_size := env.read("DATABASE_POOL", whole_number, default=20):
        # Under ASGI a request's thread lives as long as the request, and so would a connection of
        # CONN_MAX_AGE. The pool keeps them open instead.
        # After an outage psycopg_pool retries after 1, 2, 4, … s, for at most `reconnect_timeout`;
        # then the next request for a connection makes it retry at once. `timeout`: as for SQLite.
        _options["pool"] = {
            "min_size": 1,
            "max_size": pool_size,
            "timeout": 5,
            "reconnect_timeout": 5,
        }
        DATABASES["default"]["ENGINE"] = "config.postgresql"  # which checks the pool
        if env.read("DATABASE_PREPARE", switch, default=True):
            # docs/decisions/0020. 5 is the default of psycopg; Django's is never.
            _options |= {"server_side_binding": True, "prepare_threshold": 5}

# -------------------------------------------------------------------------- channel layer

REDIS_URL = env.read("REDIS_URL", or_none(url(REDIS_SCHEMES)), default=None)
REDIS_LAYER = env.read("REDIS_LAYER", one_of("pubsub", "core"), default="pubsub")

if REDIS_URL is None:
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    }
elif REDIS_LAYER == "pubsub":
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "notify.bus.layers.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
    }
else:
    # The layer's blocking read lasts 5 s. redis-py 8 gives a socket 5 s too, and would drop an
    # idle one at that moment.
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {
                "hosts": [{"address": REDIS_URL, "socket_timeout": 10}],
                "capacity": 1000,
            },
        }
    }

# ------------------------------------------------------------------------------- sessions

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "notify:dashboard"
LOGOUT_REDIRECT_URL = format_lazy("{}?signed-out", reverse_lazy("login"))

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

AUTHENTICATION_BACKENDS = [
    "config.signing_in.Backend",  # first: it decides whether the next may check the password
    "django.contrib.auth.backends.ModelBackend",
]
# config/signing_in.py does the counting; axes itself stores and logs nothing.
AXES_HANDLER = "config.signing_in.CountedBeforehand"
AXES_LOCKOUT_CALLABLE = "config.signing_in.slowed_down"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# ------------------------------------------------------------------------------- security

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True  # scripts get the token from their page
if HTTPS:
    # Browsers accept a cookie with this prefix only over TLS and from this very host.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.read("HSTS_SECONDS", whole_number, default=31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.read("HSTS_SUBDOMAINS", switch, default=False)
SECURE_HSTS_PRELOAD = env.read("HSTS_PRELOAD", switch, default=False)
if env.read("BEHIND_PROXY", switch, default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# 'self' covers wss:// of the same host in every browser that runs these modules (CSP level 3;
# Safari since 15.4).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.constants.SELF],
        "img-src": [csp.constants.SELF, "data:"],
        "object-src": [csp.constants.NONE],
        "base-uri": [csp.constants.NONE],
        "form-action": [csp.constants.SELF],
        "frame-ancestors": [csp.constants.NONE],
    }
}

# --------------------------------------------------------------------------- static files

STATIC_URL = "/static/"
STATIC_ROOT = env.read("STATIC_ROOT", text, default=str(BASE_DIR / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG  # no collectstatic during development
# WhiteNoise opens files synchronously; Django reads them in a thread and warns about it.
filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

# ----------------------------------------------------------------------------------- mail

if DEMO:
    NOTIFY_SITE_URL = f"http://localhost:{env.read('PORT', text, default='8000')}"
    DEMO_MAILBOX = env.read("DEMO_MAILBOX", text, default=str(BASE_DIR / "mailbox"))
    if DJANGO_VERSION >= (6, 1):
        MAILERS = {"default": {"BACKEND": "config.demo.mailbox.Backend"}}
    else:
        EMAIL_BACKEND = "config.demo.mailbox.Backend"

# ------------------------------------------------------------------------------- language

LANGUAGE_CODE = env.read("LANGUAGE_CODE", text, default="en")
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "notify" / "locale"]  # also for the texts of templates/
TIME_ZONE = env.read("TIME_ZONE", text, default="UTC")
USE_TZ = True

# -------------------------------------------------------------------------------- logging

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"style": "{", "format": "{asctime} {levelname} {name} {message}"},
    },
    "filters": {
        "redis_is_away": {"()": "notify.log_filters.RedisIsAway"},
        "in_one_line": {"()": "notify.log_filters.InOneLine"},
        "forbidden_in_one_line": {"()": "notify.log_filters.ForbiddenInOneLine"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["stderr"],
        "level": env.read("LOG_LEVEL", one_of("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"),
    },
    # Django's own loggers have handlers of their own: one line is enough.
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "django.request": {"filters": ["forbidden_in_one_line"]},
        "django.security.DisallowedHost": {"filters": ["in_one_line"]},
        "channels_redis.pubsub": {"filters": ["redis_is_away"]},
    },
}

# --------------------------------------------------------------------------------- notify

# Only those that are set: the defaults are in notify/conf.py.
APP_VARIABLES = {
    "NOTIFY_PING_INTERVAL": or_none(number),
    "NOTIFY_PING_TIMEOUT": or_none(number),
    "NOTIFY_SWEEP_INTERVAL": number,
    "NOTIFY_SESSION_CHECK_INTERVAL": number,
    "NOTIFY_ALLOWED_ORIGINS": words,
    "NOTIFY_SOCKET_PATH": or_none(text),
    "NOTIFY_CHANNEL_LAYER": text,
    "NOTIFY_DEPLOYMENT": or_none(text),
    "NOTIFY_PUBLISH_TIMEOUT": number,
    "NOTIFY_BATCH_SIZE": whole_number,
    "NOTIFY_DIRECT_WRITES": switch,
    "NOTIFY_ONE_STATEMENT": switch,
    "NOTIFY_KEEP_DAYS": or_none(number),
    "NOTIFY_SERVER_WORKERS": whole_number,
    "NOTIFY_DATABASE_THREADS": whole_number,
    "NOTIFY_TASK_BACKEND": or_none(one_of("default", "database")),
    "NOTIFY_WELCOME": switch,
    "NOTIFY_PASSWORD_CHANGED": switch,
    "NOTIFY_NEW_DEVICE": switch,
    "NOTIFY_READER": or_none(text),
    "NOTIFY_SITE_URL": or_none(text),
    "NOTIFY_DEFAULTS": json_object,
    "NOTIFY_GROUP_DEFAULTS": or_none(text),
    "NOTIFY_MAY_FOLLOW": or_none(text),
    "NOTIFY_ACTOR_PICTURE": or_none(text),
    "NOTIFY_SOCKETS_PER_USER": whole_number,
    "NOTIFY_SOCKETS_PER_PROCESS": or_none(whole_number),
    "NOTIFY_SOCKETS_PER_ADDRESS": or_none(whole_number),
    "NOTIFY_FRAMES_PER_SECOND": number,
    "NOTIFY_FRAMES_BURST": whole_number,
    "NOTIFY_MAX_SOCKET_AGE": number,
    "NOTIFY_METRICS_TOKEN": or_none(text),
    "NOTIFY_WATCHDOG": switch,
}
vars().update(env.present(APP_VARIABLES))

# The backends that NOTIFY_TASK_BACKEND may name. `manage.py db_worker --backend database` runs the
# tasks of `database`; `default` runs a task at once, where it is enqueued.
_tasks = "django.tasks" if DJANGO_VERSION >= (6, 0) else "django_tasks"
TASKS = {"default": {"BACKEND": f"{_tasks}.backends.immediate.ImmediateBackend"}}
if env.source.get("NOTIFY_TASK_BACKEND") == "database":
    TASKS["database"] = {"BACKEND": "django_tasks_db.DatabaseBackend"}
    INSTALLED_APPS += ["django_tasks_db"]
