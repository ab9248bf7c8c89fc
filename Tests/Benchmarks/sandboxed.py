"""The place of a benchmark: namespaces of its own with private directories, so that daemons, mounts and a registry go
with it. Names of modules of the engines' tests are found from here on."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Engines"))
# pylint: disable=wrong-import-position
from sandbox import Sandbox, enter

WORK = "/var/lib/swiftcr/bench"
INSIDE = "SWIFTCR_BENCH_INSIDE"


def run(before, inside):
    """Calls `before` here; starts the program once more in a sandbox and calls `inside` there."""
    if os.environ.get(INSIDE):
        enter(WORK)
        inside()
        return 0
    before()
    sandbox = Sandbox()
    try:
        return sandbox.start([sys.executable, "-B", *sys.argv], env={**os.environ, INSIDE: "1"}).wait()
    finally:
        sandbox.remove()
