import Foundation
import Glibc
import Testing

@testable import Kernel

/// The client against the reference implementation of a bus: a private one, which ends with the test.
@Suite(.serialized, .enabled(if: access(Bus.daemon, X_OK) == 0, "needs /usr/bin/dbus-daemon (Debian: dbus-daemon)"))
struct DBusDaemonTests {
  private static let bus = "org.freedesktop.DBus"

  @Test func callsAndErrors() throws {
    let bus = try Bus()
    let deadline = Deadline(milliseconds: 60_000)
    var connection = try DBusConnection.open(path: bus.socket, isBus: true, deadline: deadline)
    let owner = try connection.call(
      to: Self.bus, "/org/freedesktop/DBus", Self.bus, "GetNameOwner", [.string(Self.bus)], deadline: deadline)
    #expect(owner == [.string(Self.bus)])
    let user = try connection.call(
      to: Self.bus, "/org/freedesktop/DBus", Self.bus, "GetConnectionUnixUser", [.string(Self.bus)], deadline: deadline)
    #expect(user == [.uint32(geteuid())])
    let failed = try connection.attempt(
      to: "no.such.name", "/", "no.such.name", "Do", [], deadline: deadline)
    guard case .failure(let error) = failed else {
      Issue.record("a call to nobody was answered: \(failed)")
      return
    }
    #expect(error.name == "org.freedesktop.DBus.Error.ServiceUnknown")
    // The connection is as good as before.
    #expect(
      try connection.call(to: Self.bus, "/org/freedesktop/DBus", Self.bus, "GetId", [], deadline: deadline).count == 1)
  }

  /// Taking a name makes the bus say NameAcquired, before or after the answer: it must be found either way.
  @Test func signals() throws {
    let bus = try Bus()
    let deadline = Deadline(milliseconds: 60_000)
    var connection = try DBusConnection.open(path: bus.socket, isBus: true, deadline: deadline)
    let name = DBusValue.string("io.swiftcr.Test")
    let answer = try connection.call(
      to: Self.bus, "/org/freedesktop/DBus", Self.bus, "RequestName", [name, .uint32(0)], deadline: deadline)
    #expect(answer == [.uint32(1)])
    let body = try connection.signal(Self.bus, "NameAcquired", deadline: deadline) { $0 == [name] }
    #expect(body == [name])
    // What does not come ends at the deadline.
    let error = #expect(throws: SystemError.self) {
      _ = try connection.signal(Self.bus, "NameLost", deadline: Deadline(milliseconds: 20)) { _ in true }
    }
    #expect(error?.errno.code == ETIMEDOUT)
  }

  @Test func thePeerHangsUp() throws {
    let bus = try Bus()
    let deadline = Deadline(milliseconds: 60_000)
    var connection = try DBusConnection.open(path: bus.socket, isBus: true, deadline: deadline)
    bus.end()
    let error = #expect(throws: SystemError.self) {
      _ = try connection.call(
        to: Self.bus, "/org/freedesktop/DBus", Self.bus, "GetId", [], deadline: deadline)
    }
    #expect(error?.description.contains(bus.socket) == true)
  }
}

/// A dbus-daemon with a configuration of its own, our child.
private final class Bus {
  static let daemon = "/usr/bin/dbus-daemon"
  let socket: String
  private let directory: String
  private var pid: pid_t = 0

  init() throws {
    directory = "/tmp/swiftcr-bus-\(UUID().uuidString)"
    socket = "\(directory)/bus"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let config = """
      <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
       "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
      <busconfig><type>session</type><listen>unix:path=\(socket)</listen><auth>EXTERNAL</auth>
      <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
      </busconfig>
      """
    try config.write(toFile: "\(directory)/config", atomically: true, encoding: .utf8)
    var ends: [CInt] = [-1, -1]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    posix_spawn_file_actions_addclose(&actions, ends[1])
    let words = [Self.daemon, "--config-file=\(directory)/config", "--nofork", "--print-address=1"]
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let failed = posix_spawn(&pid, Self.daemon, &actions, nil, &arguments, environ)
    close(ends[1])
    try #require(failed == 0)
    // It prints its address when it listens.
    var byte: UInt8 = 0
    try #require(read(ends[0], &byte, 1) == 1)
  }

  func end() {
    guard pid > 0 else { return }
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
    pid = 0
  }

  deinit {
    end()
    try? FileManager.default.removeItem(atPath: directory)
  }
}
