"""Dockerfiles built by swiftcr: generated ones, whose images must equal docker's, and real-world kinds."""

import argparse
import os
import random
import signal
import sys

import place
from kinds import KINDS

# A case is one of these by name, or a generated one by number.
NAMES = [kind.name for kind in KINDS]
WHOLE = 100


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/builds", description="Dockerfiles built by swiftcr and by docker.")
    parser.add_argument("number", nargs="?", type=int, default=WHOLE,
                        help=f"how many generated Dockerfiles (default: {WHOLE}); with less than {WHOLE}, the kinds "
                        "that need Debian's files are left out")
    parser.add_argument("--seed", help="what they are generated from (default: another one each time)")
    parser.add_argument("--case", help="only the generated one of this number, or only this kind: " + ", ".join(NAMES))
    # The plain texts and docker's own two builders.
    parser.add_argument("--peers", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case and options.case not in NAMES and not options.case.isdigit():
        parser.error(f"no case {options.case}")
    if options.seed is None:
        # The program starts itself once more.
        options.seed = os.environ.setdefault("SWIFTCR_BUILDS_SEED", str(random.randrange(100_000)))
    return options


def chosen(options):
    """The numbers and the kinds that are to be tried."""
    if options.case:
        return ([int(options.case)], []) if options.case.isdigit() else ([], [KINDS[NAMES.index(options.case)]])
    return range(options.number), [kind for kind in KINDS if options.number >= WHOLE or not kind.needs_debian]


def inside(options):
    # pylint: disable=import-outside-toplevel
    import debian
    import image
    from builders import Docker, Podman, Swiftcr
    from generated import Generated
    from kinds import Kinds
    numbers, kinds = chosen(options)
    archive = os.path.join(place.WORK, "base.tar")
    image.write(archive)
    docker = Docker(place.WORK)
    if options.peers or numbers:
        docker.start()
        docker.load(archive)
    if options.peers:
        subjects = [Docker(place.WORK, buildkit=False)]
    else:
        subjects = [Swiftcr(place.WORK, os.environ["SWIFTCR"], form) for form in ("erofs", "dir")]
        for subject in subjects:
            subject.load(archive)
    passed, failed, fine = 0, 0, True
    if numbers:
        generated = Generated(place.WORK, subjects, docker)
        for number in numbers:
            generated.check(options.seed, number)
        fine = generated.report(len(numbers))
        failed += len(generated.failed)
        passed += len(numbers) - failed
    if kinds:
        if any(kind.needs_debian for kind in kinds):
            subjects[0].load_files(debian.archive(), debian.TAG)
        tried = Kinds(place.WORK, subjects[0], Podman(place.WORK))
        for kind in kinds:
            tried.check(kind)
        fine = tried.report() and fine
        failed += len(tried.failed)
        passed += len(tried.passed)
    print(f"{passed} passed, {failed} failed")
    return 0 if fine else 1


def main():
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # An exception, so that the sandbox is removed on this way out as well.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    if not place.WORK and any(kind.needs_debian for kind in chosen(options)[1]):
        # The sandbox reaches no network.
        import debian  # pylint: disable=import-outside-toplevel
        debian.archive()
    sys.exit(place.run(lambda: inside(options)))


main()
