"""Dockerfiles built by swiftcr: generated ones, compared with docker's builds of the same, and real-world kinds."""

import argparse
import os
import random
import signal
import sys

import place


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/builds", description="Dockerfiles built by swiftcr and by docker.")
    parser.add_argument("number", nargs="?", type=int, default=100, help="how many generated Dockerfiles (default: 100)")
    parser.add_argument("--seed", default=None, help="what they are generated from (default: another one each time)")
    parser.add_argument("--case", help="only the generated one of this number, or only the kind of this name")
    parser.add_argument("--program", help=argparse.SUPPRESS, default=os.environ.get("SWIFTCR"))
    # How the plain texts are checked without swiftcr.
    parser.add_argument("--peers", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.seed is None:
        options.seed = os.environ.setdefault("SWIFTCR_BUILDS_SEED", str(random.randrange(100_000)))
    return options


def inside(options):
    # pylint: disable=import-outside-toplevel
    from builders import Docker, Swiftcr
    from generated import Generated
    docker = Docker(place.WORK)
    docker.start()
    subject = Docker(place.WORK, buildkit=False) if options.peers else Swiftcr(place.WORK, options.program)
    generated = Generated(place.WORK, subject, docker)
    numbers = [int(options.case)] if options.case else range(options.number)
    for number in numbers:
        generated.check(options.seed, number)
    return 0 if generated.report(len(numbers)) else 1


def main():
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # An exception, so that the sandbox is removed on this way out as well.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    sys.exit(place.run(lambda: inside(options)))


main()
