# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey bridge`: its flags, which are those that users of mcp-remote know, and those of `valetkey login`."""

from typing import TYPE_CHECKING, Annotated

import typer

from valetkey._cli.console import Console
from valetkey._cli.interruption import hear_signals, ignore_signals
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.parameters import ClientId, ClientMetadataUrl, Debug, Issuer, Label, Scope, StoreName, TraceFile, Url
from valetkey._cli.running import end
from valetkey.errors import AuthError

if TYPE_CHECKING:
    from valetkey._cli.bridge.flags import Flags
    from valetkey._cli.bridge.serving import Plan
    from valetkey._cli.bridge.stdio import Stdio

_LOGIN_WAIT = 45.0
"""Seconds: desktop clients give a request up after 60."""

_Port = Annotated[int | None, typer.Argument(metavar="PORT", min=1, max=65535, help="The same as --callback-port.")]
_CallbackPort = Annotated[
    int | None,
    typer.Option("--callback-port", metavar="PORT", min=1, max=65535, help="The port of the redirect address."),
]
_CallbackHost = Annotated[
    str | None,
    typer.Option("--callback-host", "--host", metavar="HOST", help="Its host name, instead of localhost."),
]
_Header = Annotated[
    list[str] | None,
    typer.Option("--header", metavar='"NAME: VALUE"', help="A header field for the server; ${NAME} is a variable."),
]
_HeaderFile = Annotated[
    str | None, typer.Option("--header-file", metavar="PATH", help="A file with such fields, one in a line.")
]
_AllowHttp = Annotated[bool, typer.Option("--allow-http", help="Allow a URL that is not encrypted.")]
_CallbackPath = Annotated[
    str | None,
    typer.Option("--callback-path", metavar="PATH", help="Its path, instead of /oauth/callback."),
]
_Transport = Annotated[
    str, typer.Option("--transport", metavar="NAME", help="http-first, sse-first, http-only or sse-only.")
]
_Ignore = Annotated[
    list[str] | None, typer.Option("--ignore-tool", metavar="NAME", help="Leave a tool out; * stands for any text.")
]
_Metadata = Annotated[
    str | None,
    typer.Option(
        "--static-oauth-client-metadata", metavar="JSON|@FILE", help="What a registration says of the client."
    ),
]
_Client = Annotated[
    str | None,
    typer.Option(
        "--static-oauth-client-info", metavar="JSON|@FILE", help="A client registered by hand: id and secret."
    ),
]
_Resource = Annotated[
    str | None, typer.Option("--resource", metavar="URL", help="The resource parameter of the login.")
]
_NoResource = Annotated[bool, typer.Option("--disable-resource-parameter", help="Leave that parameter out.")]
_Parameter = Annotated[
    list[str] | None,
    typer.Option("--authorize-param", metavar="NAME=VALUE", help="For the login page, such as prompt=login."),
]
_AuthTimeout = Annotated[
    float | None,
    typer.Option("--auth-timeout", metavar="SECONDS", help="How long a login waits for you, instead of 300."),
]
_Wait = Annotated[
    float, typer.Option("--login-wait", metavar="SECONDS", min=0, help="How long a request waits for a login.")
]
_Machine = Annotated[bool, typer.Option("--client-credentials", help="Ask no person: use the client's secret.")]
_TokenEndpoint = Annotated[
    str | None,
    typer.Option("--token-endpoint", metavar="URL", help="Replaces the published token endpoint."),
]
_IdToken = Annotated[bool, typer.Option("--use-id-token", help="Send the ID token instead of the access token.")]
_Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="The provider profile.")]
_Login = Annotated[
    str, typer.Option("--login", metavar="HOW", help="How you are asked: auto, browser, device or never.")
]
_Device = Annotated[bool, typer.Option("--device-code", help="The same as --login device.")]
_Proxy = Annotated[bool, typer.Option("--enable-proxy", help="No effect: HTTPS_PROXY and NO_PROXY always count.")]
_Silent = Annotated[bool, typer.Option("--silent", help="Write nothing to standard error but the link of a login.")]


