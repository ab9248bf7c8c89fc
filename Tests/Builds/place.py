"""The place of these tests: a sandbox as the engines' tests have it. Names of their modules are found from here on."""

import os
import subprocess
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Engines"))
# pylint: disable=wrong-import-position
from sandbox import Sandbox, enter  # noqa: E402

# A tmpfs inside; nothing outside.
WORK = os.environ.get("SWIFTCR_BUILDS_WORK", "")


def run(inside):
    """Starts the program once more in a sandbox and calls `inside` there; gives its exit code."""
    if WORK:
        enter(WORK)
        return inside()
    sandbox = Sandbox()
    work = tempfile.mkdtemp(prefix="swiftcr-builds.", dir="/var/tmp")
    try:
        environment = {**os.environ, "SWIFTCR_BUILDS_WORK": work, "LC_ALL": "C.UTF-8"}
        return sandbox.start([sys.executable, "-B", *sys.argv], env=environment, stdin=subprocess.DEVNULL).wait()
    finally:
        sandbox.remove()
        os.rmdir(work)
