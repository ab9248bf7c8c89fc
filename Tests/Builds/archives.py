"""Archives for ADD."""

import bz2
import gzip
import io
import lzma
import tarfile

OLD = 1_000_000_000
# security.capability, version 2: cap_net_raw, effective and permitted.
CAPABILITY = bytes([1, 0, 0, 2, 0, 0x20, 0, 0, *[0] * 12])
COMPRESSORS = {
    "": lambda data: data,
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def archive(entries, compression="", capability=False, form=tarfile.PAX_FORMAT):
    """`entries`: by name a kind, content or target, and mode; owners and times are not the build's."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as file:
        for index, (name, (kind, content, mode)) in enumerate(entries.items()):
            member = tarfile.TarInfo(name)
            # A link is the same file.
            index = list(entries).index(content) if kind == "link" else index
            member.mode, member.uid, member.gid, member.mtime = mode, 1000 + index, 2000, OLD + index
            member.type = {"file": tarfile.REGTYPE, "directory": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE,
                           "link": tarfile.LNKTYPE, "fifo": tarfile.FIFOTYPE, "device": tarfile.CHRTYPE}[kind]
            if kind == "device":
                member.devmajor, member.devminor = 1, 3
            if kind == "file":
                member.size = len(content)
            elif content:
                member.linkname = content
            if capability:
                member.pax_headers["SCHILY.xattr.security.capability"] = CAPABILITY.decode("utf-8", "surrogateescape")
            file.addfile(member, io.BytesIO(content if kind == "file" else b""))
    return COMPRESSORS[compression](buffer.getvalue())
