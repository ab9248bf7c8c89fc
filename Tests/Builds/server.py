"""What ADD fetches: pages with and without a time, and a repository, on loopback."""

import email.utils
import http.server
import os
import subprocess
import threading

from description import OLD
from fragments.add import PAGES

# So that a commit always has the same name.
GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
       **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
          for what, value in (("NAME", "a"), ("EMAIL", "a@example.org"), ("DATE", f"{OLD} +0000"))}}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        if path not in PAGES:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGES[path])))
        if path != "/other":
            self.send_header("Last-Modified", email.utils.formatdate(OLD, usegmt=True))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(PAGES[path])

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def serve():
    """Gives the port; ends with this process."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def repository(path):
    """Two commits, the first one tagged v1; gives the first one's name. add.py knows what they hold."""
    def git(*words):
        return subprocess.run(["git", "-C", path, *words], env={**os.environ, **GIT}, check=True, capture_output=True,
                              text=True).stdout.strip()
    os.makedirs(path + "/sub")
    git("init", "-q", "-b", "main")
    for text, tag in [("first", "v1"), ("second", None)]:
        with open(path + "/file", "w") as file:
            file.write(text + "\n")
        with open(path + "/sub/script", "w") as file:
            file.write("#!/bin/sh\n")
        os.chmod(path + "/sub/script", 0o755)
        git("add", "-A")
        git("commit", "-q", "-m", text)
        if tag:
            git("tag", tag)
    return git("rev-parse", "v1")
