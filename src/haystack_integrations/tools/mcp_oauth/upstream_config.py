# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What `haystack_integrations.tools.mcp` has for `OAuthConfig`: the order of its fields, its names, its storages."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from haystack.utils import Secret

from valetkey.errors import ConfigurationError
from valetkey.settings.options import GrantName

MEMORY = "memory:"

ENGINE_NAMES = {"scopes": "scope", "grant_type": "grant", "token_endpoint_auth_method": "client_authentication"}
"""The options that upstream has under another name than `Settings`."""

if TYPE_CHECKING:
    from haystack_integrations.tools.mcp import InMemoryTokenStorage as InMemoryTokenStorage  # noqa: PLC0414 - exported
else:
    try:
        from haystack_integrations.tools.mcp import InMemoryTokenStorage
    except ImportError:  # mcp-haystack 2.0

        class InMemoryTokenStorage:
            """Sessions that end with the process: what `token_storage="memory:"` means."""

            async def get_tokens(self) -> None:
                """Exist, as in every token storage of the MCP SDK."""


@dataclass(frozen=True)
class UpstreamOrder:
    """The fields of upstream's `OAuthConfig`, which takes them by position too, with the types they have here."""

    client_id: str | None = None
    client_secret: Secret | None = field(default=None, repr=False)  # Haystack 2 shows a secret given as text
    issuer: str | None = None
    scopes: list[str] | None = None
    token_endpoint_auth_method: str | None = None
    grant_type: GrantName = "auto"
    token_storage: Secret | str | None = field(default=None, repr=False)  # its URL may hold a password


def to_store_name(storage: Any) -> Any:
    """Give the name of our store that stands for one of upstream's token storages; a name stays as it is."""
    if storage is None or not hasattr(storage, "get_tokens"):
        return storage
    if type(storage) is InMemoryTokenStorage:
        return MEMORY
    message = f"token_storage: Valetkey keeps sessions in a store of its own, not in a {type(storage).__name__}."
    raise ConfigurationError(message, hint='Use token_storage="sqlite:////path/to/file" or "memory:".')
