"""Pods with a user namespace, and other things that containerd 1.6 has not got."""

import os

from tools import run

from cases.check import SLEEPER, checks, equal, matches

USERS, check = checks("cri")
MAP = [{"host_id": 100000, "container_id": 0, "length": 65536}]
MAPPED = {"userns_options": {"mode": "POD", "uids": MAP, "gids": MAP}}


@check("features, as kubelet asks for them")
def features(node):
    node.needs(2, 0)
    handlers = {each.name: each.features for each in node.call("Status").runtime_handlers}
    found = handlers[node.handler]
    equal((found.user_namespaces, found.recursive_read_only_mounts), (True, True))


@check("user namespace: its own ids, network, and shared memory")
def user_namespace(node):
    node.needs(1, 7)
    pod = node.pod(namespaces=MAPPED)
    box = pod.start(*SLEEPER, security={"seccomp": {"profile_type": "RuntimeDefault"}})
    equal(box.output("sh", "-c", "cat /proc/self/uid_map | tr -s ' '; id -u; stat -c %u /bin; hostname"),
          "0 100000 65536\n0\n0\nbox")
    equal(os.stat(f"/proc/{box.pid}").st_uid, 100000)
    matches(box.output("ip", "-o", "-4", "addr", "show", "eth0"), rf".*inet {pod.ip}/16.*")
    box.output("sh", "-c", "echo x > /root/made; echo x > /dev/shm/made")
    other = pod.start(*SLEEPER, security={"run_as_user": {"value": 1000}})
    equal(other.output("sh", "-c", "id -u; cat /dev/shm/made"), "1000\nx")
    stream = box.exec_stream("sh", tty=True, stdin=True)
    stream.send("exit 4\n")
    equal(stream.finish(), 4)
    box.stop(30)
    equal(box.wait().exit_code, 5)


@check("user namespace: processes of the whole pod")
def user_namespace_shared(node):
    node.needs(1, 7)
    pod = node.pod(namespaces={**MAPPED, "pid": "POD"})
    boxes = [pod.start(*SLEEPER), pod.start(*SLEEPER)]
    for name in ("user", "pid"):
        equal(len({box.output("readlink", "/proc/self/ns/" + name) for box in boxes}), 1)


@check("user namespace: a volume with mapped ids")
def user_namespace_volume(node):
    node.needs(2, 0)
    volume = node.directory("mapped")
    box = node.pod(namespaces=MAPPED).start(*SLEEPER, mounts=[
        {"container_path": "/v", "host_path": volume, "uidMappings": MAP, "gidMappings": MAP}])
    equal(box.output("sh", "-c", "touch /v/made; stat -c %u /v /v/made"), "0\n0")
    equal(os.stat(volume + "/made").st_uid, 0)


@check("mounts: recursive read-only")
def recursive_read_only(node):
    node.needs(2, 0)
    source = node.directory("tree/below")
    run("mount", "-t", "tmpfs", "below", source)
    box = node.pod().start("touch", "/v/below/x", mounts=[
        {"container_path": "/v", "host_path": node.path("tree"), "readonly": True, "recursive_read_only": True}])
    equal((box.wait().exit_code, "Read-only file system" in box.text()), (1, True))
    run("umount", source)
