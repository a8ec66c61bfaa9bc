# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An agent that meets a login in the middle of a durable run of Hayhooks: it is suspended, and goes on after the login.

Hayhooks and Redis are real; the worker is killed while the run is suspended.
"""

import httpx2
import pytest

from tests.hayhooks.running import ROOT, program, surroundings
from tests.haystack.calling import sign_in_name, wait_until
from tests.haystack.misbehaving_server import MisbehavingServer
from tests.servers.process import HOST


class Service:
    """One worker with durable runs, and what it uses."""

    def __init__(self, worker, mcp, notes, public_url):
        self.worker, self.mcp, self._notes, self._public_url = worker, mcp, notes, public_url

    @property
    def noted(self):
        return self._notes.read_text().count("noted") if self._notes.exists() else 0

    def browser(self, user):
        return httpx2.Client(cookies={"session": f"session-of-{user}"}, follow_redirects=True, timeout=60.0)

    def ask(self, user, method, path, **options):
        with self.browser(user) as browser:
            return browser.request(method, f"http://{HOST}:{self.worker.port}{path}", **options)

    def submit(self, user, pipeline, tools):
        """Begin a run, and give its path."""
        answer = self.ask(user, "POST", f"/{pipeline}/run-durable", json={"tools": tools})
        assert answer.status_code == 202, answer.text
        return f"/{pipeline}/executions/{answer.json()['execution_id']}"

    def execution(self, user, path, state):
        """Wait until a run is in a state."""
        seen = []

        def is_there():
            seen.append(self.ask(user, "GET", path).json())
            return seen[-1]["status"] in (state, "failed")

        wait_until(is_there, 60.0)
        assert seen[-1]["status"] == state, (seen[-1], self.worker.output()[-3000:])
        return seen[-1]

    def resume(self, user, path):
        return self.ask(user, "POST", f"{path}/resume", json=None).status_code

    def log_in(self, user, link):
        assert link.startswith(f"{self._public_url}/mcp-oauth/start/")
        with self.browser(user) as browser:
            return browser.get(link).status_code


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("durable")
    with surroundings(folder) as (environment, public), MisbehavingServer() as mcp:
        environment |= {
            "MCP_URL": mcp.mcp_url,
            "NOTES": str(folder / "notes"),
            "HAYHOOKS_PIPELINES_DIR": str(ROOT / "tests" / "hayhooks" / "durable_pipelines"),
            "HAYHOOKS_DURABLE_MODE": "true",
            "HAYHOOKS_DURABLE_REDIS_URL": environment["VALETKEY_STORE"],
            "HAYHOOKS_DURABLE_POLL_INTERVAL_SECONDS": "0.1",
        }
        app = ("python", "-m", "uvicorn", "tests.hayhooks.served_app:create_app", "--factory")
        with program(environment, public, *app, f"--port={public}") as worker:
            yield Service(worker, mcp, folder / "notes", environment["PUBLIC_URL"])


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("pipeline", "user"), [("adder", "alice"), ("async_adder", "bob")])
def test_a_run_is_suspended_and_each_of_its_tools_is_executed_once(service, pipeline, user):
    # A user without a session: the agent has the tool for signing in, and its call suspends the run.
    path = service.submit(user, pipeline, f"{sign_in_name(service.mcp)} add")
    waiting = service.execution(user, path, "waiting")["waiting"]
    assert waiting["kind"] == "mcp_authorization"
    assert service.log_in("carol", waiting["message"]) == 403
    assert service.resume("carol", path) == 404
    assert service.log_in(user, waiting["message"]) == 200
    assert service.resume(user, path) == 202
    assert '"3"' in service.execution(user, path, "completed")["result"]["text"]

    # The session ends in the middle; the other call of the step was executed, and is not executed again.
    executed, noted = service.mcp.executed, service.noted
    service.mcp.revoke_everything()
    path = service.submit(user, pipeline, "add note")
    waiting = service.execution(user, path, "waiting")["waiting"]
    assert (service.mcp.executed - executed, service.noted - noted) == (0, 1)

    # Resumed without a login, it is suspended anew; then the worker dies, and is there again.
    assert service.resume(user, path) == 202
    assert service.execution(user, path, "waiting")["waiting"]["message"] == waiting["message"]
    service.worker.kill()
    service.worker.start()
    assert service.log_in(user, waiting["message"]) == 200
    assert service.resume(user, path) == 202
    result = service.execution(user, path, "completed")["result"]
    assert result["exit_reason"] == "text"
    assert '"3"' in result["text"]
    assert (service.mcp.executed - executed, service.noted - noted) == (1, 1)
