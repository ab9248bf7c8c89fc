"""Stages: how they follow from each other, what is built and what is not; directives; triggers."""

from description import Line
from fragments import fragment


@fragment
def next_stage(c):
    t = c.tag
    c.both(f"ENV {t}E=inherited")
    c.both(f"RUN echo first >/{t}")
    c.next_stage()
    c.both(f"RUN echo \"${t}E\" >>/{t}")
    c.feature("FROM stage")


@fragment
def numbered_stage(c):
    t = c.tag
    stage = c.auxiliary()
    stage.both(f"RUN echo numbered >/{t}")
    # Whoever comes later stands before the main stage as well, but after this one.
    number = c.stages.index(stage)
    c.both(f"COPY --from={number} /{t} /{t}")
    c.feature("COPY --from number")


@fragment
def chain_of_stages(c):
    t = c.tag
    first = c.auxiliary()
    first.both(f"RUN mkdir /{t} && echo 1 >/{t}/1")
    second = c.auxiliary(first.name)
    second.both(f"COPY {c.file('two')} /{t}/2")
    third = c.auxiliary("scratch")
    third.both(f"COPY --from={second.name} /{t} /in/")
    c.both(f"COPY --from={third.name} /in /{t}")
    c.feature("FROM scratch", "FROM stage")


@fragment
def names_of_stages(c):
    """Not sensitive to case."""
    t = c.tag
    stage = c.auxiliary(name=f"Mixed-{t}.Case")
    stage.both(f"RUN echo x >/{t}")
    c.both(f"COPY --from=mixed-{t}.case /{t} /{t}")


@fragment
def platform(c):
    t = c.tag
    stage = c.auxiliary()
    stage.flags = "--platform=" + c.random.choice(["linux/amd64 ", "$BUILDPLATFORM ", "$TARGETPLATFORM "])
    stage.both(f"RUN echo x >/{t}")
    c.both(f"COPY --from={stage.name} /{t} /{t}")


@fragment
def unused_stage(c):
    """Would fail."""
    stage = c.auxiliary()
    stage.both("RUN false")
    stage.both("COPY no-such-file /")
    c.feature("unused stage")


@fragment
def target(c):
    """The stages after the target are not built."""
    c.target = c.target or "last"
    c.feature("--target")


@fragment
def triggers(c):
    t = c.tag
    c.both(f"ONBUILD COPY {c.file('file')} /{t}/copied")
    c.both(f"ONBUILD RUN echo triggered >>/{t}.ran")
    c.both(f"ONBUILD ENV {t}X=from-trigger")
    c.both(f"ONBUILD LABEL {t}=$PATH")
    c.both(f"RUN test ! -e /{t}.ran && echo before >/{t}.ran")
    c.next_stage()
    c.both(f"RUN echo \"${t}X\" >>/{t}.ran")
    c.feature("ONBUILD through a stage")


@fragment
def triggers_kept(c):
    """For those who build on this image, if nobody here does."""
    c.both(f"ONBUILD RUN echo {c.word()}  \"two  blanks\" >>/{c.tag}")
    c.both('ONBUILD CMD ["/bin/sh"]')


@fragment
def escape_directive(c):
    if not any("escape=" in line.modern for line in c.head):
        c.head.insert(0, Line(f"# escape={c.escape}", f"# escape={c.escape}"))


@fragment
def syntax_directive(c):
    if not any("syntax=" in line.modern for line in c.head):
        text = c.random.choice(["# syntax=docker/dockerfile:1", "#syntax = docker/dockerfile:1.7"])
        c.head.insert(0, Line(text, None))


@fragment
def check_directive(c):
    if not any("check=" in line.modern for line in c.head):
        c.head.insert(0, Line("# check=skip=all", None))
