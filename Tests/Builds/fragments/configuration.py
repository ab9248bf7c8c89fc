"""What goes into the configuration and makes no files."""

from fragments import fragment


@fragment
def environment(c):
    t = c.tag
    c.both(f"ENV {t}A=one {t}B=\"two words\" {t}C='three $words' {t}D=four{c.escape} more")
    c.both(f"ENV {t}E   five words \"in quotes\" ")
    c.both(c.joined(f"ENV {t}F=six", f"{t}G=\"se ven\"", f"{t}H="))
    c.both(f"RUN env | grep ^{t} | sort >/{t}")


@fragment
def environment_before(c):
    """What an instruction defines, it does not see."""
    t = c.tag
    c.both(f"ENV {t}A=old")
    c.both(f"ENV {t}A=new {t}B=${t}A {t}C=${{{t}A}}x")


@fragment
def label(c):
    t = c.tag
    c.both(f"LABEL {t}.a=one \"{t}.b\"=\"two words\" {t}.c='single $quotes'")
    c.both(f"LABEL {t}.d five words")
    c.both(c.joined(f"LABEL {t}.e=1", f"{t}.f=\"a", "b\"", f"{t}.g=\"q{c.escape}\"q\""))


@fragment
def label_again(c):
    c.both(f"LABEL version=\"{c.random.randint(1, 9)}.0\" common={c.word()}")


@fragment
def expose(c):
    first = c.random.randrange(1000, 9000)
    c.both(f"EXPOSE {first} {first + 1}/udp {first + 2}/TCP")
    c.both(f"EXPOSE {first + 10}-{first + 12}")
    c.feature("EXPOSE range")


@fragment
def expose_expanded(c):
    c.both(f"ENV {c.tag}P={c.random.randrange(100, 900)}")
    c.both(f"EXPOSE ${c.tag}P ${{{c.tag}P}}0/udp")
    c.feature("expanded EXPOSE")


@fragment
def volume(c):
    t = c.tag
    c.both(f"RUN mkdir -p /{t}/data && echo kept >/{t}/data/file && chmod 750 /{t}/data")
    c.both(f"VOLUME /{t}/data /{t}/other")
    c.both(f"VOLUME [\"/{t}/json one\", \"/{t}/data\"]")
    c.both(f"RUN echo after >/{t}/data/after")


@fragment
def volume_expanded(c):
    c.both(f"ENV {c.tag}V=/{c.tag}/volume")
    c.both(f"VOLUME ${c.tag}V ${{{c.tag}V}}/below")
    c.feature("expanded VOLUME")


@fragment
def stop_signal(c):
    c.both("STOPSIGNAL " + c.random.choice(["SIGTERM", "9", "SIGRTMIN+3", "SIGUSR1"]))


@fragment
def stop_signal_expanded(c):
    c.both(f"ARG {c.tag}S=SIGINT")
    c.both(f"STOPSIGNAL ${{{c.tag}S}}")
    c.feature("expanded STOPSIGNAL")


@fragment
def command_words(c):
    c.both('CMD ["echo", "a b", "$HOME", "tab\\there", "\\u00e9"]')


@fragment
def command_shell(c):
    c.both("CMD " + c.joined("echo one $TWO", "&& echo 'three four'"))


@fragment
def command_almost_words(c):
    """Not JSON, so it is a text for the shell."""
    c.both(c.random.choice(["CMD ['echo', 'single quotes']", 'CMD [ "echo"', "CMD [ -e / ] && echo there"]))


@fragment
def entrypoint_words(c):
    c.both('ENTRYPOINT ["/bin/sh", "-c"]')
    c.both('CMD ["echo hello"]')


@fragment
def entrypoint_shell(c):
    """Takes away the base image's CMD, not one of this stage."""
    c.both("ENTRYPOINT exec top -b")


@fragment
def entrypoint_and_command(c):
    c.both('CMD ["kept"]')
    c.both('ENTRYPOINT ["/bin/echo"]')


