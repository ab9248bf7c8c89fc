"""The programs that build, each with its daemon if it has one, and how an image comes out of it."""

import json
import os
import subprocess

from tools import poll, read, write

# The CLI of Debian's docker, not one that stands before it in the PATH.
DOCKER = "/usr/bin/docker"
# Of what a failed command said.
LINES = 15
# Of a store; it takes what is in it.
DISK = "8G"


class Failed(Exception):
    """A command that should have worked; its text is what it said."""


class Program:
    language = "plain"

    def __init__(self, work):
        self.work = work
        self.environment = dict(os.environ)

    def run(self, *command, seconds=300, **options):
        """What the command prints; standard error is only for when it fails."""
        try:
            done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, errors="replace", timeout=seconds, **options)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"{command[0]}: still running after {seconds} s") from late
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-LINES:])
            raise Failed(f"{' '.join(command)}\nexit code {done.returncode}: {said}")
        return done.stdout

    def path(self, name):
        return os.path.join(self.work, name)


class Docker(Program):
    """Debian's docker; its front end of BuildKit or the classic builder."""

    def __init__(self, work, buildkit=True):
        super().__init__(work)
        self.environment |= {"DOCKER_HOST": "unix://" + self.path("docker.sock"), "DOCKER_CONFIG": self.path("client"),
                             "DOCKER_BUILDKIT": "1" if buildkit else "0", "BUILDKIT_PROGRESS": "plain"}

    def start(self):
        write(self.path("containerd.toml"),
              f'version = 2\nroot = "{self.path("root")}"\nstate = "{self.path("state")}"\n'
              'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]\n'
              f'[grpc]\naddress = "{self.path("containerd.sock")}"\n')
        write(self.path("daemon.json"), json.dumps({
            "data-root": self.path("data"), "exec-root": self.path("exec"), "pidfile": self.path("pid"),
            "hosts": [self.environment["DOCKER_HOST"]], "containerd": self.path("containerd.sock"),
            "storage-driver": "overlay2", "bridge": "none", "iptables": False}))
        self._serve(["containerd", "-c", self.path("containerd.toml")],
                    ["ctr", "-a", self.path("containerd.sock"), "version"])
        self._serve(["dockerd", "--config-file", self.path("daemon.json")], [DOCKER, "info"])

    def _serve(self, command, answers):
        """Ends with the sandbox."""
        with open(self.path(command[0] + ".log"), "w") as log:
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        poll(f"{command[0]} answers", lambda: subprocess.run(
            answers, env=self.environment, capture_output=True).returncode == 0)

    def load(self, archive):
        self.run(DOCKER, "load", "-qi", archive)

    def load_files(self, archive, tag):
        self.run(DOCKER, "import", archive, tag)

    def build(self, tag, context, *arguments):
        # In the sandbox there is nothing but loopback.
        self.run(DOCKER, "build", "--network", "host", "-t", tag, *arguments, context)

    def output(self, tag):
        return self.run(DOCKER, "run", "--rm", "--network", "none", tag)

    def save(self, tag, archive):
        self.run(DOCKER, "save", "-o", archive, tag)

    def remove(self, tag):
        self.run(DOCKER, "rmi", "-f", tag)


class Swiftcr(Program):
    """Its store holds layers of one form, on an ext4: the kernel mounts no file of a tmpfs."""

    language = "modern"

    def __init__(self, work, program, form):
        super().__init__(work)
        self.form = form
        disk, place = self.path(f"{form}.disk"), self.path(form)
        os.mkdir(place)
        self.run("truncate", "--size", DISK, disk)
        self.run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", disk)
        self.run("mount", "-o", "loop", disk, place)
        self.environment["SWIFTCR_LAYERS"] = form
        self.command = [program, "--store", place + "/store", "--root", self.path("swiftcr-state")]

    def load(self, archive):
        self.run(*self.command, "load", "--quiet", "--input", archive)

    def load_files(self, archive, tag):
        """An image of one layer."""
        self.run(*self.command, "import", archive, tag)

    def build(self, tag, context, *arguments):
        """Twice: what the cache gives is the same image."""
        ids = []
        for file in (self.path("id"), self.path("id-again")):
            self.run(*self.command, "build", "--network", "host", "--tag", tag, "--iidfile", file, *arguments, context)
            ids.append(read(file))
        if ids[0] != ids[1]:
            raise Failed(f"built again, it is {ids[1]} and not {ids[0]}")

    def save(self, tag, archive):
        self.run(*self.command, "save", "--output", archive, tag)

    def output(self, tag):
        return self.run(*self.command, "run", "--rm", "--image", tag)

    def remove(self, tag):
        self.run(*self.command, "rmi", tag)


class Podman(Program):
    """What runs an image once more."""

    def __init__(self, work):
        super().__init__(work)
        write(self.path("storage.conf"),
              f'[storage]\ndriver="overlay"\nrunroot="{work}/podman-run"\ngraphroot="{work}/podman-storage"\n')
        # Without CAP_SYS_RESOURCE podman's own default limits are above what may be set.
        write(self.path("containers.conf"),
              '[containers]\ndefault_ulimits=["nofile=20000:20000","nproc=32768:32768"]\n'
              '[engine]\ncgroup_manager="cgroupfs"\nevents_logger="file"\nruntime="crun"\n')
        self.environment |= {"CONTAINERS_STORAGE_CONF": self.path("storage.conf"),
                             "CONTAINERS_CONF": self.path("containers.conf")}

    def load(self, archive):
        self.run("podman", "load", "-qi", archive)

    def output(self, tag):
        return self.run("podman", "run", "--rm", "--network", "none", "--pull", "never", tag)

    def remove(self, tag):
        self.run("podman", "rmi", "-f", tag)
