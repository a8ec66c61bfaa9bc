# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Every target of the fuzzer runs on its corpus, and on some random inputs, also where the fuzzer is not installed."""

import random

import pytest

from tests.fuzz import report, run
from tests.fuzz.corpus import FOLDER, ROOT, inputs_of, minimised
from tests.fuzz.reading import Input, answer
from tests.fuzz.targets import TARGETS
from tests.requirements import requirement


@requirement("GEN-7", "SEC-9")
@pytest.mark.parametrize("name", TARGETS)
def test_every_input_of_the_corpus_gives_a_value_or_an_error_of_ours(name):
    """Rows I2, I11."""
    inputs = inputs_of(name)
    assert inputs
    for data in inputs:
        TARGETS[name].run(data)


@requirement("GEN-7", "SEC-9")
@pytest.mark.parametrize("name", TARGETS)
def test_inputs_made_of_pieces_give_a_value_or_an_error_of_ours(name):
    """Rows I2, I11."""
    chance = random.Random(name)
    target = TARGETS[name]
    for _ in range(200):
        pieces = [chance.choice((*target.all_tokens, b"\n", chance.randbytes(2))) for _ in range(chance.randrange(12))]
        target.run(b"".join(pieces)[: target.longest])


def test_the_corpus_is_small_and_belongs_to_targets():
    files = {path.stem: path.stat().st_size for path in FOLDER.iterdir()}
    assert files.keys() == TARGETS.keys()
    assert max(files.values()) < 16_384


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_says_which_modules_it_is_about(name):
    modules = TARGETS[name].modules
    assert modules
    assert [module for module in modules if not (ROOT / "src/valetkey" / module).is_file()] == []


def test_the_corpus_keeps_the_shortest_inputs_that_reach_something():
    inputs = [b"an unknown store", b"memory:", b"redis://h", b"memory:"]
    assert minimised(TARGETS["store_name"].run, inputs) == [b"memory:", b"an unknown store"]


def test_a_line_may_repeat_its_end():
    long = b"\x01\x05\x02ab"
    assert Input(long).line() == b"ab" * 32
    assert Input(b"\x01\x02https://\x02a\nrest").lines() == [b"https://aaaa", b"rest"]
    assert (Input(b"").byte(), Input(b"").text(), Input(b"\xff\n").text()) == (0, "", "\udcff")


def test_an_answer_is_composed_of_members():
    response = answer(Input(b"\x00\x00\x00\x00value\n\x04\x0ba,b\n\x04\x063600"), ("first", "second"))
    assert (response.status, response.body) == (200, b'{"first":"value","second":["a", "b"],"second":3600}')


def test_the_page_has_a_row_for_each_target():
    assert report.PAGE.read_text(encoding="utf-8") == report.written(None)


def test_the_figures_of_a_log_are_added_up():
    one = "valetkey: commit abc, now\nstat::number_of_executed_units: 1000\nstat::average_exec_per_sec:     500\n"
    assert report.figures(one * 2) == (2000, 500, "abc")
    assert report.figures("INFO: nothing yet") is None


def test_a_machine_without_the_fuzzer_is_told_where_it_runs(monkeypatch):
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"CPython 3\.11 to 3\.13 on Linux"):
        run.main(["--all"])


def test_an_input_is_run_again_without_the_fuzzer(tmp_path):
    (tmp_path / "input").write_bytes(b"https://h.example/")
    assert run.main(["--target", "urls", "--input", str(tmp_path / "input")]) == 0
