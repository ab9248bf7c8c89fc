import CLinux
import Glibc
import Kernel
import Layers

/// All that can be seen of a tree, for comparisons: one line an entry, its content by a hash.
enum LayerTree {
  static func describe(_ path: String) throws -> [String: String] {
    var found: [String: String] = [:]
    var inodes: [UInt: String] = [:]
    try walk(path, "", &found, &inodes)
    return found
  }

  private static func walk(
    _ root: String, _ relative: String, _ found: inout [String: String], _ inodes: inout [UInt: String]
  ) throws {
    let path = root + relative
    var status = stat()
    guard lstat(path, &status) == 0 else { throw SystemError("look at", path) }
    let type = status.st_mode & S_IFMT
    var line = "\(String(status.st_mode, radix: 8)) \(status.st_uid):\(status.st_gid)"
    line += " \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    if type != S_IFDIR {
      // Of several names, all say which is the first.
      let first = inodes[UInt(status.st_ino)] ?? relative
      inodes[UInt(status.st_ino)] = first
      line += " size \(status.st_size) names \(status.st_nlink) of \(first)"
    }
    switch type {
    case S_IFREG: line += " content \(try readFile(path, limit: 1 << 30).hashValue)"
    case S_IFLNK:
      var target = [CChar](repeating: 0, count: 4096)
      let count = readlink(path, &target, target.count)
      line += " to \(target[..<max(0, count)].map { UInt8(bitPattern: $0) })"
    case S_IFCHR, S_IFBLK: line += " device \(status.st_rdev)"
    default: break
    }
    for (name, value) in attributes(path) { line += " \(name)=\(value)" }
    found[relative] = line
    guard type == S_IFDIR else { return }
    let directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    for name in try Directories.names(in: directory.number, limit: 1 << 20).sorted() {
      try walk(root, "\(relative)/\(name)", &found, &inodes)
    }
  }

  static func attributes(_ path: String) -> [(String, [UInt8])] {
    var names = [CChar](repeating: 0, count: 1 << 16)
    let count = Int(clinux_list_link_xattr(path, &names, names.count))
    return names[..<max(0, count)].split(separator: 0).map { name in
      var value = [UInt8](repeating: 0, count: 1 << 16)
      let size = Int(clinux_get_link_xattr(path, Array(name) + [0], &value, value.count))
      let text = String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return (text, Array(value[..<max(0, size)]))
    }.sorted { $0.0 < $1.0 }
  }

  /// Unpacks an archive into the directory `name` of the scratch, which is made.
  @discardableResult
  static func unpack(
    _ bytes: [UInt8], to name: String, of scratch: Scratch, limits: LayerLimits = .standard,
    expecting: LayerExpectation = LayerExpectation(), caller: Caller = .current
  ) throws -> (summary: DirectorySummary, facts: LayerFacts) {
    guard mkdir(scratch.file(name), 0o755) == 0 else { throw SystemError("make directory", name) }
    let root = try Descriptor.open(scratch.file(name), O_RDONLY | O_DIRECTORY)
    var sink = try DirectorySink(root: root, caller: caller)
    let facts = try LayerUnpacker.unpack(MemorySource(bytes), expecting: expecting, limits: limits, into: &sink)
    return (sink.result, facts)
  }
}
