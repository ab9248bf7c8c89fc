"""Variables: every form of expansion, where each instruction has them, and what is visible where."""

from fragments import fragment


@fragment
def simple_forms(c):
    t = c.tag
    c.both(f"ENV {t}v=value {t}empty=")
    c.both(f"ENV {t}a=${t}v.x {t}b=${{{t}v}}x {t}c=x${{{t}none}}x \"{t}d\"=\"in ${t}v quotes\" {t}e='no ${t}v here'")
    c.both(f"ENV {t}f={c.escape}${t}v {t}g=\"{c.escape}${{{t}v}}\" {t}h=a${t}v-${t}v/${t}v")


def expands(c, forms, known=False):
    """A label for each form, of the fragment's variables. 20.10 has the values, unless the forms are `known` to it."""
    t, line = c.tag, len(c.stages[-1].lines)
    modern = " ".join(f'{t}.{line}.{number}=${{{t}{form.replace("$", "$" + t)}}}' for number, form in enumerate(forms))
    values = " ".join(f"{t}.{line}.{number}={value}" for number, value in enumerate(forms.values()))
    c.split(f"LABEL {modern}", f"LABEL {modern if known else values}")


@fragment
def defaults(c):
    c.both(f"ENV {c.tag}v=value {c.tag}empty=")
    expands(c, {"v:-other": "value", "empty:-other": "other", "none:-other": "other", "none:-$v": "value"}, known=True)
    expands(c, {"v:+other": "other", "empty:+other": "", "none:+other": "", "v:+$v/x": "value/x"}, known=True)
    c.both(f"LABEL {c.tag}.nested=${{{c.tag}none:-${{{c.tag}empty:-x${{{c.tag}v}}}}}}")


@fragment
def unset_only(c):
    """Without a colon an empty variable is one."""
    c.both(f"ENV {c.tag}v=value {c.tag}empty=")
    expands(c, {"v-other": "value", "empty-other": "", "none-other": "other"})
    expands(c, {"v+other": "other", "empty+other": "other", "none+other": ""})


@fragment
def required(c):
    c.both(f"ENV {c.tag}v=value {c.tag}empty=")
    expands(c, {"v:?message": "value", "empty?": "", "v?message": "value"})


@fragment
def prefixes(c):
    c.both(f"ENV {c.tag}v=one/two/three.tar.gz")
    expands(c, {"v#*/": "two/three.tar.gz", "v##*/": "three.tar.gz", "v#two": "one/two/three.tar.gz",
                "v#o?e": "/two/three.tar.gz", "v##": "one/two/three.tar.gz"})


@fragment
def suffixes(c):
    c.both(f"ENV {c.tag}v=one/two/three.tar.gz {c.tag}p=.gz")
    expands(c, {"v%.*": "one/two/three.tar", "v%%.*": "one/two/three", "v%/*": "one/two", "v%%/*": "one",
                "v%$p": "one/two/three.tar"})


@fragment
def replacements(c):
    c.both(f"ENV {c.tag}v=a-b-c-d")
    expands(c, {"v/-/_": "a_b-c-d", "v//-/_": "a_b_c_d", "v//-/": "abcd", "v/b*/x": "a-x", "v/?-/": "b-c-d"})


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
    t = c.tag
    c.both(f"ENV PATH=$PATH:/{t}/bin")
    c.both(f"RUN mkdir -p /{t}/bin && printf '#!/bin/sh\\necho found\\n' >/{t}/bin/{t} && chmod +x /{t}/bin/{t}")
    c.both(f"RUN {t} >/{t}/said")


@fragment
def argument_or_environment(c):
    """ENV wins over an ARG of before and of after, and over --build-arg."""
    t = c.tag
    c.both(f"ARG {t}a=argument")
    c.both(f"ENV {t}a=environment {t}b=environment")
    c.argument(f"{t}a", "given")
    c.both(f"RUN echo \"${t}a\" >/{t}")
    c.both(f"LABEL {t}.a=${t}a {t}.b=${t}b")
    c.both(f"ARG {t}c")
    c.both(f"RUN echo \"${{{t}c-unset}}\" >>/{t}")


@fragment
def base_with_default(c):
    t = c.tag
    c.globals.append(_line(f"ARG {t}base"))
    stage = c.auxiliary(base=f"${{{t}base:-localhost/busybox}}")
    stage.both(f"RUN echo x >/{t}")
    c.both(f"COPY --from={stage.name} /{t} /{t}")
