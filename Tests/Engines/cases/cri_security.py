"""Security context, mounts and devices."""

import json
import os

import grpc
from tools import poll, run, write

from cases.check import SLEEPER, checks, equal, matches, refused

SECURITY, check = checks("cri")


def status_of(node, name, **security):
    """A line of /proc/self/status in a container with this security context."""
    return node.pod().output("sh", "-c", f"grep '^{name}:' /proc/self/status | cut -f 2", security=security)


@check("user and groups")
def user(node):
    pod = node.pod()
    ids = {"run_as_user": {"value": 5}, "run_as_group": {"value": 6}, "supplemental_groups": [7, 8]}
    equal(pod.output("sh", "-c", "id -u; id -g; id -G", security=ids), "5\n6\n6 7 8")


@check("user by name")
def user_name(node):
    matches(node.pod().output("sh", "-c", "id -u; id -g; id -G", security={"run_as_username": "user"}),
            "1000\n1000\n1000( 2000)?")


@check("user by name: unknown")
def user_unknown(node):
    with refused(grpc.StatusCode.UNKNOWN, "no users found|no such user"):
        node.pod().create("true", security={"run_as_username": "nobody"})


@check("capabilities: the default ones")
def capabilities_default(node):
    equal(status_of(node, "CapEff"), "00000000a80425fb")


@check("capabilities: one")
def capabilities_one(node):
    equal(status_of(node, "CapEff", capabilities={"add_capabilities": ["NET_ADMIN"], "drop_capabilities": ["ALL"]}),
          "0000000000001000")


@check("capabilities: one less")
def capabilities_less(node):
    equal(status_of(node, "CapBnd", capabilities={"drop_capabilities": ["NET_RAW"]}), "00000000a80405fb")


@check("read-only root")
def read_only(node):
    box = node.pod().start("touch", "/x", security={"readonly_rootfs": True})
    equal((box.wait().exit_code, "Read-only file system" in box.text()), (1, True))


@check("no new privileges")
def no_new_privileges(node):
    equal((status_of(node, "NoNewPrivs", no_new_privs=True), status_of(node, "NoNewPrivs")), ("1", "0"))


@check("seccomp: RuntimeDefault")
def seccomp_default(node):
    box = node.pod().start("sh", "-c", "grep Seccomp: /proc/self/status; unshare -U true 2>&1",
                           security={"seccomp": {"profile_type": "RuntimeDefault"}})
    equal(box.wait().exit_code, 1)
    matches(box.text(), r"Seccomp:\s+2\n.*not permitted")


@check("seccomp: Unconfined")
def seccomp_unconfined(node):
    equal(status_of(node, "Seccomp", seccomp={"profile_type": "Unconfined"}), "0")


