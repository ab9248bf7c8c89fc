"""The place of a benchmark: namespaces of its own with private directories, so that daemons, mounts and a registry go
with it. Names of modules of the engines' tests are found from here on."""

import os
import signal
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Engines"))
# pylint: disable=wrong-import-position
from sandbox import Sandbox, enter

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
        return sandbox.start([sys.executable, "-B", *sys.argv], env={**os.environ, "SWIFTCR_BENCH_WORK": work}).wait()
    finally:
        sandbox.remove()
        os.rmdir(work)
