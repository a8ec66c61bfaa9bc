# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An authorization server of django-oauth-toolkit: `python -I django_server.py FOLDER PORT [PATH]`.

It runs in an environment of its own, without the tests. FOLDER is for its database, PATH is that of the issuer. It ends
when its standard input does.
"""

import json
import os
import socketserver
import sys
import threading
import urllib.request
import wsgiref.simple_server
from pathlib import Path

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

FOLDER, PORT = Path(sys.argv[1]), int(sys.argv[2])
MOUNTED = "".join(f"{part}/" for part in sys.argv[3:])
ORIGIN = f"http://127.0.0.1:{PORT}"
DEVICE_PAGE = f"{ORIGIN}/{MOUNTED}device/"

urlpatterns: list[object] = []

_LOGIN_PAGE = """
<form method="post">{% csrf_token %}{{ form.as_p }}
<input type="hidden" name="next" value="{{ next }}"><button>Log in</button></form>
"""


def configure() -> None:
    """Set Django up: sessions, users, a login page, and the toolkit with everything it offers to an MCP client."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    apps = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"]
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="signs the sessions of a test server",
        USE_TZ=True,
        LOGIN_URL="/login/",
        INSTALLED_APPS=apps,
        # The tables are made from the models at once: their history would take seconds.
        MIGRATION_MODULES={app.rpartition(".")[2]: None for app in apps},
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": FOLDER / "server.sqlite3",
                "OPTIONS": {"timeout": 20},
            }
        },
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                    ],
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"registration/login.html": _LOGIN_PAGE}),
                        "django.template.loaders.app_directories.Loader",
                    ],
                },
            }
        ],
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": key.decode(),
            "OIDC_ISS_ENDPOINT": f"{ORIGIN}/{MOUNTED}".rstrip("/"),
            "SCOPES": {"openid": "OpenID", "mcp": "Use the tools", "introspection": "Ask about tokens"},
            "DEFAULT_SCOPES": ["mcp"],
            "DCR_ENABLED": True,
            "DCR_REGISTRATION_PERMISSION_CLASSES": ("oauth2_provider.dcr.AllowAllDCRPermission",),
            "CIMD_ENABLED": True,
            "CIMD_METADATA_FETCHER": f"{__name__}.DocumentFetcher",
            "ALLOW_LOCALHOST_LOOPBACK": True,
            "REFRESH_TOKEN_REUSE_PROTECTION": True,
            "OAUTH_DEVICE_VERIFICATION_URI": DEVICE_PAGE,
            "OAUTH_DEVICE_VERIFICATION_URI_COMPLETE": lambda code: f"{DEVICE_PAGE}?user_code={code}",
            "DEVICE_FLOW_INTERVAL": 1,
            "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
            # What the next major version does by itself.
            **{
                f"COMPLIANT_BCP_RFC9700_{rule}": True
                for rule in ("AUTHZ_RESPONSE_ISS", "PKCE_METHOD", "IMPLICIT_GRANT", "PASSWORD_GRANT")
            },
        },
    )
    django.setup()


def mount() -> None:
    """Put the toolkit below its path. The well-known documents of an issuer with a path are at the root too."""
    from django.contrib.auth.views import LoginView
    from oauth2_provider.urls import metadata_urlpatterns

    urlpatterns.extend([path("login/", LoginView.as_view()), path(MOUNTED, include("oauth2_provider.urls"))])
    if MOUNTED:
        urlpatterns.append(path("", include((metadata_urlpatterns, "at_the_root"))))


def fill() -> None:
    """Let alice in, and register by hand what does not register itself."""
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    call_command("migrate", run_syncdb=True, verbosity=0)
    User.objects.create_user("alice", password="alicepass")
    secret = os.environ["MACHINE_SECRET"]
    for name in ("machine", "mcp-server"):
        Application.objects.create(
            name=name,
            client_id=name,
            client_secret=secret,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        )
    Application.objects.create(
        name="television",
        client_id="television",
        client_type=Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_DEVICE_CODE,
    )


class DocumentFetcher:
    """Reads the documents of clients, from this machine too, as the toolkit's own does not."""

    def fetch(self, client_id: str) -> tuple[dict[str, object], int]:
        """Give a document, and for how many seconds it holds."""
        with urllib.request.urlopen(client_id, timeout=5) as answer:  # an https URL: the toolkit has looked
            return json.load(answer), 300


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    """Answers several requests at once: asking about a token comes while another request waits."""

    daemon_threads = True


def main() -> None:
    """Serve until the standard input ends."""
    configure()
    mount()
    fill()
    server = wsgiref.simple_server.make_server("127.0.0.1", PORT, get_wsgi_application(), server_class=Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
