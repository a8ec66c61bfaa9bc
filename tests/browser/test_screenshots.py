# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pictures of the pages in the documentation: all are there, all are shown, all can be made again."""

import re

from tests.browser.screenshots import IMAGES, SHOWN, take

PAGES = [IMAGES.parent / "login-pages.md", IMAGES.parent / "web.md"]
LARGEST = 60_000


def test_the_page_shows_every_picture_with_a_text_for_who_does_not_see_it():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    shown = re.findall(r'<img src="images/([^"]+)" width="\d+" alt="[^"]{10,}">', text)
    assert sorted(shown) == sorted(SHOWN)
    assert sorted(path.name for path in IMAGES.glob("*.png")) == sorted(SHOWN)


def test_the_pictures_are_small():
    assert {path.name for path in IMAGES.iterdir() if path.stat().st_size > LARGEST} == set()


def test_a_picture_can_be_made_again(tmp_path):
    name = "logged-in-light-phone.png"
    take(tmp_path, {name: SHOWN[name]})
    assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
