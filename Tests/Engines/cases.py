"""The cases. One entry: a name, the engines that it is for, the script that is run, and what it must give.

A script is bash. `e` calls the engine, `$IMAGE` is the image, `until_true` waits for a condition; the containers are the
case's own and are removed after it. `out` is a regular expression that stdout must match from end to end (white space
around it aside), `err` one that must be found in stderr, `status` the exit status. To add a case, add an entry; a case
that no runtime can pass on a machine has a `skip` with the reason.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    name: str
    engines: str
    script: str
    out: str = ""
    err: str = ""
    status: int = 0
    skip: str = ""


BOTH = "podman docker"
RUN = "e run --rm --network none "
START = "e run -d --name box --network none "
SLEEPER = START + "$IMAGE sh -c 'trap \"exit 0\" TERM; while :; do sleep 0.1; done' >/dev/null || exit\n"

COMMON = [
    Case("run", BOTH, RUN + "$IMAGE echo hi", "hi"),
    Case("run: status of the program", BOTH, RUN + "$IMAGE sh -c 'exit 42'", status=42),
    Case("run: bad option is 125", BOTH, RUN + "--no-such-option $IMAGE true", err="unknown flag", status=125),
    Case("run: not executable is 126", BOTH, RUN + "$IMAGE /etc/passwd", err="permission denied", status=126),
    Case("run: a directory is 126", BOTH, RUN + "$IMAGE /etc", err="permission denied|is a directory", status=126),
    Case("run: no such program is 127", BOTH, RUN + "$IMAGE /nope", err="no such file|not found", status=127),
    Case("run: not in PATH is 127", BOTH, RUN + "$IMAGE nope", err="not found", status=127),
    Case("run: killed is 137", BOTH, SLEEPER + "e kill -s KILL box >/dev/null; exit $(e wait box)", status=137),
    Case("run: stdin", BOTH, "echo hello | " + RUN + "-i $IMAGE cat", "hello"),
    Case("run: terminal", BOTH, "script -qec \"$CLI run --rm --network none -t $IMAGE tty\" /dev/null",
         "/dev/(pts/0|console)"),
    Case("run: working directory and environment", BOTH, RUN + "-w /tmp -e A=b $IMAGE sh -c 'pwd; echo $A'", "/tmp\nb"),
    Case("run: missing working directory is made", "docker", RUN + "-w /new/dir $IMAGE pwd", "/new/dir"),
    Case("run: host name", BOTH, RUN + "--hostname box $IMAGE hostname", "box"),
    Case("run: --init", BOTH, RUN + "--init $IMAGE cat /proc/1/comm", "(docker|podman)?-?init|tini"),
    Case("run: --pid host", BOTH, RUN + "--pid host $IMAGE sh -c 'test $$ -ne 1 && echo ok'", "ok"),
    Case("run: --ipc and --uts host", BOTH, RUN + "--ipc host --uts host $IMAGE echo ok", "ok"),
    Case("run: sysctl", BOTH, RUN + "--sysctl net.ipv4.ip_default_ttl=99 $IMAGE cat /proc/sys/net/ipv4/ip_default_ttl",
         "99"),
    Case("run: ulimit", BOTH, RUN + "--ulimit nofile=100:200 --ulimit nproc=1000 $IMAGE sh -c 'ulimit -Sn; ulimit -Hn'", "100\n200"),
    Case("run: device", BOTH, RUN + "--device /dev/fuse:/dev/thing $IMAGE sh -c 'test -c /dev/thing && echo ok'", "ok"),
    Case("run: OOM score", BOTH, RUN + "--oom-score-adj 500 $IMAGE cat /proc/self/oom_score_adj", "500"),
    Case("logs", BOTH, START + "$IMAGE sh -c 'echo out; echo err >&2' >/dev/null; e wait box >/dev/null; e logs box 2>&1 | sort",
         "err\nout"),
    Case("wait", BOTH, START + "$IMAGE sh -c 'exit 7' >/dev/null; e wait box", "7"),
    Case("create, start, attach", BOTH, "e create --name box --network none $IMAGE echo hi >/dev/null; e start -a box", "hi"),
    Case("exec", BOTH, SLEEPER + "e exec box echo hi", "hi"),
    Case("exec: status", BOTH, SLEEPER + "e exec box sh -c 'exit 3'", status=3),
    Case("exec: no such program is 127", "podman", SLEEPER + "e exec box nope", status=127),
    Case("exec: no such program is 126", "docker", SLEEPER + "e exec box nope", out=".*not found.*", status=126),
    Case("exec: not executable is 126", BOTH, SLEEPER + "e exec box /etc/passwd", status=126),
    Case("exec: stdin", BOTH, SLEEPER + "echo hello | e exec -i box cat", "hello"),
    Case("exec: terminal", BOTH, SLEEPER + "script -qec \"$CLI exec -t box tty\" /dev/null", "/dev/pts/\\d+"),
    Case("exec: user, directory, environment", BOTH,
         SLEEPER + "e exec -u user -w /tmp -e A=b box sh -c 'id -u; id -G; pwd; echo $A'", "1000\n1000 2000\n/tmp\nb"),
    Case("exec: detached", BOTH, SLEEPER + "e exec -d box touch /tmp/mark >/dev/null; until_true e exec box test -e /tmp/mark && echo ok",
         "ok"),
    Case("exec: privileged", BOTH, SLEEPER + "e exec --privileged c grep CapEff /proc/self/status", "CapEff:\\s+\\w+",
         skip="no CAP_SYS_RESOURCE here to give"),
    Case("kill: a signal that is caught", BOTH,
         START + "$IMAGE sh -c 'trap \"echo got; exit 5\" USR1; echo ready; while :; do sleep 0.1; done' >/dev/null\n"
         "logged box ready; e kill -s USR1 box >/dev/null; e wait box; e logs box", "5\nready\ngot"),
    Case("kill: KILL is 137", BOTH, SLEEPER + "e kill box >/dev/null; e wait box", "137"),
    Case("stop", BOTH, SLEEPER + "e exec box true; e stop -t 10 box >/dev/null; e wait box", "0|143"),
    Case("restart", BOTH, SLEEPER + "e exec box touch /kept; e restart -t 0 box >/dev/null; e exec box ls /kept", "/kept"),
    Case("restart policy", BOTH, "e run -d --name box --network none --restart on-failure:2 $IMAGE sh -c 'echo x; exit 1'"
         " >/dev/null; until_true eval 'test $(e logs box | grep -c x) -eq 3' && echo ok", "ok"),
    Case("pause, unpause", BOTH, SLEEPER + "e pause box >/dev/null; e inspect -f '{{.State.Status}}' box; e unpause box >/dev/null;"
         " e exec box echo ok", "paused\nok"),
    Case("update", "docker", SLEEPER + "e update --memory 64m --memory-swap 64m --cpu-shares 512 box >/dev/null || exit;"
         " e exec box cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.shares", "67108864\n512"),
    Case("update", "podman", SLEEPER + "e update --memory 64m --cpu-shares 512 box >/dev/null || exit;"
         " e exec box cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.shares", "67108864\n512"),
    Case("stats", BOTH, SLEEPER + "e stats --no-stream --format '{{.Name}} {{.PIDs}}' box", "box \\d+"),
    Case("top", BOTH, SLEEPER + "e top box | tail -n +2 | grep -c trap", "1"),
    Case("limits", BOTH, RUN + "--memory 64m --pids-limit 50 --cpu-shares 300 --cpuset-cpus 0 $IMAGE sh -c"
         " 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.shares cpuset/cpuset.cpus'",
         "67108864\n50\n300\n0"),
    Case("limits: pids", BOTH, RUN + "--pids-limit 5 $IMAGE sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done'",
         err="[Rr]esource temporarily unavailable|can't fork", status=2),
    Case("OOM", "podman", START + "--memory 16m --memory-swap 16m $IMAGE tail /dev/zero >/dev/null; e wait box", "137"),
    Case("OOM", "docker", START + "--memory 16m --memory-swap 16m $IMAGE sh -c 'tail /dev/zero' >/dev/null; e wait box >/dev/null;"
         " until_true eval \"e inspect -f '{{.State.OOMKilled}}' box | grep true\"; e inspect -f '{{.State.OOMKilled}}' box",
         "true"),
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
    Case("read-only root, tmpfs", BOTH, RUN + "--read-only --tmpfs /data $IMAGE sh -c 'touch /data/x && echo ok'", "ok"),
    Case("tmpfs: size", BOTH, RUN + "--tmpfs /data:size=1m,noexec $IMAGE sh -c 'grep \" /data \" /proc/mounts'",
         ".*noexec.*size=1024k.*"),
    Case("volume: named", BOTH, RUN + "-v data:/d $IMAGE sh -c 'echo x > /d/f'; " + RUN + "-v data:/d $IMAGE cat /d/f", "x"),
    Case("volume: bind, read-only", BOTH, "mkdir -p $WORK/bind; echo x > $WORK/bind/f; "
         + RUN + "-v $WORK/bind:/d:ro $IMAGE sh -c 'cat /d/f; touch /d/g'", "x", err="Read-only", status=1),
    Case("volume: propagation", BOTH, "mkdir -p $WORK/prop; mount -t tmpfs t $WORK/prop; mount --make-rshared $WORK/prop;"
         + RUN + "-v $WORK/prop:/d:rslave $IMAGE grep -c ' /d .*master' /proc/self/mountinfo", "1"),
    Case("copy in and out", BOTH, SLEEPER + "echo x > $WORK/f; e cp $WORK/f box:/tmp/f; e exec box cat /tmp/f; e cp box:/tmp/f - "
         "| tar -xO", "x\nx"),
    Case("shm size", BOTH, RUN + "--shm-size 2m $IMAGE sh -c 'df -k /dev/shm | tail -n 1 | tr -s \" \" | cut -d \" \" -f 2'",
         "2048"),
    Case("health check", BOTH, START + "--health-cmd 'test -e /tmp/ok' --health-interval 1s --health-retries 1 $IMAGE sh -c "
         "'touch /tmp/ok; sleep 60' >/dev/null; check", "healthy"),
    Case("network: none", BOTH, RUN + "$IMAGE ls /sys/class/net", "lo"),
    Case("network: host", BOTH, "e run --rm --network host $IMAGE readlink /proc/self/ns/net; readlink /proc/self/ns/net",
         "(\\S+)\n\\1"),
    Case("network: bridge", BOTH, "e run --rm --network bridge $IMAGE ip -o -4 addr show eth0", ".*inet .*"),
    Case("network: another container's", BOTH, SLEEPER + "a=$(e exec box readlink /proc/self/ns/net);"
         " b=$(e run --rm --network container:box $IMAGE readlink /proc/self/ns/net); test $a = $b && echo ok", "ok"),
    Case("pid namespace: another container's", BOTH, SLEEPER + RUN + "--pid container:box $IMAGE ps | grep -q 'trap.*exit 0' && echo ok",
         "ok"),
    Case("privileged", BOTH, RUN + "--privileged $IMAGE grep CapEff /proc/self/status", "CapEff:\\s+\\w+"),
    Case("build", "docker podman", "mkdir -p $WORK/b; printf 'FROM %s\\nRUN echo x > /made && id -u\\nUSER user\\nRUN id -u\\n'"
         " $IMAGE > $WORK/b/Dockerfile; e build --network none -q -t made $WORK/b >/dev/null && " + RUN + "made cat /made", "x"),
    Case("info: no warning", BOTH, "e info 2>&1 >/dev/null | grep -v 'blkio\\|cgroup v1\\|No .* support' || echo none", "none"),
    Case("pod", "podman", "e pod create --name p --infra-image $IMAGE --infra-command 'sleep 1000' --network none >/dev/null &&"
         " e run -d --pod p --name box $IMAGE sleep 100 >/dev/null &&"
         " a=$(e exec box readlink /proc/self/ns/ipc) && b=$(e run --rm --pod p $IMAGE readlink /proc/self/ns/ipc) &&"
         " test $a = $b && e pod stop -t 0 p >/dev/null && e pod rm p >/dev/null && echo ok", "ok"),
    Case("user namespace", "podman", RUN + "--uidmap 0:100000:65536 --gidmap 0:100000:65536 $IMAGE cat /proc/self/uid_map",
         "0\\s+100000\\s+65536"),
    Case("cgroup namespace", "podman", RUN + "--cgroupns private $IMAGE cat /proc/self/cgroup", "(\\d+:\\S*:/\n?)+"),
]

CONTAINERD_RUN = "e run --rm $IMAGE c "
CONTAINERD_START = "e run -d $IMAGE c sh -c 'trap \"exit 5\" TERM; while :; do sleep 0.1; done' || exit\n"

CONTAINERD = [
    Case("run", "containerd", CONTAINERD_RUN + "echo hi", "hi"),
    Case("run: status of the program", "containerd", CONTAINERD_RUN + "sh -c 'exit 42'", status=42),
    Case("run: no such program", "containerd", CONTAINERD_RUN + "/nope", err="no such file|not found", status=1),
    Case("run: stdin", "containerd", "echo hello | " + CONTAINERD_RUN + "head -n 1", "hello"),
    Case("run: terminal", "containerd", "script -qec \"ctr -a $WORK/containerd.sock run --rm -t $IMAGE c tty\" /dev/null",
         "(\\^@)?/dev/(pts/0|console)"),
    Case("run: read-only root", "containerd", "e run --rm --read-only $IMAGE c touch /x", err="Read-only", status=1),
    Case("run: memory limit", "containerd", "e run --rm --memory-limit 67108864 --mount "
         "type=bind,src=/sys/fs/cgroup,dst=/host,options=rbind:ro $IMAGE c sh -c "
         "'cat /host/memory$(grep :memory: /proc/self/cgroup | cut -d: -f3)/memory.limit_in_bytes'", "67108864"),
    Case("run: no pivot_root", "containerd", "e run --rm --no-pivot $IMAGE c echo hi", "hi"),
    Case("run: host network", "containerd", "e run --rm --net-host $IMAGE c readlink /proc/self/ns/net;"
         " readlink /proc/self/ns/net", "(\\S+)\n\\1"),
    Case("run: seccomp", "containerd", "e run --rm --seccomp $IMAGE c grep Seccomp: /proc/self/status", "Seccomp:\\s+2"),
    Case("run: privileged", "containerd", "e run --rm --privileged $IMAGE c echo hi", "hi"),
    Case("exec", "containerd", CONTAINERD_START + "e task exec --exec-id x c echo hi", "hi"),
    Case("exec: status", "containerd", CONTAINERD_START + "e task exec --exec-id x c sh -c 'exit 3'", status=3),
    Case("exec: terminal", "containerd", CONTAINERD_START
         + "script -qec \"ctr -a $WORK/containerd.sock task exec -t --exec-id x c tty\" /dev/null", "/dev/pts/\\d+[\\s\\S]*"),
    Case("pause, resume", "containerd", CONTAINERD_START + "e task pause c; status c; e task resume c; status c",
         "PAUSED\nRUNNING"),
    Case("kill", "containerd", CONTAINERD_START + "e task kill -s KILL c; until_true eval 'status c | grep STOPPED';"
         " e task rm c; e c rm c && echo ok", "ok", err="137|^$"),
    Case("ps", "containerd", CONTAINERD_START + "e task ps c | tail -n +2 | wc -l", "[12]"),
    Case("metrics", "containerd", CONTAINERD_START + "e task metrics --format json c | grep -c '\"pids\"'", "1"),
]

IN = "in_container $C "
BUILDAH = [
    Case("run", "buildah", IN + "echo hi", "hi"),
    Case("run: status of the program", "buildah", IN + "sh -c 'exit 42'", err="42", status=42),
    Case("run: no such program", "buildah", IN + "/nope", err="no such file|not found", status=1),
    Case("run: terminal", "buildah",
         "script -qec \"buildah run --isolation oci --runtime $RUNTIME --network none -t $C tty\" /dev/null",
         "[\\^@\\s]*/dev/(pts/0|console)[\\^@\\s]*"),
    Case("run: user", "buildah", "in_container --user user $C id -u", "1000"),
    Case("run: volume", "buildah", "mkdir -p $WORK/v; echo x > $WORK/v/f; in_container -v $WORK/v:/v:ro $C cat /v/f", "x"),
    Case("run: capability", "buildah", "in_container --cap-add CAP_NET_ADMIN $C echo ok", "ok"),
    Case("run: changes are kept", "buildah", IN + "touch /made; " + IN + "ls /made", "/made"),
    Case("bud", "buildah", "mkdir -p $WORK/b; printf 'FROM %s\\nRUN echo x > /made\\nUSER user\\nRUN id -u\\n' $IMAGE"
         " > $WORK/b/Dockerfile; bud -q -t made $WORK/b >/dev/null && "
         "C=$(e from --pull-never localhost/made) && " + IN + "cat /made", "x"),
    Case("bud: a failing step", "buildah", "mkdir -p $WORK/b; printf 'FROM %s\\nRUN exit 9\\n' $IMAGE > $WORK/b/Dockerfile;"
         " bud -q $WORK/b", err="9", status=9),
]

CASES = COMMON + CONTAINERD + BUILDAH
