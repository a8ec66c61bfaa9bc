# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The page about the options: `python -m tests.docs.options_page` writes docs/options.md.

It is made of the classes that declare the options, their types, their defaults and their docstrings.
"""

import sys
import textwrap
import typing
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

import yaml
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import ClientCertificate, Network, OAuthConfig, StreamableHttpServerInfo
from haystack_integrations.tools.mcp_oauth.config import NOT_IN_SETTINGS
from haystack_integrations.tools.mcp_oauth.upstream_config import ENGINE_NAMES
from valetkey._policy.fitting import OPTIONS, Effect
from valetkey.httpx2 import OAuth
from valetkey.settings import Options, Settings
from valetkey.settings.documentation import parameter_texts

PAGE = Path(__file__).parent.parent.parent / "docs" / "options.md"

BEGINNING = """# Options

Nothing has to be set: the URL of an MCP server is enough. Each option replaces something that Valetkey would find or
choose itself. `python -m tests.docs.options_page` writes this page from the code. `help(Settings)` and
`help(OAuthConfig)` show the same texts.

{keywords}

```python
from valetkey import OAuth
from valetkey.settings import Settings

auth = OAuth("https://mcp.example.com/mcp", client_id="my-agent", settings=Settings(dpop=True, login_timeout=120))
```

In Haystack, `OAuthConfig` takes them, in Python and in a pipeline's YAML. A secret is written as a reference, and an
option that has its default is not written:

```python
from haystack.utils import Secret
from haystack_integrations.tools.mcp_oauth import OAuthConfig, StreamableHttpServerInfo

server = StreamableHttpServerInfo(
    url="https://mcp.example.com/mcp",
    oauth_config=OAuthConfig(
        client_id="my-job",
        client_secret=Secret.from_env_var("MCP_CLIENT_SECRET"),
        issuer="https://auth.example.com",
        label="nightly",
    ),
)
```

```yaml
{yaml}```
"""

NETWORK = """In a company network, Valetkey's own requests may need an authority that is not the system's, a proxy that
is not in the environment, a client certificate, or the header fields of an access gateway. Header fields and
certificates belong to an origin and reach no other one ([how](decisions/network-guard.md)). In Python, `Network` and
`ClientCertificate` are those of `valetkey.settings`, and an `ssl.SSLContext` may stand in place of the path of the
authorities:

```python
import os

from valetkey import OAuth, Secret
from valetkey.settings import ClientCertificate, Network, Settings

LOGIN = "https://auth.example.com"
network = Network(
    certificate_authorities="/etc/ssl/company.pem",
    client_certificates={LOGIN: ClientCertificate("/etc/ssl/agent.pem", key="/etc/ssl/agent.key")},
    proxy="http://proxy.example.com:8080",
    headers={LOGIN: {"X-Gateway-Key": Secret(os.environ["GATEWAY_KEY"])}},
)
auth = OAuth("https://mcp.example.com/mcp", settings=Settings(network=network))
```

In Haystack they are those of `haystack_integrations.tools.mcp_oauth`; a value of a header field, the password of a key
and the URL of a proxy with a password are a `Secret` of Haystack:

```python
from haystack.utils import Secret
from haystack_integrations.tools.mcp_oauth import ClientCertificate, Network, OAuthConfig

LOGIN = "https://auth.example.com"
config = OAuthConfig(
    network=Network(
        certificate_authorities="/etc/ssl/company.pem",
        client_certificates={LOGIN: ClientCertificate("/etc/ssl/agent.pem", key="/etc/ssl/agent.key")},
        proxy=Secret.from_env_var("PROXY_URL"),
        headers={LOGIN: {"X-Gateway-Key": Secret.from_env_var("GATEWAY_KEY")}},
    )
)
```

```yaml
YAML```

