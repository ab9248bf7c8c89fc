"""COPY: sources, destinations, flags. What 20.10 has no flag for is ready in another directory of the context."""

from fragments import fragment


@fragment
def copy_file(c):
    t = c.tag
    c.both(f"COPY {c.file('one')} /{t}/renamed")
    c.both(f"COPY {c.file('two')} /{t}/made/for/it/")
    c.both(f"COPY {c.file('three')} {c.file('four')} /{t}/several/")
    c.both(f'COPY ["{c.file("with space")}", "{c.file("other")}", "/{t}/json form/"]')
    c.both(f"COPY ./{t}/one /{t}/../{t}/dots")


@fragment
def copy_directory(c):
    t = c.tag
    for name, mode in [("dir", 0o2750), ("dir/empty", 0o700), ("dir/sticky", 0o1777), ("dir/group", 0o2755)]:
        c.directory(name, mode)
    c.file("dir/a", owner=(1000, 1000))
    c.file("dir/none", mode=0)
    c.file("dir/sub/b")
    c.file("dir/sub/setuid", mode=0o4755)
    c.both(f"COPY {t}/dir /{t}/contents")
    c.both(f"COPY {t}/dir/ /{t}/contents2/")
    c.both(f"COPY {t}/dir/sub {c.file('beside')} /{t}/mixed/")


@fragment
def copy_over(c):
    """On what is there: a directory's looks, files replaced, files kept."""
    t = c.tag
    c.files("dir/a", "dir/sub/b")
    c.both(f"RUN mkdir -p -m 750 /{t}/sub && echo old >/{t}/a && echo kept >/{t}/kept && chown -R 1000:2000 /{t}")
    c.both(f"COPY {t}/dir /{t}")
    c.both(f"COPY {c.file('a2')} /{t}/sub/b")


@fragment
def copy_links(c):
    """Links inside of directories are copied, links that are sources are followed, and so are destinations."""
    t = c.tag
    c.file("dir/file")
    c.symlink("dir/link", "file")
    c.symlink("dir/broken", "/no/such")
    c.symlink("top", "dir/file")
    c.symlink("dirlink", "dir")
    c.both(f"COPY {t}/dir /{t}/dir")
    c.both(f"COPY {t}/top /{t}/followed")
    c.both(f"COPY {t}/dirlink /{t}/followed-dir")
    c.both(f"RUN mkdir /{t}/real && ln -s real /{t}/alias && ln -s /{t}/real /{t}/absolute")
    c.both(f"COPY {t}/dir/file /{t}/alias/")
    c.both(f"COPY {t}/dir /{t}/absolute")


@fragment
def copy_hard_links(c):
    t = c.tag
    c.file("dir/a", b"linked")
    c.link("dir/b", "dir/a")
    c.link("dir/sub/c", "dir/a")
    c.both(f"COPY {t}/dir /{t}")


@fragment
def copy_patterns(c):
    t = c.tag
    for name in ["a1.txt", "a2.txt", "b1.log", "b2.txt", "c-[x].md", "sub1/in", "sub2/in"]:
        c.file(name)
    c.both(f"COPY {t}/*.txt /{t}/star/")
    c.both(f"COPY {t}/?1.* /{t}/question/")
    c.both(f"COPY {t}/[ac]*.* /{t}/class/")
    c.both(f"COPY {t}/[^ab]*.md {t}/b[0-9].log /{t}/ranges/")
    c.both(f"COPY {t}/sub* /{t}/directories/")
    c.both(f"COPY {t}/*/in /{t}/last/")


@fragment
def copy_names(c):
    t, long = c.tag, "n" * 255
    c.files("dir/" + long, "dir/ü ñ", "dir/-dash", "dir/back\\slash", "dir/.hidden")
    c.file(f"dir/{'d' * 150}/{'e' * 150}/f")
    c.both(f"COPY {t}/dir /{t}")


