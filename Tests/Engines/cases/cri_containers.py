"""Containers: start, end and why, logs, limits and their change, what they use, and a containerd that dies."""

import os
import signal

import grpc
from cgroups import limit, shares
from tools import poll, read

from cases.check import SLEEPER, among, checks, equal, matches, refused

CONTAINERS, check = checks("cri")


@check("create, start, status")
def status(node):
    box = node.pod().create(*SLEEPER)
    equal(box.state(), "CONTAINER_CREATED")
    box.start()
    status = box.status()
    equal(box.state(), "CONTAINER_RUNNING")
    equal((0 < status.created_at <= status.started_at, status.finished_at), (True, 0))


@check("exit code and reason")
def exit_code(node):
    pod = node.pod()
    done = [pod.start("true").wait(), pod.start("sh", "-c", "exit 42").wait()]
    equal([(each.exit_code, each.reason) for each in done], [(0, "Completed"), (42, "Error")])
    equal([each.finished_at > 0 for each in done], [True, True])


@check("killed by someone else: 137")
def killed(node):
    box = node.pod().start(*SLEEPER)
    os.kill(box.pid, signal.SIGKILL)
    equal(box.wait().exit_code, 137)


@check("no such program: 128, StartError")
def no_program(node):
    box = node.pod().create("/nope")
    with refused(grpc.StatusCode.UNKNOWN, "(?i)no such file or directory"):
        box.start()
    done = box.wait()
    equal((done.exit_code, done.reason), (128, "StartError"))


@check("out of memory: 137, OOMKilled")
def out_of_memory(node):
    box = node.pod().start("sh", "-c", "tail /dev/zero", resources={"memory_limit_in_bytes": 16 << 20})
    equal(box.wait().exit_code, 137)
    poll("the reason", lambda: box.status().reason == "OOMKilled")


@check("command, directory, environment")
def process(node):
    pod = node.pod()
    environment = [{"key": "A", "value": "b c"}, {"key": "EMPTY", "value": ""}]
    equal(pod.output("sh", "-c", 'pwd; echo "$A"; echo "${EMPTY-unset}"; echo "$0 $1"', args=["x", "y z"],
                     working_dir="/tmp", envs=environment), "/tmp\nb c\n\nx y z")
    equal(pod.output("pwd", working_dir="/new/dir"), "/new/dir")


@check("logs: streams, times, a part of a line")
def logs(node):
    box = node.pod().start("sh", "-c", "echo out; sleep 0.1; echo err >&2; sleep 0.1; printf part")
    box.wait()
    equal([line[1:] for line in box.lines()], [["stdout", "F", "out"], ["stderr", "F", "err"], ["stdout", "P", "part"]])
    for line in box.lines():
        matches(line[0], r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)")


@check("logs: rotated")
def logs_rotated(node):
    box = node.pod().start("sh", "-c", "trap 'echo again' USR1; echo first; while :; do sleep 0.1; done")
    box.wrote("first")
    os.rename(box.log, box.log + ".1")
    node.call("ReopenContainerLog", id=box.id)
    box.output("kill", "-USR1", "1")
    box.wrote("again")


@check("terminal")
def terminal(node):
    equal(node.pod().output("tty", tty=True).strip(), "/dev/pts/0")


@check("again, as after a crash")
def attempt(node):
    pod = node.pod()
    first = pod.start("sh", "-c", "exit 1", name="app")
    equal(first.wait().exit_code, 1)
    second = pod.start(*SLEEPER, name="app", attempt=1)
    first.remove()
    equal((second.state(), second.output("echo", "hi")), ("CONTAINER_RUNNING", "hi"))


@check("list: by pod and by state")
def listed(node):
    pods = [node.pod(), node.pod()]
    boxes = [pods[0].start(*SLEEPER), pods[0].create(*SLEEPER), pods[1].start(*SLEEPER)]

    def found(**fields):
        return {each.id for each in node.call("ListContainers", filter=fields).containers}

    equal(found(), {box.id for box in boxes})
    equal(found(pod_sandbox_id=pods[0].id), {boxes[0].id, boxes[1].id})
    equal(found(state={"state": "CONTAINER_RUNNING"}), {boxes[0].id, boxes[2].id})


@check("stop: TERM, and its exit code")
def stop(node):
    box = node.pod().start("sh", "-c", "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.1; done")
    box.wrote("ready")
    box.stop(30)
    equal((box.wait().exit_code, box.text()), (5, "ready\nbye"))
    box.stop(0)