@fragment
def healthcheck(c):
    flags = ["--interval=5m", "--timeout=3s", "--start-period=1m30s", "--retries=4"]
    c.random.shuffle(flags)
    flags = flags[:c.random.randint(2, 4)]
    # The last one counts.
    c.config.pop("Healthcheck", None)
    c.both(f"HEALTHCHECK {' '.join(flags)} " + c.random.choice(
        ["CMD wget -qO- http://localhost/ || exit 1", 'CMD ["/bin/true", "x y"]']))


@fragment
def healthcheck_start_interval(c):
    c.split("HEALTHCHECK --start-interval=2s --interval=7s CMD /bin/true",
            "HEALTHCHECK --interval=7s CMD /bin/true")
    c.config["Healthcheck"] = {"StartInterval": 2_000_000_000}


@fragment
def healthcheck_none(c):
    c.config.pop("Healthcheck", None)
    c.both("HEALTHCHECK NONE")


@fragment
def shell(c):
    c.both('SHELL ["/bin/sh", "-e", "-c"]')
    c.both(f"RUN echo $- >/{c.tag}; true")
    c.both("CMD echo in another shell")
    if c.random.random() < 0.5:
        c.both('SHELL ["/bin/sh", "-c"]')


@fragment
def user(c):
    who, path = c.random.choice(["user", "1000", "1000:2000", "user:extra", "12345", "12345:54321"]), f"/{c.tag}"
    c.both(f"RUN mkdir -m 1777 {path}")
    c.both(f"USER {who}")
    c.both(f"RUN id -u >{path}/id && id -g >>{path}/id && echo $HOME >>{path}/id")
    c.both(f"WORKDIR {path}/made")
    # Whoever the user is, a copy is root's.
    c.both(f"COPY {c.file('file')} copied")
    c.both("USER root")
    c.both("WORKDIR /")


@fragment
def user_expanded(c):
    c.both(f"ARG {c.tag}U=user")
    c.both(f"USER ${c.tag}U:${{{c.tag}G:-extra}}")
    c.both(f"RUN id -un >/tmp/{c.tag} && id -gn >>/tmp/{c.tag}")
    c.both("USER 0")
    c.feature("expanded USER")


@fragment
def working_directory(c):
    t = c.tag
    c.both(f"WORKDIR /{t}/a//b/")
    c.both("WORKDIR c/../d")
    c.both("RUN pwd >file")
    c.both(f"COPY {c.file('here')} ./")
    c.both(f"COPY {c.file('there')} ../there")
    c.both(f"WORKDIR \"/{t}/with space\"")
    c.both("RUN pwd >file")
    c.both("WORKDIR /tmp" if c.random.random() < 0.3 else "WORKDIR /")


@fragment
def working_directory_expanded(c):
    c.both(f"ENV {c.tag}W=/{c.tag}/w")
    c.both(f"WORKDIR ${c.tag}W/${{x:-sub}}")
    c.both("RUN touch file")
    c.both("WORKDIR /")
    c.feature("expanded WORKDIR")


@fragment
def maintainer(c):
    c.both(f"MAINTAINER {c.word()} {c.word()} <{c.word()}@example.org>")


@fragment
def odd_writing(c):
    """Keywords in lower case, comments and empty lines inside instructions, blanks before them."""
    t, e = c.tag, c.escape
    c.both(f"  run echo one >/{t} && {e}\n# a comment inside\n\n    # indented\n  echo two >>/{t}")
    c.both(f"env\t{t}T=x")
    c.both(f"# a comment\n   # and another\nlAbEl {t}.odd=yes   ")


@fragment
def empty_values(c):
    t = c.tag
    c.both(f"LABEL {t}.empty= {t}.quoted=\"\" \"{t} with blanks\"=x")
    c.both("EXPOSE 2000-2002/udp 2000/tcp")
    c.both(c.random.choice(["CMD []", "ENTRYPOINT []", "ENV " + t + "="]))
    c.both(f"VOLUME {t}/relative /{t}/slash/")
