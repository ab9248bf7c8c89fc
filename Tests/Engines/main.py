"""Runs the cases for each engine and runtime, prints what differs, and writes the table."""

import argparse
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
    parser.add_argument("--vm", action="store_true", help="in the virtual machine, which has cgroup v2 (scripts/vm)")
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


def run(engine, runtime, pattern, results):
    """One engine with one runtime, in a sandbox that is gone afterwards."""
    sandbox = Sandbox()
    work = tempfile.mkdtemp(prefix="swiftcr-engines.", dir="/var/tmp")
    try:
        process = sandbox.start(
            [sys.executable, "-B", HERE + "/worker.py", engine, find(runtime), work, pattern],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            entry = json.loads(line)
            results[engine, entry["case"], runtime] = entry["result"], entry["why"]
            if entry["result"] != "pass":
                print(f"{engine} {runtime}: {entry['case']}: {entry['result']}: {entry['why']}", file=sys.stderr)
        if process.wait():
            raise RuntimeError(f"{engine} with {runtime}: the worker ended with {process.returncode}")
    finally:
        sandbox.remove()
        os.rmdir(work)


def main():
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # An exception, so that the sandbox is removed on this way out as well.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    results = {}
    broken = False
    for engine in options.engines or DRIVERS:
        for runtime in options.runtime or RUNTIMES:
            try:
                run(engine, runtime, options.case, results)
            except RuntimeError as error:
                broken = True
                print(f"engines: {error}", file=sys.stderr)
    print(report.summary(results), file=sys.stderr)
    if options.write and not broken:
        text = report.table(CASES, results, "--vm " if options.vm else "")
        if options.vm:
            print(text, end="")
        else:
            with open(os.path.join(REPOSITORY, "docs/engines.md"), "w") as file:
                file.write(text)
    sys.exit(1 if broken or report.regressions(results) else 0)


main()
