# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The pictures of the command line: `make pictures` runs each scene in a terminal, against a server that it starts.

It writes `docs/images/terminal-*.svg` and docs/terminal.md, where each picture stands as text too. What differs from
run to run (times, ids, the home folder) is shown as one value, so that a picture changes only when the command line
does. A scene whose command does not exist is left out.
"""

import base64
import fcntl
import http.client
import io
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]

from rich.console import Console  # noqa: E402
from rich.terminal_theme import TerminalTheme  # noqa: E402
from rich.text import Text  # noqa: E402
from scenes import PORT, SCENES, SILENT_PORT, THE_ADDRESS  # noqa: E402
from screen import Screen, plain  # noqa: E402

from tests.servers import browser_environment, fastmcp  # noqa: E402

IMAGES = ROOT / "docs" / "images"
PAGE = ROOT / "docs" / "terminal.md"
WIDTH, HEIGHT = 96, 60
LONGEST_COMMAND = 60
HOME = "/home/you"
PROMPT = "\x1b[32m$\x1b[0m "
KEY = base64.b64encode(bytes(range(32))).decode()
THEME = TerminalTheme(
    (22, 24, 29),
    (214, 218, 224),
    [
        *((60, 64, 72), (240, 113, 120), (126, 200, 120), (229, 192, 123)),
        *((97, 175, 239), (198, 120, 221), (86, 182, 194), (214, 218, 224)),
    ],
)
SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
    }}
    .{unique_id}-title {{ font-size: 17px; font-family: system-ui, sans-serif; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""
"""Rich's own, without the fonts that it loads from another host."""
STEADY = (
    (re.compile(r"\b20\d\d-\d\d-\d\d([ T])\d\d:\d\d"), r"2026-11-28\g<1>12:00"),
    (re.compile(r"(?<=2026-11-28[ T]12:00):\d\d"), ":00"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), f"{'0' * 8}{'-0000' * 3}-{'0' * 12}"),
    (re.compile(r"(?<=127\.0\.0\.1)(:|%3A)[345]\d{4}\b"), r"\g<1>40000"),
    (re.compile(r"\b(state|code_challenge)=[\w-]{43}"), f"\\g<1>={'x' * 43}"),
    (re.compile(r"\bcode=[\w-]+"), f"code={'x' * 43}"),
    (re.compile(r"\bin \d+ ms\b"), "in 4 ms"),
    (re.compile(r"lasts \d+ minutes"), "lasts 60 minutes"),
    (re.compile(r"good for \d+ min"), "good for 59 min"),
    (re.compile(r"\b1[789]\d{8}\.\d+\b"), "1795870800.0"),
    (re.compile(r"\b(\d+)\.\d+ (m?s)\b"), r"0.1 \2"),
)
"""What is different in each run, and what is shown."""


def main():
    """Record every scene whose commands exist, and write the page."""
    written = {path.name for path in record()}
    for path in IMAGES.glob("terminal-*.svg"):
        if path.name not in written:
            path.unlink()


def record():
    """Record the scenes in one home folder, in front of two servers."""
    there = commands()
    parts = [BEGINNING]
    with tempfile.TemporaryDirectory() as folder, fastmcp("own", port=PORT), fastmcp("static", port=SILENT_PORT):
        for scene in SCENES:
            if scene.needs <= there:
                lines = play(scene, Path(folder))
                path = IMAGES / f"terminal-{scene.name}.svg"
                path.write_text(picture(lines, scene), encoding="utf-8")
                parts.append(section(scene, lines))
                yield path
    PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


BEGINNING = """\
# The command line at work

Each picture is a run of the real command line against a server on the same computer, recorded by `make pictures`;
times, ids and the home folder are shown as one value each. Below each picture stands its text."""


def section(scene, lines):
    """A scene on the page."""
    text = "\n".join(plain(line) for line in lines)
    shown = f"![{scene.title}: the text is folded below.](images/terminal-{scene.name}.svg)"
    folded = ("<details><summary>The same as text</summary>", f"```text\n{text}\n```", "</details>")
    return "\n\n".join([f"## {scene.title}", shown, *folded])


def commands():
    """The commands that there are, and the groups of commands."""
    from valetkey._cli.app import app

    return {each.name for each in (*app.registered_commands, *app.registered_groups)}


def play(scene, folder):
    """Run the commands of a scene, and give the lines of the terminal."""
    screen = Screen(WIDTH)
    for command in scene.commands:
        screen.write(f"{PROMPT}{command}\r\n")
        screen.write(steady(run(command, scene, folder), folder))
    return screen.lines()


def steady(text, folder):
    """A text without what differs from run to run."""
    text = text.replace(str(folder), HOME)
    for pattern, shown in STEADY:
        text = pattern.sub(shown, text)
    return text


def run(command, scene, folder):
    """Run one command line in a terminal, answer its questions, and give what it wrote."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    process = subprocess.Popen(
        ["bash", "-c", command],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=folder,
        env=environment(folder, scene),
        start_new_session=True,
    )
    os.close(follower)
    answers, written, deadline = list(scene.typed), b"", time.monotonic() + LONGEST_COMMAND
    while time.monotonic() < deadline:
        if not select.select([leader], [], [], 0.2)[0]:
            continue
        try:
            read = os.read(leader, 65536)
        except OSError:  # the program has ended
            break
        written += read
        shown = plain(written.decode(errors="ignore"))
        if answers and shown.rstrip().endswith(answers[0][0]):
            answer = answers.pop(0)[1]
            os.write(leader, f"{address_after_login(shown) if answer is THE_ADDRESS else answer}\n".encode())
    process.wait(LONGEST_COMMAND)
    os.close(leader)
    return written.decode()


def address_after_login(shown):
    """Where a browser elsewhere stops after the login: the server that is shown lets everybody in."""
    link = re.findall(r"http://\S+/authorize\?\S+", shown)[-1]
    (callback,) = parse_qs(urlsplit(link).query)["redirect_uri"]
    while not link.startswith(callback):
        place = urlsplit(link)
        connection = http.client.HTTPConnection(place.netloc, timeout=LONGEST_COMMAND)
        connection.request("GET", f"{place.path}?{place.query}")
        link = urljoin(link, connection.getresponse().getheader("Location"))
        connection.close()
    return link


def environment(folder, scene):
    """The environment of a user at a desktop, whose browser is a program."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    program = programs / "valetkey"
    program.write_text(f"#!{sys.executable}\nfrom valetkey.__main__ import main\n\nmain()\n", encoding="utf-8")
    program.chmod(0o755)
    return {
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT / "src")),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "VALETKEY_STORE_KEY": KEY,
        **(browser_environment() if scene.has_browser else {}),
    }


def picture(lines, scene):
    """The lines as an SVG, whose text can be selected."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=True)
    svg = console.export_svg(title=scene.title, theme=THEME, code_format=SVG, unique_id=f"terminal-{scene.name}")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


if __name__ == "__main__":
    if shutil.which("bash") is None:
        sys.exit("The scenes need bash.")
    main()