def bridge(
    url: Url,
    port: _Port = None,
    header: _Header = None,
    header_file: _HeaderFile = None,
    allow_http: _AllowHttp = False,
    callback_port: _CallbackPort = None,
    callback_host: _CallbackHost = None,
    callback_path: _CallbackPath = None,
    transport: _Transport = "http-first",
    ignore_tool: _Ignore = None,
    static_oauth_client_metadata: _Metadata = None,
    static_oauth_client_info: _Client = None,
    resource: _Resource = None,
    disable_resource_parameter: _NoResource = False,
    authorize_param: _Parameter = None,
    auth_timeout: _AuthTimeout = None,
    login_wait: _Wait = _LOGIN_WAIT,
    scope: Scope = None,
    client_id: ClientId = None,
    client_metadata_url: ClientMetadataUrl = None,
    client_credentials: _Machine = False,
    token_endpoint: _TokenEndpoint = None,
    use_id_token: _IdToken = False,
    issuer: Issuer = None,
    label: Label = None,
    profile: _Profile = None,
    login: _Login = "auto",
    device_code: _Device = False,
    store: StoreName = None,
    enable_proxy: _Proxy = False,  # noqa: ARG001 - accepted for those who know it from mcp-remote
    silent: _Silent = False,
    debug: Debug = False,
    trace: TraceFile = None,
) -> None:
    """Let a stdio MCP client use a remote server, with its login."""
    from valetkey._cli.bridge.stdio import Stdio

    stdio = Stdio()  # first of all: nothing else may reach the client
    from valetkey._cli.bridge.flags import Flags

    flags = Flags(
        url=url,
        port=callback_port or port,
        header=header or (),
        header_file=header_file,
        allow_http=allow_http,
        callback_host=callback_host,
        callback_path=callback_path,
        transport=transport,
        static_metadata=static_oauth_client_metadata,
        static_client=static_oauth_client_info,
        resource=resource,
        omits_resource=disable_resource_parameter,
        authorize_param=authorize_param or (),
        auth_timeout=auth_timeout,
        scope=scope or (),
        client_id=client_id,
        client_metadata_url=client_metadata_url,
        is_machine=client_credentials,
        token_endpoint=token_endpoint,
        uses_id_token=use_id_token,
        issuer=issuer,
        label=label,
        profile=profile,
        login="device" if device_code else login,
        store=store,
        ignore_tool=ignore_tool or (),
        login_wait=login_wait,
        is_silent=silent,
    )
    console = Console(debug=debug)
    raise typer.Exit(end(console, lambda: _run(stdio, flags, console), trace=trace))


def _run(stdio: "Stdio", flags: "Flags", console: Console) -> ExitCode | None:
    import asyncio

    from valetkey._cli.bridge.serving import answer_with, mute, serve

    mute(debug=console.debug, silent=flags.is_silent)
    try:
        plan = _plan(flags)
    except (AuthError, CommandFailed) as error:
        if not stdio.is_terminal:
            asyncio.run(answer_with(stdio, error, flags.url))
        raise
    if stdio.is_terminal:
        console.tell("This is an MCP server on standard input and output: a client starts it. Ctrl-D ends it.")
    failure = asyncio.run(serve(stdio, plan, (lambda _: None) if flags.is_silent else console.tell))
    hear_signals()  # the event loop has heard them until now
    ignore_signals()  # a client that has closed the input sends SIGTERM soon after that
    if failure is not None:
        raise CommandFailed(failure.message, hint=failure.hint, code=failure.code)
    return ExitCode.CLOSED_OUTPUT if stdio.is_broken else None


def _plan(flags: "Flags") -> "Plan":
    from valetkey._cli.bridge.flags import TRANSPORTS, headers_of, login_of, require_address, settings_of
    from valetkey._cli.bridge.http_client import BridgeOAuth
    from valetkey._cli.bridge.serving import Plan
    from valetkey._cli.bridge.start_login import StartLogin

    require_address(flags)
    if flags.transport not in TRANSPORTS:
        message = f"There is no transport {flags.transport!r}."
        raise CommandFailed(message, hint=f"Use one of {', '.join(TRANSPORTS)}.", code=ExitCode.USAGE)
    headers = headers_of(flags)
    auth, login = None, None
    if not any(name.lower() == "authorization" for name in headers):
        name = login_of(flags)
        login = StartLogin(flags, name) if name != "never" else None
        auth = BridgeOAuth(flags.url, settings=settings_of(flags, headers), login=login or name, store=flags.store)
    return Plan(flags.url, auth, headers, TRANSPORTS[flags.transport], flags.ignore_tool, flags.login_wait, login)
