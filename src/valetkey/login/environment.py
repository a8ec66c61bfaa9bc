# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a program that opens a browser inherits of the environment: what a desktop needs, and no secret.

A list of what is passed on, because no list of secrets is complete (why: docs/decisions/opening-the-browser.md).
"""

import os
import re
from collections.abc import Mapping

_NAMES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP"),
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "ICEAUTHORITY", "SESSION_MANAGER", "DBUS_SESSION_BUS_ADDRESS"),
        *("DESKTOP_SESSION", "DESKTOP_STARTUP_ID", "XDG_ACTIVATION_TOKEN", "GDMSESSION", "XMODIFIERS", "DRI_PRIME"),
        *("GNOME_DESKTOP_SESSION_ID", "XDG_SESSION_ID", "KDEHOME", "KDEDIRS", "ELECTRON_OZONE_PLATFORM_HINT"),
        *("LD_LIBRARY_PATH", "LD_PRELOAD", "NIX_PROFILES", "NIX_LD", "NIX_LD_LIBRARY_PATH", "SSL_CERT_FILE"),
        *("NIXOS_OZONE_WL", "LOCALE_ARCHIVE", "LOCPATH", "TZDIR", "SSL_CERT_DIR", "GI_TYPELIB_PATH"),
        *("AT_SPI_BUS_ADDRESS", "NO_AT_BRIDGE", "ACCESSIBILITY_ENABLED", "EGL_PLATFORM", "VDPAU_DRIVER"),
        *("VK_ICD_FILENAMES", "VK_DRIVER_FILES", "VK_LAYER_PATH"),
        *("PULSE_SERVER", "CONTAINER_ID", "PREFIX", "ANDROID_ROOT", "ANDROID_DATA", "__CF_USER_TEXT_ENCODING"),
        *("ANDROID_ART_ROOT", "ANDROID_I18N_ROOT", "ANDROID_TZDATA_ROOT", "BOOTCLASSPATH", "DEX2OATBOOTCLASSPATH"),
        # What the `BROWSER` of a remote VS Code finds the person's computer with.
        *("VSCODE_IPC_HOOK_CLI", "VSCODE_CLIENT_COMMAND", "VSCODE_CLIENT_COMMAND_CWD", "VSCODE_CLI_AUTHORITY"),
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "USERNAME", "USERDOMAIN"),
        *("APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432"),
        *("COMMONPROGRAMFILES", "ALLUSERSPROFILE", "PUBLIC", "HOMEDRIVE", "HOMEPATH", "SESSIONNAME"),
        *("COMMONPROGRAMFILES(X86)", "COMMONPROGRAMW6432", "COMPUTERNAME", "OS", "NUMBER_OF_PROCESSORS"),
        *("PROCESSOR_ARCHITECTURE", "PROCESSOR_ARCHITEW6432"),
    }
)
_FAMILIES = (
    *("LC_", "XDG_", "WSL", "GDK_", "GTK_", "QT_", "KDE_", "GNOME_", "MATE_", "XFCE", "CINNAMON_", "LXQT_", "SWAY"),
    *("HYPRLAND_", "MOZ_", "CHROME_", "CHROMIUM_", "FLATPAK_", "FONTCONFIG_", "LIBGL_", "MESA_", "LIBVA_", "__GL"),
    *("__EGL", "PIPEWIRE_", "IBUS_", "SOMMELIER_", "FCITX_", "GTK2_", "QTWEBENGINE_", "WEBKIT_", "XCURSOR_"),
    *("__NV_", "__VK_", "GBM_", "NVD_", "GIO_", "GSETTINGS_", "GUIX_", "TERMUX_"),
)
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "AUTO_PROXY", "SOCKS_SERVER", "NO_PROXY"})
_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_SOUNDS_SECRET = (
    *("SECRET", "TOKEN", "PASS", "PWD", "CREDENTIAL", "KEY", "AUTH", "COOKIE", "SESSION_ID", "DSN", "JWT", "PRIVATE"),
)


def environment_for_browser(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what a browser does not need, passwords of proxies, and folders of PATH that depend on where we are."""
    # `BROWSER` least of all: `xdg-open` would start an entry that was passed over.
    return {name: _cleaned(name.upper(), value) for name, value in environment.items() if _is_passed(name.upper())}


def _cleaned(name: str, value: str) -> str:
    if name in _PROXIES:
        scheme = _SCHEME.match(value)
        before = scheme[0] if scheme else ""
        return before + value[len(before) :].rpartition("@")[2]
    return absolute_folders(value) if name == "PATH" else value


def absolute_folders(path: str) -> str:
    """Leave an empty or relative folder out of a PATH: it is the folder of whatever project this program runs in."""
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if os.path.isabs(folder))


def _is_passed(name: str) -> bool:
    if name in _NAMES or name in _PROXIES:
        return True
    return name.startswith(_FAMILIES) and not any(word in name for word in _SOUNDS_SECRET)
