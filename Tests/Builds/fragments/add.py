"""ADD: what it has beyond COPY."""

import hashlib
import tarfile

from archives import COMPRESSORS, archive
from fragments import fragment


def sample(c):
    return {
        "top": ("file", c.noise(), 0o640), "dir": ("directory", None, 0o751), "dir/file": ("file", c.noise(), 0o4755),
        "dir/link": ("symlink", "../top", 0o777), "dir/hard": ("link", "top", 0o640),
        "implied/deep/file": ("file", b"x", 0o600),
        "fifo": ("fifo", None, 0o622)}


@fragment
def add_files(c):
    t = c.tag
    c.files("dir/a", "dir/sub/b")
    c.both(f"ADD {c.file('one')} /{t}/renamed")
    c.both(f"ADD {t}/dir {c.file('two')} /{t}/into/")
    c.both(f"RUN mkdir /{t}/flags")
    c.both(f"ADD --chown=1000:2000 --chmod=640 {t}/dir /{t}/flags")
    c.split(f"ADD --link {t}/dir /{t}/linked/", f"ADD {t}/dir /{t}/linked/")


@fragment
def add_excluding(c):
    t = c.tag
    c.files("dir/a", "dir/b.log")
    c.split(f"ADD --exclude=*.log {t}/dir /{t}", f"ADD {t}/dir/a /{t}/")


@fragment
def add_archive(c):
    t = c.tag
    for compression in COMPRESSORS:
        # By content: the name says nothing.
        name = c.random.choice([f"a.tar.{compression}", "archive", "a.txt"]) + (compression or "plain")
        c.both(f"ADD {c.file(name, archive(sample(c), compression))} /{t}/{compression or 'plain'}/")


@fragment
def add_archive_over(c):
    t = c.tag
    c.both(f"RUN mkdir -p /{t}/dir /{t}/real && echo old >/{t}/top && echo kept >/{t}/dir/kept")
    c.both(f"RUN ln -s real /{t}/implied")
    c.both(f"ADD {c.file('a.tar', archive(sample(c)))} /{t}")


@fragment
def add_archive_flags(c):
    t = c.tag
    name = c.file("a.tgz", archive(sample(c), "gz"))
    # 20.10 leaves what is unpacked to the archive's owners.
    owned = c.file("owned", archive({key: entry for key, entry in sample(c).items()
                                     if key != "dir/hard" and not key.startswith("implied")}))
    c.both(f"RUN mkdir /{t}")
    c.split(f"ADD --chown=user:extra {owned} /{t}/owned/",
            f"ADD {owned} /{t}/owned/\nRUN chown -hR user:extra /{t}/owned && chmod 4755 /{t}/owned/dir/file")
    c.split(f"ADD --unpack=false {name} /{t}/kept/", f"COPY {name} /{t}/kept/")
    c.split(f"ADD --unpack=true {name} /{t}/unpacked/", f"ADD {name} /{t}/unpacked/")
    c.split(f"ADD --link {name} /{t}/linked/", f"ADD {name} /{t}/linked/")


@fragment
def add_no_archive(c):
    """Compressed, but no archive; an archive cut off at once; an empty file; a name that lies."""
    t = c.tag
    c.both(f"ADD {c.file('text.gz', COMPRESSORS['gz'](b'only text'))} /{t}/")
    c.both(f"ADD {c.file('lies.tar', b'no archive at all')} {c.file('empty.tar', b'')} /{t}/")


@fragment
def add_from_stage(c):
    """COPY leaves archives as they are."""
    t = c.tag
    c.both(f"COPY {c.file('a.tar.gz', archive(sample(c), 'gz'))} /{t}/")


@fragment
def add_address(c):
    t = c.tag
    page = "http://127.0.0.1:@PORT@/page"
    c.both(f"ADD {page} /{t}/renamed")
    c.both(f"ADD {page} http://127.0.0.1:@PORT@/other?x=y /{t}/into/")
    # This docker's ADD of an address has no --chmod yet.
    c.split(f"ADD --chown=user --chmod=644 {page} /{t}/looks",
            f"ADD --chown=user {page} /{t}/looks\nRUN chmod 644 /{t}/looks")
    c.feature("ADD address")


