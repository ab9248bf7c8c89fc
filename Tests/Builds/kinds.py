"""Dockerfiles of the kinds that people write. Each is built by swiftcr, run by it, and run again by podman.

Their contexts are in `kinds/`; what cannot be a text in a repository is made here.
"""

import hashlib
import os
import shutil
import subprocess
import zipfile

from archives import archive
from builders import Failed

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kinds")
SECRET = "correct horse"


class Kind:
    """`builds` are lists of arguments, in which {} is the context; the last one's image is run, unless `runs` says otherwise."""

    def __init__(self, name, expected, builds=((),), prepare=None, needs_debian=False, runs=None):
        self.name, self.expected, self.builds = name, expected, builds
        self.prepare, self.needs_debian = prepare, needs_debian
        # By tag, what its container prints.
        self.runs = runs or {f"localhost/{name}": expected}


def wheel(context):
    """A Python package with one function."""
    os.mkdir(context + "/wheels")
    files = {
        "greetings.py": "def hello(name):\n    return f'hello from a wheel, {name}'\n",
        "greetings-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: greetings\nVersion: 1.2\n",
        "greetings-1.2.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files["greetings-1.2.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(context + "/wheels/greetings-1.2-py3-none-any.whl", "w") as package:
        for name, text in files.items():
            package.writestr(name, text)


def package(context, name, depends="", script="echo tool"):
    root = f"{context}/{name}"
    _write(f"{root}/DEBIAN/control", f"Package: {name}\nVersion: 1.5-2\nArchitecture: all\nMaintainer: a <a@example.org>\n"
           + (f"Depends: {depends}\n" if depends else "") + f"Description: {name}\n")
    _write(f"{root}/DEBIAN/postinst", f"#!/bin/sh\nset -e\nmkdir -p /var/lib/{name}\necho \"configured by $1\" >/var/lib/{name}/installed\n",
           0o755)
    _write(f"{root}/usr/bin/{name}", f"#!/bin/sh\n{script}\n", 0o755)
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, f"{context}/{name}_1.5-2_all.deb"], check=True,
                   capture_output=True)
    shutil.rmtree(root)


def one_package(context):
    package(context, "tool", script="echo tool 1.5")


def repository(context):
    """A repository as apt-ftparchive would write it."""
    package(context, "tool", depends="tool-data (>= 1)", script="echo \"tool with data: $(tool-data)\"")
    package(context, "tool-data", script="echo 42")
    entries = []
    for file in sorted(name for name in os.listdir(context) if name.endswith(".deb")):
        with open(f"{context}/{file}", "rb") as deb:
            data = deb.read()
        control = subprocess.run(["dpkg-deb", "--field", f"{context}/{file}"], check=True, capture_output=True, text=True).stdout
        entries.append(f"{control.strip()}\nFilename: ./{file}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n")
    _write(f"{context}/Packages", "\n".join(entries))


def releases(context):
    release = {"release": ("directory", None, 0o755), "release/VERSION": ("file", b"2.3\n", 0o644),
               "release/bin/run": ("file", b"#!/bin/sh\necho running from an archive\n", 0o755),
               "release/latest": ("symlink", "VERSION", 0o777)}
    data = {"data.csv": ("file", b"a,b\n", 0o600)}
    for name, entries, compression in [("release.tar.gz", release, "gz"), ("data.tar.xz", data, "xz")]:
        with open(f"{context}/{name}", "wb") as file:
            file.write(archive(entries, compression))


def secrets(context):
    os.mkdir(context + "/.private")
    _write(context + "/.private/token", SECRET)


def _write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


