"""Random trees for rootfs-fixtures/image: each layer goes on with what those below have, and says it in another way."""

import random
import tarfile

DIRECTORY, FILE, OTHER = "directory", "file", "other"


class RandomTree:
    """What the layers so far show: below /t, so that what a container needs stays."""

    def __init__(self, seed, is_gnu):
        self.random = random.Random(seed)
        self.is_gnu = is_gnu
        self.paths = {"t": DIRECTORY}
        self.number = 0
        # What is new in such a directory gets its group, from the kernel under umoci, from nobody else.
        self.set_group_id = set()

    def write_layer(self, layer):
        self.layer, self.own, self.hidden = layer, {}, set()
        self.put_directory("t")
        steps = [self.new_directory] * 8 + [self.new_file] * 14 + [self.new_link] * 4 + [self.new_hard_link] * 4 + [
            self.new_node] * 3 + [self.new_sparse] * 2 + [self.whiteout] * 4 + [self.opaque] * 1 + [
            self.replace] * 3 + [self.again] * 2 + [self.implied] * 3
        self.random.shuffle(steps)
        for step in steps:
            step()

    # Names and attributes

    def name(self):
        self.number += 1
        chosen = self.random.randrange(8)
        if chosen == 0:
            return f"long-{self.number}-" + "n" * self.random.randrange(90, 230)
        if chosen == 1:
            return f"größe \u2603 {self.number}"
        if chosen == 2:
            return f"raw-{self.number}-" + b"\xff\xfe\xe9".decode("utf-8", "surrogateescape")
        if chosen == 3:
            return f"odd {self.number}\n\t\\'\""
        return f"f{self.number}"

    def attributes(self, mode):
        fields = {
            "mode": mode, "uid": self.random.choice([0, 0, 1000, 65534, 3_000_000]),
            "gid": self.random.choice([0, 0, 29, 65534]), "mtime": 1_400_000_000 + self.random.randrange(10**8),
        }
        if not self.is_gnu:
            fields["pax_headers"] = {"mtime": f"{fields['mtime']}.{self.random.randrange(10**9):09}"}
        return fields

    def extended(self, fields, names):
        """Adds attributes that tar has no field for."""
        if self.is_gnu or self.random.random() < 0.5:
            return fields
        capability = bytes([1, 0, 0, 2, 0, 4, 0, 0] + [0] * 12)
        values = {"user.text": b"value", "user.raw": bytes(range(1, 40)),
                  "trusted.of.root": b"secret", "security.capability": capability}
        for name in self.random.sample(names, self.random.randrange(1, len(names) + 1)):
            fields["pax_headers"][f"SCHILY.xattr.{name}"] = values[name].decode("utf-8", "surrogateescape")
        return fields

    def mode(self, choices):
        return self.random.choice(choices)

    # What there is

    def some(self, *kinds, own=None):
        found = [p for p, kind in self.paths.items() if kind in kinds and p != "t" and (own is None or (p in self.own) == own)]
        return self.random.choice(found) if found else None

    def parent(self):
        path = self.random.choice([p for p, kind in self.paths.items() if kind == DIRECTORY])
        return path if path.count("/") < 6 else "t"

    def new_path(self):
        return f"{self.parent()}/{self.name()}"

    def forget(self, path):
        for known in [p for p in self.paths if p == path or p.startswith(path + "/")]:
            del self.paths[known]
            self.own.pop(known, None)

    def note(self, path, kind):
        self.paths[path], self.own[path] = kind, kind

    # Entries

    def put_directory(self, path):
        fields = self.attributes(self.mode([0o755, 0o700, 0o1777, 0o2755, 0o511]))
        if fields["mode"] & 0o2000:
            self.set_group_id.add(path)
        self.layer.add(path, tarfile.DIRTYPE, **self.extended(fields, ["user.text", "trusted.of.root"]))
        self.note(path, DIRECTORY)

    def put_file(self, path):
        fields = self.attributes(self.mode([0o644, 0o755, 0o4755, 0o2711, 0o6700, 0o000, 0o1644]))
        size = self.random.choice([0, 1, 511, 512, 513, 4096, 70_000, self.random.randrange(200_000)])
        names = ["user.text", "user.raw", "trusted.of.root", "security.capability"]
        self.layer.add(path, data=self.random.randbytes(size), **self.extended(fields, names))
        self.note(path, FILE)

    def new_directory(self):
        self.put_directory(self.new_path())

    def new_file(self):
        self.put_file(self.new_path())

    def new_link(self):
        path = self.new_path()
        target = self.random.choice(["f1", "/t", "../..", "/nowhere/at/all", "x" * 300, "größe \u2603"])
        self.layer.add(path, tarfile.SYMTYPE, linkname=target, **self.attributes(0o777))
        self.note(path, OTHER)

    def new_hard_link(self):
        target = self.some(FILE, own=True)
        if target:
            path = self.new_path()
            self.layer.add(path, tarfile.LNKTYPE, linkname=target, **self.attributes(0o644))
            self.note(path, FILE)

    def new_node(self):
        path = self.new_path()
        kind = self.random.choice([tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
        fields = self.attributes(self.mode([0o600, 0o666, 0o640]))
        if kind != tarfile.FIFOTYPE:
            fields |= {"devmajor": self.random.randrange(1, 255), "devminor": self.random.randrange(0, 255)}
        self.layer.add(path, kind, **fields)
        self.note(path, OTHER)

    def new_sparse(self):
        """GNU's format 1.0: the map is in front of the data."""
        if self.is_gnu:
            return
        path, size = self.new_path(), self.random.randrange(1, 40) * 65_536 + 100
        parts = [(start * 65_536, self.random.randrange(1, 9) * 512)
                 for start in sorted(self.random.sample(range(size // 65_536), min(2, size // 65_536)))]
        text = "\n".join([str(len(parts) + 1)] + [f"{start}\n{count}" for start, count in parts + [(size, 0)]]) + "\n"
        data = text.encode().ljust(-(-len(text) // 512) * 512, b"\0")
        data += b"".join(self.random.randbytes(count) for _, count in parts)
        fields = self.attributes(0o644)
        fields["pax_headers"] |= {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": path,
                                  "GNU.sparse.realsize": str(size)}
        self.layer.add(f"GNUSparseFile.0/sparse-{self.number}", data=data, **fields)
        self.note(path, OTHER)

    # What layers do to those below

    def whiteout(self):
        path = self.some(DIRECTORY, FILE, OTHER, own=False)
        # Not around what this layer has: that is an opaque directory, and another case.
        if path and not any(own.startswith(path + "/") for own in self.own) and path.rpartition("/")[2][:200]:
            parent, _, name = path.rpartition("/")
            if len(name.encode("utf-8", "surrogateescape")) > 250:
                return
            self.layer.add(f"{parent}/.wh.{name}", **self.attributes(0o600))
            self.forget(path)

    def opaque(self):
        path = self.some(DIRECTORY, own=False)
        if path and not any(own.startswith(path + "/") for own in self.own):
            self.put_directory(path)
            self.layer.add(f"{path}/.wh..wh..opq", **self.attributes(0o600))
            for below in [p for p in self.paths if p.startswith(path + "/")]:
                del self.paths[below]
            self.put_file(f"{path}/{self.name()}")

    def replace(self):
        """Something of a lower layer becomes something else."""
        path = self.some(FILE, OTHER, own=False)
        if path:
            self.forget(path)
            self.random.choice([self.put_file, self.put_directory])(path)

    def again(self):
        """A layer may say a name twice."""
        path = self.some(FILE, own=True)
        if path:
            self.put_file(path)

    def implied(self):
        """A file in directories that the layer says nothing of; the last of them may be new."""
        parent = self.some(DIRECTORY, own=False) or "t"
        if self.random.random() < 0.5 and parent not in self.set_group_id:
            parent += f"/{self.name()}"
            self.paths[parent] = DIRECTORY
        self.put_file(f"{parent}/{self.name()}")
