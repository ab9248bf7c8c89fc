"""RUN --mount.

A mount point that was not there is not there afterwards: the plain text removes what docker 20.10 leaves.
"""

from fragments import fragment


def run(c, mount, command, plain_mount=None, leaves=None):
    """RUN with a mount; `leaves` is the outermost directory that 20.10 leaves."""
    plain = f"RUN --mount={plain_mount or mount} {command}"
    c.split(f"RUN --mount={mount} {command}", plain)
    if leaves:
        c.split(None, f"RUN rm -rf {leaves}")


@fragment
def bind_context(c):
    t = c.tag
    c.files("in/a", "in/b")
    run(c, f"type=bind,target=/tmp/{t}", f"find /tmp/{t}/{t} | sort >/{t}", leaves=f"/tmp/{t}")
    # 20.10 lets one write whose context was mounted with `rw` before.
    c.split(f"RUN --mount=type=bind,target=/tmp/{t} ! touch /tmp/{t}/x 2>/dev/null", "RUN true")
    run(c, f"target=/tmp/{t}/deep,source={t}/in", f"ls /tmp/{t}/deep >>/{t}", leaves=f"/tmp/{t}")


@fragment
def bind_writable(c):
    t = c.tag
    c.file("in/a")
    c.both(f"RUN mkdir /{t}")
    run(c, f"type=bind,src={t}/in,dst=/{t}/m,rw", f"echo gone >/{t}/m/new && ls /{t}/m >/{t}/list", leaves=f"/{t}/m")
    run(c, f"type=bind,source={t}/in,target=/{t}/m,readonly=false", f"rm /{t}/m/a && touch /{t}/ok", leaves=f"/{t}/m")
    run(c, f"type=bind,source={t}/in/a,target=/{t}/file", f"cat /{t}/file >/{t}/copy", leaves=f"/{t}/file")


@fragment
def bind_stage(c):
    t = c.tag
    stage = c.auxiliary()
    stage.both(f"RUN mkdir -p /{t}/out && echo built >/{t}/out/file")
    run(c, f"type=bind,from={stage.name},source=/{t}/out,target=/mnt", f"cp /mnt/file /{t}", leaves="/mnt")
    run(c, "type=bind,from=localhost/busybox,target=/tmp/image,readonly", f"ls /tmp/image >/{t}.list",
        leaves="/tmp/image")


@fragment
def cache(c):
    t, name = c.tag, c.name
    run(c, f"type=cache,id={name}{t},target=/tmp/cache", f"echo once >>/tmp/cache/{t}", leaves="/tmp/cache")
    run(c, f"type=cache,id={name}{t},dst=/cache/deep,sharing=locked", f"cat /cache/deep/{t} >/{t}", leaves="/cache")
    run(c, f"type=cache,id={name}{t},target=/tmp/cache,ro,sharing=shared",
        f"! touch /tmp/cache/x 2>/dev/null && cat /tmp/cache/{t} >>/{t}", leaves="/tmp/cache")


@fragment
def cache_looks(c):
    t = c.tag
    c.both(f"RUN mkdir /{t}")
    run(c, f"type=cache,id={c.name}{t},target=/{t}/c,mode=0750,uid=1000,gid=2000,sharing=private",
        f"stat -c '%a %u %g' /{t}/c >/{t}/looks", leaves=f"/{t}/c")
    c.both(f"WORKDIR /{t}")
    run(c, "type=cache,target=relative", "touch relative/x && pwd >where", leaves=f"/{t}/relative")
    c.both("WORKDIR /")


@fragment
def cache_from(c):
    t = c.tag
    stage = c.auxiliary()
    stage.both(f"RUN mkdir -p /{t}/start && echo first >/{t}/start/file && chown -R 1000 /{t}/start")
    run(c, f"type=cache,id={c.name}{t},target=/tmp/c,from={stage.name},source=/{t}/start",
        f"cat /tmp/c/file >/{t} && stat -c %u /tmp/c/file >>/{t}", leaves="/tmp/c")


@fragment
def tmpfs(c):
    t = c.tag
    run(c, "type=tmpfs,target=/tmp", "touch /tmp/gone && grep -c ' /tmp tmpfs' /proc/mounts" + f" >/{t}")
    command = "dd if=/dev/zero of=/scratch/f bs=1M count=8 2>/dev/null"
    run(c, "type=tmpfs,target=/scratch,size=16m", f"{command} && touch /{t}.big", "type=tmpfs,target=/scratch",
        leaves="/scratch")
    c.split(f"RUN --mount=type=tmpfs,target=/scratch,size=1048576 ! {command}", "RUN true")


@fragment
def secret(c):
    t = c.tag
    c.arguments("--secret", f"id={t}one,src=@SECRET@")
    run(c, f"type=secret,id={t}one",
        f"cat /run/secrets/{t}one >/{t}.run && stat -c '%a %u %g' /run/secrets/{t}one >>/{t}.run", leaves="/run")
    run(c, f"type=secret,id={t}one,target=/tmp/s,mode=0444,uid=1000,gid=2000,required=true",
        f"stat -c '%a %u %g' /tmp/s >/{t} && cat /tmp/s >>/{t}", leaves="/tmp/s")
    run(c, "type=secret,id=absent", f"test ! -e /run/secrets/absent && touch /{t}.absent")
    run(c, f"type=secret,target=/tmp/{t}one", f"cat /tmp/{t}one >>/{t}", leaves=f"/tmp/{t}one")


@fragment
def secret_environment(c):
    t = c.tag
    c.arguments("--secret", f"id={t}env,src=@SECRET@")
    c.split(f"RUN --mount=type=secret,id={t}env,env={t}V echo \"${t}V\" >/{t} && test ! -e /run/secrets",
            f"RUN --mount=type=secret,id={t}env,target=/tmp/s echo \"$(cat /tmp/s)\" >/{t}")
    c.split(f"RUN --mount=type=secret,id={t}env,env={t}V,target=/tmp/s test -n \"${t}V\" && cat /tmp/s >>/{t}",
            f"RUN --mount=type=secret,id={t}env,target=/tmp/s cat /tmp/s >>/{t}")


@fragment
def ssh(c):
    t = c.tag
    if "--ssh" not in c.plain_arguments:
        c.arguments("--ssh", "default=@AGENT@")
    run(c, "type=ssh", f"test -S $SSH_AUTH_SOCK && echo $SSH_AUTH_SOCK >/{t}", leaves="/run")
    run(c, "type=ssh,target=/tmp/agent,required=true,mode=0666,uid=1000,gid=2000",
        f"test -S /tmp/agent && stat -c '%a %u %g' /tmp/agent >>/{t}")
    run(c, "type=ssh,id=other", f"test ! -e /run/buildkit/ssh_agent.0 && touch /{t}.none")


@fragment
def several_mounts(c):
    t = c.tag
    c.file("in/a")
    c.both(f"RUN mkdir -p /{t}/b /{t}/t /{t}/c")
    c.both("RUN " + c.joined(f"--mount=type=bind,source={t}/in,target=/{t}/b", f"--mount=type=tmpfs,target=/{t}/t",
                             f"--mount=type=cache,id={c.name}{t},target=/{t}/c",
                             f"cp /{t}/b/a /{t}/t/a && cp /{t}/t/a /{t}/c/a && cp /{t}/c/a /{t}/a"))
