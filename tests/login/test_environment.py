# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a program that opens a browser inherits of the environment."""

import ast
from pathlib import Path

import pytest

import valetkey
from valetkey.login.environment import environment_for_browser

CANARY = "canary-of-the-environment-77"

SECRETS = (
    *("VALETKEY_STORE_KEY", "VALETKEY_STORE_ENCRYPTION", "VALETKEY_CLIENT_SECRET", "valetkey_store_key", "VALETKEY_"),
    *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GITHUB_TOKEN", "GH_PAT"),
    *("DATABASE_URL", "REDIS_URL", "PGPASSWORD", "PGPASSFILE", "MYSQL_PWD", "SENTRY_DSN", "STRIPE_SK", "NPM_TOKEN"),
    *("SSH_AUTH_SOCK", "SSH_ASKPASS", "SUDO_ASKPASS", "NIX_CONFIG", "PIP_INDEX_URL", "KUBECONFIG", "VAULT_ADDR"),
    *("DBUS_STARTER_ADDRESS", "PASSPHRASE", "MY_CREDENTIALS", "HF_HOME", "PYTHONPATH", "BROWSER", "VSCODE_NONCE"),
    *("XDG_SECRET", "WSL_SUDO_PASSWORD", "QT_API_KEY", "MOZ_AUTH", "CHROME_REFRESH_TOKEN", "LC_DSN", "PATHKEY", ""),
    *("VK_LOGIN", "SNAP_CONTEXT", "SNAP_COOKIE", "KDE_PWD", "MOZ_JWT", "FLATPAK_PRIVATE"),
    *("XDG_SESSION_COOKIE", "GTK_COOKIE", "GNOME_KEYRING_CONTROL", "KDE_SESSION_ID_SECRET", "HOME_TOKEN", "USERPASS"),
)

NEEDED = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"),
    *("XDG_RUNTIME_DIR", "XDG_CURRENT_DESKTOP", "XDG_DATA_DIRS", "XDG_ACTIVATION_TOKEN", "DBUS_SESSION_BUS_ADDRESS"),
    *("DESKTOP_SESSION", "KDE_FULL_SESSION", "KDE_SESSION_VERSION", "GNOME_DESKTOP_SESSION_TYPE", "MOZ_ENABLE_WAYLAND"),
    *("WSL_DISTRO_NAME", "WSL_INTEROP", "WSLENV", "SystemRoot", "APPDATA", "USERPROFILE", "PROGRAMFILES(X86)"),
    *("GNOME_DESKTOP_SESSION_ID", "XDG_SESSION_ID", "NIXOS_OZONE_WL", "LOCALE_ARCHIVE", "GIO_EXTRA_MODULES"),
    *("QTWEBENGINE_CHROMIUM_FLAGS", "WEBKIT_DISABLE_DMABUF_RENDERER", "__NV_PRIME_RENDER_OFFLOAD", "VK_DRIVER_FILES"),
    *("ACCESSIBILITY_ENABLED", "XCURSOR_SIZE", "PROCESSOR_ARCHITECTURE", "CommonProgramFiles(x86)", "BOOTCLASSPATH"),
    *("VSCODE_IPC_HOOK_CLI", "GTK_THEME", "QT_QPA_PLATFORM", "LIBGL_ALWAYS_SOFTWARE", "FLATPAK_ID", "no_proxy"),
)


def test_no_secret_of_the_environment_is_handed_on():
    """Row I14."""
    environment = dict.fromkeys([*SECRETS, *NEEDED], f"/{CANARY}")
    passed = environment_for_browser(environment)
    assert passed.keys() == set(NEEDED)


@pytest.mark.parametrize(
    ("proxy", "passed"),
    [
        (f"http://user:{CANARY}@proxy.example:3128", "http://proxy.example:3128"),
        (f"{CANARY}@proxy.example", "proxy.example"),
        (f"http://a@b:{CANARY}@proxy.example/", "http://proxy.example/"),
        (f"http://user:{CANARY}://x@proxy.example:80", "http://proxy.example:80"),
        (f"user:{CANARY}://x@proxy.example:80", "proxy.example:80"),
        (f"socks5h://{CANARY}@[::1]:1080", "socks5h://[::1]:1080"),
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
def test_a_proxy_is_handed_on_without_its_password(name, proxy, passed):
    """Row I14."""
    assert environment_for_browser({name: proxy}) == {name: passed}


def test_no_folder_of_the_path_depends_on_where_the_program_runs():
    """Row I1."""
    assert environment_for_browser({"PATH": ":.:bin:/usr/bin::./x:/bin:"}) == {"PATH": "/usr/bin:/bin"}


def test_two_modules_start_programs_and_none_goes_through_a_shell():
    """Rows I1, I14."""
    starting = {}
    package = Path(valetkey.__file__).parent
    for path in [*package.rglob("*.py"), *package.parent.joinpath("haystack_integrations").rglob("*.py")]:
        tree = ast.parse(path.read_text("utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        found = imported & {"subprocess", "webbrowser", "pty", "asyncio.subprocess"}
        found |= called & {"system", "popen", "startfile", "spawnv", "execv", "execve", "create_subprocess_shell"}
        found |= {"shell=True"} if "shell=True" in ast.unparse(tree) else set()
        if found:
            starting[str(path.relative_to(package.parent))] = found
    # A browser, and Python itself for the login that outlives a bridge: its settings go through a pipe.
    assert starting == {
        "valetkey/login/browser.py": {"subprocess"},
        "valetkey/_cli/bridge/start_login.py": {"subprocess"},
    }
