"""The image that all cases run: busybox in one layer, as an archive that every engine can load."""

import hashlib
import io
import json
import subprocess
import tarfile

NAME = "localhost/busybox:latest"
BUSYBOX = "/bin/busybox"
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n",
    "etc/group": "root:x:0:\nuser:x:1000:\nextra:x:2000:user\n",
}
DIRECTORIES = {"bin": 0o755, "etc": 0o755, "root": 0o700, "tmp": 0o1777, "proc": 0o555, "sys": 0o555, "dev": 0o755}


def write(path, name=NAME, command=("sh",)):
    """Writes the image to `path`, in the format of `docker save`."""
    layer = _layer()
    config = json.dumps({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": list(command), "Env": ["PATH=/bin"]},
        "history": [{"created_by": "busybox"}],
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }).encode()
    file = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [{"Config": file, "RepoTags": [name], "Layers": ["layer/layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        _add(archive, file, config)
        _add(archive, "layer/layer.tar", layer)
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _layer():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        for name, mode in DIRECTORIES.items():
            _add(layer, name, None, tarfile.DIRTYPE, mode)
        with open(BUSYBOX, "rb") as program:
            _add(layer, "bin/busybox", program.read(), mode=0o755)
        listed = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True)
        for applet in listed.stdout.split():
            if applet != "busybox":
                _add(layer, "bin/" + applet, None, tarfile.SYMTYPE, link="busybox")
        for name, text in FILES.items():
            _add(layer, name, text.encode())
    return buffer.getvalue()


def _add(archive, name, data, kind=tarfile.REGTYPE, mode=0o644, link=""):
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.linkname, member.size = kind, mode, link, len(data or b"")
    archive.addfile(member, io.BytesIO(data or b""))
