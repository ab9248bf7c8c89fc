"""Debian's files with a compiler and pip, for the kinds that build on them: made once, kept in a cache directory."""

import os
import subprocess

CACHE = "/var/cache/swiftcr-builds"
TAG = "localhost/debian"
SUITE = "bookworm"
PACKAGES = "gcc,libc6-dev,python3-pip"
# Nobody reads them here.
EXCLUDED = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*"]


def archive():
    path = os.path.join(CACHE, f"{SUITE}-{PACKAGES}.tar")
    if not os.path.exists(path):
        print("making Debian's files, which takes two minutes and is kept", flush=True)
        os.makedirs(CACHE, exist_ok=True)
        new = path + ".new.tar"
        subprocess.run(["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--include=" + PACKAGES,
                        *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED), SUITE, new], check=True)
        os.rename(new, path)
    return path
