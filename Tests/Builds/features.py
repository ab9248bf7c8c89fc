"""What a generated Dockerfile has of the language, found in its text; and what each of which must occur three times."""

import re

LEAST = 3
INSTRUCTIONS = """FROM RUN CMD LABEL MAINTAINER EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG ONBUILD
STOPSIGNAL HEALTHCHECK SHELL""".split()
FLAGS = {
    "FROM": ["platform"],
    "RUN": ["mount", "network", "security"],
    "COPY": ["from", "chown", "chmod", "link", "parents", "exclude"],
    "ADD": ["chown", "chmod", "link", "keep-git-dir", "checksum", "unpack", "exclude"],
    "HEALTHCHECK": ["interval", "timeout", "start-period", "start-interval", "retries"],
}
MOUNTS = {
    "bind": ["target", "source", "from", "rw", "ro"],
    "cache": ["id", "target", "ro", "sharing", "from", "source", "mode", "uid", "gid"],
    "tmpfs": ["target", "size"],
    "secret": ["id", "target", "env", "required", "mode", "uid", "gid"],
    "ssh": ["id", "target", "required", "mode", "uid", "gid"],
}
ALIASES = {"dst": "target", "destination": "target", "src": "source", "readonly": "ro", "readwrite": "rw"}
# By name, what the text must match.
PATTERNS = {
    "directive escape": r"\A(#.*\n)*# *escape *=",
    "directive syntax": r"\A(#.*\n)*# *syntax *=",
    "directive check": r"\A(#.*\n)*# *check *=",
    "escape `": r"\A(#.*\n)*# *escape *= *`",
    "expansion $v": r"^(ENV|LABEL|EXPOSE|COPY|ADD|USER|VOLUME|WORKDIR).*\$[a-z]\w*",
    "expansion ${v}": r"\$\{\w+\}",
    "expansion :-": r"\$\{\w+:-",
    "expansion -": r"\$\{\w+-",
    "expansion :+": r"\$\{\w+:\+",
    "expansion +": r"\$\{\w+\+",
    "expansion :?": r"\$\{\w+:\?",
    "expansion ?": r"\$\{\w+\?",
    "expansion #": r"\$\{\w+#[^#]",
    "expansion ##": r"\$\{\w+##",
    "expansion %": r"\$\{\w+%[^%]",
    "expansion %%": r"\$\{\w+%%",
    "expansion /": r"\$\{\w+/[^/]",
    "expansion //": r"\$\{\w+//",
    "expansion nested": r"\$\{\w+:[-+]\$",
    "expansion escaped": r"[\\`]\$",
    "expanded ENV": r"^ENV.*[^\\`']\$",
    "expanded LABEL": r"^LABEL.*\$",
    "expanded ARG": r"^ARG.*\$",
    "heredoc RUN": r"^RUN.*<<",
    "heredoc COPY": r"^COPY.*<<",
    "heredoc ADD": r"^ADD.*<<",
    "heredoc <<-": r"<<-",
    "heredoc quoted": r"<<-?['\"]",
    "heredoc shebang": r"^RUN <<.*\n#!",
    "heredoc several": r"^(RUN|COPY).*<<.*<<",
    "JSON RUN": r"^RUN \[",
    "JSON COPY": r"^COPY.* \[",
    "JSON CMD": r'^CMD \["',
    "JSON ENTRYPOINT": r"^ENTRYPOINT \[",
    "JSON VOLUME": r"^VOLUME \[",
    "text CMD": r"^CMD [^\[]",
    "text ENTRYPOINT": r"^ENTRYPOINT [^\[]",
    "HEALTHCHECK NONE": r"^HEALTHCHECK NONE",
    "ENV without =": r"^ENV \w+ +[^=\n]+$",
    "LABEL without =": r"^LABEL [\w.]+ +[^=\n]+$",
    "comment": r"^ *# ",
    "continued": r"[\\`]\n",
    "sharing=shared": r"sharing=shared",
    "sharing=private": r"sharing=private",
    "sharing=locked": r"sharing=locked",
    "network=none": r"--network=none",
    "network=host": r"--network=host",
    "network=default": r"--network=default",
    "security=sandbox": r"--security=sandbox",
    "security=insecure": r"--security=insecure",
}
SIGNS = {"carriage returns": "\r\n", "byte order mark": "\ufeff"}
# What a case says of itself.
TAGS = """EXPOSE range, expanded EXPOSE, expanded VOLUME, expanded STOPSIGNAL, expanded USER, expanded WORKDIR, expanded
COPY, expanded ADD, expanded FROM, expanded --mount, expanded --chown, expanded --chmod, --build-arg, global
ARG, ARG several, ARG scope, platform ARG, predefined ARG, symbolic --chmod, COPY --from image, --build-context,
ADD address, ADD repository, FROM stage, FROM scratch, COPY --from number, unused stage, --target, ONBUILD
through a stage""".replace("\n", " ").split(", ")
RULES = """comment, name, slash at the end, slash at the start, star, question mark, class, two stars, exception, last
match wins, exception below, blanks, dots, all but, sources, file of the Dockerfile""".replace("\n", " ").split(", ")


def wanted():
    """All names that are counted."""
    return [*INSTRUCTIONS, *(f"{instruction} --{flag}" for instruction, flags in FLAGS.items() for flag in flags),
            *(f"mount {kind}" for kind in MOUNTS),
            *(f"mount {kind} {key}" for kind, keys in MOUNTS.items() for key in keys), *PATTERNS, *SIGNS, *TAGS,
            *(f"ignore: {rule}" for rule in RULES)]


def found(case):
    text = case.text("modern")
    names = set(case.features) | {name for name, sign in SIGNS.items() if sign in text}
    text = text.replace("\r", "").lstrip("\ufeff")
    # One line an instruction, for what is looked for in it.
    flat = re.sub(r"^# *escape.*\n", "", text, flags=re.M)
    flat = re.sub(r" *[\\`]\n(\s*#.*\n|\s*\n)*\s*", " ", flat)
    for line in flat.splitlines():
        words = line.strip().split()
        instruction = words[0].upper() if words else ""
        if instruction == "ONBUILD":
            names.add("ONBUILD")
        if instruction not in INSTRUCTIONS:
            continue
        names.add(instruction)
        for flag in FLAGS.get(instruction, []):
            if re.search(rf"\s--{flag}[\s=]", line):
                names.add(f"{instruction} --{flag}")
        for mount in re.findall(r"--mount=(\S+)", line):
            names |= _mount(mount)
    return names | {name for name, pattern in PATTERNS.items() if re.search(pattern, text, re.M)}


def _mount(text):
    fields = dict(field.partition("=")[::2] for field in text.split(","))
    kind = fields.pop("type", "bind")
    keys = {ALIASES.get(key, key) for key in fields}
    if fields.get("readonly") == "false":
        keys.add("rw")
    return {f"mount {kind}"} | {f"mount {kind} {key}" for key in keys}
