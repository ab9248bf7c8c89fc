"""Runs the cases for each engine and runtime, prints what differs, and writes the table."""

import argparse
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import report
from cases import CASES
from drivers import DRIVERS
from sandbox import Sandbox

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
RUNTIMES = ["swiftcr", "runc", "crun"]


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/engines", description="Real engines with swiftcr, runc and crun.")
    parser.add_argument("engines", nargs="*", metavar="engine",
                        help="one of: " + ", ".join(DRIVERS) + " (default: all)")
    parser.add_argument("--runtime", action="append", choices=RUNTIMES, help="only this runtime (default: all three)")
    parser.add_argument("--case", default="", help="only the cases whose name this regular expression finds")
    parser.add_argument("--all", action="store_true", help="every engine, runtime and case")
    parser.add_argument("--write", action="store_true", help="write docs/engines.md (--vm: docs/engines-vm.md); only with --all")
    parser.add_argument("--vm", action="store_true", help="in virtual machines, which have cgroup v2 (scripts/vm)")
    parser.add_argument("--lines", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for engine in options.engines:
        if engine not in DRIVERS:
            parser.error(f"no engine {engine}: one of {', '.join(DRIVERS)}")
    partial = options.engines or options.runtime or options.case
    if options.all and partial or options.write and not options.all:
        parser.error("--all takes no engine, runtime or case, and --write needs --all")
    return options


def find(runtime):
    path = os.environ.get("SWIFTCR") or REPOSITORY + "/.build/release/swiftcr" if runtime == "swiftcr" \
        else shutil.which(runtime)
    if not path:
        sys.exit(f"engines: {runtime} is not installed: run scripts/setup engines")
    return os.path.realpath(path)


@contextlib.contextmanager
def here(engine, runtime, pattern):
    """The process that runs one engine's cases with one runtime, in a sandbox that is gone afterwards."""
    sandbox = Sandbox()
    work = tempfile.mkdtemp(prefix="swiftcr-engines.", dir="/var/tmp")
    try:
        yield sandbox.start([sys.executable, "-B", HERE + "/worker.py", engine, find(runtime), work, pattern],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    finally:
        sandbox.remove()
        os.rmdir(work)


@contextlib.contextmanager
def in_machine(engine, runtime, pattern):
    """The same in a virtual machine of its own: one that breaks takes nothing else with it."""
    size = {"SWIFTCR_VM_MEMORY": "6G", **os.environ, "SWIFTCR": find("swiftcr")}
    command = [sys.executable, "-B", HERE + "/main.py", engine, "--runtime", runtime, "--case", pattern, "--lines"]
    process = subprocess.Popen([REPOSITORY + "/scripts/vm", *command], env=size, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def results_of(started):
    """What the cases say, as (case, result, why), while they run."""
    with started as process:
        for line in process.stdout:
            entry = json.loads(line)
            yield entry["case"], entry["result"], entry["why"]
        if process.wait():
            raise RuntimeError(f"its process ended with {process.returncode}")


def main():
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # An exception, so that the sandbox is removed on this way out as well.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    results = {}
    broken = False
    for engine, runtime in itertools.product(options.engines or DRIVERS, options.runtime or RUNTIMES):
        try:
            for case, result, why in results_of((in_machine if options.vm else here)(engine, runtime, options.case)):
                results[engine, case, runtime] = result, why
                if options.lines:
                    print(json.dumps({"case": case, "result": result, "why": why}), flush=True)
                elif result != "pass":
                    print(f"{engine} {runtime}: {case}: {result}: {why}", file=sys.stderr)
        except RuntimeError as error:
            broken = True
            print(f"engines: {engine} with {runtime}: {error}", file=sys.stderr)
        if not options.lines:
            print(report.summary(results, engine, runtime), file=sys.stderr)
    if options.lines:
        sys.exit(1 if broken else 0)
    regressions = report.regressions(results)
    for engine, case in regressions:
        print(f"swiftcr fails what a control passes: {engine}: {case}", file=sys.stderr)
    if options.write and not broken:
        with open(os.path.join(REPOSITORY, "docs/engines-vm.md" if options.vm else "docs/engines.md"), "w") as file:
            file.write(report.table(CASES, results, options.vm))
    sys.exit(1 if broken or regressions else 0)


main()
