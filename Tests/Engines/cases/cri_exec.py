"""Exec and attach: the way of probes (ExecSync), and kubectl's over the streaming server."""

import grpc
from tools import poll

from cases.check import SLEEPER, checks, equal, matches, refused

EXEC, check = checks("cri")


@check("exec: stdout, stderr, exit code")
def sync(node):
    done = node.pod().start(*SLEEPER).exec("sh", "-c", "echo out; echo err >&2; exit 3")
    equal((done.stdout, done.stderr, done.exit_code), (b"out\n", b"err\n", 3))


@check("exec: much output")
def sync_large(node):
    equal(len(node.pod().start(*SLEEPER).exec("sh", "-c", "seq 100000").stdout), 588895)


@check("exec: no such program")
def sync_no_program(node):
    box = node.pod().start(*SLEEPER)
    with refused(grpc.StatusCode.UNKNOWN, "not found|no such file"):
        box.exec("nope")


@check("exec: timeout ends it")
def sync_timeout(node):
    box = node.pod().start(*SLEEPER)
    with refused(grpc.StatusCode.DEADLINE_EXCEEDED, "timeout"):
        box.exec("sleep", "54321", timeout=1)
    poll("its end", lambda: "sleep 54321" not in box.output("ps"))


@check("exec: as the container's process")
def sync_process(node):
    box = node.pod().start(*SLEEPER, working_dir="/tmp", envs=[{"key": "A", "value": "b"}],
                           security={"run_as_user": {"value": 1000}, "no_new_privs": True,
                                     "capabilities": {"drop_capabilities": ["ALL"]}})
    equal(box.output("sh", "-c", "id -u; pwd; echo $A; grep -E 'CapBnd|NoNewPrivs' /proc/self/status | cut -f 2"),
          "1000\n/tmp\nb\n0000000000000000\n1")


@check("exec: in a container that ended")
def sync_ended(node):
    box = node.pod().start("true")
    box.wait()
    with refused(grpc.StatusCode.UNKNOWN, "not running|EXITED"):
        box.exec("true")


@check("exec, streamed: stdout, stderr, exit code")
def streamed(node):
    stream = node.pod().start(*SLEEPER).exec_stream("sh", "-c", "echo out; echo err >&2; exit 3")
    equal((stream.finish(), stream.stdout, stream.stderr), (3, "out\n", "err\n"))


@check("exec, streamed: stdin")
def streamed_stdin(node):
    stream = node.pod().start(*SLEEPER).exec_stream("head", "-n", "1", stdin=True)
    stream.send("hello\n")
    equal((stream.finish(), stream.stdout), (0, "hello\n"))


@check("exec, streamed: terminal and its size")
def streamed_terminal(node):
    stream = node.pod().start(*SLEEPER).exec_stream("sh", tty=True, stdin=True)
    stream.resize(90, 33)
    stream.send("until stty size | grep -x '33 90'; do sleep 0.1; done; tty\n")
    stream.until("/dev/pts/")
    matches(stream.stdout, r"[\s\S]*\n33 90\n/dev/pts/\d+[\s\S]*")
    stream.send("exit 4\n")
    equal(stream.finish(), 4)


@check("exec, streamed: no such program")
def streamed_no_program(node):
    stream = node.pod().start(*SLEEPER).exec_stream("nope")
    matches(str(stream.finish()), r"[\s\S]*(not found|no such file)[\s\S]*")


@check("attach: output")
def attached(node):
    box = node.pod().start("sh", "-c", "trap 'echo out; echo err >&2; exit 0' USR1; while :; do sleep 0.1; done")
    stream = box.attach()
    box.output("kill", "-USR1", "1")
    stream.finish()
    equal((stream.stdout, stream.stderr, box.wait().exit_code), ("out\n", "err\n", 0))


@check("attach: stdin once")
def attached_stdin(node):
    box = node.pod().start("sh", "-c", "cat; echo end", stdin=True, stdin_once=True)
    stream = box.attach(stdin=True)
    stream.send("hello\n")
    stream.until("hello\n")
    stream.close()
    equal((box.wait().exit_code, box.text()), (0, "hello\nend"))


@check("attach: terminal and its size")
def attached_terminal(node):
    box = node.pod().start("sh", stdin=True, tty=True)
    stream = box.attach(tty=True, stdin=True)
    stream.resize(90, 33)
    stream.send("until stty size | grep -x '33 90'; do sleep 0.1; done; echo 'a'b\n")
    stream.until("\nab\n")
    matches(stream.stdout, r"[\s\S]*\n33 90\nab\n[\s\S]*")
    stream.send("exit 4\n")
    stream.finish()
    equal(box.wait().exit_code, 4)
