"""Measures what a stored image costs: starting a container of it, and removing a layer of 30,000 files.

    store.py PROGRAM ROUNDS
"""

import io
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import time

import sandboxed
from sandboxed import WORK

# pylint: disable=wrong-import-order
import places

FILES = 30_000


def inside():
    program, rounds = sys.argv[1], int(sys.argv[2])
    print("| | erofs | dir |\n|---|---:|---:|")
    rows = {"`run --image`, ms": [], "`run --bundle` of the same image, ms": [],
            f"`rmi` of a layer of {FILES} files, ms": []}
    for form in ("erofs", "dir"):
        with places.ext4() as directory:
            tool = Tool(program, form, directory)
            for row, value in zip(rows, [*tool.starts(rounds), tool.removal(max(rounds // 6, 3))]):
                rows[row].append(f"{value * 1000:.1f}")
    for row, values in rows.items():
        print(f"| {row} | " + " | ".join(values) + " |")


class Tool:
    """swiftcr with a store of its own, and images in it."""

    def __init__(self, program, form, directory):
        self.base = [program, "--store", os.path.join(directory, "store"), "--root", os.path.join(WORK, "state")]
        self.environment = {**os.environ, "SWIFTCR_LAYERS": form}
        self.directory = directory

    def run(self, *words):
        """Seconds that a command takes."""
        started = time.monotonic()
        subprocess.run([*self.base, *words], env=self.environment, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - started

    def starts(self, rounds):
        archive = os.path.join(self.directory, "box.tar")
        with tarfile.open(archive, "w") as tar:
            tar.add(shutil.which("busybox"), "bin/busybox")
        self.run("import", "--change", 'CMD ["/bin/busybox", "true"]', archive, "box")
        bundle = os.path.join(self.directory, "bundle")
        self.run("bundle", "box", bundle)
        times = [], []
        for number in range(rounds):
            times[0].append(self.run("run", "--rm", "--image", "box"))
            times[1].append(self.run("run", "--bundle", bundle, f"box-{number}"))
        return [statistics.median(values) for values in times]

    def removal(self, rounds):
        archive = os.path.join(self.directory, "many.tar")
        with tarfile.open(archive, "w") as tar:
            for number in range(FILES):
                entry = tarfile.TarInfo(f"d{number % 300}/file{number}")
                entry.size = 1000
                tar.addfile(entry, io.BytesIO(bytes(1000)))
        times = []
        for _ in range(rounds):
            self.run("import", archive, "many")
            times.append(self.run("rmi", "many"))
        return statistics.median(times)


if __name__ == "__main__":
    sys.exit(sandboxed.run(lambda: None, inside))
