"""Docker and Podman: what a container may do and sees, and what is around it: images, pods, `info`."""

import subprocess

from cgroups import is_unified

from cases.case import Case
from cases.docker import BOTH, RUN, SLEEPER, START

POD = ("e pod create --name p {options} --infra-image $IMAGE --infra-command 'sleep 1000' --network none >/dev/null &&"
       " e run -d --pod p --name box $IMAGE sleep 100 >/dev/null &&"
       " a=$(e exec box readlink /proc/self/ns/ipc) && b=$(e run --rm --pod p $IMAGE readlink /proc/self/ns/ipc) &&"
       " test $a = $b && e pod stop -t 0 p >/dev/null && e pod rm p >/dev/null && echo ok")


def is_podman(version):
    said = subprocess.run(["podman", "--version"], capture_output=True, text=True, check=False)
    return f" {version}." in said.stdout


ISOLATION = [
    Case("user", BOTH, RUN + "-u user $IMAGE sh -c 'id -u; id -G'", "1000\n1000 2000"),
    Case("user: extra group", BOTH, RUN + "-u 5:6 --group-add 7 $IMAGE sh -c 'id -u; id -g; id -G'", "5\n6\n6 7"),
    Case("capabilities: none", BOTH, RUN + "--cap-drop all $IMAGE grep CapEff /proc/self/status", "CapEff:\\s+0{16}"),
    Case("capabilities: one", BOTH, RUN + "--cap-drop all --cap-add net_admin $IMAGE grep CapEff /proc/self/status",
         "CapEff:\\s+0{12}1000"),
    Case("no new privileges", BOTH, RUN + "--security-opt no-new-privileges $IMAGE grep NoNewPrivs /proc/self/status",
         "NoNewPrivs:\\s+1"),
    Case("seccomp", "podman", RUN + "$IMAGE grep Seccomp: /proc/self/status", "Seccomp:\\s+2"),
    Case("seccomp", "docker", RUN + "$IMAGE sh -c 'grep Seccomp: /proc/self/status; unshare -U true'", "Seccomp:\\s+2",
         err="not permitted", status=1),
    Case("seccomp: unconfined", BOTH, RUN + "--security-opt seccomp=unconfined $IMAGE grep Seccomp: /proc/self/status",
         "Seccomp:\\s+0"),
    Case("read-only root", BOTH, RUN + "--read-only $IMAGE touch /x", err="Read-only file system", status=1),
    Case("read-only root, tmpfs", BOTH, RUN + "--read-only --tmpfs /data $IMAGE sh -c 'touch /data/x && echo ok'",
         "ok"),
    Case("tmpfs: size", BOTH, RUN + "--tmpfs /data:size=1m,noexec $IMAGE sh -c 'grep \" /data \" /proc/mounts'",
         ".*noexec.*size=1024k.*"),
    Case("volume: named", BOTH, RUN + "-v data:/d $IMAGE sh -c 'echo x > /d/f'; "
         + RUN + "-v data:/d $IMAGE cat /d/f; e volume rm data >/dev/null", "x"),
    Case("volume: bind, read-only", BOTH, "mkdir -p $WORK/bind; echo x > $WORK/bind/f; "
         + RUN + "-v $WORK/bind:/d:ro $IMAGE sh -c 'cat /d/f; touch /d/g'", "x", err="Read-only", status=1),
    Case("volume: propagation", BOTH,
         "mkdir -p $WORK/prop; mount -t tmpfs t $WORK/prop; mount --make-rshared $WORK/prop;"
         + RUN + "-v $WORK/prop:/d:rslave $IMAGE grep -c ' /d .*master' /proc/self/mountinfo", "1"),
    Case("copy in and out", BOTH, SLEEPER + "echo x > $WORK/f; e cp $WORK/f box:/tmp/f; e exec box cat /tmp/f;"
         " e cp box:/tmp/f - | tar -xO", "x\nx"),
    Case("shm size", BOTH,
         RUN + "--shm-size 2m $IMAGE sh -c 'df -k /dev/shm | tail -n 1 | tr -s \" \" | cut -d \" \" -f 2'", "2048"),
    Case("health check", BOTH, START + "--health-cmd 'test -e /tmp/ok' --health-interval 1s --health-retries 1 "
         "$IMAGE sh -c 'touch /tmp/ok; sleep 60' >/dev/null; check", "healthy"),
    Case("network: none", BOTH, RUN + "$IMAGE ls /sys/class/net", "lo"),
    Case("network: host", BOTH,
         "e run --rm --network host $IMAGE readlink /proc/self/ns/net; readlink /proc/self/ns/net", "(\\S+)\n\\1"),
    Case("network: bridge", BOTH, "e run --rm --network bridge $IMAGE ip -o -4 addr show eth0", ".*inet .*"),
    Case("network: another container's", BOTH, SLEEPER + "a=$(e exec box readlink /proc/self/ns/net);"
         " b=$(e run --rm --network container:box $IMAGE readlink /proc/self/ns/net); test $a = $b && echo ok", "ok"),
    Case("pid namespace: another container's", BOTH,
         SLEEPER + RUN + "--pid container:box $IMAGE ps | grep -q 'trap.*exit 0' && echo ok", "ok"),
    Case("privileged", BOTH, RUN + "--privileged $IMAGE grep CapEff /proc/self/status", "CapEff:\\s+\\w+"),
    Case("build", BOTH,
         "mkdir -p $WORK/b; printf 'FROM %s\\nRUN echo x > /made && id -u\\nUSER user\\nRUN id -u\\n'"
         " $IMAGE > $WORK/b/Dockerfile; e build --network none -q -t made $WORK/b >/dev/null && "
         + RUN + "made cat /made", "x"),
    Case("info: no warning", BOTH,
         "e info 2>&1 >/dev/null | grep -v 'blkio\\|cgroup v1\\|No .* support' || echo none", "none"),
    Case("info: the default runtime", "docker",
         "e info -f '{{(index .Runtimes .DefaultRuntime).Path}}' | grep -Fx $RUNTIME >/dev/null && "
         "e version -f '{{range .Server.Components}}{{.Name}} {{.Version}}{{\"\\n\"}}{{end}}' | grep ^tested",
         "tested \\d+\\.\\d+\\.\\d+\\S*"),
    Case("info: the default runtime", "podman",
         "e info -f '{{.Host.OCIRuntime.Path}}' | grep -Fx $RUNTIME >/dev/null && "
         "e info -f '{{.Host.OCIRuntime.Version}}' | head -n 1", "(swiftcr|runc|crun) version \\d+\\.\\d+\\.\\d+\\S*"),
    Case("pod", "podman", POD.format(options=""), "ok",
         skip="podman 4.3 itself denies its pods' cgroups all devices" if is_unified() and is_podman("4.3") else ""),
    Case("pod: without a cgroup of its own", "podman", POD.format(options="--share-parent=false"), "ok"),
    Case("user namespace", "podman",
         RUN + "--uidmap 0:100000:65536 --gidmap 0:100000:65536 $IMAGE cat /proc/self/uid_map", "0\\s+100000\\s+65536"),
    Case("cgroup namespace", "podman", RUN + "--cgroupns private $IMAGE cat /proc/self/cgroup", "(\\d+:\\S*:/\n?)+"),
]
