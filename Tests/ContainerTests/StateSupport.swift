import Glibc
import Kernel
import OCI
import Testing

@testable import Container

/// A directory that goes with its owner.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/swiftcr-test-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    guard let parent = try? Descriptor.open("/tmp", O_RDONLY | O_DIRECTORY) else { return }
    try? TreeRemoval.remove(String(path.dropFirst(5)), at: parent.number)
  }

  static func / (directory: TemporaryDirectory, name: String) -> String { "\(directory.path)/\(name)" }
}

func write(_ text: String, to path: String, mode: UInt32 = 0o600) throws {
  let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
  try file.writeAll(text.utf8, subject: path)
}

func exists(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0
}

func record(_ id: String = "c1", layer: String? = nil) -> ContainerRecord {
  ContainerRecord(
    id: id, bundle: "/b", rootfs: "/b/rootfs", created: Timestamp(seconds: 1, nanoseconds: 2), owner: geteuid(),
    annotations: [:], bootID: BootID.current, cgroupLayout: "", cgroups: [], layer: layer)
}

/// Whether the condition holds in the end; a bound, so that nothing hangs.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<6000 {
    if try condition() { return true }
    usleep(10_000)
  }
  return false
}

/// Starts a program and lets it run.
func spawn(_ path: String, _ arguments: [String]) throws -> pid_t {
  var pointers: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
  defer { for pointer in pointers { free(pointer) } }
  pointers.append(nil)
  var pid: pid_t = 0
  try #require(posix_spawn(&pid, path, nil, nil, pointers, nil) == 0)
  return pid
}

/// Whether `ProcessHandle.open` finds the process.
func isFound(_ pid: pid_t, startTime: UInt64) throws -> Bool {
  switch try ProcessHandle.open(pid: pid, startTime: startTime) {
  case .none: return false
  case .some(let handle): return handle.pid == pid
  }
}

/// Whether a journal's process is found.
func hasProcess(_ journal: borrowing Journal) throws -> Bool {
  switch try journal.process() {
  case .none: return false
  case .some: return true
  }
}