@check("stop: KILL after the grace period is 137")
def stop_killed(node):
    box = node.pod().start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done")
    box.wrote("ready")
    box.stop(1)
    done = box.wait()
    equal((done.exit_code, done.reason), (137, "Error"))


@check("remove: created, running, twice")
def remove(node):
    pod = node.pod()
    created, running = pod.create(*SLEEPER), pod.start(*SLEEPER)
    for box in (created, running):
        box.remove()
        box.remove()
        with refused(grpc.StatusCode.NOT_FOUND, "."):
            box.status()


@check("limits")
def limits(node):
    box = node.pod().start(*SLEEPER, resources={
        "memory_limit_in_bytes": 64 << 20, "cpu_shares": 300, "cpu_quota": 50000, "cpu_period": 100000,
        "cpuset_cpus": "0", "oom_score_adj": 900}, name="app")
    equal(limits_of(box, "memory", "quota", "period", "cpus"), [str(64 << 20), "50000", "100000", "0"])
    among(*limits_of(box, "shares"), shares(300))
    equal(box.output("cat", "/proc/1/oom_score_adj"), "900")


@check("limits: changed while it runs")
def update(node):
    box = node.pod().start(*SLEEPER, resources={"memory_limit_in_bytes": 64 << 20, "cpu_shares": 300})
    node.call("UpdateContainerResources", id=box.id,
              linux={"memory_limit_in_bytes": 128 << 20, "cpu_shares": 600, "cpu_quota": 20000, "cpu_period": 50000})
    node.call("UpdateContainerResources", id=box.id, linux={"cpuset_cpus": "0"})
    equal(limits_of(box, "memory", "quota", "period", "cpus"), [str(128 << 20), "20000", "50000", "0"])
    among(*limits_of(box, "shares"), shares(600))
    equal(box.output("echo", "hi"), "hi")


@check("limits: changed before it starts")
def update_created(node):
    box = node.pod().create(*SLEEPER, resources={"memory_limit_in_bytes": 64 << 20})
    node.call("UpdateContainerResources", id=box.id, linux={"memory_limit_in_bytes": 32 << 20})
    box.start()
    equal(limits_of(box, "memory"), [str(32 << 20)])


@check("stats")
def stats(node):
    box = node.pod().start("sh", "-c", "while :; do :; done")
    poll("some use", lambda: node.call("ContainerStats", id=box.id).stats.cpu.usage_core_nano_seconds.value > 10**7)
    stats = node.call("ContainerStats", id=box.id).stats
    equal((stats.attributes.id, stats.memory.working_set_bytes.value > 0), (box.id, True))
    equal([each.attributes.id for each in node.call("ListContainerStats").stats], [box.id])


@check("containerd is killed: containers go on, and are its own again")
def containerd_killed(node):
    pod = node.pod()
    box = pod.start("sh", "-c", "trap 'echo got' USR1; trap 'echo bye; exit 5' TERM; echo ready; "
                                "while :; do sleep 0.1; done", name="app")
    box.wrote("ready")
    pid = box.pid
    node.kill_containerd()
    equal(read(f"/proc/{pid}/comm").strip(), "sh")
    node.start_containerd()
    equal((box.state(), box.pid, pod.status().state), ("CONTAINER_RUNNING", pid, 0))
    box.output("kill", "-USR1", "1")
    box.wrote("got")
    box.stop(30)
    equal(box.wait().exit_code, 5)
    pod.stop()
    pod.remove()


@check("containerd is killed: what ended meanwhile")
def containerd_missed(node):
    pod = node.pod()
    box = pod.start("sh", "-c", "until [ -e /go/on ]; do sleep 0.1; done; exit 7",
                    mounts=[{"container_path": "/go", "host_path": node.directory("go")}])
    pid = box.pid
    node.kill_containerd()
    with open(node.path("go/on"), "w"):
        pass
    poll("the end of it", lambda: not os.path.exists(f"/proc/{pid}"))
    node.start_containerd()
    # From 1.7 on containerd says of what it missed, with every runtime, that it does not know.
    equal(box.wait().exit_code, 7 if node.version() < (1, 7) else 255)


def limits_of(container, *names):
    return [limit(f"kubepods/{container.id}", name) for name in names]
