"""Images to measure with: about 2 GB of Debian's own packages, in 3 or 12 layers, gzip or zstd, as OCI layouts.

Made once and kept in a cache directory; the same packages give the same archives.
"""

import hashlib
import json
import os
import shutil
import subprocess

from tools import run, write

# One group is one layer of twelve; four are one of three.
GROUPS = [
    "base-files busybox-static bash coreutils dash libc6 libtinfo6 tzdata",
    "perl perl-modules-5.36 libperl5.36 git",
    "python3.11 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib python3-numpy python3-sympy",
    "gcc-12 cpp-12 libgcc-12-dev libstdc++-12-dev binutils-x86-64-linux-gnu",
    "golang-1.19-src",
    "golang-1.19-go",
    "openjdk-17-jdk-headless openjdk-17-jre-headless",
    "libllvm14 llvm-14 llvm-14-dev",
    "libboost1.74-dev libicu72 libicu-dev",
    "breeze-icon-theme libreoffice-core libreoffice-common",
    "rustc libstd-rust-1.63 libstd-rust-dev",
    "libwebkit2gtk-4.0-37 libjavascriptcoregtk-4.0-18 texlive-base texlive-latex-base",
]
COMPRESSORS = {"gzip": ["gzip", "-6", "-n"], "zstd": ["zstd", "-3", "-q"]}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Sample:
    """One image, in an OCI layout of its own, named `latest`."""

    def __init__(self, layers, compression, cache):
        self.layers, self.compression = layers, compression
        self.name = f"{layers}-{compression}"
        self.layout = os.path.join(cache, self.name)

    def facts(self):
        with open(os.path.join(self.layout, "facts.json")) as file:
            return json.load(file)


def samples(cache):
    """All four, made if they are not there."""
    os.makedirs(cache, exist_ok=True)
    all_samples = [Sample(layers, compression, cache) for layers in (3, 12) for compression in COMPRESSORS]
    for layers in (3, 12):
        missing = [sample for sample in all_samples
                   if sample.layers == layers and not os.path.exists(sample.layout + "/facts.json")]
        if missing:
            _make(layers, missing, os.path.join(cache, "making"))
    return all_samples


def _make(layers, wanted, work):
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    size = len(GROUPS) // layers
    archives = [_archive(GROUPS[start:start + size], os.path.join(work, str(start)))
                for start in range(0, len(GROUPS), size)]
    for sample in wanted:
        _write_layout(sample, archives)
    shutil.rmtree(work)


def _archive(groups, work):
    """The packages' files as one archive, in the order of their names."""
    root = os.path.join(work, "root")
    os.makedirs(root)
    packages = " ".join(groups).split()
    subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *packages], cwd=work, check=True)
    for name in sorted(os.listdir(work)):
        if name.endswith(".deb"):
            run("dpkg-deb", "--extract", os.path.join(work, name), root)
            os.unlink(os.path.join(work, name))
    run("tar", "--create", "--file", work + ".tar", "--sort=name", "--numeric-owner", "--format=pax",
        "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime", "--directory", root, ".")
    shutil.rmtree(work)
    return work + ".tar"


def _write_layout(sample, archives):
    blobs = os.path.join(sample.layout, "blobs/sha256")
    shutil.rmtree(sample.layout, ignore_errors=True)
    os.makedirs(blobs)
    layers, diff_ids, entries, size = [], [], 0, 0
    for archive in archives:
        path = os.path.join(blobs, "new")
        with open(path, "wb") as file:
            subprocess.run([*COMPRESSORS[sample.compression], "--stdout", archive], stdout=file, check=True)
        layers.append(_adopt(path, blobs, f"application/vnd.oci.image.layer.v1.tar+{sample.compression}"))
        diff_ids.append(_digest(archive))
        size += os.path.getsize(archive)
        listing = subprocess.run(["tar", "--list", "--file", archive], capture_output=True, check=True).stdout
        entries += listing.count(b"\n")
    config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/busybox", "true"]},
              "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers,
                "config": _store(config, blobs, "application/vnd.oci.image.config.v1+json")}
    entry = _store(manifest, blobs, MANIFEST) | {"annotations": {"org.opencontainers.image.ref.name": "latest"}}
    write(sample.layout + "/oci-layout", '{"imageLayoutVersion":"1.0.0"}')
    write(sample.layout + "/index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    write(sample.layout + "/facts.json", json.dumps({
        "bytes": size, "entries": entries, "compressed": sum(layer["size"] for layer in layers),
        "blobs": [layer["digest"].removeprefix("sha256:") for layer in layers]}))


def _store(document, blobs, media_type):
    path = os.path.join(blobs, "new")
    write(path, json.dumps(document))
    return _adopt(path, blobs, media_type)


def _adopt(path, blobs, media_type):
    digest = _digest(path)
    size = os.path.getsize(path)
    os.rename(path, os.path.join(blobs, digest.removeprefix("sha256:")))
    return {"mediaType": media_type, "digest": digest, "size": size}


def _digest(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return "sha256:" + digest.hexdigest()
