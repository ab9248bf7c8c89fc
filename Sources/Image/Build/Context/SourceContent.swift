internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

internal import struct Crypto.SHA256

/// What is in one file of a tree: its bytes, a link's target, extended attributes.
struct SourceContent {
  let tree: SourceTree
  let path: [UInt8]
  let status: stat

  init(_ tree: SourceTree, _ path: [UInt8], _ status: stat) {
    (self.tree, self.path, self.status) = (tree, path, status)
  }

  func digest() throws(ImageError) -> Digest {
    var hash = SHA256()
    for attribute in try attributes() {
      hash.update(
        data: Array("\(attribute.name.count) \(attribute.value.count) ".utf8) + attribute.name + attribute.value)
    }
    hash.update(data: [0])
    switch status.st_mode & S_IFMT {
    case S_IFLNK: hash.update(data: try target())
    case S_IFREG: try read { hash.update(bufferPointer: $0) }
    case S_IFCHR, S_IFBLK: hash.update(data: Array("\(status.st_rdev)".utf8))
    default: break
    }
    return Digest(sha256: hash.finalize())
  }

  func attributes() throws(ImageError) -> [TarEntry.Attribute] {
    let cut = path.lastIndex(of: UInt8(ascii: "/"))
    let name = path.isEmpty ? Array(".".utf8) : Array(cut.map { path[($0 + 1)...] } ?? path[...])
    let parent = try tree.open(Array(cut.map { path[..<$0] } ?? []))
    return try rethrowing { () throws(LayerError) in try PortableAttributes.of(name, in: parent.number) }
  }

  func target() throws(ImageError) -> [UInt8] {
    let opened = try tree.open(path)
    var target = [CChar](repeating: 0, count: 4096)
    let count = readlinkat(opened.number, "", &target, target.count)
    guard count > 0 else { throw tree.failure("read link", path) }
    return target[..<count].map { UInt8(bitPattern: $0) }
  }

  /// Opens a regular file for reading.
  func open() throws(ImageError) -> Descriptor {
    let found = try tree.open(path)
    return try rethrowing { () throws(SystemError) in
      // A pipe that was put in its place would stop us.
      try Descriptor.open("/proc/self/fd/\(found.number)", O_RDONLY | O_NONBLOCK)
    }
  }

  /// Reads a regular file to its end.
  ///
  /// - Throws: also when it is another one by now, or has changed while it was read: what it was recorded as is not what
  ///   was read then.
  func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws(ImageError) {
    let opened = try open()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
    defer { buffer.deallocate() }
    var total: Int64 = 0
    let number = opened.number
    while true {
      let count = retrying { Glibc.read(number, buffer.baseAddress, buffer.count) }
      guard count >= 0 else { throw tree.failure("read", path) }
      if count == 0 { break }
      total += Int64(count)
      guard total <= Int64(status.st_size) else { throw changed }
      do { try body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) } catch { throw ImageError(error) }
    }
    var now = stat()
    guard total == Int64(status.st_size), fstat(number, &now) == 0, now.st_ino == status.st_ino,
      now.st_mtim.tv_sec == status.st_mtim.tv_sec, now.st_mtim.tv_nsec == status.st_mtim.tv_nsec,
      now.st_ctim.tv_sec == status.st_ctim.tv_sec, now.st_ctim.tv_nsec == status.st_ctim.tv_nsec
    else { throw changed }
  }

  private var changed: ImageError {
    ImageError("\(tree.name): \(String(decoding: path, as: UTF8.self)) changed while it was copied: build again")
  }
}
