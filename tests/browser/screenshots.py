# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Takes the pictures of docs/login-pages.md and docs/web.md.

`python -m tests.browser.screenshots` writes them into docs/images/.
"""

import sys
from pathlib import Path

from tests.browser.chromium import HARD_PAGES, PAGES, Chromium, Site
from tests.browser.web_pages import HARD_WEB_PAGES, WEB_PAGES

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"
WIDTHS = {"desktop": (760, 520), "phone": (360, 640)}
SCHEMES = ("light", "dark")
SHOWN = {
    f"{name}-{scheme}-{device}.png": (name, scheme, device)
    for name, scheme, device in (
        *((name, scheme, "desktop") for name in ("logged-in", "failed", "doubtful") for scheme in SCHEMES),
        *(("undecided", "light", "desktop"), ("unread", "light", "desktop"), ("stray", "dark", "desktop")),
        *(("logged-in", "light", "phone"), ("failed-long", "dark", "phone")),
        *(("connections", "light", "desktop"), ("connections", "dark", "desktop"), ("connections", "light", "phone")),
        *(("connected", "light", "desktop"), ("not-yours", "light", "desktop"), ("declined", "dark", "desktop")),
    )
}
"""The file of each picture, and what is in it."""


def take(folder: Path, wanted: dict[str, tuple[str, str, str]]) -> None:
    """Write pictures into a folder."""
    folder.mkdir(exist_ok=True)
    with Site() as site, Chromium() as chromium:
        chromium.run(_take, chromium, site, folder, wanted)


def _take(chromium: Chromium, site: Site, folder: Path, wanted: dict[str, tuple[str, str, str]]) -> None:
    for file, (name, scheme, device) in wanted.items():
        width, height = WIDTHS[device]
        with chromium.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        ) as context:
            tab = context.new_page()
            tab.goto(f"{site.origin}/{name}")
            tab.screenshot(path=folder / file, full_page=True)


if __name__ == "__main__":
    if sys.argv[1:]:  # every page, to look at
        names = [*PAGES, *HARD_PAGES, *WEB_PAGES, *HARD_WEB_PAGES]
        every = {f"{n}-{s}-{d}.png": (n, s, d) for n in names for s in SCHEMES for d in WIDTHS}
        take(Path(sys.argv[1]), every)
    else:
        take(IMAGES, SHOWN)
