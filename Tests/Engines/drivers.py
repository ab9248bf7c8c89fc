"""How each engine is started and called. A driver gives the cases one shell function, `e`, and cleans up after each.

`work` is a directory of the engine's own, `runtime` the absolute path of the runtime, `image` the archive to load.
"""

import json
import os
import subprocess

import image as images
from sandbox import poll, write

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


class Driver:
    """One engine: its daemon, if it has one, and the preamble of its cases."""

    preamble = ""
    cleanup = ""

    def __init__(self, work, runtime):
        self.work, self.runtime = work, runtime
        self.environment = {**os.environ, "LC_ALL": "C", "IMAGE": images.NAME, "RUNTIME": runtime, "WORK": work,
                            "ARCHIVE": work + "/image.tar"}
        self.daemon = None

    def path(self, name):
        return os.path.join(self.work, name)

    def shell(self, script, seconds=60):
        """Runs a script with the preamble; gives status, stdout and stderr."""
        with subprocess.Popen(["bash", "-c", HELPERS + self.preamble + script], env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, errors="replace", start_new_session=True, cwd=self.work) as process:
            try:
                out, err = process.communicate(timeout=seconds)
                return process.returncode, out, err
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                return 124, "", f"still running after {seconds} s"

    def start(self):
        images.write(self.environment["ARCHIVE"])
        self.configure()
        status, _, err = self.shell(self.load)
        if status:
            raise RuntimeError(f"loading the image: {err.strip()}")

    def serve(self, *command):
        """Starts the daemon; it ends with the sandbox's PID namespace."""
        with open(self.path("daemon.log"), "w") as log:
            self.daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           env=self.environment)

    def answers(self, script):
        if self.daemon.poll() is not None:
            with open(self.path("daemon.log")) as log:
                raise RuntimeError("the daemon ended: " + log.read()[-1500:])
        return self.shell(script)[0] == 0


class Podman(Driver):
    preamble = 'CLI=podman; e() { podman "$@"; }\ncheck() { e healthcheck run box && echo healthy; }\n'
    load = 'e load -qi "$ARCHIVE"'
    cleanup = "e pod rm -af -t 0; e rm -af -t 0; e volume prune -f"

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
    cleanup = "e ps -aq | xargs -r /usr/bin/docker rm -f; e volume prune -f"

    def configure(self):
        socket = "unix://" + self.path("docker.sock")
        self.environment |= {"DOCKER_HOST": socket, "DOCKER_CONFIG": self.path("client"), "DOCKER_BUILDKIT": "0"}
        write(self.path("daemon.json"), json.dumps({
            "data-root": self.path("data"), "exec-root": self.path("exec"), "pidfile": self.path("pid"),
            "hosts": [socket], "storage-driver": "overlay2", "default-runtime": "tested",
            "runtimes": {"tested": {"path": self.runtime}}}))
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
        write(self.path("config.toml"), "version = 2\nroot = \"{0}/root\"\nstate = \"{0}/state\"\n"
              "disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n"
              "[grpc]\naddress = \"{0}/containerd.sock\"\n".format(self.work))
        self.serve("containerd", "-c", self.path("config.toml"))
        poll("containerd answers", lambda: self.answers("e version >/dev/null"))


# For the cases: `until_true COMMAND…` polls with a bound, `logged ID TEXT` waits for a line in the container's log.
HELPERS = """until_true() {
  local i
  for ((i = 0; i < 200; i++)); do if "$@" >/dev/null 2>&1; then return 0; fi; sleep 0.05; done
  echo "not so after 10 s: $*" >&2
  return 1
}
logged() { until_true eval "e logs $1 2>&1 | grep -q '$2'"; }
"""

DRIVERS = {"podman": Podman, "containerd": Containerd, "docker": Docker, "buildah": Buildah}
