"""The place of a benchmark: namespaces of its own with private directories, so that daemons, mounts and a registry go
with it. Names of modules of the engines' tests are found from here on."""

import os
import signal
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Engines"))
# pylint: disable=wrong-import-position
from sandbox import Sandbox, enter
from tools import write

# A tmpfs inside; nothing outside.
WORK = os.environ.get("SWIFTCR_BENCH_WORK", "")


def run(before, inside):
    """Calls `before` here; starts the program once more in a sandbox and calls `inside` there."""
    if WORK:
        enter(WORK)
        inside()
        return 0
    # An exception, so that what is made here goes on this way out as well.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    before()
    sandbox = Sandbox()
    work = tempfile.mkdtemp(prefix="swiftcr-bench.", dir="/var/tmp")
    try:
        process = sandbox.start([sys.executable, "-B", *sys.argv], env={**os.environ, "SWIFTCR_BENCH_WORK": work})
        _prefer(sandbox.groups)
        return process.wait()
    finally:
        sandbox.remove()
        os.rmdir(work)


def _prefer(groups):
    """Whatever else runs on the machine gets the processors only when nothing that is measured wants them."""
    for group in groups:
        for name, most in ("cpu.shares", "262144"), ("cpu.weight", "10000"):
            path = os.path.join(group, name)
            if os.path.exists(path):
                write(path, most)
