# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Judging the challenge of a rejection, by the grammar and by what it has to say."""

import re

from valetkey import urls
from valetkey._cli.doctor.answers import quoted_words
from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Facts
from valetkey._cli.doctor.findings import Finding, Mark
from valetkey._cli.doctor.shown import said
from valetkey.errors import quote
from valetkey.protocol.challenge import BEARER, DPOP, Challenge
from valetkey.protocol.resource import announced_urls

_LONGEST_READ = 4000
_MOST_NAMED = 4


def judge_challenge(facts: Facts) -> tuple[Finding, ...]:
    """Judge the challenge of the rejection, by the grammar and by what it has to say."""
    response = facts.answer.response if facts.answer is not None else None
    if not facts.wants_login or response is None or facts.settings is None:
        return ()
    raw = [value for name, value in response.headers if name.lower() == "www-authenticate"]
    if not raw:
        text = f"The {response.status} has no WWW-Authenticate field."
        return (found("challenge_absent", text, quoted_words(response)),)
    quoted, challenge = said(response, "www-authenticate"), facts.challenge
    faults = [found("challenge_malformed", text, quoted) for text in _grammar(raw, facts)]
    if challenge is None:
        schemes = ", ".join(quote(each.scheme, 40) for each in facts.challenges)
        if not facts.challenges:
            return tuple(faults) or (found("challenge_malformed", "The field has no challenge.", quoted),)
        return (*faults, _of_another_scheme(facts, schemes, quoted))
    named = challenge.get_all("resource_metadata")[:_MOST_NAMED]
    if not named:
        faults.append(found("challenge_without_metadata", _misnamed(challenge), quoted))
    if len(named) > 1:
        faults.append(found("challenge_repeats_itself", "It names resource_metadata more than once.", quoted))
    for reference, url in zip(named, announced_urls(facts.settings.server_url, named), strict=True):
        if reference[:1] in _SINGLE_QUOTES:
            continue
        if url is None:
            faults.append(found("challenge_address_unusable", f"It names {quote(reference)}, which is no URL.", quoted))
        elif url != urls.without_fragment(reference):
            faults.append(found("challenge_address_relative", f"It names {quote(reference)}.", quoted))
    return tuple(faults) or (
        found("challenge_ok", f"It is for {_scheme(challenge.scheme)}, and names the metadata.", quoted),
    )


def _scheme(scheme: str) -> str:
    return {BEARER: "Bearer", DPOP: "DPoP"}.get(scheme, scheme)


def _of_another_scheme(facts: Facts, schemes: str, quoted: str) -> Finding:
    text = f"It is for {schemes} only."
    if facts.resource is not None or (facts.target is not None and not facts.ends_in_a_guess):
        return found("challenge_of_another_scheme", text, quoted)
    client = "It has no login of MCP: your MCP client has to send what it wants in Authorization, without Valetkey."
    return found("challenge_of_another_scheme", text, quoted, client, Mark.FAULT)


def _misnamed(challenge: Challenge) -> str:
    """Say that there is no resource_metadata, and which parameter seems to be meant for it."""
    names = [name for name, _ in challenge.parameters if "resource" in name and "meta" in name]
    return f"It has {quote(names[0], 60)}, and no resource_metadata." if names else "It has no resource_metadata."


_SINGLE_QUOTES = ("'", "\u2018", "\u2019")
_IN_QUOTES = re.compile(r'"(?:[^"\\]|\\.)*"')
_SLIPS = (
    (r";\s*[A-Za-z_]+\s*=", "A semicolon stands between its parameters, where a comma belongs."),
    (r'""\s+[A-Za-z_]', "No comma stands between its parameters."),
    (r"=\s*['\u2018\u2019]", "Single quotes stand around a value, where double quotes belong."),
    (r'=\s*\\"', "A backslash stands before a quote."),
    (r"[A-Za-z_]\s*=\s*[^\s\"',;=]*[:/]", "A URL stands in it without quotes."),
)
"""What servers get wrong outside of quoted texts, as an expression, and the rule of RFC 9110 §11.2 that it breaks."""
_NAMED = re.compile(r"(?<![\w-])resource_metadata\s*=")


def _grammar(raw: list[str], facts: Facts) -> tuple[str, ...]:
    """Say what in the fields does not follow RFC 9110 §11."""
    outside = [_IN_QUOTES.sub('""', value[:_LONGEST_READ]) for value in raw]
    faults = [text for slip, text in _SLIPS if any(re.search(slip, value) for value in outside)]
    if not faults and any('"' in value.replace('""', "") for value in outside):
        faults.append("A quoted text in it does not end.")
    named = sum(len(_NAMED.findall(value)) for value in outside)
    read = sum(len(each.get_all("resource_metadata")) for each in facts.challenges)
    if named > read and not faults:
        faults.append("Its resource_metadata cannot be read.")
    return tuple(faults)
