"""RUN: what commands can do to files, and the forms and flags of the instruction."""

from fragments import fragment


@fragment
def run_words(c):
    c.both(f'RUN ["/bin/sh", "-c", "echo \\"$0\\" \\"$1\\" $HOME >/{c.tag}", "a b", "$NOT"]')


@fragment
def run_continued(c):
    c.both("RUN " + c.joined(f"mkdir -p /{c.tag}", f"&& cd /{c.tag}", "&& for i in 1 2 3; do", "echo $i >file$i;",
                             "done"))


@fragment
def run_removes(c):
    t = c.tag
    c.both(f"RUN mkdir -p /{t}/a/b /{t}/c && touch /{t}/a/f /{t}/a/b/g /{t}/c/h && ln -s f /{t}/a/l")
    c.both(f"RUN rm /{t}/a/f && rm -r /{t}/a/b && rm /{t}/a/l")
    c.both(f"RUN rm -r /{t}/c && mkdir -m 700 /{t}/c && touch /{t}/c/new")


@fragment
def run_replaces(c):
    t = c.tag
    c.both(f"RUN mkdir -p /{t}/dir/sub && touch /{t}/dir/sub/x && echo f >/{t}/file && ln -s dir /{t}/link")
    c.both(f"RUN rm -r /{t}/dir && echo now a file >/{t}/dir && rm /{t}/file && mkdir /{t}/file && touch /{t}/file/in")
    c.both(f"RUN rm /{t}/link && mkdir /{t}/link")


@fragment
def run_renames(c):
    t = c.tag
    c.both(f"RUN mkdir -p /{t}/one/deep && echo x >/{t}/one/deep/x && echo y >/{t}/y")
    c.both(f"RUN mv /{t}/one /{t}/two && mv /{t}/y /{t}/two/z")


@fragment
def run_changes(c):
    """Only what files look like, not what they hold."""
    t = c.tag
    c.both(f"RUN mkdir -p /{t}/d && echo x >/{t}/a && echo y >/{t}/b && echo z >/{t}/d/c")
    c.both(f"RUN chmod 4711 /{t}/a && chown 1000:2000 /{t}/b && chmod 2770 /{t}/d")
    c.both(f"RUN touch -d '2001-02-03 04:05:06' /{t}/d/c")


@fragment
def run_links(c):
    t = c.tag
    c.both(f"RUN mkdir /{t} && cd /{t} && echo 1 >a && ln a b && ln a c && ln -s a s && ln -s /nowhere/at/all broken")
    c.both(f"RUN cd /{t} && echo 2 >d && ln d e")
    c.both(f"RUN rm /{t}/c && chown 3 /{t}/s -h")


@fragment
def run_special_files(c):
    t = c.tag
    c.both(f"RUN mkdir /{t} && cd /{t} && mkfifo -m 640 fifo && mknod -m 600 null c 1 3 && mknod disk b 7 200")


@fragment
def run_names(c):
    t = c.tag
    long = "n" * 255
    c.both(f"RUN mkdir -p '/{t}/with space' && touch '/{t}/with space/ü' /{t}/-dash '/{t}/back\\slash' /{t}/.wh")
    deep = f"/{t}/{'d' * 120}/{'e' * 120}"
    c.both(f"RUN touch /{t}/{long} && mkdir -p {deep} && touch {deep}/{'f' * 120}")


@fragment
def run_system(c):
    """What a container has to look like inside."""
    t = c.tag
    c.both(f"RUN umask >/{t} && echo $0 $PATH $HOME >>/{t} && pwd >>/{t} && readlink /proc/1/exe >>/{t}")
    c.both(f"RUN grep Cap /proc/self/status >>/{t} && ls -l /dev | awk '{{ print $1, $NF }}' | grep -v console >>/{t}")


@fragment
def run_network_none(c):
    # Only the tests' server listens, and only on the host's loopback.
    get = f"wget -qO /{c.tag} http://127.0.0.1:@PORT@/page"
    c.split(f"RUN --network=none ! {get} && echo alone >/{c.tag}", f"RUN echo alone >/{c.tag}")


@fragment
def run_network_host(c):
    get = f"wget -qO /{c.tag} http://127.0.0.1:@PORT@/page"
    c.split(f"RUN --network=host {get}", f"RUN {get}")


@fragment
def run_network_default(c):
    get = f"wget -qO /{c.tag} http://127.0.0.1:@PORT@/page"
    c.split(f"RUN --network=default {get}", f"RUN {get}")


@fragment
def run_insecure(c):
    if "--allow" not in c.modern_arguments:
        c.modern_arguments += ["--allow", "security.insecure"]
    c.split(f"RUN --security=insecure mount -t tmpfs none /tmp && umount /tmp && echo yes >/{c.tag}",
            f"RUN echo yes >/{c.tag}")


@fragment
def run_sandboxed(c):
    c.split(f"RUN --security=sandbox ! mount -t tmpfs none /tmp 2>/dev/null && echo no >/{c.tag}",
            f"RUN echo no >/{c.tag}")


@fragment
def run_resolver(c):
    """/etc/hosts and /etc/resolv.conf are the build's while it runs, and in no layer."""
    c.both(f"RUN grep localhost /etc/hosts >/dev/null && test -e /etc/resolv.conf && touch /{c.tag}")
