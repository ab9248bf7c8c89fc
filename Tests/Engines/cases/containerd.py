"""containerd, by its own client ctr."""

from cases.case import Case

RUN = "e run --rm $IMAGE c "
START = "e run -d $IMAGE c sh -c 'trap \"exit 5\" TERM; sleep 1000 & wait' || exit\n"

CONTAINERD = [
    Case("run", "containerd", RUN + "echo hi", "hi"),
    Case("run: status of the program", "containerd", RUN + "sh -c 'exit 42'", status=42),
    Case("run: no such program", "containerd", RUN + "/nope", err="no such file|not found", status=1),
    Case("run: stdin", "containerd", "echo hello | " + RUN + "head -n 1", "hello"),
    Case("run: terminal", "containerd",
         "script -qec \"ctr -a $WORK/containerd.sock run --rm -t $IMAGE c tty\" /dev/null",
         "(\\^@)?/dev/(pts/0|console)"),
    Case("run: read-only root", "containerd", "e run --rm --read-only $IMAGE c touch /x", err="Read-only", status=1),
    Case("run: memory limit", "containerd", "e run --rm --memory-limit 67108864 --mount "
         "type=bind,src=/sys/fs/cgroup,dst=/host,options=rbind:ro $IMAGE c sh -c "
         "'f=$(sed -n s/^0:://p /proc/self/cgroup); [ -e /host/cgroup.controllers ] && exec cat /host$f/memory.max;"
         " cat /host/memory$(grep :memory: /proc/self/cgroup | cut -d: -f3)/memory.limit_in_bytes'", "67108864"),
    Case("run: no pivot_root", "containerd", "e run --rm --no-pivot $IMAGE c echo hi", "hi"),
    Case("run: host network", "containerd", "e run --rm --net-host $IMAGE c readlink /proc/self/ns/net;"
         " readlink /proc/self/ns/net", "(\\S+)\n\\1"),
    Case("run: seccomp", "containerd", "e run --rm --seccomp $IMAGE c grep Seccomp: /proc/self/status",
         "Seccomp:\\s+2"),
    Case("run: privileged", "containerd", "e run --rm --privileged $IMAGE c echo hi", "hi"),
    Case("exec", "containerd", START + "e task exec --exec-id x c echo hi", "hi"),
    Case("exec: status", "containerd", START + "e task exec --exec-id x c sh -c 'exit 3'", status=3),
    Case("exec: terminal", "containerd", START
         + "script -qec \"ctr -a $WORK/containerd.sock task exec -t --exec-id x c tty\" /dev/null",
         "(\\^@)?/dev/pts/\\d+[\\s\\S]*"),
    Case("pause, resume", "containerd", START + "e task pause c; status c; e task resume c; status c",
         "PAUSED\nRUNNING"),
    Case("kill", "containerd", START + "e task kill -s KILL c; until_true eval 'status c | grep STOPPED';"
         " e task rm c; e c rm c && echo ok", "ok", err="137|^$"),
    Case("ps", "containerd", START + "e task ps c | tail -n +2 | wc -l", "[12]"),
    Case("metrics", "containerd", START + "e task metrics --format json c | grep -c '\"pids\"'", "1"),
]