@fragment
def add_checksum(c):
    t = c.tag
    digest = hashlib.sha256(PAGES["/page"]).hexdigest()
    page = "http://127.0.0.1:@PORT@/page"
    c.split(f"ADD --checksum=sha256:{digest} {page} /{t}/checked", f"ADD {page} /{t}/checked")
    c.both(f"ARG {t}sum=sha256:{digest}")
    c.split(f"ADD --checksum=${t}sum --link {page} /{t}/variable", f"ADD {page} /{t}/variable")


@fragment
def add_unpacked_address(c):
    t = c.tag
    c.file("archive.tar.gz", PAGES["/archive.tar.gz"])
    address = "http://127.0.0.1:@PORT@/archive.tar.gz"
    c.both(f"ADD {address} /{t}/as-it-is/")
    c.split(f"ADD --unpack {address} /{t}/unpacked/", f"ADD {t}/archive.tar.gz /{t}/unpacked/")


@fragment
def add_repository(c):
    """The plain text takes what git checks out from the context; @GIT@ is its address."""
    t = c.tag
    c.file("first/file", b"first\n", 0o644)
    c.file("first/sub/script", b"#!/bin/sh\n", 0o755)
    c.file("second/file", b"second\n", 0o644)
    c.file("second/sub/script", b"#!/bin/sh\n", 0o755)
    c.split(f"ADD @GIT@ /{t}/head", f"COPY {t}/second /{t}/head")
    c.split(f"ADD @GIT@#v1 /{t}/tag", f"COPY {t}/first /{t}/tag")
    c.split(f"ADD @GIT@#v1:sub /{t}/sub", f"COPY {t}/first/sub /{t}/sub")
    c.split(f"ADD --chown=user:extra @GIT@#main /{t}/owned", f"COPY --chown=user:extra {t}/second /{t}/owned")
    c.feature("ADD repository")
    _touch(c, f"/{t}")


@fragment
def add_repository_kept(c):
    t = c.tag
    c.file("first/file", b"first\n", 0o644)
    c.file("first/sub/script", b"#!/bin/sh\n", 0o755)
    c.split(f"ADD --keep-git-dir=true @GIT@#v1 /{t}\nRUN test -f /{t}/.git/HEAD && rm -r /{t}/.git",
            f"COPY {t}/first /{t}")
    c.split(f"ADD --checksum=@COMMIT@ @GIT@#v1 /{t}.checked", f"COPY {t}/first /{t}.checked")
    _touch(c, f"/{t} /{t}.checked")


def _touch(c, paths):
    """A checkout's times are its own."""
    c.both(f"RUN find {paths} -exec touch {{}} +")


# What the server of the tests has.
PAGES = {
    "/page": b"a page\n",
    "/other": b"with a query\n",
    "/archive.tar.gz": archive({"dir": ("directory", None, 0o751), "dir/file": ("file", b"x", 0o644)}, "gz"),
}


@fragment
def add_directory_of_archives(c):
    """Only what is named itself is unpacked."""
    t = c.tag
    c.file("dir/a.tar", archive(sample(c)))
    c.both(f"ADD {t}/dir /{t}/dir/")
    c.both(f"ADD {t}/dir/*.tar /{t}/unpacked/")


@fragment
def add_archive_formats(c):
    t = c.tag
    for name, form in [("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT), ("ustar", tarfile.USTAR_FORMAT)]:
        deep = "/".join(["d" * 30] * 4)
        entries = {"./": ("directory", None, 0o750), "./a": ("file", b"first", 0o600),
                   "./d/": ("directory", None, 0o700), f"./{deep}/{'n' * 90}": ("file", b"long", 0o644),
                   "./null": ("device", None, 0o666),
                   "./dup": ("file", b"once", 0o644), "././dup": ("file", b"twice", 0o600)}
        c.both(f"ADD {c.file(name, archive(entries, form=form))} /{t}/{name}/")
