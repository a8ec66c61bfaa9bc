# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is no login's fault is told as what it is: the server, the cause, one thing to do, and no list of checks."""

import socket
import time

import pytest
from haystack.tools.errors import ToolInvocationError

import haystack_integrations.tools.mcp_oauth as ours
from haystack_integrations.tools.mcp_oauth._accounts.account import FIRST_ANSWER_WAIT
from tests.haystack.calling import call, tool_of
from tests.haystack.odd_server import BREAKS_OFF, EMPTY_STREAM, HANGS, OddServer
from tests.network.certificates import make_certificates

INFOS = {"http": ours.StreamableHttpServerInfo, "sse": ours.SSEServerInfo}
TRANSPORTS = {"http": "streamable HTTP", "sse": "SSE"}
OTHERS = {"http": "use SSEServerInfo", "sse": "use StreamableHttpServerInfo"}

SOON = 10.0
"""Seconds on a busy machine; Haystack's own clock would end after 30."""

WAYS = {
    "toolset": lambda info, **clock: ours.MCPToolset(info, **clock).warm_up(),
    "eager toolset": lambda info, **clock: ours.MCPToolset(info, eager_connect=True, **clock),
    "tool": lambda info, **clock: ours.MCPTool("add", info, **clock).warm_up(),
    "eager tool": lambda info, **clock: ours.MCPTool("add", info, eager_connect=True, **clock),
    "call of a tool": lambda info, **clock: ours.MCPTool("add", info, **clock).invoke(a=1, b=2),
}


@pytest.fixture(params=INFOS)
def kind(request):
    return request.param


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request):
    return request.param


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def told(person, store):
    """Use a server, and give the error of ours and all that the user reads."""

    def use(way, kind, url, timeout=30, **clock):
        started = time.monotonic()
        with pytest.raises(Exception) as raised:  # noqa: PT011 - each way has a type of its own
            way(INFOS[kind](url=url, timeout=timeout), **clock)
        assert time.monotonic() - started < SOON + timeout * (timeout < 30)
        shown, error = str(raised.value), raised.value
        while not isinstance(error, ours.MCPServerError):
            assert error.__cause__ is not None, f"no MCPServerError behind {raised.value!r}"
            error = error.__cause__
        assert str(error) in shown
        assert url in str(error)
        assert str(error).endswith(f" {error.hint}")
        assert error.hint.endswith(".")
        assert ". " not in error.hint
        assert "\n" not in str(error)
        assert "oken" not in shown
        assert person.logins == 0
        assert not store.exists()
        return str(error)

    return use


STATUSES = [
    (302, "it redirects to"),
    (400, "there is no MCP over"),
    (402, "what access costs"),
    (403, "forbids access and offers no login"),
    (404, "there is no MCP over"),
    (405, "there is no MCP over"),
    (407, "a proxy answers 407"),
    (410, "answers 410"),
    (429, "Wait a while"),
    (500, "Try again later"),
    (503, "Try again later"),
    (504, "Try again later"),
]


@pytest.mark.parametrize(("status", "words"), STATUSES)
def test_an_http_error_is_told_with_its_status(told, kind, status, words):
    """Row F1."""
    headers = {"Location": "/login?session=canary"} if status == 302 else {}
    with OddServer((status, "text/plain", b"no"), **headers) as server:
        text = told(WAYS["toolset"], kind, server.url())
        assert f"{status} " in text
        assert words in text
        assert "canary" not in text
        assert set(server.seen) <= {("POST", "/mcp"), ("GET", "/mcp"), ("GET", "/login?session=canary")}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("named", "words"), [("90", "in 90 seconds"), ("3600", "in 60 minutes"), ("soon", "")])
def test_the_time_that_a_server_names_is_told(told, kind, status, named, words):
    """Row F1."""
    with OddServer((status, "text/plain", b"no"), **{"Retry-After": named}) as server:
        assert words in told(WAYS["toolset"], kind, server.url())


def test_a_server_that_redirects_to_itself_is_no_other_address(told, kind):
    """Row F1."""
    with OddServer((307, "text/plain", b""), Location="/mcp") as server:
        text = told(WAYS["toolset"], kind, server.url())
    assert "redirects to itself" in text
    assert "Use that URL" not in text


