"""A place of its own for one engine: namespaces, cgroups and directories that all go with one process.

Outside, `start` and `remove` make and remove it. Inside, `enter` mounts what has to be private. The engine's processes
cannot outlive the PID namespace, its files are on tmpfs in the mount namespace, its cgroups are below one of ours.
"""

import contextlib
import os
import subprocess

from cgroups import ROOT, fill_cpuset, give_controllers, hierarchies, is_unified, mount_point
from tools import poll, run, write

# Where engines and runtimes keep things by default, also those that no option moves.
PRIVATE = ["/run", "/dev/shm", "/tmp", "/var/lib/containers", "/var/lib/cni", "/var/lib/docker", "/var/lib/containerd",
           "/var/lib/swiftcr", "/etc/cni", "/etc/docker"]
NAMESPACES = ["--mount", "--net", "--pid", "--ipc", "--uts"]
# cgroup v2: what gives controllers to others has no processes itself. The namespace's root is where the first unshare
# was; from there on everybody is in a cgroup below it.
LEAVE = 'for group; do shift; [ "$group" = -- ] && break; echo 0 >"$group/cgroup.procs"; done; exec "$@"'


class Sandbox:
    """The host's side: a cgroup in every hierarchy, and the process that holds the namespaces."""

    def __init__(self):
        self.groups = []
        self.leaves = []
        self.process = None

    def start(self, command, **options):
        """Runs `command` in new namespaces, below tini, which reaps what engines orphan."""
        self._make_groups()
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--cgroup", "sh", "-c", LEAVE, "sh", *self.leaves, "--",
             "unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc", "tini", "-s", "--", *command],
            preexec_fn=self._join_groups, **options)
        return self.process

    def remove(self):
        """Ends what still runs, and removes the cgroups."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for group in self.groups:
            poll(f"removing {group}", lambda: _remove_tree(group))

    def _make_groups(self):
        for controllers, path in hierarchies():
            # Beside our own on v2, which has processes and so gives nothing.
            path = path if controllers else os.path.dirname(path)
            group = os.path.join(mount_point(controllers), path.lstrip("/"), f"swiftcr-engines-{os.getpid()}")
            os.mkdir(group)
            self.groups.append(group)
            if not controllers:
                self.leaves.append(os.path.join(group, "engine"))
                os.mkdir(self.leaves[-1])
            if controllers == "cpuset":
                fill_cpuset(group)
                # Engines expect to find it so in cgroups of theirs.
                write(os.path.join(group, "cgroup.clone_children"), "1")

    def _join_groups(self):
        for group in self.groups:
            write(os.path.join(group, "cgroup.procs"), "0")


def enter(work):
    """The inside: private directories, cgroup v2 or the v1 hierarchies alone (crun refuses hybrid ones), loopback."""
    run("mount", "--make-rprivate", "/")
    os.makedirs(work, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "mode=0755", "engines", work)
    for path in ["/etc", "/var/lib"]:
        _cover(path, os.path.join(work, "covers" + path))
    for path in PRIVATE:
        os.makedirs(path, exist_ok=True)
        run("mount", "-t", "tmpfs", "-o", "mode=1777" if path in ("/tmp", "/dev/shm") else "mode=0755", "engines", path)
    _mount_cgroups()
    run("ip", "link", "set", "lo", "up")


def _mount_cgroups():
    if is_unified():
        run("umount", ROOT)
        run("mount", "-t", "cgroup2", "cgroup2", ROOT)
        give_controllers(ROOT)
        return
    run("mount", "-t", "tmpfs", "-o", "mode=0755", "cgroup", ROOT)
    for controllers, _ in hierarchies():
        path = mount_point(controllers)
        os.mkdir(path)
        run("mount", "-t", "cgroup", "-o", "none," + controllers if "=" in controllers else controllers, "cgroup", path)


def _cover(path, changes):
    """An overlay: directories that are missing can be made there, and the host does not see it."""
    upper, scratch = os.path.join(changes, "upper"), os.path.join(changes, "scratch")
    os.makedirs(upper)
    os.makedirs(scratch)
    run("mount", "-t", "overlay", "-o", f"lowerdir={path},upperdir={upper},workdir={scratch}", "engines", path)


def _remove_tree(group):
    for path, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(path)
    return not os.path.exists(group)