@fragment
def copy_large(c):
    c.both(f"COPY {c.file('large', c.random.randbytes(3_000_000))} /{c.tag}/large")


@fragment
def copy_everything(c):
    c.both(f"COPY . /{c.tag}/all")


@fragment
def copy_owner(c):
    t = c.tag
    c.files("dir/a", "dir/sub/b")
    c.symlink("dir/l", "a")
    c.file("dir/setuid", mode=0o6755)
    for owner in ["1000", "1000:2000", "user", "user:extra", "0:extra", "54321:12345"]:
        c.both(f"COPY --chown={owner} {t}/dir /{t}/{owner.replace(':', '-')}/below")
    c.both(f"COPY --chown=user:user {t}/dir/a /{t}/file")


@fragment
def copy_mode(c):
    """The directories are there before: what mode a new one gets has changed since 20.10, which drops setuid, too."""
    t = c.tag
    c.files("dir/a", "dir/sub/b")
    c.symlink("dir/l", "a")
    c.file("script")
    mode = c.random.choice(["755", "0644", "750", "0777", "600"])
    c.both(f"RUN mkdir -p /{t}/dir /{t}/both")
    c.both(f"COPY --chmod={mode} {t}/script /{t}/script")
    c.both(f"COPY --chmod={mode} {t}/dir /{t}/dir")
    c.both(f"COPY --chmod=0711 --chown=user {t}/dir /{t}/both")
    c.split(f"COPY --chmod=4750 {t}/script /{t}/special", f"COPY {t}/script /{t}/special\nRUN chmod 4750 /{t}/special")
    c.split(f"COPY --chmod=711 {t}/dir /{t}/new", f"COPY --chmod=711 {t}/dir /{t}/new\nRUN chmod 711 /{t}/new")


@fragment
def copy_symbolic_mode(c):
    t = c.tag
    data = c.noise()
    c.file("f", data, mode=0o640)
    c.file("d/f", data, mode=0o604)
    c.directory("d", 0o750)
    symbolic = {"u+x,g-r,o=r": [0o704, 0o704, 0o714], "a=rX": [0o444, 0o444, 0o555], "go-rwx": [0o600, 0o600, 0o700],
                "+x": [0o751, 0o715, 0o751], "g=u": [0o660, 0o664, 0o770]}
    spelled = c.random.choice(list(symbolic))
    file, inner, directory = symbolic[spelled]
    c.directory("plain/d", directory)
    for name, mode in [("f", file), ("d/f", inner)]:
        kind, content, _, owner, time = c.context[f"{t}/{name}"]
        c.context[f"{t}/plain/{name}"] = kind, content, mode, owner, time
    c.split(f"COPY --chmod={spelled} {t}/f /{t}/f", f"COPY {t}/plain/f /{t}/f")
    c.split(f"COPY --chmod={spelled} {t}/d /{t}/below/d", f"COPY {t}/plain/d /{t}/below/d")
    c.feature("symbolic --chmod")


@fragment
def copy_linked(c):
    """A layer that stands alone, so what is copied does not depend on what is below."""
    t = c.tag
    c.files("dir/a", "dir/sub/b")
    c.both(f"RUN mkdir -p /{t}/there && echo kept >/{t}/there/kept && echo old >/{t}/there/a")
    c.split(f"COPY --link {t}/dir /{t}/there", f"COPY {t}/dir /{t}/there")
    c.split(f"COPY --link --chown=1000:2000 {t}/dir/a /{t}/new/", f"COPY --chown=1000:2000 {t}/dir/a /{t}/new/")
    c.split(f"COPY --link --chmod=700 {t}/dir/a /{t}/there/mode", f"COPY --chmod=700 {t}/dir/a /{t}/there/mode")
    c.split(f"COPY --link=false {t}/dir/a /{t}/false", f"COPY {t}/dir/a /{t}/false")