def test_what_may_be_a_secret_in_the_url_is_not_told(kind):
    """Rows F1, F17."""
    with OddServer((404, "text/html", b"")) as server, pytest.raises(ours.MCPServerError) as raised:
        ours.MCPToolset(INFOS[kind](url=f"{server.url()}?api_key=canary"), eager_connect=True)
    assert f"{server.url()}?api_key=… answers 404" in str(raised.value)
    assert "canary" not in str(raised.value)


def test_a_missing_page_is_told_in_every_way_to_use_the_server(told, kind, way):
    """Row F1."""
    with OddServer((404, "text/html", b"<html>not here</html>")) as server:
        text = told(way, kind, server.url())
    assert f"answers 404 Not Found: there is no MCP over {TRANSPORTS[kind]}" in text
    assert OTHERS[kind] in text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, "text/html", b"<html>Welcome</html>"), "a web page instead of MCP"),
        ((200, "application/xhtml+xml; charset=utf-8", b"<html/>"), "instead of MCP"),
        ((200, "text/plain", b"ok"), '"text/plain" instead of MCP'),
        ((200, "image/png", b"\x89PNG"), '"image/png" instead of MCP'),
    ],
    ids=["html", "xhtml", "text", "image"],
)
def test_a_page_that_is_no_mcp_is_told_at_once(told, kind, answer, words):
    """Row F1."""
    with OddServer(answer) as server:
        text = told(WAYS["toolset"], kind, server.url())
    assert words in text
    assert OTHERS[kind] in text


@pytest.mark.parametrize("status", [202, 204])
def test_an_answer_without_content_is_told_at_once(told, status):
    """Row F1."""
    with OddServer((status, "text/plain", b"")) as server:
        assert "an empty page instead of MCP" in told(WAYS["toolset"], "http", server.url())


@pytest.mark.parametrize("kind_of_server", ["http", "sse"])
def test_a_server_of_the_other_transport_is_told_which_server_info_to_use(servers, told, kind_of_server, way):
    """Row F1."""
    kind = "http" if kind_of_server == "sse" else "sse"
    text = told(way, kind, servers.open(kind_of_server).mcp_url)
    assert f"there is no MCP over {TRANSPORTS[kind]}" in text
    assert OTHERS[kind] in text


@pytest.fixture
def nobody():
    """A port that nobody listens at: it is taken, and connections to it are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_server_that_is_down_is_told_with_its_address(told, kind, way, nobody):
    """Row F1."""
    text = told(way, kind, f"http://127.0.0.1:{nobody}/mcp")
    assert f"nothing listens at 127.0.0.1:{nobody}. Start the server" in text


@pytest.mark.parametrize("host", ["no-such-host.invalid", "also.no-such-host.invalid:8443"])
def test_an_unknown_host_is_told_with_its_name(told, kind, host):
    """Row F1."""
    assert f'no address is known for "{host.partition(":")[0]}"' in told(WAYS["toolset"], kind, f"https://{host}/mcp")


@pytest.mark.parametrize("name", ["self-signed", "good"])
def test_an_unknown_certificate_is_told_with_what_is_wrong_with_it(told, kind, way, certificates, name):
    """Row F1."""
    with OddServer((200, "text/plain", b""), tls=certificates.context(name)) as server:
        text = told(way, kind, server.url("https"))
    assert "does not prove with a certificate who it is" in text
    assert "SSL_CERT_FILE" in text


@pytest.mark.parametrize("name", ["expired", "elsewhere"])
def test_a_bad_certificate_of_a_known_authority_is_told(told, kind, certificates, monkeypatch, name):
    """Row F1."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    with OddServer((200, "text/plain", b""), tls=certificates.context(name)) as server:
        text = told(WAYS["toolset"], kind, server.url("https"))
    assert ("expired" if name == "expired" else "mismatch") in text


def test_http_to_a_server_with_tls_is_told_to_try_https(told, kind, certificates):
    """Row F1."""
    with OddServer((200, "text/plain", b""), tls=certificates.context("good")) as server:
        assert "begin its URL with https://" in told(WAYS["toolset"], kind, server.url("http"))


