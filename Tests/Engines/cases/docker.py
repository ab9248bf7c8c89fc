"""Docker and Podman: how containers are run, and what is done with them while they run."""

from cases.case import Case, has_capability

BOTH = "podman docker"
CAP_SYS_RESOURCE = 24
RUN = "e run --rm --network none "
START = "e run -d --name box --network none "
SLEEPER = START + "$IMAGE sh -c 'trap \"exit 0\" TERM; sleep 1000 & wait' >/dev/null || exit\n"
# A container's limits, in the files of whichever cgroup version there is. What a share is as a weight of v2 is not
# agreed upon.
LIMITS = ("sh -c 'cd /sys/fs/cgroup; if [ -e cgroup.controllers ]; then cat memory.max pids.max cpu.weight cpuset.cpus;"
          " else cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.shares cpuset/cpuset.cpus; fi'")

LIFE = [
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
    Case("run: ulimit", BOTH, RUN + "--ulimit nofile=100:200 --ulimit nproc=1000 $IMAGE sh -c 'ulimit -Sn; ulimit -Hn'",
         "100\n200"),
    Case("run: device", BOTH, RUN + "--device /dev/fuse:/dev/thing $IMAGE sh -c 'test -c /dev/thing && echo ok'", "ok"),
    Case("run: OOM score", BOTH, RUN + "--oom-score-adj 500 $IMAGE cat /proc/self/oom_score_adj", "500"),
    Case("logs", BOTH, START + "$IMAGE sh -c 'echo out; echo err >&2' >/dev/null; e wait box >/dev/null;"
         " e logs box 2>&1 | sort", "err\nout"),
    Case("wait", BOTH, START + "$IMAGE sh -c 'exit 7' >/dev/null; e wait box", "7"),
    Case("create, start, attach", BOTH,
         "e create --name box --network none $IMAGE echo hi >/dev/null; e start -a box", "hi"),
    Case("exec", BOTH, SLEEPER + "e exec box echo hi", "hi"),
    Case("exec: status", BOTH, SLEEPER + "e exec box sh -c 'exit 3'", status=3),
    Case("exec: no such program is 127", "podman", SLEEPER + "e exec box nope", status=127),
    Case("exec: no such program is 126", "docker", SLEEPER + "e exec box nope", out=".*not found.*", status=126),
    Case("exec: not executable is 126", BOTH, SLEEPER + "e exec box /etc/passwd", status=126),
    Case("exec: stdin", BOTH, SLEEPER + "echo hello | e exec -i box cat", "hello"),
    Case("exec: terminal", BOTH, SLEEPER + "script -qec \"$CLI exec -t box tty\" /dev/null", "/dev/pts/\\d+"),
    Case("exec: user, directory, environment", BOTH,
         SLEEPER + "e exec -u user -w /tmp -e A=b box sh -c 'id -u; id -G; pwd; echo $A'", "1000\n1000 2000\n/tmp\nb"),
    Case("exec: detached", BOTH, SLEEPER + "e exec -d box touch /tmp/mark >/dev/null;"
         " until_true e exec box test -e /tmp/mark && echo ok", "ok"),
    Case("exec: privileged", BOTH, SLEEPER + "e exec --privileged box grep CapEff /proc/self/status", "CapEff:\\s+\\w+",
         skip="" if has_capability(CAP_SYS_RESOURCE) else "no CAP_SYS_RESOURCE here to give"),
    Case("kill: a signal that is caught", BOTH,
         START + "$IMAGE sh -c 'trap \"echo got; exit 5\" USR1; echo ready; while :; do sleep 0.1; done' >/dev/null\n"
         "logged box ready; e kill -s USR1 box >/dev/null; e wait box; e logs box", "5\nready\ngot"),
    Case("kill: KILL is 137", BOTH, SLEEPER + "e kill box >/dev/null; e wait box", "137"),
    Case("stop", BOTH, SLEEPER + "e exec box true; e stop -t 10 box >/dev/null; e wait box", "0|143"),
    Case("restart", BOTH, SLEEPER + "e exec box touch /kept; e restart -t 0 box >/dev/null; e exec box ls /kept",
         "/kept"),
    Case("restart policy", BOTH,
         "e run -d --name box --network none --restart on-failure:2 $IMAGE sh -c 'echo x; exit 1' >/dev/null;"
         " until_true eval 'test $(e logs box | grep -c x) -eq 3' && echo ok", "ok"),
    Case("pause, unpause", BOTH, SLEEPER + "e pause box >/dev/null; e inspect -f '{{.State.Status}}' box;"
         " e unpause box >/dev/null; e exec box echo ok", "paused\nok"),
    Case("update", "docker",
         SLEEPER + "e update --memory 64m --memory-swap 64m --cpu-shares 512 box >/dev/null || exit;"
         " e exec box " + LIMITS, "67108864\n\\w+\n(512|20|59)(\n.*)?"),
    Case("update", "podman", SLEEPER + "e update --memory 64m --cpu-shares 512 box >/dev/null || exit;"
         " e exec box " + LIMITS, "67108864\n\\w+\n(512|20|59)(\n.*)?"),
    Case("stats", BOTH, SLEEPER + "e stats --no-stream --format '{{.Name}} {{.PIDs}}' box", "box \\d+"),
    Case("top", BOTH, SLEEPER + "e top box | tail -n +2 | grep -c trap", "1"),
    Case("limits", BOTH, RUN + "--memory 64m --pids-limit 50 --cpu-shares 300 --cpuset-cpus 0 $IMAGE "
         + LIMITS, "67108864\n50\n(300|12|39)\n0"),
    Case("limits: pids", BOTH, RUN + "--pids-limit 5 $IMAGE sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done'",
         err="[Rr]esource temporarily unavailable|can't fork", status=2),
    Case("OOM", "podman", START + "--memory 16m --memory-swap 16m $IMAGE tail /dev/zero >/dev/null; e wait box", "137"),
    # The container's end after the event: docker forgets one that comes later, whatever the runtime.
    Case("OOM", "docker", START + "--memory 16m --memory-swap 16m $IMAGE sh -c 'tail /dev/zero; sleep 1000' >/dev/null;"
         " until_true eval 'e events --since 1h --until 0s --filter event=oom | grep name=box'; e kill box >/dev/null;"
         " e wait box >/dev/null; e inspect -f '{{.State.OOMKilled}}' box", "true"),
]
