"""Pods and containers, made and asked in the order and with the fields that kubelet uses."""

import itertools
import json
import os

import image as images
from tools import poll, read

from cri.streams import Stream

# What kubelet masks and protects unless a pod says otherwise.
MASKED = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
          "/proc/sched_debug", "/proc/scsi", "/sys/firmware"]
READ_ONLY = ["/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
NUMBERS = itertools.count(1)


class Pod:
    """A pod sandbox that runs. `namespaces` are NamespaceOption's fields, the rest PodSandboxConfig's."""

    def __init__(self, node, handler, namespaces=None, privileged=False, sysctls=None, cgroup_parent="/kubepods",
                 **config):
        number = next(NUMBERS)
        self.node = node
        # Kubelet's default: the network and IPC are the pod's, processes each container's own.
        self.namespaces = {"pid": "CONTAINER", **(namespaces or {})}
        self.config = {
            "metadata": {"name": f"pod{number}", "uid": f"uid{number}", "namespace": "default", "attempt": 0},
            "hostname": "" if self.namespaces.get("network") == "NODE" else "box",
            "log_directory": node.path(f"logs/{number}"),
            "linux": {
                "cgroup_parent": cgroup_parent, "sysctls": sysctls or {},
                "security_context": {"namespace_options": self.namespaces, "privileged": privileged},
            },
            **config,
        }
        os.makedirs(self.config["log_directory"])
        self.id = node.call("RunPodSandbox", config=self.config, runtime_handler=handler).id

    def status(self):
        return self.node.call("PodSandboxStatus", id=self.id).status

    @property
    def ip(self):
        return self.status().network.ip

    def create(self, *command, attempt=0, security=None, resources=None, name="", **config):
        """A container that is created, not started; `security` and `resources` are the CRI's fields."""
        name = name or f"container{next(NUMBERS)}"
        config = {
            "metadata": {"name": name, "attempt": attempt}, "image": {"image": images.NAME}, "command": list(command),
            "log_path": f"{name}_{attempt}.log",
            "linux": {
                "resources": resources or {},
                "security_context": {"namespace_options": self.namespaces, "masked_paths": MASKED,
                                     "readonly_paths": READ_ONLY, **(security or {})},
            },
            **config,
        }
        created = self.node.call("CreateContainer", pod_sandbox_id=self.id, config=config, sandbox_config=self.config)
        return Container(self.node, created.id, os.path.join(self.config["log_directory"], config["log_path"]))

    def start(self, *command, **options):
        container = self.create(*command, **options)
        container.start()
        return container

    def output(self, *command, **options):
        """Runs a container to its end, and gives what it wrote; its exit code must be 0."""
        container = self.start(*command, **options)
        code = container.wait().exit_code
        if code:
            raise AssertionError(f"exit code {code}: {container.text()}")
        return container.text()

    def stop(self):
        self.node.call("StopPodSandbox", id=self.id)

    def remove(self):
        self.node.call("RemovePodSandbox", id=self.id)


class Container:
    def __init__(self, node, identifier, log):
        self.node, self.id, self.log = node, identifier, log

    def start(self):
        self.node.call("StartContainer", id=self.id)

    def stop(self, timeout):
        self.node.call("StopContainer", id=self.id, timeout=timeout)

    def remove(self):
        self.node.call("RemoveContainer", id=self.id)

    def status(self):
        return self.node.call("ContainerStatus", id=self.id).status

    @property
    def pid(self):
        return json.loads(self.node.call("ContainerStatus", id=self.id, verbose=True).info["info"])["pid"]

    def state(self):
        """CONTAINER_RUNNING and so on."""
        status = self.status()
        return status.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number[status.state].name

    def wait(self):
        """Waits for the end, and gives the status."""
        poll(f"the end of {self.id}", lambda: self.state() == "CONTAINER_EXITED")
        return self.status()

    def lines(self):
        """The log: time, stream, tag and text of each line; all of it, if the container has ended."""
        if self.state() == "CONTAINER_EXITED":
            # The end is known before the last line is written.
            poll(f"{self.log} is closed", lambda: not self.node.holds(self.log))
        return [line.split(" ", 3) for line in read(self.log).splitlines()]

    def text(self):
        return "\n".join(line[3] for line in self.lines())

    def wrote(self, text):
        """Waits until the log has `text`."""
        poll(f"{text!r} in the log", lambda: os.path.exists(self.log) and text in self.text())

    def exec(self, *command, timeout=0):
        return self.node.call("ExecSync", id=self.id, cmd=list(command), timeout=timeout)

    def output(self, *command):
        """What a command in the container writes; its exit code must be 0."""
        done = self.exec(*command)
        if done.exit_code:
            raise AssertionError(f"exit code {done.exit_code}: {done.stderr.decode()}")
        return done.stdout.decode().strip()

    def exec_stream(self, *command, tty=False, stdin=False):
        return Stream(self.node.call("Exec", id=self.id, cmd=list(command), tty=tty, stdin=stdin, stdout=True,
                                     stderr=not tty).url)

    def attach(self, tty=False, stdin=False):
        return Stream(self.node.call("Attach", id=self.id, tty=tty, stdin=stdin, stdout=True, stderr=not tty).url)
