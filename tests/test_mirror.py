# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The tests mirror the rooms: who changes a module finds its tests under the same name, without the underscore."""

from pathlib import Path

import pytest

import valetkey

TESTS = Path(__file__).parent
PACKAGE = Path(valetkey.__file__).parent

ACROSS_ROOMS = frozenset(
    {
        *("attacks", "browser", "processes", "secrecy"),  # what only shows in a whole program
        *("conformance", "frameworks", "hayhooks", "haystack", "interop"),  # other people's programs
        *("docs", "doctor", "examples", "fuzz", "hints", "manifest"),  # pages, programs and checks of the whole
        "release",  # what is built of it
        *("fakes", "servers"),  # what tests are made of
    }
)
"""The folders that are no room's."""

SUBJECTS = {
    "": {"distribution", "errors", "foreign_texts", "growth", "imports"}
    | {"layers", "mirror", "purity", "repository", "requirements"},
    "cli/bridge": {"conversations", "ends", "logins", "survival"},
    "cli": {"bad_input", "secrecy"},
    "adapters": {"adapters", "dpop", "dpop_at_oidc_provider", "rejections"},
    "clients": {"project_document"},
    "engine": {
        "changed_settings",
        "dpop",
        "logins_on_shared_stores",
        "refusals",
        "secrecy",
        "servers_that_tell_nothing",
    },
    "network": {"metadata", "private_network"},
    "profiles": {"new_profile", "profiles", "replayed_profiles", "replayed_rules"},
    "sessions": {"hostile_records"},
    "settings": {"adding_an_option"},
    "store/backends": {"outages", "stores"},
    "store/testing": {"testing"},
}
"""For each room what is tested there and is more than one module."""


def rooms():
    """Every folder of the package as the tests name it, with its modules; "" is the package itself."""
    folders = [PACKAGE, *(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)]
    return {room_of(folder): {path.stem for path in folder.glob("*.py")} for folder in folders}


def room_of(folder):
    return "/".join(part.removeprefix("_") for part in folder.relative_to(PACKAGE).parts)


def folders_of_tests():
    """Every folder of tests that is a room's, or should be."""
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("*.py")}
    return sorted(str(path) for path in folders if path.parts and path.parts[0] not in ACROSS_ROOMS)


@pytest.mark.parametrize("folder", folders_of_tests())
def test_every_folder_of_tests_belongs_to_a_room(folder):
    assert folder in rooms()


@pytest.mark.parametrize("room", ["", *folders_of_tests()])
def test_every_file_of_tests_names_a_module_of_its_room_or_a_subject_of_the_list(room):
    names = {path.stem.removeprefix("test_") for path in (TESTS / room).glob("test_*.py")}
    assert names - rooms().get(room, set()) - SUBJECTS.get(room, set()) == set()


def test_the_list_of_subjects_names_what_is_there_and_is_no_module():
    there = {(room, name) for room, names in SUBJECTS.items() for name in names}
    assert {(room, name) for room, name in there if not (TESTS / room / f"test_{name}.py").is_file()} == set()
    assert {(room, name) for room, name in there if name in rooms()[room]} == set()
