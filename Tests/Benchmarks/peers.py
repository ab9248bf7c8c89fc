"""The programs that are compared: how each unpacks an image from an OCI layout, and pulls one from a registry.

`place` is the fresh file system that all of it goes to. A peer that has a daemon starts it there, and stops it.
"""

import contextlib
import json
import os
import subprocess

from drivers import CONTAINERD, STORAGE
from tools import poll, write

REGISTRY = "127.0.0.1:5000"
ISAL = "/usr/lib/x86_64-linux-gnu/libisal.so.2"


class Peer:
    """One program in one setting. What it cannot do stays None."""

    unpack = pull = None
    reads = ("gzip", "zstd")

    def __init__(self, name, decompressor):
        self.name, self.decompressor = name, decompressor
        self.environment = dict(os.environ, LC_ALL="C")

    @contextlib.contextmanager
    def started(self, place):
        """Ready for commands; by default there is nothing to be started."""
        del place
        yield

    @contextlib.contextmanager
    def _daemon(self, place, command, answers):
        with open(os.path.join(place, command[0] + ".log"), "w") as log:
            daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        try:
            poll(f"{command[0]} answers", lambda: subprocess.run(
                answers, env=self.environment, capture_output=True).returncode == 0)
            yield
        finally:
            daemon.terminate()
            daemon.wait()


    def _containerd(self, place):
        config = os.path.join(place, "containerd.toml")
        write(config, CONTAINERD.format(work=place))
        return self._daemon(place, ["containerd", "-c", config], ["ctr", "-a", place + "/containerd.sock", "version"])


class Swiftcr(Peer):
    def __init__(self, program, form, place=None, isal=True):
        super().__init__(f"swiftcr, `{form}`", "ISA-L" if isal else "zlib")
        self.program, self.form, self.place, self.isal = program, form, place, isal
        self.environment["SWIFTCR_LAYERS"] = form

    def _command(self, place, *words):
        command = [self.program, "--store", os.path.join(place, "store"), *words]
        if self.isal:
            return command
        # In a mount namespace that has no such library.
        return ["unshare", "--mount", "sh", "-c", f'mount --bind /dev/null {ISAL}; exec "$@"', "sh", *command]

    def unpack(self, sample, place):
        return self._command(place, "load", "--quiet", "--input", sample.layout)

    def pull(self, sample, place):
        return self._command(place, "pull", "--quiet", f"{REGISTRY}/bench:{sample.name}")


class Umoci(Peer):
    reads = ("gzip",)

    def __init__(self):
        super().__init__("umoci", "Go, pgzip")

    def unpack(self, sample, place):
        return ["umoci", "unpack", "--image", sample.layout + ":latest", os.path.join(place, "bundle")]


class Podman(Peer):
    """containers-storage: skopeo fills it from a layout, podman from a registry."""

    def __init__(self):
        super().__init__("skopeo, podman", "Go, pgzip")

    @contextlib.contextmanager
    def started(self, place):
        path = os.path.join(place, "storage.conf")
        write(path, STORAGE.format(work=place))
        self.environment["CONTAINERS_STORAGE_CONF"] = path
        # Its temporary files are of the size of the image.
        os.mkdir(os.path.join(place, "tmp"))
        self.environment["TMPDIR"] = os.path.join(place, "tmp")
        yield

    def unpack(self, sample, place):
        del place
        return ["skopeo", "--insecure-policy", "copy", "-q", f"oci:{sample.layout}:latest",
                f"containers-storage:localhost/bench:{sample.name}"]

    def pull(self, sample, place):
        del place
        return ["podman", "pull", "-q", "--tls-verify=false", f"{REGISTRY}/bench:{sample.name}"]


class Containerd(Peer):
    def __init__(self, igzip):
        super().__init__("containerd", "igzip" if igzip else "Go")
        self.igzip = igzip

    @contextlib.contextmanager
    def started(self, place):
        programs = os.path.join(place, "bin")
        os.mkdir(programs)
        if self.igzip:
            self.environment["PATH"] = programs + ":" + os.environ["PATH"]
            os.symlink("/usr/bin/igzip", os.path.join(programs, "igzip"))
        with self._containerd(place):
            yield

    def pull(self, sample, place):
        return ["ctr", "-a", place + "/containerd.sock", "images", "pull", "--plain-http", f"{REGISTRY}/bench:{sample.name}"]


class Docker(Peer):
    reads = ("gzip",)

    def __init__(self):
        super().__init__("docker", "Go")

    @contextlib.contextmanager
    def started(self, place):
        socket = f"unix://{place}/docker.sock"
        self.environment |= {"DOCKER_HOST": socket, "DOCKER_CONFIG": place + "/client", "DOCKER_TMPDIR": place + "/tmp"}
        write(place + "/daemon.json", json.dumps({
            "data-root": place + "/data", "exec-root": place + "/exec", "pidfile": place + "/pid", "hosts": [socket],
            "containerd": place + "/containerd.sock", "storage-driver": "overlay2", "bridge": "none", "iptables": False}))
        with self._containerd(place), \
                self._daemon(place, ["dockerd", "--config-file", place + "/daemon.json"], ["/usr/bin/docker", "info"]):
            yield

    def pull(self, sample, place):
        del place
        return ["/usr/bin/docker", "pull", "-q", f"{REGISTRY}/bench:{sample.name}"]