@fragment
def copy_linked_stage(c):
    t = c.tag
    stage = c.auxiliary("scratch")
    stage.both(f"COPY {c.file('a')} /out/a")
    c.split(f"COPY --link --from={stage.name} /out /{t}", f"COPY --from={stage.name} /out /{t}")


@fragment
def copy_parents(c):
    t = c.tag
    c.files("x/y/a.txt", "x/z/b.txt", "x/z/c.log", "x/z/deep/d.txt")
    c.split(f"COPY --parents {t}/x/y/a.txt {t}/x/z/b.txt /{t}/files/",
            f"COPY {t}/x/y/a.txt /{t}/files/{t}/x/y/\nCOPY {t}/x/z/b.txt /{t}/files/{t}/x/z/")
    c.split(f"COPY --parents {t}/./x/z /{t}/pivot/", f"COPY {t}/x/z /{t}/pivot/x/z")
    c.split(f"COPY --parents {t}/x/./*/*.txt /{t}/patterns/",
            f"COPY {t}/x/y/a.txt /{t}/patterns/y/\nCOPY {t}/x/z/b.txt /{t}/patterns/z/")


@fragment
def copy_parents_stage(c):
    t = c.tag
    stage = c.auxiliary()
    stage.both("RUN mkdir -p /w/p/q /w/r && echo 1 >/w/p/q/one && echo 2 >/w/r/two && echo 3 >/w/r/three.o")
    stage.both("RUN echo 4 >/w/zero.o && echo 5 >/w/p/q/two.o")
    c.split(f"COPY --from={stage.name} --parents /w/p/./q /w/r/two /{t}/",
            f"COPY --from={stage.name} /w/p/q /{t}/q\nCOPY --from={stage.name} /w/r/two /{t}/w/r/")
    c.split(f"COPY --from={stage.name} --parents /w/**/*.o /{t}/deep/",
            f"COPY --from={stage.name} /w/r/three.o /{t}/deep/w/r/\n"
            f"COPY --from={stage.name} /w/p/q/two.o /{t}/deep/w/p/q/\nCOPY --from={stage.name} /w/zero.o /{t}/deep/w/")


@fragment
def copy_excluding(c):
    t = c.tag
    kept = ["dir/a.txt", "dir/sub/b.txt", "dir/sub/deep/keep.log"]
    for name in [*kept, "dir/x.log", "dir/sub/y.log", "dir/skip/z"]:
        c.file(name)
    for name in kept:
        c.context[f"{t}/plain/{name}"] = c.context[f"{t}/{name}"]
    c.split(f"COPY --exclude=*.log --exclude=*/y.log --exclude=skip {t}/dir /{t}/kept", f"COPY {t}/plain/dir /{t}/kept")
    # From the root of each source.
    c.files("two/1/x.log", "two/2/sub/y.log", "two/2/z")
    c.split(f"COPY --exclude=*.log {t}/two/* /{t}/several/", f"COPY {t}/two/2 /{t}/several/")
    c.split(f"COPY --exclude=**/*.log {t}/two /{t}/anywhere", f"RUN mkdir -p /{t}/anywhere/1 /{t}/anywhere/2/sub\n"
            f"COPY {t}/two/2/z /{t}/anywhere/2/")


@fragment
def copy_from_stage(c):
    t = c.tag
    stage = c.auxiliary()
    stage.both("WORKDIR /made/here")
    stage.both("RUN echo x >file && ln -s file l && chown 7:8 file")
    stage.both("RUN mkdir -p d/e && echo y >d/e/f && ln d/e/f d/e/g && chmod 2750 d")
    c.both(f"COPY --from={stage.name} /made/here /{t}/all")
    c.both(f"COPY --from={stage.name} made/here/file /{t}/relative")
    c.both(f"COPY --from={stage.name} --chown=user /made/here/d /{t}/owned/")
    c.both(f"COPY --from={stage.name} /made/*/fil? /{t}/pattern/")


