# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey doctor` as a user runs it: exit codes, bad input, a real login, and the ways in which it may end."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from tests.adapters.server import Answer, McpServer
from tests.cli.commands import CommandLine, process_environment, with_login_page
from tests.doctor.rows import ROWS
from tests.doctor.serving import Broken
from tests.doctor.wire import RESOURCE, ROOT_RESOURCE, SERVER, answer, resource
from tests.doctor.wire import server as metadata
from tests.fakes.threads import LONGEST_WAIT
from tests.network.certificates import make_certificates
from tests.network.server import WireServer
from valetkey._cli.doctor.command import examine
from valetkey.settings import Network

VALETKEY = [sys.executable, "-m", "valetkey"]
HEARS_CONTROL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from valetkey.__main__ import main
main()
"""
"""A shell ignores SIGINT for what it starts in the background, and so do the children of such a program."""


@pytest.fixture
def valetkey(tmp_path):
    return CommandLine(tmp_path / "sessions.db")


def codes(done):
    return {finding["code"] for step in done.document["steps"] for finding in step["findings"]}


def test_a_good_server_is_exit_code_0_and_the_report_is_all_of_standard_output(valetkey):
    with Broken() as server:
        done = valetkey("doctor", server.url)
    assert done.code == 0
    assert "✓ Metadata of the MCP server" in done.out
    assert f"✓ A login at {server.url} can work." in done.out
    assert done.err == ""


BY_ID = {row.id: row for row in ROWS}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("resource-mismatch", 8),
        ("no-registration", 7),
        ("plain-pkce", 7),
        ("servers-as-text", 9),
        ("server-fails", 75),
        ("wrong-path", 7),
        ("rate-limited", 75),
        ("sse-only-with-login", 0),
    ],
)
def test_the_exit_code_is_that_of_the_error_that_a_login_would_meet(row, code, valetkey):
    with Broken(BY_ID[row].answers) as server:
        done = valetkey("doctor", server.url, "--json")
        login = valetkey("login", server.url) if code else None
    assert done.code == code
    assert done.document["verdict"]["exit_code"] == code
    assert login is None or login.code in (code, 11)  # what is no MCP server is told by `login` in a way of its own


@pytest.mark.parametrize(
    "text", ["", "nonsense", "ftp://host/mcp", "https://", "https://[::1", "http://mcp.example.com/mcp"]
)
def test_what_is_no_url_of_an_mcp_server_is_told_without_a_request(text, valetkey):
    done = valetkey("doctor", text, "--json")
    assert done.code in (2, 8)
    assert done.document["requests"] == []
    assert done.document["verdict"]["todo"]


def test_a_port_where_nothing_listens(valetkey):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = valetkey("doctor", f"http://127.0.0.1:{taken.getsockname()[1]}/mcp", "--json")
    assert done.code == 75
    assert "connection_refused" in codes(done)
    assert done.document["verdict"]["name"] == "unreachable"


def test_a_host_that_is_not_known(valetkey, monkeypatch):
    def nobody(host, port, *_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    report = examine("https://mcp.nowhere.example/mcp", {}, store_name="memory:")
    assert report.has("host_unknown")


@pytest.mark.parametrize("name", ["self-signed", "expired", "elsewhere", "good"])
def test_a_certificate_that_proves_nothing(name, tmp_path):
    """A good one of an authority that this computer does not know is none either, until the user names it."""
    certificates = make_certificates(tmp_path)
    with WireServer(lambda peer: None, tls=certificates.context(name)) as server:
        report = examine(server.url, {}, store_name="memory:")
    assert report.has("certificate_untrusted")
    assert "SSL_CERT_FILE" in report.verdict.todo
    assert report.verdict.exit_code == 75


@pytest.mark.parametrize("name", ["self-signed", "expired", "elsewhere"])
def test_an_authorization_server_whose_certificate_proves_nothing(name, tmp_path):
    certificates = make_certificates(tmp_path)
    with WireServer(lambda peer: None, tls=certificates.context(name)) as other, Broken() as server:
        named = resource(resource=server.url, authorization_servers=[other.url])
        server.table["GET /.well-known/oauth-protected-resource/mcp"] = named
        report = examine(server.url, {}, store_name="memory:")
    assert report.has("certificate_untrusted")
    assert not report.has("server_unreachable")
    assert "SSL_CERT_FILE" in report.verdict.todo


def test_a_token_endpoint_whose_certificate_proves_nothing_ends_every_login(tmp_path):
    """A browser does not go there: what this computer does not reach, nobody reaches for it."""
    certificates = make_certificates(tmp_path)
    other = WireServer(lambda peer: None, tls=certificates.context("expired"))
    with other, Broken({f"GET {SERVER}": metadata(token_endpoint=f"{other.url}/token")}) as server:
        report = examine(server.url, {}, store_name="memory:")
    assert report.has("endpoint_silent")
    assert (report.verdict.error, report.verdict.exit_code) == ("TemporaryError", 75)
    assert "SSL_CERT_FILE" in report.verdict.todo


def test_a_file_of_authorities_that_cannot_be_read_is_no_fault_of_the_network(valetkey):
    done = valetkey("doctor", "https://127.0.0.1:9/mcp", "--json", SSL_CERT_FILE="/absent/authorities.pem")
    assert "settings_wrong" in codes(done)
    assert "PEM file" in done.document["verdict"]["todo"]
    assert done.code == 2


def test_a_proxy_that_breaks_the_connection_off_is_named_beside_the_server(valetkey):
    with WireServer(lambda peer: None) as proxy:
        done = valetkey("doctor", "https://mcp.example.com/mcp", "--json", https_proxy=proxy.url, no_proxy="")
    assert "no_answer" in codes(done)
    assert "check the proxy" in done.document["verdict"]["todo"]


def test_a_server_that_wants_a_client_certificate(tmp_path):
    certificates = make_certificates(tmp_path)
    context = certificates.context("good")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.authority)
    trusted = Network(certificate_authorities=certificates.authority)
    with WireServer(lambda peer: None, tls=context) as server:
        report = examine(server.url, {"network": trusted}, store_name="memory:")
    assert report.has("client_certificate_wanted")
    assert "client_certificates" in report.verdict.todo


def test_a_metadata_document_behind_a_redirect_to_another_port_is_not_followed(valetkey):
    with Broken() as other:
        moved = answer(302, location=f"{other.origin}/.well-known/oauth-protected-resource/mcp")
        changes = {f"GET {RESOURCE}": moved, f"GET {ROOT_RESOURCE}": moved}
        with Broken(changes) as server:
            done = valetkey("doctor", server.url, "--json")
    assert "resource_redirected_elsewhere" in codes(done)
    assert other.seen == []


def test_a_server_without_tls_under_https(valetkey):
    with Broken() as server:
        done = valetkey("doctor", server.url.replace("http://", "https://"), "--json")
    assert "tls_failed" in codes(done)


def test_an_open_server(valetkey):
    with McpServer(wants_login=False) as server:
        server.authorization.describes_the_resource_at = ()
        done = valetkey("doctor", server.url)
    assert done.code == 0
    assert "needs no login" in done.out


def test_a_header_field_goes_to_the_mcp_servers_host_only(valetkey):
    with McpServer() as server:
        done = valetkey("doctor", server.url, "--header", "X-Gate: open", "--json")
    assert done.code == 0
    assert {seen.field("x-gate") for seen in server.seen} == {"open"}
    assert valetkey("doctor", server.url, "--header", "no colon").code == 2


def test_a_login_is_made_when_it_is_asked_for_and_its_session_is_kept(valetkey):
    with McpServer() as running:
        server = with_login_page(running)
        done = valetkey("doctor", server.url, "--login", "--json")
        again = valetkey("doctor", server.url, "--json")
    assert done.code == 0
    assert {"login_worked", "token_accepted"} <= codes(done)
    assert done.document["verdict"]["text"].endswith("it was made.")
    assert "session_good" in codes(again)
    assert not any(secret in done.out + again.out for secret in server.authorization.secrets)


def test_a_token_that_is_rejected_has_the_code_of_its_error(valetkey):
    with McpServer() as running:
        server = with_login_page(running)
        server.routes["/mcp"] = server.rejects
        done = valetkey("doctor", server.url, "--login", "--json")
    assert (done.code, done.document["verdict"]["error"]) == (5, "TokenRejected")


def test_a_page_that_cannot_be_written_is_told(valetkey, tmp_path):
    """The hint is followed."""
    with Broken() as server:
        done = valetkey("doctor", server.url, "--html", tmp_path / "absent" / "page.html")
        assert done.code == 2
        assert done.err == (
            f"Error: The page {tmp_path}/absent/page.html cannot be written: No such file or directory.\n"
            "Name a file in a folder that you may write to.\n"
        )
        assert server.seen == []
        assert valetkey("doctor", server.url, "--html", tmp_path / "page.html").code == 0
    assert "<svg" in (tmp_path / "page.html").read_text("utf-8")


def test_closed_standard_output_is_no_traceback(valetkey):
    command = [*VALETKEY, "doctor"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with (
        Broken() as server,
        subprocess.Popen([*command, server.url], env=process_environment(valetkey), **streams) as process,
    ):
        process.stdout.close()
        error = process.stderr.read()
        process.wait(LONGEST_WAIT)
    assert process.returncode == 141
    assert error == ""


def test_ctrl_c_is_one_line_and_nothing_is_written(valetkey, tmp_path):
    reached, opened = threading.Event(), threading.Event()

    def waits(_):
        reached.set()
        opened.wait(LONGEST_WAIT)
        return Answer(500)

    with McpServer() as server:
        server.routes["/mcp"] = waits
        process = subprocess.Popen(
            [sys.executable, "-c", HEARS_CONTROL_C, "doctor", server.url, "--html", str(tmp_path / "page.html")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=process_environment(valetkey),
            text=True,
        )
        assert reached.wait(LONGEST_WAIT)
        os.kill(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=LONGEST_WAIT)
        opened.set()
    assert (process.returncode, out, error) == (130, "", "\nInterrupted.\n")
    assert not (tmp_path / "page.html").exists()


def test_with_json_there_is_exactly_one_document(valetkey):
    with Broken(BY_ID["resource-mismatch"].answers) as server:
        done = valetkey("doctor", server.url, "--json")
    assert json.loads(done.out)["url"] == server.url
    assert done.err == ""
