import Glibc
import Kernel
import Testing

@testable import Layers

/// A directory that goes with its owner, and what is mounted below it before.
final class Workshop {
  let path: String
  private var mounts: [String] = []

  init() throws {
    var template = Array("/tmp/swiftcr-layers-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for mount in mounts.reversed() { _ = DetachedMount.detach(mount) }
    guard let parent = try? Descriptor.open("/tmp", O_RDONLY | O_DIRECTORY) else { return }
    try? TreeRemoval.remove(String(path.dropFirst(5)), at: parent.number)
  }

  /// A new directory.
  func directory(_ name: String) throws -> String {
    let directory = "\(path)/\(name)"
    try #require(mkdir(directory, 0o755) == 0)
    return directory
  }

  /// Attaches a mount at a new directory.
  func attach(_ mount: borrowing DetachedMount, _ name: String) throws -> String {
    let place = try directory(name)
    try mount.attach(place)
    mounts.append(place)
    return place
  }

  /// An overlay of directories, bottom first.
  func overlay(_ lowers: [String], _ name: String) throws -> (merged: String, upper: String) {
    let upper = try directory(name + "-upper")
    let work = try directory(name + "-work")
    let open = try lowers.map { try OpenDirectory($0) }
    let mount = try DetachedMount.overlay(
      lowers: open.map(\.number), areMapped: false, upper: upper, work: work, volatile: true,
      scaffold: "\(path)/\(name)-scaffold")
    return (try attach(mount, name), upper)
  }
}

/// A directory's descriptor that can be in an array.
final class OpenDirectory {
  private let descriptor: Descriptor
  var number: CInt { descriptor.number }

  init(_ path: String) throws { descriptor = try Descriptor.open(path, O_RDONLY | O_DIRECTORY) }
}

let isRoot = geteuid() == 0

/// Runs a shell's words; what they print.
@discardableResult
func bash(_ words: String) throws -> String { try HostProgram.output("/bin/bash", ["-ec", words]) }

/// Keeps what is written.
final class ByteCollector: ByteSink {
  var bytes: [UInt8] = []

  func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) { self.bytes.append(contentsOf: bytes) }
}

/// A file of an archive, with its data.
struct Content {
  var entry: TarEntry
  var data: [UInt8] = []

  init(_ kind: TarEntry.Kind, _ path: String, mode: UInt32 = 0o644, data: [UInt8] = [], target: String = "") {
    entry = TarEntry(
      kind: kind, path: Array(path.utf8), mode: mode, size: UInt64(data.count), target: Array(target.utf8))
    self.data = data
  }

  func with(_ change: (inout TarEntry) -> Void) -> Content {
    var copy = self
    change(&copy.entry)
    return copy
  }
}

/// The archive of some files.
func archive(_ contents: [Content]) throws -> [UInt8] {
  let collector = ByteCollector()
  var writer = TarWriter(collector)
  for content in contents {
    try writer.add(content.entry)
    try content.data.withUnsafeBytes { try writer.write(data: $0) }
  }
  try writer.finish()
  return collector.bytes
}