@fragment
def copy_special_files(c):
    """20.10 drops FIFOs and makes devices empty files."""
    t = c.tag
    stage = c.auxiliary()
    make = "mkfifo -m 640 fifo && mknod -m 600 null c 1 3 && chown 7:8 fifo && touch file"
    stage.both(f"RUN mkdir /d && cd /d && {make}")
    c.split(f"COPY --from={stage.name} /d /{t}", f"RUN mkdir /{t} && cd /{t} && {make}")


@fragment
def copy_from_image(c):
    c.both(f"COPY --from=localhost/busybox:latest /etc/passwd /bin/busybox /{c.tag}/")
    c.feature("COPY --from image")


@fragment
def copy_from_context(c):
    t = c.tag
    c.files("named/a", "named/sub/b")
    c.modern_arguments += ["--build-context", f"{t}=@CONTEXT@/{t}/named"]
    c.split(f"COPY --from={t} . /{t}/", f"COPY {t}/named /{t}/")
    c.split(f"COPY --from={t} sub/b /{t}.b", f"COPY {t}/named/sub/b /{t}.b")
    c.feature("--build-context")


@fragment
def copy_capabilities(c):
    """A file's capabilities go with it. `true` is no program that has any use for one."""
    t = c.tag
    stage = c.auxiliary()
    stage.both(f"ADD {c.file('caps.tar', _archive_with_capability())} /caps/")
    c.both(f"COPY --from={stage.name} /caps /{t}")


def _archive_with_capability():
    from archives import archive
    return archive({"privileged": ("file", b"x", 0o755)}, capability=True)


@fragment
def copy_all_of_a_stage(c):
    stage = c.auxiliary()
    stage.both(f"RUN mkdir -m 1777 /{c.tag} && rm /bin/wget && echo x >/etc/new")
    c.both(f"COPY --from={stage.name} / /{c.tag}/all/")


@fragment
def copy_to_links(c):
    """Destinations below links, and working directories that are links."""
    t = c.tag
    c.files("dir/sub/a", "b")
    c.both(f"RUN mkdir -p /{t}/real /{t}/elsewhere && ln -s ../elsewhere /{t}/real/sub")
    c.both(f"RUN ln -s real /{t}/link && ln -s b /{t}/real/c")
    c.both(f"WORKDIR /{t}/link/made")
    c.both("RUN pwd >where && echo x >../b")
    c.both(f"COPY {t}/b ../")
    c.both(f"COPY {t}/b /{t}/link/new/name")
    c.both(f"COPY {t}/dir/. /{t}/dot/")
    c.both("WORKDIR /")


@fragment
def copy_for_new_user(c):
    """Names are those of the stage's own files."""
    t = c.tag
    c.both(f"RUN echo {t}:x:4242:4242::/:/bin/sh >>/etc/passwd && echo {t}group:x:4343: >>/etc/group")
    c.both(f"COPY --chown={t}:{t}group {c.file('file')} /{t}/")
    c.both(f"COPY --chown={t} {t}/file /{t}/again")


@fragment
def copy_to_root(c):
    t = c.tag
    c.directory("dir", 0o711)
    c.files(f"dir/{t}.a", f"dir/tmp/{t}.b")
    c.directory("dir/tmp", 0o1777)
    c.both(f"COPY {t}/dir /")
    c.both(f"WORKDIR /{t}")
    c.both(f"COPY {t}/dir .")
    c.both(f"COPY {t}/dir/{t}.a ./")
    c.both("WORKDIR /")


@fragment
def copy_over_links(c):
    """A link at the destination itself is followed; one below it is replaced."""
    t = c.tag
    c.files("file", "dir/below")
    c.both(f"RUN mkdir /{t} && cd /{t} && echo 1 >target && ln -s target link && ln -s target below")
    c.both(f"COPY {t}/file /{t}/link")
    c.both(f"COPY {t}/dir /{t}")