@check("seccomp: Localhost")
def seccomp_localhost(node):
    profile = node.path("profile.json")
    write(profile, json.dumps({
        "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 84}]}))
    box = node.pod().start("mkdir", "/x", security={
        "seccomp": {"profile_type": "Localhost", "localhost_ref": profile}})
    equal((box.wait().exit_code, "Invalid or incomplete multibyte" in box.text()), (1, True))


@check("privileged")
def privileged(node):
    box = node.pod(privileged=True).start(*SLEEPER, security={"privileged": True})
    equal(box.output("sh", "-c", "test -c /dev/loop-control && mkdir /m && mount -t tmpfs t /m && echo ok"), "ok")
    with open("/proc/self/status") as lines:
        mine = [line.split()[1] for line in lines if line.startswith("CapBnd")]
    equal(box.output("sh", "-c", "grep CapEff /proc/self/status | cut -f 2"), mine[0])


@check("masked and read-only paths")
def masked(node):
    pod = node.pod()
    script = "wc -c < /proc/timer_list; ls /sys/firmware | wc -l; grep -c '^proc /proc/.* ro,' /proc/mounts"
    matches(pod.output("sh", "-c", script), r"0\n0\n[1-9]")
    box = pod.start("sh", "-c", script, security={"masked_paths": [], "readonly_paths": []})
    box.wait()
    matches(box.text(), r"[1-9]\d*\n[1-9]\d*\n0")


@check("mounts: a volume, shared by containers")
def volume(node):
    pod = node.pod()
    mounts = [{"container_path": "/data", "host_path": node.directory("volume")}]
    pod.output("sh", "-c", "echo x > /data/f", mounts=mounts)
    equal(pod.output("cat", "/data/f", mounts=mounts), "x")


@check("mounts: read-only")
def volume_read_only(node):
    write(os.path.join(node.directory("secret"), "token"), "abc")
    box = node.pod().start("sh", "-c", "cat /run/secrets/x/token; touch /run/secrets/x/f", mounts=[
        {"container_path": "/run/secrets/x", "host_path": node.path("secret"), "readonly": True}])
    equal(box.wait().exit_code, 1)
    equal(sorted(box.text().splitlines()), ["abc", "touch: /run/secrets/x/f: Read-only file system"])


@check("mounts: files, as kubelet's hosts and termination log")
def volume_files(node):
    write(node.path("hosts"), "10.0.0.1 name\n")
    write(node.path("termination"), "")
    pod = node.pod()
    equal(pod.output("sh", "-c", "cat /etc/hosts; echo why > /dev/termination-log", mounts=[
        {"container_path": "/etc/hosts", "host_path": node.path("hosts")},
        {"container_path": "/dev/termination-log", "host_path": node.path("termination")}]), "10.0.0.1 name")
    with open(node.path("termination")) as file:
        equal(file.read(), "why\n")


@check("mounts: from the host to the container")
def volume_propagated(node):
    source = shared(node)
    box = node.pod().start(*SLEEPER, mounts=[{"container_path": "/p", "host_path": source,
                                              "propagation": "PROPAGATION_HOST_TO_CONTAINER"}])
    os.mkdir(source + "/sub")
    run("mount", "-t", "tmpfs", "later", source + "/sub")
    equal(box.output("sh", "-c", "grep -c ' /p/sub ' /proc/mounts"), "1")
    matches(box.output("sh", "-c", "grep ' /p ' /proc/self/mountinfo"), r".* master:\d+ .*")
    run("umount", "-R", source)


@check("mounts: both ways")
def volume_bidirectional(node):
    source = shared(node)
    pod = node.pod(privileged=True)
    box = pod.start(*SLEEPER, security={"privileged": True},
                    mounts=[{"container_path": "/p", "host_path": source, "propagation": "PROPAGATION_BIDIRECTIONAL"}])
    box.output("sh", "-c", "mkdir /p/sub && mount -t tmpfs inner /p/sub")
    equal(os.path.ismount(source + "/sub"), True)
    box.output("umount", "/p/sub")
    poll("the unmount", lambda: not os.path.ismount(source + "/sub"))
    box.stop(0)
    run("umount", "-R", source)


@check("mounts: a missing host path is made")
def volume_missing(node):
    node.pod().output("touch", "/d/f", mounts=[{"container_path": "/d", "host_path": node.path("made/here")}])
    equal(os.listdir(node.path("made/here")), ["f"])


@check("device")
def device(node):
    pod = node.pod()
    devices = [{"container_path": "/dev/thing", "host_path": "/dev/fuse", "permissions": "r"}]
    equal(pod.output("sh", "-c", "test -c /dev/thing && : < /dev/thing && echo ok", devices=devices), "ok")
    box = pod.start("sh", "-c", ": > /dev/thing", devices=devices)
    equal((box.wait().exit_code, "not permitted" in box.text()), (1, True))


def shared(node):
    """A shared mount on the host."""
    path = node.directory("shared")
    run("mount", "-t", "tmpfs", "shared", path)
    run("mount", "--make-shared", path)
    return path
