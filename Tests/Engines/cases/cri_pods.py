"""Pods: the node's word, handlers (RuntimeClass), networks, namespaces, and the end of a pod."""

import json
import os
import subprocess

import grpc
from cgroups import limit, make_parents, processes, set_limit
from cri.node import ROOT
from tools import poll

from cases.check import SLEEPER, checks, equal, matches, refused

PODS, check = checks("cri")


@check("version")
def version(node):
    answer = node.call("Version")
    equal((answer.runtime_name, answer.runtime_api_version), ("containerd", "v1"))


@check("status: runtime and network are ready")
def status(node):
    conditions = {each.type: each.status for each in node.call("Status").status.conditions}
    equal((conditions.get("RuntimeReady"), conditions.get("NetworkReady")), (True, True))


@check("handler: unknown")
def handler_unknown(node):
    with refused(grpc.StatusCode.UNKNOWN, "no runtime for"):
        node.pod(handler="nope")


@check("handler: its runtime runs the pod")
def handler(node):
    pod = node.pod()
    box = pod.start(*SLEEPER)
    equal(pod.status().runtime_handler, node.handler)
    for identifier in (pod.id, box.id):
        state = subprocess.run([node.runtime, "--root", ROOT, "state", identifier], capture_output=True, check=True)
        equal(json.loads(state.stdout)["status"], "running")


@check("handler: beside the default one")
def handler_and_default(node):
    pods = [node.pod(), node.pod(handler="")]
    boxes = [pod.start(*SLEEPER) for pod in pods]
    equal([box.output("echo", "hi") for box in boxes], ["hi", "hi"])
    equal([pod.status().runtime_handler for pod in pods], [node.handler, ""])


@check("network: an address of the bridge")
def network_bridge(node):
    pod = node.pod()
    matches(pod.ip, r"10\.88\.\d+\.\d+")
    matches(pod.output("ip", "-o", "-4", "addr", "show", "eth0"), rf".*inet {pod.ip}/16.*")
    matches(pod.output("ip", "-o", "link", "show", "lo"), r".*[<,]UP[,>].*")


@check("network: from pod to pod")
def network_pods(node):
    server, client = node.pod(), node.pod()
    server.start("sh", "-c", "while :; do echo hello | nc -l -p 80; done")
    box = client.start(*SLEEPER)
    poll("the server answers", lambda: box.exec("nc", "-w", "1", server.ip, "80").stdout == b"hello\n")
    matches(box.output("ping", "-c", "1", server.ip), r"[\s\S]*1 packets received[\s\S]*")


@check("network: containers of a pod")
def network_shared(node):
    pod = node.pod()
    pod.start("sh", "-c", "while :; do echo hello | nc -l -p 80; done")
    box = pod.start(*SLEEPER)
    poll("the server answers", lambda: box.exec("nc", "-w", "1", "127.0.0.1", "80").stdout == b"hello\n")


@check("network: the node's")
def network_node(node):
    pod = node.pod(namespaces={"network": "NODE"})
    equal(pod.output("readlink", "/proc/self/ns/net"), os.readlink("/proc/self/ns/net"))


@check("host name and resolv.conf")
def names(node):
    pod = node.pod(hostname="web-0", dns_config={"servers": ["10.0.0.10"], "searches": ["svc.cluster.local"]})
    equal(pod.output("sh", "-c", "hostname; echo $HOSTNAME"), "web-0\nweb-0")
    equal(pod.output("cat", "/etc/resolv.conf"), "search svc.cluster.local\nnameserver 10.0.0.10")


@check("sysctl")
def sysctl(node):
    pod = node.pod(sysctls={"net.ipv4.ip_default_ttl": "99", "kernel.shm_rmid_forced": "1"})
    equal(pod.output("cat", "/proc/sys/net/ipv4/ip_default_ttl", "/proc/sys/kernel/shm_rmid_forced"), "99\n1")


@check("labels and annotations")
def labels(node):
    status = node.pod(labels={"app": "web"}, annotations={"io.swiftcr.test": "a b"}).status()
    equal((dict(status.labels), dict(status.annotations)), ({"app": "web"}, {"io.swiftcr.test": "a b"}))


@check("namespaces: as kubelet makes them")
def namespaces(node):
    pod = node.pod()
    boxes = [pod.start(*SLEEPER), pod.start(*SLEEPER)]

    def kinds(name):
        return len({box.output("readlink", "/proc/1/ns/" + name) for box in boxes}
                   | {os.readlink("/proc/self/ns/" + name)})

    equal({name: kinds(name) for name in ("net", "ipc", "uts", "pid", "mnt")},
          {"net": 2, "ipc": 2, "uts": 2, "pid": 3, "mnt": 3})


@check("namespaces: processes of the whole pod")
def namespace_pid_pod(node):
    pod = node.pod(namespaces={"pid": "POD"})
    pod.start("sh", "-c", "while :; do sleep 12345; done")
    box = pod.start(*SLEEPER)
    equal(box.output("cat", "/proc/1/comm"), "tail")
    poll("the other's process", lambda: "sleep 12345" in box.output("ps"))


@check("namespaces: processes of the node")
def namespace_pid_node(node):
    pod = node.pod(namespaces={"pid": "NODE", "ipc": "NODE"})
    script = "readlink /proc/self/ns/pid; readlink /proc/self/ns/ipc"
    equal(pod.output("sh", "-c", script), f"{os.readlink('/proc/self/ns/pid')}\n{os.readlink('/proc/self/ns/ipc')}")


@check("namespaces: processes of another container")
def namespace_pid_target(node):
    pod = node.pod()
    target = pod.start(*SLEEPER)
    box = pod.start(*SLEEPER, security={"namespace_options": {"pid": "TARGET", "target_id": target.id}})
    equal(box.output("readlink", "/proc/self/ns/pid"), target.output("readlink", "/proc/self/ns/pid"))


@check("shared memory")
def shared_memory(node):
    pod = node.pod()
    boxes = [pod.start(*SLEEPER), pod.start(*SLEEPER)]
    boxes[0].output("sh", "-c", "echo x > /dev/shm/f")
    equal(boxes[1].output("cat", "/dev/shm/f"), "x")


@check("cgroup: below the pod's, which kubelet makes")
def cgroup_parent(node):
    group = "kubepods/burstable/pod1"
    parents = make_parents(group)
    set_limit(group, "memory", str(64 << 20))
    pod = node.pod(cgroup_parent="/" + group)
    box = pod.start(*SLEEPER, resources={"memory_limit_in_bytes": 32 << 20})
    equal(limit(f"{group}/{box.id}", "memory"), str(32 << 20))
    matches(processes(f"{group}/{box.id}"), rf"{box.pid}\n(\d+\n)*")
    matches(processes(f"{group}/{pod.id}"), r"\d+\n")
    pod.stop()
    pod.remove()
    for parent in parents:
        poll(f"{parent} is empty", lambda: not any(entry.is_dir() for entry in os.scandir(parent)))
        os.rmdir(parent)
        os.rmdir(os.path.dirname(parent))


@check("stop: its containers end, and the pod is not ready")
def stop(node):
    pod = node.pod()
    box = pod.start(*SLEEPER)
    pod.stop()
    pod.stop()
    equal((box.state(), pod.status().state), ("CONTAINER_EXITED", 1))


@check("remove: while containers run")
def remove(node):
    pod = node.pod()
    pod.start(*SLEEPER)
    pod.stop()
    pod.remove()
    pod.remove()
    equal((len(node.call("ListContainers").containers), len(node.call("ListPodSandbox").items)), (0, 0))
