"""Variables: every form of expansion, where each instruction has them, and what is visible where."""

from fragments import fragment


@fragment
def simple_forms(c):
    t = c.tag
    c.both(f"ENV {t}v=value {t}empty=")
    c.both(f"ENV {t}a=${t}v.x {t}b=${{{t}v}}x {t}c=x${{{t}none}}x \"{t}d\"=\"in ${t}v quotes\" {t}e='no ${t}v here'")
    c.both(f"ENV {t}f={c.escape}${t}v {t}g=\"{c.escape}${{{t}v}}\" {t}h=a${t}v-${t}v/${t}v")


@fragment
def defaults(c):
    t = c.tag
    c.both(f"ENV {t}v=value {t}empty=")
    c.both(f"LABEL {t}.a=${{{t}v:-other}} {t}.b=${{{t}empty:-other}} {t}.c=${{{t}none:-other}} {t}.d=${{{t}none:-${{{t}v:-x}}}}")
    c.both(f"LABEL {t}.e=${{{t}v:+other}} {t}.f=${{{t}empty:+other}} {t}.g=${{{t}none:+other}} {t}.h=${{{t}v:+${t}v/x}}")


@fragment
def unset_only(c):
    """Without a colon an empty variable is one."""
    t = c.tag
    c.both(f"ENV {t}v=value {t}empty=")
    c.split(f"LABEL {t}.a=${{{t}v-other}} {t}.b=${{{t}empty-other}} {t}.c=${{{t}none-other}} {t}.d=${{{t}none-a b}}".replace("a b", "ab"),
            f"LABEL {t}.a=value {t}.b= {t}.c=other {t}.d=ab")
    c.split(f"LABEL {t}.e=${{{t}v+other}} {t}.f=${{{t}empty+other}} {t}.g=${{{t}none+other}}",
            f"LABEL {t}.e=other {t}.f=other {t}.g=")


@fragment
def required(c):
    t = c.tag
    c.both(f"ENV {t}v=value {t}empty=")
    c.split(f"LABEL {t}.a=${{{t}v:?message}} {t}.b=${{{t}empty?}} {t}.c=\"${{{t}v?two words}}\"",
            f"LABEL {t}.a=value {t}.b= {t}.c=value")


@fragment
def prefixes(c):
    t = c.tag
    c.both(f"ENV {t}v=one/two/three.tar.gz")
    c.split(f"LABEL {t}.a=${{{t}v#*/}} {t}.b=${{{t}v##*/}} {t}.c=${{{t}v#two}} {t}.d=${{{t}v#o?e}} {t}.e=${{{t}v##}}",
            f"LABEL {t}.a=two/three.tar.gz {t}.b=three.tar.gz {t}.c=one/two/three.tar.gz {t}.d=/two/three.tar.gz"
            f" {t}.e=one/two/three.tar.gz")


@fragment
def suffixes(c):
    t = c.tag
    c.both(f"ENV {t}v=one/two/three.tar.gz {t}p=.gz")
    c.split(f"LABEL {t}.a=${{{t}v%.*}} {t}.b=${{{t}v%%.*}} {t}.c=${{{t}v%/*}} {t}.d=${{{t}v%%/*}} {t}.e=${{{t}v%${t}p}}",
            f"LABEL {t}.a=one/two/three.tar {t}.b=one/two/three {t}.c=one/two {t}.d=one {t}.e=one/two/three.tar")


@fragment
def replacements(c):
    t = c.tag
    c.both(f"ENV {t}v=a-b-c-d {t}n=")
    c.split(f"LABEL {t}.a=${{{t}v/-/_}} {t}.b=${{{t}v//-/_}} {t}.c=${{{t}v//-/}} {t}.d=${{{t}v/b*/x}} {t}.e=${{{t}v/?-/}}",
            f"LABEL {t}.a=a_b-c-d {t}.b=a_b_c_d {t}.c=abcd {t}.d=a-x {t}.e=b-c-d")


@fragment
def expanded_copy(c):
    t = c.tag
    c.both(f"ENV {t}f={c.file('file')} {t}d=/{t}")
    c.both(f"COPY ${t}f ${{{t}d}}/copied")
    c.both(f"ADD ${{{t}f}} ${t}d/added")
    c.both(f"RUN echo '${t}f' \"${t}f\" >${t}d/shell")
    c.feature("expanded COPY", "expanded ADD")


@fragment
def expanded_flags(c):
    t = c.tag
    c.file("file")
    c.both(f"ARG {t}o=1000:2000")
    c.both(f"ARG {t}m=0640")
    c.both(f"COPY --chown=${t}o {t}/file /{t}/a")
    c.split(f"COPY --chmod=${{{t}m}} {t}/file /{t}/b", f"COPY --chmod=0640 {t}/file /{t}/b")
    c.feature("expanded --chown", "expanded --chmod")