PROOF = hashlib.sha256(SECRET.encode()).hexdigest()
KINDS = [
    Kind("static-program", "answer 1.4: 42", [("--build-arg", "VERSION=1.4")], needs_debian=True),
    Kind("python-wheel", "hello from a wheel, app", prepare=wheel, needs_debian=True),
    Kind("dpkg", "tool 1.5\ntool\t1.5-2\nconfigured by configure", prepare=one_package, needs_debian=True),
    Kind("apt", "tool with data: 42", prepare=repository, needs_debian=True),
    Kind("users", "worker\nstaffers\n/home/worker\nworker:staffers 750\nworker:staffers 644\nworker:staffers 2770\nstaffers\n"
         "root keeps its secret", needs_debian=True),
    Kind("bash-pipefail", "noticed\nthree\n1", needs_debian=True),
    Kind("cache-mounts", "1\n2\nls: /cache: No such file or directory", [("--build-arg", "ROUND=1"), ("--build-arg", "ROUND=2")]),
    Kind("secrets", f"{PROOF}  -\n13 characters\nls: /run: No such file or directory\n/root:\n0",
         [("--secret", "id=token,src={}/.private/token", "--secret", "id=password,src={}/.private/token")], prepare=secrets),
    Kind("heredocs", "configured:\ninterpreted = yes\nlisten = 8080\nuser = $USER\npart = one\npart = two\n"
         "helped by /usr/local/bin/HELPER"),
    Kind("onbuild", "started by someone in /app: as child",
         [("--tag", "localhost/onbuild"), ("--tag", "localhost/onbuild-child", "--build-arg", "NAME=someone", "{}/child")],
         runs={"localhost/onbuild-child": "started by someone in /app: as child"}),
    Kind("entrypoint-script", "hello, process 1: two words"),
    Kind("archives", "2.3\nrunning from an archive\n/archives:\nrelease.tar.gz\n\n/srv:\ndata.csv\nlinked", prepare=releases),
    Kind("versions", "3.4.5 at abc\n3.4.5 3.4 app-3_4_5.tar not in the environment",
         [("--build-arg", "VERSION=3.4.5", "--build-arg", "REVISION=abc")]),
    Kind("volumes", "first\none\ntwo\nuser 700"),
    Kind("test-target", "", [("--tag", "localhost/test-target-test", "--target", "test"), ("--tag", "localhost/test-target")],
         runs={"localhost/test-target-test": "1 test passed", "localhost/test-target": "the program: 42"}),
    Kind("web-root", "<h1>about</h1>\nthe pages are read-only\nweb"),
    Kind("workspace", "./package.json\n./packages/a/package.json\n./packages/b/package.json\n/docs/one.md\n/docs/part/two.md\n"
         "/work/packages/a/src/deep/index.js\n/work/packages/b/index.js"),
    Kind("node-like", "installed\n./.env.example\n./README.md\n./dist/keep.js\n./index.js\n./node_modules/marker\n./package.json\n"
         "./src/app.js"),
    Kind("scratch", "uid=1000(user) gid=1000 groups=1000"),
    Kind("contexts", "common to several projects",
         [("--build-context", "shared={}/shared", "--build-context", "base=docker-image://localhost/busybox")]),
]


class Kinds:
    """Builds and runs kinds; `swiftcr` and `podman` are ready."""

    def __init__(self, work, swiftcr, podman):
        self.work, self.swiftcr, self.podman = work, swiftcr, podman
        self.passed, self.failed = [], []

    def check(self, kind):
        directory = os.path.join(self.work, "kind")
        context = directory + "/context"
        shutil.copytree(os.path.join(HERE, kind.name), context)
        try:
            if kind.prepare:
                kind.prepare(context)
            for words in kind.builds:
                self._build(kind, context, [word.replace("{}", context) for word in words])
            for tag, expected in kind.runs.items():
                self._run(tag, expected, directory + "/image.tar")
            self.passed.append(kind.name)
        except Failed as error:
            self.failed.append(kind.name)
            print(f"FAILED {kind.name}: scripts/builds --case {kind.name}\n{error}\n", flush=True)
        finally:
            shutil.rmtree(directory)

    def _build(self, kind, context, words):
        tag = f"localhost/{kind.name}"
        if "--tag" in words:
            tag = words.pop(words.index("--tag") + 1)
            words.remove("--tag")
        # The last word may be another context.
        if words and not words[-1].startswith("-") and words[-1].startswith(context) and "=" not in words[-1]:
            context = words.pop()
        self.swiftcr.build(tag, context, *words)

    def _run(self, tag, expected, archive_path):
        self._same(f"swiftcr run --image {tag}", self.swiftcr.output(tag), expected)
        self.swiftcr.save(tag, archive_path)
        self.podman.load(archive_path)
        os.unlink(archive_path)
        try:
            self._same(f"podman run {tag}", self.podman.output(tag), expected)
        finally:
            self.podman.remove(tag)

    def _same(self, what, found, expected):
        if found.strip() != expected.strip():
            raise Failed(f"{what}\nexpected: {expected!r}\nfound:    {found!r}")

    def report(self):
        print(f"kinds: {len(self.passed)} built by swiftcr and run by it and by podman: {', '.join(self.passed)}"
              + (f"; failed: {', '.join(self.failed)}" if self.failed else ""))
        return not self.failed
