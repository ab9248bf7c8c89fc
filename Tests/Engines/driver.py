"""What every engine's driver has: the environment, the daemon, and how a case is run and judged.

`work` is a directory of the engine's own, `runtime` the absolute path of the runtime.
"""

import os
import re
import subprocess

import image as images

# For the cases: `until_true COMMAND…` polls with a bound, `logged ID TEXT` waits for a line in the container's log.
HELPERS = """until_true() {
  local end=$((SECONDS + 60))
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -gt "$end" ]; then echo "not so after 60 s: $*" >&2; return 1; fi
    sleep 0.05
  done
}
logged() { until_true eval "e logs $1 2>&1 | grep -q '$2'"; }
"""


class Skipped(Exception):
    """What a check raises that cannot be tried here; its text is the reason."""


class Driver:
    """One engine: its daemon, if it has one, and the preamble of its cases."""

    preamble = ""
    cleanup = ""

    def __init__(self, work, runtime):
        self.work, self.runtime = work, runtime
        self.environment = {**os.environ, "LC_ALL": "C", "IMAGE": images.NAME, "RUNTIME": runtime, "WORK": work,
                            "ARCHIVE": work + "/image.tar"}
        self.daemon = self.log = None

    def path(self, name):
        return os.path.join(self.work, name)

    def shell(self, script, seconds=180):
        """Runs a script with the preamble; gives status, stdout and stderr."""
        with subprocess.Popen(["bash", "-c", HELPERS + self.preamble + script], env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, errors="replace", start_new_session=True, cwd=self.work) as process:
            try:
                out, err = process.communicate(timeout=seconds)
                return process.returncode, out, err
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                return 124, "", f"still running after {seconds} s"

    def verdict(self, case):
        """None if the case gave what it must, else what differs; what it made is removed."""
        status, out, err = self.shell(case.script)
        self.shell(self.cleanup)
        out = out.replace("\r", "").strip()
        if status != case.status:
            return f"status {status}, not {case.status}: {(err or out).strip()[-300:]}"
        if case.out and not re.fullmatch(case.out, out):
            return f"stdout is {out[-200:]!r}: {err.strip()[-300:]}"
        if case.err and not re.search(case.err, err):
            return f"stderr is {err.strip()[-300:]!r}"
        return None

    def start(self):
        images.write(self.environment["ARCHIVE"])
        self.configure()
        status, _, err = self.shell(self.load)
        if status:
            raise RuntimeError(f"loading the image: {err.strip()}")

    def serve(self, *command):
        """Starts the daemon; it ends with the sandbox's PID namespace."""
        self.log = self.path(command[0] + ".log")
        with open(self.log, "w") as log:
            self.daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           env=self.environment)

    def answers(self, script):
        if self.daemon.poll() is not None:
            with open(self.log) as log:
                raise RuntimeError("the daemon ended: " + log.read()[-1500:])
        return self.shell(script)[0] == 0