@fragment
def expanded_base(c):
    t = c.tag
    c.globals.append(_line(f"ARG {t}IMAGE=localhost/busybox"))
    c.globals.append(_line(f"ARG {t}TAG"))
    c.argument(f"{t}TAG", "latest")
    stage = c.auxiliary(base=f"${{{t}IMAGE}}:${t}TAG")
    stage.both(f"RUN echo from a variable >/{t}")
    c.both(f"COPY --from={stage.name} /{t} /{t}")
    c.feature("expanded FROM", "--build-arg", "global ARG")


@fragment
def arguments(c):
    t = c.tag
    c.both(f"ARG {t}a=default")
    c.both(f"ARG {t}b")
    c.both(f"ARG {t}c=\"with space\"")
    c.argument(f"{t}b", "given")
    c.both(f"ENV {t}c=env-wins {t}d=${t}a-${t}b")
    c.both(f"RUN echo \"${t}a ${t}b ${t}c ${t}d $UNSET\" >/{t}")
    c.feature("--build-arg")


@fragment
def arguments_at_once(c):
    t = c.tag
    c.split(f"ARG {t}a=1 {t}b=${t}a {t}c", f"ARG {t}a=1\nARG {t}b\nARG {t}c")
    c.both(f"RUN echo \"a${t}a c${t}c\" >/{t}")
    c.feature("ARG several")


@fragment
def global_arguments(c):
    """A stage sees a global one when it declares it, and may have a default of its own."""
    t = c.tag
    c.globals += [_line(f"ARG {t}g=global"), _line(f"ARG {t}h=global-${t}g")]
    c.both(f"RUN echo \"before: ${t}g\" >/{t}")
    c.both(f"ARG {t}g")
    c.both(f"ARG {t}h")
    c.both(f"RUN echo \"${t}g ${t}h\" >>/{t}")
    c.both(f"ARG {t}g=own")
    c.both(f"RUN echo \"${t}g\" >>/{t}")
    c.feature("global ARG")


@fragment
def argument_scope(c):
    """What one stage declares, the next does not see, but one that begins with it has the environment."""
    t = c.tag
    c.both(f"ARG {t}a=here")
    c.both(f"ENV {t}e=${t}a")
    c.both(f"RUN echo \"${t}a ${t}e\" >/{t}")
    c.next_stage()
    c.both(f"RUN echo \"${t}a ${t}e\" >>/{t}")
    c.feature("ARG scope")


@fragment
def platform_arguments(c):
    t = c.tag
    c.both("ARG TARGETPLATFORM\nARG TARGETARCH\nARG TARGETOS\nARG TARGETVARIANT\nARG BUILDPLATFORM\nARG BUILDARCH")
    c.both(f"RUN echo \"$TARGETPLATFORM $TARGETARCH $TARGETOS $TARGETVARIANT $BUILDPLATFORM $BUILDARCH\" >/{t}")
    c.feature("platform ARG")


@fragment
def proxy_arguments(c):
    if "http_proxy=http://127.0.0.1:9" not in c.plain_arguments:
        c.argument("NO_PROXY", "example.org")
        c.argument("no_proxy", "example.org")
    c.both(f"RUN echo \"$NO_PROXY $no_proxy\" >/{c.tag}")
    c.feature("predefined ARG")


@fragment
def ignored_arguments(c):
    """Given and not declared."""
    c.argument(f"{c.tag}x", "unused")
    c.both(f"RUN echo \"${c.tag}x\" >/{c.tag}")


def _line(text):
    from description import Line
    return Line(text, text)


@fragment
def expanded_mount(c):
    t = c.tag
    c.both(f"ARG {t}p=/tmp/{t}")
    c.file("in/a")
    c.split(f"RUN --mount=type=bind,source={t}/in,target=${{{t}p}}/m cat ${t}p/m/a >/{t}",
            f"RUN --mount=type=bind,source={t}/in,target=/tmp/{t}/m cat ${t}p/m/a >/{t}")
    c.split(None, f"RUN rm -rf /tmp/{t}")
    c.feature("expanded --mount")


@fragment
def path(c):
    c.both(f"ENV PATH=$PATH:/{c.tag}/bin")
    c.both(f"RUN mkdir -p /{c.tag}/bin && printf '#!/bin/sh\\necho found\\n' >/{c.tag}/bin/{c.tag} && chmod +x /{c.tag}/bin/{c.tag}")
    c.both(f"RUN {c.tag} >/{c.tag}/said")
