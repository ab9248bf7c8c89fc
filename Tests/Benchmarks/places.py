"""Where images are unpacked: a fresh file system each time.

ext4 spends most of its time in its inode allocator when files are made soon after many were removed, so a file system
that was used before measures its own past.
"""

import contextlib
import os
import subprocess
import tempfile

from sandboxed import WORK
from tools import run

SIZE = "12G"


@contextlib.contextmanager
def tmpfs():
    with _mounted("-t", "tmpfs", "-o", f"size={SIZE}", "bench") as place:
        yield place


@contextlib.contextmanager
def ext4():
    """On the disk that has /var/tmp, around its page cache: else all would be written twice."""
    with tempfile.NamedTemporaryFile(prefix="swiftcr-bench.", dir="/var/tmp") as image:
        run("fallocate", "--length", SIZE, image.name)
        with _loop(image.name, "--direct-io=on", "--sector-size", "4096") as place:
            yield place


@contextlib.contextmanager
def ram_ext4():
    """On memory: for layer files, which the kernel does not read from a tmpfs."""
    with tempfile.NamedTemporaryFile(prefix="image.", dir=WORK) as image:
        run("truncate", "--size", SIZE, image.name)
        with _loop(image.name) as place:
            yield place


@contextlib.contextmanager
def _loop(image, *options):
    device = subprocess.run(["losetup", "--find", "--show", *options, image], capture_output=True, text=True,
                            check=True).stdout.strip()
    try:
        run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", device)
        with _mounted(device) as place:
            yield place
    finally:
        run("losetup", "--detach", device)


@contextlib.contextmanager
def _mounted(*options):
    place = tempfile.mkdtemp(prefix="place.", dir=WORK)
    run("mount", *options, place)
    try:
        yield place
    finally:
        # What an engine has mounted below goes as well.
        run("umount", "--recursive", place)
        os.rmdir(place)


PLACES = {"tmpfs": tmpfs, "ext4": ext4}
