import Glibc
import Kernel

@testable import Layers

/// What can be seen of a tree, a line for each path: kind, mode, owner, size, time, links, device, target, attributes
/// and the contents' digest.
struct TreeListing: Equatable {
  private(set) var lines: [String: String] = [:]

  /// - Parameter links: whether the number of a file's names is compared; an overlay counts otherwise for directories.
  init(_ path: String, links: Bool = true) throws {
    try list(path, "", links)
  }

  /// The paths of which the two have different lines, with both lines.
  func differences(from other: TreeListing, exceptTimesOf undated: Set<String> = []) -> [String] {
    func line(_ lines: [String: String], _ key: String) -> String? {
      guard undated.contains(key) else { return lines[key] }
      return lines[key].map { $0.split(separator: " ").enumerated().filter { $0.offset != 2 }.map(\.element) }?
        .joined(separator: " ")
    }
    return Set(lines.keys).union(other.lines.keys).sorted().compactMap { key in
      let (one, two) = (line(lines, key), line(other.lines, key))
      return one == two ? nil : "\(key)\n  \(one ?? "-")\n  \(two ?? "-")"
    }
  }

  private mutating func list(_ root: String, _ path: String, _ links: Bool) throws {
    let full = root + path
    var status = stat()
    guard lstat(full, &status) == 0 else { throw SystemError("stat", full) }
    let type = status.st_mode & S_IFMT
    var line = "\(String(status.st_mode, radix: 8)) \(status.st_uid):\(status.st_gid)"
    line += " \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    if links { line += " links \(status.st_nlink)" }
    if type == S_IFCHR || type == S_IFBLK { line += " device \(status.st_rdev)" }
    if type == S_IFREG || type == S_IFLNK { line += " size \(status.st_size)" }
    let slash = full.lastIndex(of: "/") ?? full.startIndex
    let parent = try Descriptor.open(String(full[..<slash]), O_RDONLY | O_DIRECTORY)
    let name = Array(String(full[full.index(after: slash)...]).utf8CString)
    for attribute in try ExtendedAttributes.names(of: name, in: parent.number)
    where !OverlayAttribute.isReserved(attribute) {
      let value = try ExtendedAttributes.value(of: attribute, name, in: parent.number) ?? []
      line += " \(String(decoding: attribute, as: UTF8.self))=\(value.count > 64 ? [] : value) \(value.hashValue)"
    }
    if type == S_IFREG {
      let file = try Descriptor.open(full, O_RDONLY)
      let digest = DigestSink(ByteCollector())
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
      defer { buffer.deallocate() }
      while true {
        let count = read(file.number, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw SystemError("read", full) }
        if count == 0 { break }
        try digest.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
      line += " \(digest.digest)"
    }
    if type == S_IFLNK {
      var target = [CChar](repeating: 0, count: 4097)
      let count = readlink(full, &target, 4096)
      line += " -> " + String(decoding: target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    lines[path.isEmpty ? "/" : path] = line
    guard type == S_IFDIR else { return }
    let directory = try Descriptor.open(full, O_RDONLY | O_DIRECTORY)
    for name in try Directories.names(in: directory.number, limit: 1_000_000) {
      try list(root, "\(path)/\(name)", links)
    }
  }
}
