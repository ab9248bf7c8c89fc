"""Measures builds of a Dockerfile of 20 small steps, and prints the table.

    builds.py PROGRAM ROUNDS
"""

import os
import shutil
import statistics
import subprocess
import sys
import time

import sandboxed
from sandboxed import WORK

# pylint: disable=wrong-import-order
from drivers import Buildah, Docker
from image import NAME
from tools import write

CASES = ["cold", "warm", "one file changed"]
# What is in the context, and which of it changes: it is copied in the middle.
FILES = {f"file{number}": f"file {number}\n" * 50 for number in range(6)}
CHANGED = "file3"


def dockerfile(round_name):
    """Steps that no earlier round has made, on the same base."""
    lines = [f"FROM {NAME}", f"ENV ROUND={round_name}", "WORKDIR /app"]
    for number, name in enumerate(FILES):
        lines += [f"COPY {name} /app/{name}", f"RUN wc -l /app/{name} >/app/count{number}"]
    lines += ["RUN mkdir -p /srv/www && echo hello >/srv/www/index.html", "RUN chmod 0600 /app/count0",
              "LABEL purpose=benchmark", "USER user", 'CMD ["cat", "/srv/www/index.html"]']
    return "\n".join(lines) + "\n"


class Builder:
    """One builder: a command, run in the context, that reads the Dockerfile there."""

    def __init__(self, name, command, environment):
        self.name, self.command, self.environment = name, command, environment

    def build(self, context):
        started = time.monotonic()
        done = subprocess.run(self.command, cwd=context, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr[-2000:]}")
        return time.monotonic() - started


def builders(program):
    """All of them, with the base image stored."""
    docker, buildah = started(Docker, "docker"), started(Buildah, "buildah")
    store = os.path.join(WORK, "store")
    own = [program, "--store", store, "--root", os.path.join(WORK, "state")]
    subprocess.run([*own, "load", "-q", "-i", docker.environment["ARCHIVE"]], check=True, stdout=subprocess.DEVNULL)
    # No new network for a step: none of the others is to pay for one.
    build = ["build", "-q", "-t", "bench", "--network", "none", "."]
    return [
        Builder("swiftcr", [*own, *build], dict(os.environ)),
        Builder("docker, BuildKit", ["/usr/bin/docker", *build], docker.environment | {"DOCKER_BUILDKIT": "1"}),
        Builder("docker, classic", ["/usr/bin/docker", *build], docker.environment | {"DOCKER_BUILDKIT": "0"}),
        Builder("buildah", ["buildah", "bud", "--layers", "--isolation", "oci", "--runtime", shutil.which("crun"),
                            *build[1:]], buildah.environment),
    ]


def started(kind, name):
    work = os.path.join(WORK, name)
    os.mkdir(work)
    driver = kind(work, shutil.which("runc"))
    driver.start()
    return driver


def inside():
    program, rounds = sys.argv[1], int(sys.argv[2])
    every = builders(program)
    times = {}
    for number in range(rounds):
        for builder in every if number % 2 == 0 else reversed(every):
            context = os.path.join(WORK, "context")
            os.mkdir(context)
            for name, text in FILES.items():
                write(os.path.join(context, name), text)
            write(os.path.join(context, "Dockerfile"), dockerfile(f"{builder.name} {number}".replace(" ", "-")))
            for case in CASES:
                if case == "one file changed":
                    write(os.path.join(context, CHANGED), f"changed {number}\n")
                times.setdefault((case, builder.name), []).append(builder.build(context))
            shutil.rmtree(context)
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    print("| | " + " | ".join(builder.name for builder in every) + " |\n|---|" + "---:|" * len(every))
    for case in CASES:
        values = [statistics.median(times[case, builder.name]) for builder in every]
        print(f"| {case}, ms | {values[0] * 1000:.0f} | "
              + " | ".join(f"{value * 1000:.0f} ({value / values[0]:.1f})" for value in values[1:]) + " |")


if __name__ == "__main__":
    sys.exit(sandboxed.run(lambda: None, inside))
