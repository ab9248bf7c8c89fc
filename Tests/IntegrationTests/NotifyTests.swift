import CLinux
import Foundation
import Glibc
import Testing

extension Integration {
  /// `NOTIFY_SOCKET`: swiftcr as a service, whose container says when it is ready.
  @Suite(.disabled(if: Host.isControl, "Debian's runc waits for ever for a container that has ended")) struct Notify {}
}

/// A service manager's end: hears what is sent, and closes what comes with it.
private final class Manager {
  let path: String
  private let socket = clinux_datagram_socket()

  init(in directory: String) throws {
    path = "\(directory)/manager"
    guard clinux_bind(socket, path) == 0 else { throw HostError(description: "\(path): \(errno)") }
  }

  deinit { close(socket) }

  /// The next message, waited for; barriers are passed over.
  func next() throws -> String {
    var message: String?
    try Host.wait(for: "a notification") {
      message = receive()
      return message != nil
    }
    return message ?? ""
  }

  var isQuiet: Bool { receive() == nil }

  private func receive() -> String? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      var fd: Int32 = -1
      let count = clinux_receive(socket, &bytes, bytes.count, &fd)
      if fd >= 0 { close(fd) }
      guard count >= 0 else { return nil }
      let text = String(decoding: bytes.prefix(Int(count)), as: UTF8.self)
      if text != "BARRIER=1" { return text }
    }
  }
}

extension Bundle {
  /// The host's python, which can send a datagram.
  fileprivate func notifies(_ text: String, then rest: String) throws {
    for place in ["/usr", "/lib", "/lib64"] {
      try edit(
        ".mounts += [{destination: \"\(place)\", type: \"bind\", source: \"\(place)\", options: [\"rbind\", \"ro\"]}]")
    }
    try script(
      """
      /usr/bin/python3 -c 'import socket, os
      s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      s.sendto(b"\(text)", os.environ["NOTIFY_SOCKET"])'
      \(rest)
      """)
  }
}

extension Integration.Notify {
  @Test("run hands on that the container is ready, and nothing else") func foreground() throws {
    try withBundle { bundle in
      let manager = try Manager(in: bundle.directory)
      try bundle.notifies(#"STATUS=x\nREADY=1\nMAINPID=1\n"#, then: "while [ ! -e /end ]; do sleep 0.02; done; exit 3")
      let run = try Host.spawn(
        [Host.program, "--root", bundle.state, "run", "--bundle", bundle.directory, bundle.id],
        environment: ["NOTIFY_SOCKET": manager.path])
      #expect(try manager.next().split(separator: "\n").first == "READY=1")
      #expect(try bundle.exec("touch", "/end").code == 0)
      #expect(try run.wait().code == 3)
      #expect(manager.isQuiet)
    }
  }

  @Test("what leaves the container running waits until it is ready, and says its pid", arguments: ["run", "start"])
  func detached(_ command: String) throws {
    try withBundle { bundle in
      let manager = try Manager(in: bundle.directory)
      let environment = ["NOTIFY_SOCKET": manager.path]
      try bundle.notifies("READY=1", then: "while :; do sleep 0.1; done")
      if command == "run" {
        let run = try bundle.run("--detach", environment: environment)
        #expect(run.code == 0, "\(run)")
      } else {
        let created = try bundle.command(
          "create", "--bundle", bundle.directory, bundle.id, environment: environment)
        #expect(created.code == 0, "\(created)")
        #expect(manager.isQuiet)
        #expect(try bundle.command("start", bundle.id, environment: environment).code == 0)
      }
      let heard = try manager.next()
      let pid = try bundle.pid
      #expect(heard.contains("READY=1") && heard.contains("MAINPID=\(pid)"), "\(heard)")
      #expect(try bundle.state(".status") == "running")
    }
  }

  @Test("a container that ends before it is ready is waited for no longer") func ends() throws {
    try withBundle { bundle in
      let manager = try Manager(in: bundle.directory)
      try bundle.script("exit 0")
      let run = try bundle.run("--detach", environment: ["NOTIFY_SOCKET": manager.path])
      #expect(run.code == 0, "\(run)")
      #expect(manager.isQuiet)
    }
  }

  @Test("no service manager, no socket; and its own the container cannot see") func none() throws {
    try withBundle { bundle in
      let plain = try bundle.sh("ls -d /run/notify 2>&1; echo ${NOTIFY_SOCKET-none}")
      #expect(plain.lines.last == "none" && !plain.lines.contains("/run/notify"), "\(plain)")
      let manager = try Manager(in: bundle.directory)
      try bundle.script("echo $NOTIFY_SOCKET; ls /run/notify; touch /run/notify/x 2>&1 | grep -c Read-only")
      let offered = try bundle.run(environment: ["NOTIFY_SOCKET": manager.path])
      #expect(offered.lines == ["/run/notify/notify.sock", "notify.sock", "1"], "\(offered)")
    }
  }

  @Test("an address that is none is no reason to fail", arguments: ["", "x", "@"])
  func address(_ address: String) throws {
    try withBundle { bundle in
      try bundle.script("echo ran")
      #expect(try bundle.run(environment: ["NOTIFY_SOCKET": address]).output == "ran\n")
    }
  }
}
