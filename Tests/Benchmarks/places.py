"""Where images are unpacked: a fresh file system each time.

ext4 spends most of its time in its inode allocator when files are made soon after many were removed, so a file system
that was used before measures its own past.
"""

import contextlib
import os
import tempfile

from tools import run

SIZE = "12G"


@contextlib.contextmanager
def tmpfs(work):
    with _mounted(work, "-t", "tmpfs", "-o", f"size={SIZE}", "bench") as place:
        yield place


def ext4(work):
    """On the disk that has /var/tmp."""
    return _loop(work, "/var/tmp")


def ram_ext4(work):
    """On memory: for layer files, which the kernel does not read from a tmpfs."""
    return _loop(work, work)


@contextlib.contextmanager
def _loop(work, directory):
    with tempfile.NamedTemporaryFile(prefix="swiftcr-bench.", dir=directory) as image:
        run("truncate", "--size", SIZE, image.name)
        run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image.name)
        with _mounted(work, "-o", "loop", image.name) as place:
            yield place


@contextlib.contextmanager
def _mounted(work, *options):
    place = tempfile.mkdtemp(prefix="place.", dir=work)
    run("mount", *options, place)
    try:
        yield place
    finally:
        # What an engine has mounted below goes as well.
        run("umount", "--recursive", place)
        os.rmdir(place)


PLACES = {"tmpfs": tmpfs, "ext4": ext4}
