"""Cgroups of either version: where they are, how a parent is made, and what a limit is called."""

import math
import os

from tools import read, write

ROOT = "/sys/fs/cgroup"
# Of v1 a file; of v2 a file, and which of its words.
LIMITS = {
    "memory": ("memory/{}/memory.limit_in_bytes", "memory.max", 0),
    "shares": ("cpu/{}/cpu.shares", "cpu.weight", 0),
    "quota": ("cpu/{}/cpu.cfs_quota_us", "cpu.max", 0),
    "period": ("cpu/{}/cpu.cfs_period_us", "cpu.max", 1),
    "cpus": ("cpuset/{}/cpuset.cpus", "cpuset.cpus", 0),
}


def is_unified():
    return os.path.exists(ROOT + "/cgroup.controllers")


def hierarchies():
    """The hierarchies of this process: controllers and path. Those of v1, if there are any; v2 has no name."""
    with open("/proc/self/cgroup") as lines:
        fields = [line.rstrip("\n").split(":", 2) for line in lines]
    return [(controllers, path) for _, controllers, path in fields if controllers or is_unified()]


def mount_point(controllers):
    return os.path.join(ROOT, controllers.removeprefix("name=")).rstrip("/")


def limit(group, name):
    """A limit of the cgroup, whose path begins at the root; a weight is as v2 has it."""
    old, new, word = LIMITS[name]
    if is_unified():
        return read(f"{ROOT}/{group}/{new}").split()[word]
    return read(f"{ROOT}/{old.format(group)}").strip()


def set_limit(group, name, value):
    old, new, _ = LIMITS[name]
    write(f"{ROOT}/{group}/{new}" if is_unified() else f"{ROOT}/{old.format(group)}", value)


def shares(number):
    """What `limit` may give for these shares: what they are as a weight of v2 is not agreed upon."""
    if not is_unified():
        return [str(number)]
    log = math.log2(number)
    return [str(1 + (number - 2) * 9999 // 262142), str(math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34)))]


def processes(group):
    """The processes of the cgroup, as `cgroup.procs` has them."""
    return read(f"{ROOT}/{group}/cgroup.procs" if is_unified() else f"{ROOT}/memory/{group}/cgroup.procs")


def make_parents(group):
    """Kubelet's part: a cgroup for pods in every hierarchy; gives their directories."""
    groups = [f"{mount_point(controllers)}/{group}" for controllers, _ in hierarchies()]
    for path in groups:
        _make_parent(path)
    return groups


def _make_parent(path):
    if os.path.exists(path):
        return
    parent = os.path.dirname(path)
    _make_parent(parent)
    os.mkdir(path)
    if is_unified():
        give_controllers(path)
    elif path.startswith(ROOT + "/cpuset"):
        fill_cpuset(path)


def give_controllers(path):
    """What a cgroup of v2 has, its children get as well."""
    for controller in read(path + "/cgroup.controllers").split():
        write(path + "/cgroup.subtree_control", "+" + controller)


def fill_cpuset(path):
    """A v1 cpuset takes no process without processors and memory."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        write(os.path.join(path, name), read(os.path.join(os.path.dirname(path), name)))
