# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The notebook, cell by cell in a real kernel; its person is asked in the notebook, as on a remote Jupyter."""

import json

import pytest

from tests.examples.kernel import CellFailed, a_notebook
from tests.examples.running import EXAMPLES, a_model
from tests.servers import fastmcp

WRITTEN = json.loads((EXAMPLES / "notebook.ipynb").read_text("utf-8"))
CELLS = ["".join(cell["source"]) for cell in WRITTEN["cells"] if cell["cell_type"] == "code"]
URL = "https://mcp.example.com/mcp"


@pytest.fixture
def server():
    with fastmcp("own") as running:
        yield running


def test_the_first_notebook_asks_the_person_and_the_next_one_does_not(server, tmp_path):
    """Rows G4, G5."""
    assert sum(cell.count(URL) for cell in CELLS) == 1
    store = {"VALETKEY_STORE": f"sqlite:///{tmp_path / 'credentials.db'}"}
    with a_model() as model:
        for logins in (1, 0):
            with a_notebook(tmp_path, **store, **model) as notebook:
                connect, ask, close = [notebook.run(cell.replace(URL, server.mcp_url)) for cell in CELLS]
            assert notebook.logins == logins
            assert connect.endswith("['whoami', 'add', 'slow', 'fail']")
            assert ask.splitlines()[-1] == "42"
            assert close == ""


def test_a_plain_warm_up_in_a_cell_does_not_hold_the_kernel_up_and_its_login_goes_on(server, tmp_path):
    """A cell runs on the thread of the kernel's event loop. Row J2. Trap 10."""
    imports, _, connect = CELLS[0].replace(URL, server.mcp_url).partition("\n\n")
    toolset, warm_up, names = connect.splitlines()
    with a_notebook(tmp_path, VALETKEY_STORE=f"sqlite:///{tmp_path / 'credentials.db'}") as notebook:
        notebook.run(f"{imports}\n{toolset}")
        with pytest.raises(CellFailed, match=r"AuthorizationRequired.*Finish the login.*, then try again"):
            notebook.run(warm_up.replace("await ", "").replace("_async", ""))
        assert notebook.run(f"{warm_up}\n{names}").endswith("['whoami', 'add', 'slow', 'fail']")
        assert notebook.logins == 1
