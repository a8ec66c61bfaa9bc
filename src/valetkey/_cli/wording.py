# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Hints are written for programs: here they name the options of the command line instead of those of Python."""

import re
from collections.abc import Callable, Collection

from valetkey._cli.option_names import SWITCHES, TEXTS

_OPTIONS = (
    *("issuer", "client_id", "client_secret", "client_metadata_url", "scope", "label", "principal", "profile"),
    "overwrite",
)
_FURTHER = "|".join((*SWITCHES, *TEXTS))


def _client(found: re.Match[str]) -> str:
    return "give --client-id ID" + (" --client-secret env:NAME" if found[1] else "")


def _address(found: re.Match[str]) -> str:
    host = "" if found[1] == "127.0.0.1" else f" --callback-host {found[1]}"
    return f" --callback-port {found[2]}{host}"


_SPELLINGS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"OAuth\(url\)\.login\(\)"), "valetkey login URL"),
    (re.compile(r'; or login="link" with public_url in a web app,(?: login="device" where)?'), "; or --device where"),
    (re.compile(r'login="(paste|device)"'), r"--\1"),
    (re.compile(r', login="browser" on a computer with one'), ", or a login on a computer with a browser"),
    (re.compile(r', or login="link" with public_url in a web app'), ""),
    (re.compile(r"in a program that may ask a person, with"), "where a person is (valetkey login URL), with"),
    (re.compile(r'`?login="link"`?'), "a web app"),
    (re.compile(r"(?:call login\(\), |login\(\) or )(?=(?:run )?valetkey login)"), ""),
    (re.compile(r"call login\(\)"), "run valetkey login URL"),
    (re.compile(r"resource, headers and authorization_parameters"), "--resource, --header and --authorize-param"),
    (re.compile(r"overwrite=True"), "--overwrite"),
    (re.compile(r"store=, token_storage= or VALETKEY_STORE"), "--store or VALETKEY_STORE"),
    (re.compile(r"another redirect_uri"), "another --callback-port"),
    (re.compile(r"give its client_id((?:,| and) client_secret)?,?(?=[ .])"), _client),
    (re.compile(r" and redirect_uri=['\"]http://(127\.0\.0\.1|localhost):(\d+)/callback['\"]"), _address),
    (re.compile(rf"`?\b({_FURTHER})=(?:True|true)`?"), r"--option \1=true"),
    (re.compile(rf"`?\b({_FURTHER})=(?:False|false)`?"), r"--option \1=false"),
    (re.compile(rf"`?\b({_FURTHER})=['\"]([^'\"]*)['\"]`?"), r"--option \1=\2"),
    (re.compile(rf"`?(?<!--option )\b({_FURTHER})=(?:…)?`?(?![a-z0-9/])"), r"--option \1=VALUE"),
)
_OF_A_LOGIN = re.compile(
    r"(?<![-\w])--(?:issuer|client-id|client-secret|client-metadata-url|scope|profile|callback-port|option|device|paste)\b"
)
_VALUED = re.compile(rf"`?\b({'|'.join(_OPTIONS)})=['\"]([^'\"]*)['\"]`?")
_NAMED = re.compile(rf"`?\b({'|'.join(_OPTIONS)})=(?:…|\.\.\.)?`?(?! in a program)")


def for_commands(hint: str) -> str:
    """Give a hint in the words of the command line."""
    for pattern, spelling in _SPELLINGS:
        hint = pattern.sub(spelling, hint)
    hint = _VALUED.sub(lambda found: f"--{found[1].replace('_', '-')} {found[2]}", hint)
    return _NAMED.sub(lambda found: f"--{found[1].replace('_', '-')}", hint)


def for_command(hint: str, options: Collection[str], url: str) -> str:
    """Give a hint in the words of one command that has these options."""
    return with_login(for_commands(hint), options, url)


def with_login(said: str, options: Collection[str], url: str) -> str:
    """
    Let a hint with an option that a command does not have lead to the login, which has it.

    A session keeps what it was made with, so the command does what it was to do after that.
    """
    foreign = {option for option in _OF_A_LOGIN.findall(said) if option not in options}
    if not foreign or "valetkey login" in said:
        return said
    return f"{said} To give {'it' if len(foreign) == 1 else 'them'}, log in by name: valetkey login {url}"