def test_https_to_a_server_without_tls_is_told_to_try_http(told, kind):
    """Row F1."""
    with OddServer((200, "text/plain", b"")) as server:
        text = told(WAYS["toolset"], kind, server.url("https"))
    assert "does not speak TLS. If it is a server without TLS, begin its URL with http://" in text


def test_a_connection_that_is_broken_off_is_told(told, kind):
    """Row F1."""
    with OddServer(BREAKS_OFF) as server:
        assert "breaks the connection off without an answer" in told(WAYS["toolset"], kind, server.url())


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_that_is_down_is_told_without_its_password(told, kind, nobody, monkeypatch, variable):
    """Row F1."""
    monkeypatch.setenv(variable, f"http://ada:canary@127.0.0.1:{nobody}")
    text = told(WAYS["toolset"], kind, "http://mcp.example.com/mcp")
    assert f"the proxy http://127.0.0.1:{nobody} cannot be reached" in text
    assert "canary" not in text


def test_a_proxy_that_refuses_is_told_with_its_answer(told, kind, monkeypatch):
    """Row F1."""
    with OddServer((407, "text/plain", b"")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url(path=""))
        text = told(WAYS["toolset"], kind, "https://mcp.example.com/mcp")
    assert "407" in text
    assert "proxy" in text


def test_a_server_that_says_nothing_is_told_with_the_time_it_had(told):
    """Row F1."""
    with OddServer(HANGS) as server:
        text = told(WAYS["toolset"], "http", server.url(), timeout=1)
    assert "has not answered within 1 s" in text


@pytest.mark.parametrize("answer", [HANGS, EMPTY_STREAM])
def test_the_end_of_haystacks_clock_is_told_in_every_way_to_use_the_server(kind, answer, way):
    """Row F1."""
    with OddServer(answer) as server:
        started = time.monotonic()
        with pytest.raises(Exception, match="has opened no MCP session within connection_timeout") as raised:
            way(INFOS[kind](url=server.url()), connection_timeout=0.2)
        assert time.monotonic() - started < FIRST_ANSWER_WAIT + 2.0 + SOON
        assert server.url() in str(raised.value)
        assert "Please check if" not in str(raised.value)


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"forbids_calls": True}, "forbids access and offers no login: it answers 403"),
        ({"fails_calls": True}, "answers 500 Internal Server Error. Try again later"),
        ({"page_of_calls": "text/html"}, "answers with a web page instead of MCP"),
    ],
    ids=["403", "500", "html"],
)
def test_a_call_that_fails_in_http_is_told_and_the_session_lives(misbehaving, open_toolset, person, switches, words):
    """Row F1."""
    misbehaving.switches.open = True
    add = tool_of(open_toolset(misbehaving.mcp_url))
    for name, value in switches.items():
        setattr(misbehaving.switches, name, value)
    with pytest.raises(ToolInvocationError, match=words) as raised:
        call(add, a=1, b=2)
    assert misbehaving.mcp_url in str(raised.value)
    for name in switches:
        setattr(misbehaving.switches, name, None)
    assert call(add, a=1, b=2) == "3"
    assert len(misbehaving.requests(message="initialize")) == 1
    assert person.logins == 0


def test_a_call_to_a_server_that_has_gone_is_told_with_its_address(misbehaving, open_toolset, person):
    """Row F1."""
    misbehaving.switches.open = True
    info = ours.StreamableHttpServerInfo(url=misbehaving.mcp_url, max_retries=1, base_delay=0.01)
    add = tool_of(open_toolset(info))
    misbehaving.stops()
    with pytest.raises(ToolInvocationError, match=r"nothing listens at 127\.0\.0\.1") as raised:
        call(add, a=1, b=2)
    assert misbehaving.mcp_url in str(raised.value)
    assert person.logins == 0


def test_stdio_servers_and_servers_of_upstream_are_told_as_upstream_tells_them():
    info = ours.StdioServerInfo(command="no-such-command-of-valetkey")
    with pytest.raises(ours.MCPConnectionError, match="Failed to start MCP server process"):
        ours.MCPToolset(info).warm_up()