The requests to the MCP server are those of your HTTP client, which needs the same (`verify=`, `cert=`, `proxy=`,
`headers=`). Haystack's go as the environment says (`SSL_CERT_FILE`, `HTTPS_PROXY`), with the `headers` of the server
info.
"""

CHANGED = """What becomes of the session in the store where a program is started with another value
([why](decisions/changed-settings.md)). A `scope` that is a part of what was asked for before changes nothing.
"""

_WORDS = {str: "text", bool: "true or false", int: "number", float: "number", Secret: "secret"}


_A_JOB = OAuthConfig(
    client_id="my-job",
    client_secret=Secret.from_env_var("MCP_CLIENT_SECRET"),
    issuer="https://auth.example.com",
    label="nightly",
)
_LOGIN = "https://auth.example.com"
_IN_A_COMPANY = OAuthConfig(
    network=Network(
        certificate_authorities="/etc/ssl/company.pem",
        client_certificates={_LOGIN: ClientCertificate("/etc/ssl/agent.pem", key="/etc/ssl/agent.key")},
        proxy=Secret.from_env_var("PROXY_URL"),
        headers={_LOGIN: {"X-Gateway-Key": Secret.from_env_var("GATEWAY_KEY")}},
    )
)


def page() -> str:
    """
    Make the page.

    :returns: Its text.
    """
    shared = [each.name for each in fields(Options)]
    other = [each.name for each in fields(Settings) if each.name not in shared and each.name != "url"]
    beside = [each.name for each in fields(OAuthConfig) if each.name in NOT_IN_SETTINGS]
    texts = {**parameter_texts(Settings), **{name: parameter_texts(OAuthConfig)[name] for name in beside}}
    keywords = [name for name in OAuth.__init__.__kwdefaults__ if name != "settings"]
    parts = (
        BEGINNING.format(keywords=_sentence(keywords), yaml=_written(_A_JOB)),
        "## The same in Python and YAML\n",
        "A dash stands for None: the option is not set.\n",
        _table(shared, texts),
        "## With another name or type in YAML\n",
        _table(other, texts, renamed=True),
        "## The way out of your network\n",
        NETWORK.replace("YAML", _written(_IN_A_COMPANY)),
        "## Beside the settings\n",
        "`OAuth` takes `login=`, and `token_storage` as `store=`; in Python each may be an object of your own.\n",
        _table(beside, texts),
        "## Changed after a login\n",
        CHANGED,
        _effects(),
    )
    return "\n".join(parts)


def _table(names: list[str], texts: dict[str, str], *, renamed: bool = False) -> str:
    """One row for each option; an option without a text is a `KeyError`."""
    in_yaml = {engine: ours for ours, engine in ENGINE_NAMES.items()}
    configured = {each.name: each for each in fields(OAuthConfig)}
    in_python = {each.name: each for each in fields(Settings)}
    types = typing.get_type_hints(OAuthConfig)
    heading = ["option", *(["in YAML"] if renamed else []), "type in YAML" if renamed else "type", "default", "meaning"]
    rows = [heading, ["---"] * len(heading)]
    for name in names:
        there = in_yaml.get(name, name)
        text = " ".join(texts[name].split()).replace("|", "\\|")
        default = _default(in_python.get(name, configured[there]), configured[there])
        rows.append([f"`{name}`", *([f"`{there}`"] if renamed else []), _type(types[there]), default, text])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _effects() -> str:
    """One row for each effect that a changed option can have on a stored session."""
    rows = ["| option | what becomes of the stored session |", "| --- | --- |"]
    for effect in Effect:
        names = ", ".join(f"`{row.option}`" for row in OPTIONS if row.effect is effect)
        rows.append(f"| {names} | {effect.value} |")
    return "\n".join(rows) + "\n"


def _default(in_python: Field[Any], in_yaml: Field[Any]) -> str:
    """None, an empty list and an empty mapping are nothing."""
    given, there = in_python.default, in_yaml.default
    if given in (None, (), MISSING):
        return "–"
    return _code(given) if there == given else f"{_code(given)}, in Haystack {_code(there)}"


def _code(value: Any) -> str:
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _type(hint: Any) -> str:
    if typing.get_origin(hint) in (typing.Union, UnionType):
        return " or ".join(_type(one) for one in typing.get_args(hint) if one is not NoneType)
    if typing.get_origin(hint) is typing.Literal:
        return ", ".join(f"`{value}`" for value in typing.get_args(hint))
    if typing.get_origin(hint) is list:
        return f"list of {_type(typing.get_args(hint)[0])}"
    if typing.get_origin(hint) is dict:
        return "mapping of texts"
    if typing.get_origin(hint) in (Callable, typing.get_origin(Callable[[], Any])):
        return "function"
    return _WORDS.get(hint, f"`{hint.__name__}`")


def _sentence(keywords: list[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in keywords[:-1]) + f" and `{keywords[-1]}`"
    return textwrap.fill(f"In Python, `OAuth` takes {listed} as keywords, and every other option in `settings=`:", 120)


def _written(config: OAuthConfig) -> str:
    written = StreamableHttpServerInfo(url="https://mcp.example.com/mcp", oauth_config=config).to_dict()
    return str(yaml.safe_dump({"oauth_config": written["oauth_config"]}))


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page(), encoding="utf-8")
