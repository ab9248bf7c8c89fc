"""How each engine is started and called. A driver gives the cases one shell function, `e`, and cleans up after each."""

import json
import os

from cri.node import Cri
from driver import Driver
from tools import poll, write

STORAGE = '[storage]\ndriver="overlay"\nrunroot="{work}/run"\ngraphroot="{work}/storage"\n'
# Without CAP_SYS_RESOURCE podman's own default limits are above what may be set.
CONTAINERS = """[containers]
default_ulimits=["nofile=20000:20000","nproc=32768:32768"]
init_path="/usr/bin/tini-static"
[engine]
cgroup_manager="cgroupfs"
events_logger="file"
runtime="tested"
[engine.runtimes]
tested=["{runtime}"]
[network]
network_backend="netavark"
network_config_dir="{work}/networks"
"""
# Kubernetes' part of it is a driver of its own.
CONTAINERD = """version = 2
root = "{work}/root"
state = "{work}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "{work}/containerd.sock"
"""


def serve_containerd(driver):
    write(driver.path("config.toml"), CONTAINERD.format(work=driver.work))
    driver.serve("containerd", "-c", driver.path("config.toml"))
    poll("containerd answers", lambda: driver.answers('ctr -a "$WORK/containerd.sock" version >/dev/null'))


class Podman(Driver):
    preamble = 'CLI=podman; e() { podman "$@"; }\ncheck() { e healthcheck run box && echo healthy; }\n'
    load = 'e load -qi "$ARCHIVE"'
    cleanup = 'test -z "$(e ps -aq)" || { e pod rm -af -t 0; e rm -af -t 0; }'

    def configure(self):
        write(self.path("storage.conf"), STORAGE.format(work=self.work))
        write(self.path("containers.conf"), CONTAINERS.format(work=self.work, runtime=self.runtime))
        self.environment |= {"CONTAINERS_STORAGE_CONF": self.path("storage.conf"),
                             "CONTAINERS_CONF": self.path("containers.conf")}


class Buildah(Podman):
    preamble = """e() { buildah "$@"; }
in_container() { e run --isolation oci --runtime "$RUNTIME" --network none "$@"; }
bud() { e bud --isolation oci --runtime "$RUNTIME" --network none "$@"; }
C=$(buildah from --pull-never "$IMAGE" 2>/dev/null)
"""
    load = 'e pull -q "docker-archive:$ARCHIVE"'
    cleanup = "e rm --all"


class Docker(Driver):
    preamble = """CLI=/usr/bin/docker; e() { /usr/bin/docker "$@"; }
check() { until_true eval 'e inspect -f "{{.State.Health.Status}}" box | grep -x healthy' && echo healthy; }
"""
    load = 'e load -qi "$ARCHIVE"'
    cleanup = "e ps -aq | xargs -r /usr/bin/docker rm -f"

    def configure(self):
        socket = "unix://" + self.path("docker.sock")
        # dockerd gives one of its own 15 seconds to start, which is not much on an emulated processor.
        serve_containerd(self)
        self.environment |= {"DOCKER_HOST": socket, "DOCKER_CONFIG": self.path("client"), "DOCKER_BUILDKIT": "0"}
        write(self.path("daemon.json"), json.dumps({
            "data-root": self.path("data"), "exec-root": self.path("exec"), "pidfile": self.path("pid"),
            "hosts": [socket], "containerd": self.path("containerd.sock"), "storage-driver": "overlay2",
            "default-runtime": "tested", "runtimes": {"tested": {"path": self.runtime}}}))
        self.serve("dockerd", "--config-file", self.path("daemon.json"))
        poll("dockerd answers", lambda: self.answers("e info >/dev/null"))


class Containerd(Driver):
    preamble = """e() { ctr -a "$WORK/containerd.sock" "$@"; }
status() { e task ls | awk -v id="$1" '$1 == id { print $3 }'; }
"""
    load = 'e image import "$ARCHIVE"'
    cleanup = "for c in $(e task ls -q); do e task rm -f $c; done; for c in $(e c ls -q); do e c rm $c; done"

    def configure(self):
        # ctr drops --runc-binary beside some options: the shim finds the tested runtime by the name that it looks for.
        os.mkdir(self.path("bin"))
        os.symlink(self.runtime, self.path("bin/runc"))
        self.environment["PATH"] = self.path("bin") + ":" + self.environment["PATH"]
        serve_containerd(self)


DRIVERS = {"podman": Podman, "containerd": Containerd, "docker": Docker, "buildah": Buildah, "cri": Cri}
