"""Exec and attach as kubectl does them: over a websocket of containerd's streaming server."""

import json

import websocket

PROTOCOL = "v4.channel.k8s.io"
STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)


class Stream:
    """A message's first byte is its channel; `status` is what the error channel said at the end."""

    def __init__(self, url, seconds=60):
        self.socket = websocket.create_connection(url.replace("http:", "ws:", 1), timeout=seconds,
                                                  subprotocols=[PROTOCOL], http_no_proxy=["127.0.0.1"])
        self.out = {STDOUT: b"", STDERR: b""}
        self.status = None

    def send(self, text):
        self.socket.send_binary(bytes([STDIN]) + text.encode())

    def resize(self, columns, rows):
        size = json.dumps({"Width": columns, "Height": rows})
        self.socket.send_binary(bytes([RESIZE]) + size.encode())

    def until(self, text):
        """Reads until stdout has `text`; the socket's timeout bounds it."""
        while text not in self.stdout:
            if not self._receive():
                raise AssertionError(f"{text!r} did not come: {self.stdout!r}, {self.stderr!r}, {self.status}")

    def finish(self):
        """Reads to the end, and gives the exit code."""
        while self._receive():
            pass
        if not self.status:
            return None
        if self.status["status"] == "Success":
            return 0
        causes = self.status.get("details", {}).get("causes", [])
        codes = [int(cause["message"]) for cause in causes if cause.get("reason") == "ExitCode"]
        return codes[0] if codes else self.status.get("message")

    def close(self):
        self.socket.close()

    @property
    def stdout(self):
        return self.out[STDOUT].decode(errors="replace").replace("\r", "")

    @property
    def stderr(self):
        return self.out[STDERR].decode(errors="replace")

    def _receive(self):
        operation, data = self.socket.recv_data()
        if operation == websocket.ABNF.OPCODE_CLOSE:
            return False
        if data[:1] and data[0] == ERROR:
            if data[1:]:
                self.status = json.loads(data[1:])
        elif data[:1]:
            self.out[data[0]] += data[1:]
        return True
