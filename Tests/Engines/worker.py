"""Inside the sandbox: starts one engine with one runtime, runs its cases, prints one JSON object for each."""

import json
import re
import sys

import sandbox
from cases import CASES
from drivers import DRIVERS


def verdict(case, status, out, err):
    """None if the case gave what it must, else what differs."""
    if status != case.status:
        return f"status {status}, not {case.status}: {(err or out).strip()[-300:]}"
    out = out.replace("\r", "").strip()
    if case.out and not re.fullmatch(case.out, out):
        return f"stdout is {out[-200:]!r}: {err.strip()[-300:]}"
    if case.err and not re.search(case.err, err):
        return f"stderr is {err.strip()[-300:]!r}"
    return None


def main():
    engine, runtime, work, pattern = sys.argv[1:]
    sandbox.enter(work)
    driver = DRIVERS[engine](work, runtime)
    driver.start()
    for case in CASES:
        if engine not in case.engines.split() or not re.search(pattern, case.name):
            continue
        if case.skip:
            result, why = "skip", case.skip
        else:
            why = verdict(case, *driver.shell(case.script))
            result = "fail" if why else "pass"
            driver.shell(driver.cleanup)
        print(json.dumps({"case": case.name, "result": result, "why": why}), flush=True)


main()
