"""Inside the sandbox: starts one engine with one runtime, runs its cases, prints one JSON object for each."""

import json
import re
import sys

import sandbox
from cases import CASES
from driver import Skipped
from drivers import DRIVERS


def main():
    engine, runtime, work, pattern = sys.argv[1:]
    sandbox.enter(work)
    driver = DRIVERS[engine](work, runtime)
    driver.start()
    for case in CASES:
        if engine not in case.engines.split() or not re.search(pattern, case.name):
            continue
        try:
            if case.skip:
                raise Skipped(case.skip)
            why = driver.verdict(case)
            result = "fail" if why else "pass"
        except Skipped as reason:
            result, why = "skip", str(reason)
        print(json.dumps({"case": case.name, "result": result, "why": why}), flush=True)


main()
