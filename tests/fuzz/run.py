# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Runs the fuzzer: `python -m tests.fuzz.run --target challenge --runs 100000`, or `--all`.

Each target runs in a process of its own, with the small corpus of the repository and what an earlier run has found
(`.fuzz/NAME`). The log of a target has the figures that `tests.fuzz.report` reads. The exit status is 1 after a
finding.
"""

import argparse
import contextlib
import importlib.util
import io
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.corpus import ROOT, inputs_of

LOGS = ROOT / ".fuzz"
_LONGEST_SECONDS = 60
"""Of the wall clock, for one input: `checks.in_proportion` measures the processor time, which others do not change."""
_MEMORY = 2048
"""Mebibytes."""
_MISSING = """\
The fuzzer needs the package atheris, which has wheels for CPython 3.11 to 3.13 on Linux (x86-64) only.
There, `make fuzz` installs it; elsewhere run it in a container: docker run -it python:3.13 ..."""


def main(arguments=None):
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description="Run the fuzzer.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--target", action="append", help="the name of a target; may be repeated")
    which.add_argument("--all", action="store_true", help="every target")
    which.add_argument("--list", action="store_true", help="print the names of the targets")
    parser.add_argument("--runs", type=int, default=100_000, help="inputs of each target")
    parser.add_argument("--seconds", type=int, default=0, help="the longest time of each target; 0 for any")
    parser.add_argument("--seed", type=int, default=0, help="a fixed seed; 0 for another one each time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets that run at the same time")
    parser.add_argument("--logs", type=Path, default=LOGS, help="the folder of logs, findings and larger corpora")
    parser.add_argument("--forget", action="store_true", help="keep no larger corpus")
    parser.add_argument("--unguided", action="store_true", help="mutate the corpus without counting branches: quicker")
    parser.add_argument("--quiet", action="store_true", help="print findings only")
    parser.add_argument("--input", type=Path, help="run one input again, from a file, without the fuzzer")
    options = parser.parse_args(arguments)
    if options.input is not None:
        return _run_again(options)
    if importlib.util.find_spec("atheris") is None:
        sys.exit(_MISSING)
    targets = _plain() if options.unguided else _instrumented()
    if options.list:
        print("\n".join(targets))  # noqa: T201
        return 0
    names = list(targets) if options.all else options.target
    options.logs.mkdir(parents=True, exist_ok=True)
    return int(_run([targets[name] for name in names], options))


def _run_again(options):
    from tests.fuzz.targets import TARGETS

    for name in options.target:
        TARGETS[name].run(options.input.read_bytes())
    return 0


def _instrumented():
    """Import the targets, so that the branches of Valetkey are counted and those of nothing else."""
    import atheris

    names_of_modules = contextlib.redirect_stderr(io.StringIO())
    with names_of_modules, atheris.instrument_imports(include=["valetkey"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS
    return TARGETS


def _plain():
    """Import the targets as they are, in a process where nothing else has."""
    from tests.fuzz.targets import TARGETS

    return TARGETS


def _run(targets, options):
    """Run targets in child processes, some at a time; True if one of them has found something."""
    waiting, running, has_found = list(targets), {}, False
    while waiting or running:
        while waiting and len(running) < options.jobs:
            target = waiting.pop(0)
            folder = Path(tempfile.mkdtemp(prefix="valetkey-fuzz-")) if options.forget else options.logs / target.name
            child = os.fork()
            if child == 0:
                _fuzz(target, folder, options)
            running[child] = target, folder, time.monotonic()
        child, status = os.wait()
        target, folder, started = running.pop(child)
        if options.forget:
            shutil.rmtree(folder)
        has_found |= _say(target, os.waitstatus_to_exitcode(status), time.monotonic() - started, options)
    return has_found


def _say(target, status, seconds, options):
    log = options.logs / f"{target.name}.log"
    with log.open("a", encoding="utf-8") as file:
        file.write(f"\nvaletkey: {target.name} {'found something' if status else 'done'} in {seconds:.0f} s\n")
    if status or not options.quiet:
        print(f"{target.name}: {f'a finding, see {log}' if status else 'done'}", flush=True)  # noqa: T201
    return status != 0


def _fuzz(target, folder, options):
    """Never returns: libFuzzer ends the process."""
    import atheris

    with (options.logs / f"{target.name}.log").open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    folder.mkdir(exist_ok=True)
    for number, data in enumerate(inputs_of(target.name)):
        (folder / f"seed-{number}").write_bytes(data)
    dictionary = options.logs / f"{target.name}.dict"
    dictionary.write_text("".join(f'"{_escaped(token)}"\n' for token in target.all_tokens), encoding="ascii")
    arguments = [
        *(target.name, str(folder), f"-runs={options.runs}", f"-max_len={target.longest}", f"-dict={dictionary}"),
        *(
            f"-timeout={_LONGEST_SECONDS}",
            f"-rss_limit_mb={_MEMORY}",
            f"-artifact_prefix={options.logs}/{target.name}-",
        ),
        *("-print_final_stats=1", f"-seed={options.seed}", f"-max_total_time={options.seconds}"),
        f"-keep_seed={int(options.unguided)}",  # libFuzzer drops an input that shows it no new branch
    ]
    run = _keeping_findings(target, options)
    status = 77  # as libFuzzer has it
    try:
        # libFuzzer wants to see one branch at least.
        run = atheris.instrument_func(run) if options.unguided else run
        atheris.Setup(arguments, run, enable_python_coverage=True)
        atheris.Fuzz()
        status = 0
    finally:
        os._exit(status)


def _keeping_findings(target, options):
    def run(data):
        try:
            target.run(data)
        except BaseException:
            (options.logs / f"{target.name}.finding").write_bytes(data)
            raise

    return run


def _escaped(token):
    return "".join(chr(byte) if 32 < byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in token)


if __name__ == "__main__":
    sys.exit(main())
