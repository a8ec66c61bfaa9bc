# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Reading a token that another program renews: from a file or a callable, anew each time, and never stored."""

from pathlib import Path

from valetkey.errors import AuthError, ConfigurationError, TemporaryError
from valetkey.settings.credentials import TokenSource
from valetkey.values import Secret


def token_from(source: Secret | TokenSource, audience: str, what: str) -> Secret:
    """
    Read a token: the token itself, the file it is in, or a callable that is given the audience.

    A callable that fails is a TemporaryError.

    :param what: The name of the setting, for the error: "workload_token".
    """
    given: object
    if isinstance(source, Secret):
        given = source.reveal()
    elif isinstance(source, Path):
        given = _read(source, what)
    else:
        try:
            given = source(audience)
        except AuthError:
            raise
        except Exception as error:
            message = f"The {what} could not be read: its source failed with {type(error).__name__}."
            raise TemporaryError(message, hint="Try again later; if it stays, correct the source.") from error
        if isinstance(given, Secret):
            given = given.reveal()
    if not isinstance(given, str):
        message = f"The source of the {what} gave a {type(given).__name__} and not a text."
        raise ConfigurationError(message, hint="Let it return the token as a str or a Secret.")
    token = given.strip()  # a file ends with a line break
    if not token or not all("!" <= char <= "~" for char in token):
        message = f"The source of the {what} gave no token."
        raise ConfigurationError(message, hint="It has to give a JWT in compact form, and nothing else.")
    return Secret(token)


def _read(path: Path, what: str) -> str:
    try:
        return path.expanduser().read_text("ascii")
    except OSError as error:
        message = f"The {what} {path} cannot be read: {error.strerror or error}."
        raise ConfigurationError(message, hint="Check the path and the file's rights.") from error
    except ValueError:
        message = f"The file of the {what} {path} holds no token."
        raise ConfigurationError(message, hint="It has to hold a JWT in compact form.") from None  # the cause quotes it
