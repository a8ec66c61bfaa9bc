# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What can be set for one MCP server, checked when it is made. Its URL is enough."""

from dataclasses import fields, replace
from typing import Any

from valetkey.errors import ConfigurationError, quote
from valetkey.settings.credentials import to_private_key
from valetkey.settings.documentation import document, parameter_texts
from valetkey.settings.python_options import PythonOptions


class Settings(PythonOptions):  # no field of its own: it is the dataclass that it inherits
    """
    How one MCP server is reached.

    Without a `url` it is a part: `OAuth(url, settings=Settings(dpop=True))` completes it. Options that contradict each
    other are refused as soon as there is a `url`.

    :raises ConfigurationError: If options contradict each other or a value cannot be used.
    """

    def __post_init__(self) -> None:
        if self.url is not None:
            from valetkey.settings.checks import require_harmony  # loaded when the first settings are complete

            object.__setattr__(self, "private_key", to_private_key(self.private_key, self.signing_algorithm))
            require_harmony(self)

    def for_server(self, url: str, **changes: Any) -> "Settings":
        """
        Complete these settings for one MCP server.

        :param url: The URL of the MCP server.
        :param changes: Options that replace those of these settings.
        :returns: The complete settings.
        :raises ConfigurationError: If these settings are for another MCP server, or if options contradict each other.
        """
        completed = replace(self, url=url, **changes)
        if self.url not in (None, completed.url):
            message = f"The url {quote(url)} contradicts url={quote(str(self.url))} of the settings."
            raise ConfigurationError(message, hint="Leave the url of the settings out.")
        return completed


document(Settings, (each.name for each in fields(Settings)), parameter_texts(Settings))
