"""containerd as a node of a cluster: its CRI plugin, CNI's bridge, and a runtime handler for the tested runtime."""

import contextlib
import glob
import json
import os
import re
import shutil

import cgroups
import grpc
import image as images
from driver import Driver, Skipped
from tools import poll, write

from cri.pod import Pod
from cri.service import Service

PAUSE = "localhost/pause:latest"
ROOT = "/run/containerd/runc/k8s.io"
# Without CAP_SYS_RESOURCE no score can be lower than containerd's own.
CONFIG = """version = 2
root = "{work}/root"
state = "{work}/state"
[grpc]
address = "{work}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "{work}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{work}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "runc"
"""
HANDLER = """[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.{name}]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.{name}.options]
BinaryName = "{path}"
"""
NETWORK = {
    "cniVersion": "0.4.0", "name": "pods",
    "plugins": [{
        "type": "bridge", "bridge": "cni0", "isGateway": True,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.0.0/16"}]], "routes": [{"dst": "0.0.0.0/0"}]},
    }],
}


class Cri(Driver):
    """What a check gets: `pod` makes a pod with the tested runtime's handler, `call` is any other request."""

    preamble = 'e() { ctr -a "$WORK/containerd.sock" -n k8s.io "$@"; }\n'
    load = 'e image import "$ARCHIVE" && e image import "$WORK/pause.tar"'

    def configure(self):
        self.handler = os.path.basename(self.runtime)
        images.write(self.path("pause.tar"), PAUSE, ("tail", "-f", "/dev/null"))
        os.mkdir(self.path("cni"))
        write(self.path("cni/pods.conflist"), json.dumps(NETWORK))
        handlers = {"runc": shutil.which("runc"), self.handler: self.runtime}
        write(self.path("config.toml"), CONFIG.format(work=self.work, pause=PAUSE)
              + "".join(HANDLER.format(name=name, path=path) for name, path in handlers.items()))
        cgroups.make_parents("kubepods")
        self.start_containerd()

    def start_containerd(self):
        self.serve("containerd", "-c", self.path("config.toml"))
        poll("containerd answers", lambda: self.answers("e version >/dev/null"))
        self.service = Service(self.path("containerd.sock"))
        poll("its CRI plugin answers", self._ready)

    def kill_containerd(self):
        self.service.close()
        self.daemon.kill()
        self.daemon.wait()

    def call(self, method, **fields):
        return self.service.call(method, **fields)

    def pod(self, **options):
        return Pod(self, options.pop("handler", self.handler), **options)

    def holds(self, path):
        """Whether containerd has this file open."""
        descriptors = f"/proc/{self.daemon.pid}/fd"
        for name in os.listdir(descriptors):
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(os.path.join(descriptors, name)) == path:
                    return True
        return False

    def needs(self, *version):
        """Skips the check with an older containerd, given as major and minor."""
        if self.version() < version:
            found, wanted = (".".join(map(str, each)) for each in (self.version(), version))
            raise Skipped(f"containerd {found} has not got it, {wanted} has")

    def version(self):
        """containerd's major and minor."""
        return tuple(int(part) for part in re.findall(r"\d+", self.call("Version").runtime_version)[:2])

    def directory(self, name):
        """A directory on the node, for a volume."""
        os.makedirs(self.path(name), exist_ok=True)
        return self.path(name)

    def verdict(self, case):
        """None if the check held and nothing is left of its pods, else what is wrong."""
        before = self.traces()
        try:
            case.function(self)
            why = None
        except Skipped:
            raise
        except grpc.RpcError as error:
            why = f"{error.code().name}: {error.details()}"
        except Exception as error:  # a check may fail in any way; the next one must run all the same
            why = f"{type(error).__name__}: {error}"
        if self.daemon.poll() is not None:
            self.start_containerd()
        try:
            self.remove_pods()
            poll("nothing is left", lambda: not self.traces() - before)
        except (grpc.RpcError, TimeoutError) as error:
            why = why or f"left over: {sorted(self.traces() - before)}: {error}"
        return why and why[-400:]

    def remove_pods(self):
        for pod in self.call("ListPodSandbox").items:
            self.call("StopPodSandbox", id=pod.id)
            self.call("RemovePodSandbox", id=pod.id)

    def traces(self):
        """What pods could leave: mounts, cgroups, processes, network links, the runtime's and the shims' state."""
        with open("/proc/self/mountinfo") as lines:
            found = {"mount " + line.split()[4] for line in lines}
        found |= {"cgroup " + path for path, _, _ in os.walk("/sys/fs/cgroup")}
        found |= {"process " + _name(path) for path in glob.glob("/proc/[0-9]*") if path != f"/proc/{self.daemon.pid}"}
        found |= {"link " + name for name in os.listdir("/sys/class/net") if name.startswith("veth")}
        found |= {"state " + path for path in glob.glob(ROOT + "/*") + glob.glob("/run/containerd/s/*")}
        return found

    def _ready(self):
        try:
            return self.call("Status") is not None
        except grpc.RpcError:
            return False


def _name(path):
    try:
        with open(path + "/comm") as file:
            return os.path.basename(path) + " " + file.read().strip()
    except OSError:
        return "that ended"
