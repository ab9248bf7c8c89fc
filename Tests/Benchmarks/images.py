"""Measures how long it takes to unpack and to pull an image, and prints the tables.

    images.py PROGRAM FLOOR ROUNDS [SAMPLE…]
"""

import os
import statistics
import subprocess
import sys
import time

import sandboxed
from sandboxed import WORK

# pylint: disable=wrong-import-order
import places
from peers import ISAL, REGISTRY, Containerd, Docker, Podman, Swiftcr, Umoci
from sample import samples
from tools import poll, write

CACHE = "/var/cache/swiftcr-bench"


def make_samples():
    for sample in samples(CACHE):
        print(f"image {sample.name}: {sample.facts()['entries']} entries", file=sys.stderr)


def inside():
    program, floor, rounds, *names = sys.argv[1:]
    chosen = [sample for sample in samples(CACHE) if not names or sample.name in names]
    peers = [Swiftcr(program, "erofs"), Swiftcr(program, "dir"), Swiftcr(program, "erofs", isal=False),
             Swiftcr(program, "dir", isal=False), Umoci(), Podman(), Containerd(False), Containerd(True), Docker()]
    with Registry(chosen):
        results = {}
        for place in places.PLACES:
            for number in range(int(rounds)):
                for sample in chosen:
                    for peer in peers if number % 2 == 0 else reversed(peers):
                        for what in ("unpack", "pull"):
                            if getattr(peer, what) and sample.compression in peer.reads:
                                key = place, what, sample.name, peer.name, peer.decompressor
                                results.setdefault(key, []).append(measure(peer, what, sample, place))
        report(chosen, peers, results, {sample.name: floors(floor, sample) for sample in chosen})


def measure(peer, what, sample, place):
    """Seconds until the command ends, seconds until it is on the disk as well, and its peak memory in MiB."""
    # The kernel reads no layer file on a tmpfs.
    make = places.ram_ext4 if place == "tmpfs" and getattr(peer, "form", "") == "erofs" else places.PLACES[place]
    with make() as directory, peer.started(directory):
        command = getattr(peer, what)(sample, directory)
        warm(sample)
        os.sync()
        started = time.monotonic()
        with open(os.path.join(WORK, "output"), "w+") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       env=peer.environment)
            _, status, usage = os.wait4(process.pid, 0)
            taken = time.monotonic() - started
            if status:
                output.seek(0)
                raise RuntimeError(f"{command}: {output.read()[-2000:]}")
        os.sync()
        synced = time.monotonic() - started
    print(f"{place} {what} {sample.name} {peer.name} ({peer.decompressor}): {taken:.2f} {synced:.2f} s, "
          f"{usage.ru_utime + usage.ru_stime:.2f} s CPU, {usage.ru_maxrss >> 10} MiB", file=sys.stderr)
    return taken, synced, usage.ru_maxrss / 1024


def warm(sample):
    """The blobs are in the page cache, whichever program reads them first."""
    for blob in sample.facts()["blobs"]:
        with open(os.path.join(sample.layout, "blobs/sha256", blob), "rb") as file:
            while file.read(1 << 22):
                pass


def floors(program, sample):
    """Seconds on all processors, with ISA-L and without: the least of three."""
    blobs = [os.path.join(sample.layout, "blobs/sha256", blob) for blob in sample.facts()["blobs"]]
    hidden = ["unshare", "--mount", "sh", "-c", f'mount --bind /dev/null {ISAL}; exec "$@"', "sh"]

    def least(prefix):
        return min(float(subprocess.run([*prefix, program, *blobs], capture_output=True, check=True).stdout)
                   for _ in range(3)) / os.cpu_count()
    return {"ISA-L": least([]), "zlib": least(hidden)}


class Registry:
    """A registry with the images in it, as long as the body runs."""

    def __init__(self, chosen):
        self.chosen = chosen

    def __enter__(self):
        config = os.path.join(WORK, "registry.yml")
        write(config, f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {WORK}/registry}}}}\n"
              f"http: {{addr: '{REGISTRY}'}}\n")
        with open(os.path.join(WORK, "registry.log"), "w") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", config], stdout=log, stderr=log)
        poll("the registry answers", lambda: subprocess.run(
            ["curl", "-fs", f"http://{REGISTRY}/v2/"], capture_output=True).returncode == 0)
        for sample in self.chosen:
            subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false",
                            f"oci:{sample.layout}:latest", f"docker://{REGISTRY}/bench:{sample.name}"], check=True)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def report(chosen, peers, results, floor):
    for sample in chosen:
        facts = sample.facts()
        print(f"\n### {sample.layers} layers, {sample.compression}\n")
        print(f"{facts['bytes'] / 1e9:.2f} GB in {facts['entries']} entries, {facts['compressed'] / 1e6:.0f} MB "
              f"compressed. Floor: {floor[sample.name]['ISA-L']:.2f} s"
              + (f" with ISA-L, {floor[sample.name]['zlib']:.2f} s with zlib" if sample.compression == "gzip" else "")
              + ".\n")
        columns = [(place, what) for what in ("unpack", "pull") for place in places.PLACES]
        print("| | decompressor | " + " | ".join(f"{what}, {place}" for place, what in columns) + " | memory, MiB |")
        print("|---|---|" + "---:|" * (len(columns) + 1))
        for peer in peers:
            is_twin = sample.compression != "gzip" and peer.decompressor in ("zlib", "igzip")
            if is_twin or sample.compression not in peer.reads:
                continue
            cells = [cell(results.get((place, what, sample.name, peer.name, peer.decompressor)), place)
                     for place, what in columns]
            memory = [entry[2] for place, what in columns
                      for entry in results.get((place, what, sample.name, peer.name, peer.decompressor), [])]
            decompressor = peer.decompressor if sample.compression == "gzip" else "zstd"
            shown = f"{max(memory):.0f}" if memory and not isinstance(peer, (Docker, Containerd)) else "daemon"
            print(f"| {peer.name} | {decompressor} | " + " | ".join(cells) + f" | {shown} |")


def cell(entries, place):
    if not entries:
        return "–"
    taken, synced = (statistics.median(entry[index] for entry in entries) for index in (0, 1))
    return f"{taken:.2f}" + (f" ({synced:.2f})" if place == "ext4" else "")


if __name__ == "__main__":
    sys.exit(sandboxed.run(make_samples, inside))
