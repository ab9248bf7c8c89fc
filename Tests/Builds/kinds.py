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
    """`builds` are the arguments of each build, in which {} is the context; `expected` is what a container prints."""

    def __init__(self, name, expected, builds=((),), prepare=None, needs_debian=False):
        self.name, self.builds = name, builds
        self.prepare, self.needs_debian = prepare, needs_debian
        # By tag.
        self.expected = expected if isinstance(expected, dict) else {f"localhost/{name}": expected}


def wheel(context):
    """A Python package with one function."""
    os.mkdir(context + "/wheels")
    files = {
        "greetings.py": "def hello(name):\n    return f'hello from a wheel, {name}'\n",
        "greetings-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: greetings\nVersion: 1.2\n",
        "greetings-1.2.dist-info/WHEEL":
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files["greetings-1.2.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(context + "/wheels/greetings-1.2-py3-none-any.whl", "w") as package:
        for name, text in files.items():
            package.writestr(name, text)


def package(context, name, depends="", script="echo tool"):
    root = f"{context}/{name}"
    control = ["Package: " + name, "Version: 1.5-2", "Architecture: all", "Maintainer: a <a@example.org>",
               *(["Depends: " + depends] if depends else []), "Description: " + name]
    _write(f"{root}/DEBIAN/control", "\n".join(control) + "\n")
    _write(f"{root}/DEBIAN/postinst", "#!/bin/sh\nset -e\n"
           f"mkdir -p /var/lib/{name}\necho \"configured by $1\" >/var/lib/{name}/installed\n", 0o755)
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
        control = subprocess.run(["dpkg-deb", "--field", f"{context}/{file}"], check=True, capture_output=True,
                                 text=True)
        digest = hashlib.sha256(data).hexdigest()
        entries.append(f"{control.stdout.strip()}\nFilename: ./{file}\nSize: {len(data)}\nSHA256: {digest}\n")
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
    Kind("dpkg", """tool 1.5
tool\t1.5-2
configured by configure""", prepare=one_package, needs_debian=True),
    Kind("apt", "tool with data: 42", prepare=repository, needs_debian=True),
    Kind("users", """worker
staffers
/home/worker
worker:staffers 750
worker:staffers 644
worker:staffers 2770
staffers
root keeps its secret""", needs_debian=True),
    Kind("bash-pipefail", "noticed\nthree\n1", needs_debian=True),
    Kind("cache-mounts", """1
2
ls: /cache: No such file or directory""", [("--build-arg", "ROUND=1"), ("--build-arg", "ROUND=2")]),
    Kind("secrets", f"""{PROOF}  -
13 characters
ls: /run/secrets: No such file or directory
/root:
0""", [("--secret", "id=token,src={}/.private/token", "--secret", "id=password,src={}/.private/token")],
         prepare=secrets),
    Kind("heredocs", """configured:
interpreted = yes
listen = 8080
user = $USER
part = one
part = two
helped by /usr/local/bin/HELPER"""),
    Kind("onbuild", {"localhost/onbuild-child": "started by someone in /app: as child"},
         [("--tag", "localhost/onbuild"),
          ("--tag", "localhost/onbuild-child", "--build-arg", "NAME=someone", "{}/child")]),
    Kind("entrypoint-script", "hello, process 1: two words"),
    Kind("archives", """2.3
running from an archive
/archives:
release.tar.gz

/srv:
data.csv
linked""", prepare=releases),
    Kind("versions", """3.4.5 at abc
3.4.5 3.4 app-3_4_5.tar not in the environment""",
         [("--build-arg", "VERSION=3.4.5", "--build-arg", "REVISION=abc")]),
    Kind("volumes", "first\none\ntwo\nuser 700"),
    Kind("test-target", {"localhost/test-target-test": "1 test passed", "localhost/test-target": "the program: 42"},
         [("--tag", "localhost/test-target-test", "--target", "test"), ("--tag", "localhost/test-target")]),
    Kind("web-root", "<h1>about</h1>\nthe pages are read-only\nweb"),
    Kind("workspace", """./package.json
./packages/a/package.json
./packages/b/package.json
/docs/one.md
/docs/part/two.md
/work/packages/a/src/deep/index.js
/work/packages/b/index.js"""),
    Kind("node-like", """installed
./.env.example
./README.md
./dist/keep.js
./index.js
./node_modules/marker
./package.json
./src/app.js"""),
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
            for tag, expected in kind.expected.items():
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
        _check(f"swiftcr run --image {tag}", self.swiftcr.output(tag), expected)
        self.swiftcr.save(tag, archive_path)
        self.podman.load(archive_path)
        os.unlink(archive_path)
        try:
            _check(f"podman run {tag}", self.podman.output(tag), expected)
        finally:
            self.podman.remove(tag)

    def report(self):
        print(f"kinds: {len(self.passed)} built by swiftcr and run by it and by podman: {', '.join(self.passed)}"
              + (f"; failed: {', '.join(self.failed)}" if self.failed else ""))
        return not self.failed


def _check(what, found, expected):
    if found.strip() != expected.strip():
        raise Failed(f"{what}\nexpected: {expected!r}\nfound:    {found!r}")
