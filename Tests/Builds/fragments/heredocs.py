"""Files written in the Dockerfile. The plain text has them in the context."""

from fragments import fragment


def mark(c):
    return c.random.choice(["EOF", "EOT", "script", "E1"])


@fragment
def run_script(c):
    t, m = c.tag, mark(c)
    c.split(f"RUN <<{m}\nmkdir /{t}\nfor i in 1 2; do\n  echo $i >/{t}/$i\ndone\n{m}",
            f"RUN mkdir /{t} && for i in 1 2; do echo $i >/{t}/$i; done")
    c.split(f"RUN <<-{m}\n\techo \"tabs\tare\" >/{t}/tabs\n\t\techo gone >>/{t}/tabs\n\t{m}",
            f"RUN echo \"tabs\tare\" >/{t}/tabs; echo gone >>/{t}/tabs")


@fragment
def run_interpreter(c):
    t, m = c.tag, mark(c)
    c.split(f"RUN <<{m}\n#!/bin/awk -f\nBEGIN {{ print \"from awk\" > \"/{t}\" }}\n{m}", f"RUN echo from awk >/{t}")
    c.split(f"RUN <<{m}\n#!/bin/sh\necho shell >>/{t}\n{m}",
            f"RUN echo shell >>/{t}")


@fragment
def run_input(c):
    t, m = c.tag, mark(c)
    c.both(f"ENV {t}V=value")
    c.split(f"RUN cat <<{m} >/{t}.a && cat <<'{m}2' >/{t}.b\n${t}V and $(echo command)\n{m}\n${t}V $(not run)\n{m}2",
            f"RUN echo \"${t}V and $(echo command)\" >/{t}.a && echo '${t}V $(not run)' >/{t}.b")
    c.split(f"RUN <<{m} sh -c 'cat >/{t}.c'\ninput\n{m}", f"RUN echo input >/{t}.c")


@fragment
def copy_files(c):
    t, m = c.tag, mark(c)
    c.both(f"ENV {t}V=value")
    texts = ["expanded value\n", "not expanded $V\n", "tabs\n  stay\n"]
    for index, text in enumerate(texts):
        c.file(f"{m}{index}", text, 0o644)
    c.split(f"COPY <<{m} /{t}/expanded\nexpanded ${{{t}V}}\n{m}\nRUN touch /{t}/expanded",
            f"COPY {t}/{m}0 /{t}/expanded\nRUN touch /{t}/expanded")
    c.split(f"COPY <<\"{m}1\" <<-'{m}2' /{t}/several/\nnot expanded $V\n{m}1\n\ttabs\n\t  stay\n{m}2\n"
            f"RUN touch /{t}/several/*",
            f"COPY {t}/{m}1 {t}/{m}2 /{t}/several/\nRUN touch /{t}/several/*")


@fragment
def copy_files_flags(c):
    t, m = c.tag, mark(c)
    c.file(m, "#!/bin/sh\necho \\$not\n", 0o644)
    c.file("beside")
    c.split(f"COPY --chmod=755 --chown=user:extra <<'{m}' {t}/beside /{t}/\n#!/bin/sh\necho \\$not\n{m}\n"
            f"RUN touch /{t}/{m}",
            f"COPY --chmod=755 --chown=user:extra {t}/{m} {t}/beside /{t}/\nRUN touch /{t}/{m}")


@fragment
def add_file(c):
    t, m = c.tag, mark(c)
    c.file(m, "", 0o644)
    c.file("text", "added\n", 0o644)
    c.split(f"ADD <<{m} /{t}/empty\n{m}\nRUN touch /{t}/empty", f"ADD {t}/{m} /{t}/empty\nRUN touch /{t}/empty")
    c.split(f"ADD <<{m} /{t}/text\nadded\n{m}\nRUN touch /{t}/text", f"ADD {t}/text /{t}/text\nRUN touch /{t}/text")
