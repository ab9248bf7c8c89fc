"""An image's files and configuration, read from an archive of it: layers are laid on each other here, by no engine."""

import hashlib
import json
import tarfile

from description import OLD

# What is older was copied; a build's own times say nothing.
NEW = OLD + 300_000_000
KEYS = "Env Cmd Entrypoint User WorkingDir Labels ExposedPorts Volumes StopSignal Healthcheck Shell OnBuild".split()
# As ls writes them.
KINDS = {tarfile.REGTYPE: "-", tarfile.AREGTYPE: "-", tarfile.DIRTYPE: "d", tarfile.SYMTYPE: "l", tarfile.CHRTYPE: "c",
         tarfile.BLKTYPE: "b", tarfile.FIFOTYPE: "p"}
# What docker 20.10 keeps in a layer.
CAPABILITY = "SCHILY.xattr.security.capability"


class Node:
    def __init__(self, member, content):
        self.kind, self.mode = KINDS[member.type], member.mode & 0o7777
        self.owner = member.uid, member.gid
        self.content = content
        self.size = member.size if self.kind == "-" else 0
        self.target = member.linkname if self.kind == "l" else ""
        self.device = (member.devmajor, member.devminor) if self.kind in "cb" else ()
        self.capability = member.pax_headers.get(CAPABILITY, "")
        self.time = int(member.mtime)

    def described(self, names):
        """`names` are those of the same file."""
        mode = "" if self.kind == "l" else f"{self.mode:o}"
        parts = [self.kind + mode, "%d:%d" % self.owner]
        if self.kind == "-":
            parts += [str(self.size), self.content[:12]]
        if self.target:
            parts.append("-> " + self.target)
        if self.device:
            parts.append("device %d:%d" % self.device)
        if len(names) > 1:
            parts.append("same as " + " ".join(names))
        if self.capability:
            parts.append("capability " + self.capability.encode("utf-8", "surrogateescape").hex())
        if self.kind != "d":
            parts.append(f"time {self.time}" if self.time < NEW else "time of the build")
        return " ".join(parts)


class Image:
    def __init__(self, path):
        self.nodes = {}
        with tarfile.open(path) as archive:
            manifest = json.load(archive.extractfile("manifest.json"))[0]
            self.document = json.load(archive.extractfile(manifest["Config"]))
            for layer in manifest["Layers"]:
                with tarfile.open(fileobj=archive.extractfile(layer)) as entries:
                    self._apply(entries)

    def _apply(self, entries):
        made = set()
        for member in entries:
            path = member.name.removeprefix("./").strip("/")
            directory, _, name = path.rpartition("/")
            if name == ".wh..wh..opq":
                for below in self._below(directory):
                    if below not in made:
                        del self.nodes[below]
            elif name.startswith(".wh."):
                self._remove(f"{directory}/{name[4:]}".lstrip("/"))
            elif path and path != ".":
                made.add(path)
                self._put(path, member, entries)

    def _put(self, path, member, entries):
        if member.type == tarfile.LNKTYPE:
            target = self.nodes[member.linkname.removeprefix("./").strip("/")]
            self._remove(path)
            self.nodes[path] = target
            return
        content = ""
        if member.isreg():
            content = hashlib.file_digest(entries.extractfile(member), "sha256").hexdigest()
        if member.type != tarfile.DIRTYPE or path in self.nodes and self.nodes[path].kind != "d":
            self._remove(path)
        self.nodes[path] = Node(member, content)

    def _below(self, path):
        return [other for other in self.nodes if other.startswith(path + "/" if path else "")]

    def _remove(self, path):
        self.nodes.pop(path, None)
        for below in self._below(path):
            del self.nodes[below]

    def listing(self):
        """By path, all that two images are compared by."""
        names = {}
        for path, node in self.nodes.items():
            names.setdefault(id(node), []).append(path)
        return {path: node.described(sorted(names[id(node)])) for path, node in self.nodes.items()}

    def configuration(self):
        """What is empty is as absent."""
        config = self.document.get("config") or {}
        found = {key: config[key] for key in KEYS if config.get(key)}
        if self.document.get("author"):
            found["author"] = self.document["author"]
        found["platform"] = self.document["os"] + "/" + self.document["architecture"]
        return found


def differences(expected, found, patch=None):
    """What two images differ in, a line each. `patch` is what the expected one has no word for."""
    lines = []
    wanted = expected.configuration()
    for key, values in (patch or {}).items():
        wanted[key] = wanted.get(key, {}) | values
    _compare(wanted, found.configuration(), lines)
    _compare(expected.listing(), found.listing(), lines, "/")
    return lines


def _compare(expected, found, lines, prefix=""):
    for key in sorted(expected.keys() | found.keys()):
        if expected.get(key) != found.get(key):
            lines.append(f"{prefix}{key}: expected {expected.get(key, 'nothing')}, found {found.get(key, 'nothing')}")
