"""Every setting of Nexa CRM, read once from the environment.

PROVIDERS is the one line that a new provider adds.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
from django.urls import reverse_lazy
from whitenoise.compress import Compressor

from nexa.api_settings import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from nexa.api_settings import rest_settings
from nexa.configuration import (
    DEFAULT_BASE_URL,
    cache_settings,
    cluster_settings,
    database_settings,
    demo_sandbox,
    growing_folders,
    local_secret,
    log_settings,
    mail_backend,
)
from nexa.content_security import CONTENT_SECURITY_POLICY as CONTENT_SECURITY_POLICY
from nexa.embedded import default_data_folder
from nexa.env import env_bool, env_int, env_list, env_path, env_secret, env_str, env_url
from nexa.storage import bucket_storage, folder_storage, static_storage
from nexa.theme import UNFOLD as UNFOLD

# Lets generic Django classes (ModelForm[Contact]) be written as the type checker knows them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Mode ---------------------------------------------------------------------------------------
DEBUG = env_bool("DEBUG")
DEMO = env_bool("NEXA_DEMO")
ENVIRONMENT_LABEL = env_str("NEXA_ENVIRONMENT", "demo" if DEMO else "")
DATA_FOLDER = env_path("NEXA_DATA_DIR", default_data_folder(BASE_DIR))

# --- Secrets: outside DEBUG and demo none has a default -------------------------------------------
_local = local_secret(DATA_FOLDER) if DEBUG or DEMO else {}
SECRET_KEY = env_secret(
    "SECRET_KEY", default=_local.get("SECRET_KEY", ""), shortest=0 if DEBUG or DEMO else 50
)
# Comma-separated Fernet keys; the first encrypts, all decrypt.
NEXA_ENCRYPTION_KEYS = env_secret(
    "NEXA_ENCRYPTION_KEYS", default=_local.get("NEXA_ENCRYPTION_KEYS", "")
).split(",")
# Opens /metrics to a monitor.
NEXA_METRICS_TOKEN = env_secret("NEXA_METRICS_TOKEN", is_required=False)

# --- Hosts ----------------------------------------------------------------------------------------
LOCAL_HOSTS = "localhost,127.0.0.1,[::1]" if DEBUG or DEMO else ""
ALLOWED_HOSTS = env_list(
    "ALLOWED_HOSTS",
    LOCAL_HOSTS,
    needed_for="the host names of this installation, comma-separated; any other is refused",
)
NEXA_BASE_URL = env_url(
    "NEXA_BASE_URL", schemes=("http", "https"), default=DEFAULT_BASE_URL
).rstrip("/")
CSRF_TRUSTED_ORIGINS = [NEXA_BASE_URL]
HTTPS = NEXA_BASE_URL.startswith("https://")

# --- Apps -----------------------------------------------------------------------------------------
# One entry per provider: the folder under integrations/, which is also its id everywhere else.
PROVIDERS = ["hubspot", "rest_crm", "stripe"]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "nexa.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "template_partials",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_q",
    "csp",
    "crm.apps.CrmConfig",
    "integrations.hub.apps.HubConfig",
    *[f"integrations.{provider}" for provider in PROVIDERS],
    "imports.apps.ImportsConfig",
    # After imports: it has a command named `import` as well, and the first of a name is taken.
    "import_export",
    # Last: its admin module dresses other apps' pages after they are registered.
    "nexa.apps.NexaConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "nexa.middleware.RequestIdMiddleware",
    "nexa.middleware.VendorDoorMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "crm.middleware.WorkspaceMiddleware",
]

ROOT_URLCONF = "nexa.urls"
WSGI_APPLICATION = "nexa.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

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
                "crm.context.workspace",
            ],
        },
    }
]

# --- Database, cache, queue -----------------------------------------------------------------------
DATABASE_URL = env_url("DATABASE_URL", schemes=("postgres", "postgresql"))
DATABASES = {"default": database_settings(DATABASE_URL, data_folder=DATA_FOLDER)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

NEXA_REDIS_URL = env_url("NEXA_REDIS_URL", schemes=("redis", "rediss"))
CACHES = cache_settings(redis=NEXA_REDIS_URL)
Q_CLUSTER = cluster_settings(workers=env_int("NEXA_WORKERS", 4, minimum=1), redis=NEXA_REDIS_URL)

# --- Sign-in --------------------------------------------------------------------------------------
AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_ADAPTER = "crm.accounts_adapter.ClosedSignupAdapter"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]

# --- Security -------------------------------------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env_int("NEXA_HSTS_SECONDS", 31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if env_bool("NEXA_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "crm.views.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- Language and time ----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- Files ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env_path(
    "NEXA_STATIC_ROOT", DATA_FOLDER / "static" if DEMO else BASE_DIR / "build" / "collected"
)
ASSETS_BUILD_FOLDER = BASE_DIR / "build" / "static"
STATICFILES_DIRS = [BASE_DIR / "static", ASSETS_BUILD_FOLDER]
# Assets are built after a first start has read this; `manage.py doctor` says when they are missing.
SILENCED_SYSTEM_CHECKS = ["staticfiles.W004"]
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
MEDIA_ROOT = env_path("NEXA_MEDIA_ROOT", DATA_FOLDER / "files")
S3_BUCKET = env_str("NEXA_S3_BUCKET")
STORAGES: dict[str, dict[str, Any]] = {
    "default": bucket_storage(
        bucket=S3_BUCKET,
        endpoint_url=env_str("NEXA_S3_ENDPOINT_URL"),
        region=env_str("NEXA_S3_REGION"),
        access_key=env_str("NEXA_S3_ACCESS_KEY"),
        secret_key=env_secret("NEXA_S3_SECRET_KEY", is_required=False),
    )
    if S3_BUCKET
    else folder_storage(MEDIA_ROOT),
    "staticfiles": static_storage(debug=DEBUG, demo=DEMO),
}
# With less than this free on a disk of theirs, less is taken in.
GROWING_FOLDERS = growing_folders(
    embedded=None if DATABASE_URL else DATA_FOLDER, uploads=None if S3_BUCKET else MEDIA_ROOT
)
DISK_RESERVE_BYTES = env_int("NEXA_DISK_RESERVE_BYTES", 1024**3)

# --- E-mail ---------------------------------------------------------------------------------------
EMAIL_HOST = env_str("EMAIL_HOST")
EMAIL_BACKEND = mail_backend(host=EMAIL_HOST)
EMAIL_PORT = env_int("EMAIL_PORT", 587, minimum=1)
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env_secret("EMAIL_HOST_PASSWORD", is_required=False)
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "Nexa CRM <nexa@localhost>")

# --- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = rest_settings(rate=env_str("NEXA_API_RATE", "600/minute"))

# --- Integrations ---------------------------------------------------------------------------------
# Sends every vendor call to the sandbox server instead: https://host/x -> <sandbox>/<provider>/x.
# A demo's own processes are told it; the hub calls nobody for a demo without one.
NEXA_SANDBOX_URL = env_url("NEXA_SANDBOX_URL", schemes=("http", "https")).rstrip("/") or (
    demo_sandbox(DATA_FOLDER) if DEMO else ""
)
NEXA_PRIVATE_HOSTS_ALLOWED = env_list("NEXA_PRIVATE_HOSTS_ALLOWED")
WEBHOOK_MAX_BYTES = 1024 * 1024
# With more events than this unprocessed, vendors are told to send again later.
INBOX_MAX_WAITING = env_int("NEXA_INBOX_MAX_WAITING", 200_000, minimum=1)
# How often a field may go to and fro between the two sides in an hour, before the hub stops it.
SYNC_FLIPS_PER_HOUR = env_int("NEXA_SYNC_FLIPS_PER_HOUR", 6, minimum=1)
# What share of a stream's records one run may see deleted, or overwrite here, without asking;
# up to twenty deletions in an hour are never asked about, whatever their share.
SYNC_GUARD_DELETES_PERCENT = env_int("NEXA_SYNC_GUARD_DELETES_PERCENT", 5, minimum=1)
SYNC_GUARD_OVERWRITES_PERCENT = env_int("NEXA_SYNC_GUARD_OVERWRITES_PERCENT", 30, minimum=1)
# A pull waits while so many jobs of its connection do.
SYNC_MAX_WAITING = env_int("NEXA_SYNC_MAX_WAITING", 5000, minimum=1)
# When the night's comparison of all streams begins, by UTC.
SYNC_RECONCILE_HOUR = env_int("NEXA_SYNC_RECONCILE_HOUR", 3, maximum=23)
# Days after which the hub forgets what is done; 0 keeps it for ever. What is dead or open stays.
RETENTION_DAYS = {
    "inbox_bodies": env_int("NEXA_KEEP_INBOX_BODIES_DAYS", 30),
    "inbox_events": env_int("NEXA_KEEP_INBOX_EVENTS_DAYS", 35),
    "attempts": env_int("NEXA_KEEP_ATTEMPTS_DAYS", 30),
    "attempt_bodies": env_int("NEXA_KEEP_ATTEMPT_BODIES_DAYS", 14),
    "jobs": env_int("NEXA_KEEP_JOBS_DAYS", 7),
    "runs": env_int("NEXA_KEEP_RUNS_DAYS", 90),
    "intents": env_int("NEXA_KEEP_INTENTS_DAYS", 30),
    "conflicts": env_int("NEXA_KEEP_CONFLICTS_DAYS", 365),
    "tombstones": env_int("NEXA_KEEP_TOMBSTONES_DAYS", 90),
    "ledger": env_int("NEXA_KEEP_LEDGER_DAYS", 0),
}
WEBHOOK_TOLERANCE = timedelta(minutes=5)
IMPORT_MAX_BYTES = env_int("NEXA_IMPORT_MAX_BYTES", 512 * 1024 * 1024, minimum=1)
# Rows of a file that are written in one transaction.
IMPORT_CHUNK_ROWS = env_int("NEXA_IMPORT_CHUNK_ROWS", 4000, minimum=1)
# How long an uploaded file is kept after it was last worked with.
IMPORT_FILE_DAYS = env_int("NEXA_IMPORT_FILE_DAYS", 30, minimum=1)
# From this score on a match counts by itself; below it (LinkedIn 95, name 90, phone 85) a person
# decides.
MATCH_AUTO_SCORE = env_int("NEXA_MATCH_AUTO_SCORE", 100, minimum=85)

# --- Console and logs -----------------------------------------------------------------------------
LOGGING = log_settings(level=env_str("NEXA_LOG_LEVEL", "INFO"), json=not DEBUG)
DEFAULT_EXCEPTION_REPORTER = "nexa.error_reports.SafeExceptionReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "nexa.error_reports.SafeReporterFilter"
