""".dockerignore: what of the fragment's directory is left out of the context."""

from fragments import fragment


def ignoring(c, feature, files, *rules):
    for file in files:
        c.file(file)
    c.ignored += rules
    c.both(f"COPY {c.tag} /{c.tag}")
    c.feature(*(f"ignore: {name}" for name in feature.split(", ")))


@fragment
def names(c):
    t = c.tag
    ignoring(c, "comment, name, slash at the end, slash at the start", ["a", "b", "dir/x", "dir2/x", "kept/a"],
             f"# {t}/kept", "", f"{t}/a", f"{t}/dir/", f"/{t}/b", f"{t}/nothing")


@fragment
def patterns(c):
    t = c.tag
    ignoring(c, "star, question mark, class",
             ["a.log", "b.log", "c1", "c2", "c33", "x/a.log", "r1", "r2", "rx", ".hid", "n^"],
             f"{t}/*.log", f"{t}/c?", f"{t}/r[0-9]", f"{t}/[!a-m]^")


@fragment
def anywhere(c):
    t = c.tag
    ignoring(c, "two stars", ["a.tmp", "d/b.tmp", "d/e/c.tmp", "d/e/keep", "x/cache/y/z", "x/y/cache/q", "end/a/b"],
             f"{t}/**/*.tmp", f"{t}/x/**/cache", f"{t}/end/**", f"**/{t}-nothing")


@fragment
def exceptions(c):
    t = c.tag
    ignoring(c, "exception, last match wins", ["a.md", "README.md", "docs/a.md", "docs/keep.md", "docs/x/y", "last"],
             f"{t}/*.md", f"!{t}/README.md", f"{t}/docs", f"!{t}/docs/keep.md", f"!{t}/last", f"{t}/last")


@fragment
def exception_below(c):
    """A directory is out, something deep in it is in."""
    t = c.tag
    ignoring(c, "exception below", ["d/a", "d/e/b", "d/e/keep/c", "d/e/keep/d"], f"{t}/d", f"!{t}/d/e/keep")


@fragment
def blanks(c):
    t = c.tag
    ignoring(c, "blanks, dots", ["a", "b", "c/d"], f"   {t}/a   ", f"./{t}/./b", f"{t}/x/../c/d", f"{t}/\\*")


@fragment
def all_but(c):
    t = c.tag
    ignoring(c, "all but", ["a/x", "a/y.txt", "b.txt", "c"], f"{t}/*", f"!{t}/a", f"!{t}/*.txt", f"{t}/a/x")


@fragment
def patterns_of_copy(c):
    """What is left out does not match either."""
    t = c.tag
    for name in ["a.txt", "b.txt", "c.txt"]:
        c.file(name)
    c.ignored.append(f"{t}/b.txt")
    c.both(f"COPY {t}/*.txt /{t}/")
    c.feature("ignore: sources")
