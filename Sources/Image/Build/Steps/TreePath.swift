internal import CLinux
internal import Glibc
internal import Kernel

/// Looks up paths in a tree that is not trusted: a context, or the files of a stage. Each part is opened with the tree as
/// root and links not followed; what links mean is worked out here, so that it is known where a path leads.
struct TreePath {
  /// Without a slash before it; empty is the root.
  var bytes: [UInt8]
  /// What is there; `nil` when there is nothing, and then the rest of the path is as it was written.
  var status: stat?

  private static let mostLinks = 40
  private static let slash = UInt8(ascii: "/")

  var isDirectory: Bool { status.map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// - Parameters:
  ///   - path: from the root, with a slash before it or without.
  ///   - followsLast: whether a link at the end is followed.
  ///   - mayLeave: whether `..` and links that lead out of the root stay in it, as in a container; else they are errors.
  /// - Throws: step `resolve`.
  init(
    resolving path: [UInt8], at root: CInt, followsLast: Bool = true, mayLeave: Bool = true
  ) throws(SystemError) {
    let subject = String(decoding: path, as: UTF8.self)
    var rest = Self.parts(path)
    var found: [[UInt8]] = []
    var links = 0
    status = nil
    var isMissing = false
    while !rest.isEmpty {
      let part = rest.removeFirst()
      if part.elementsEqual(".".utf8) { continue }
      if part.elementsEqual("..".utf8) {
        if found.isEmpty, !mayLeave { throw .refusal("\(subject) leads out of the directory") }
        _ = found.popLast()
        continue
      }
      found.append(part)
      if isMissing { continue }
      let number = retrying { clinux_find_in_root(root, Self.cString(found), 0) }
      // Links are not followed: one is opened itself. ELOOP is one in the middle, which was exchanged meanwhile.
      if number < 0, errno == ENOENT || errno == ENOTDIR {
        isMissing = true
        continue
      }
      guard number >= 0 else { throw SystemError("resolve", subject) }
      let opened = Descriptor(adopting: number)
      var status = stat()
      guard fstat(opened.number, &status) == 0 else { throw SystemError("resolve", subject) }
      guard status.st_mode & S_IFMT == S_IFLNK, followsLast || !rest.isEmpty else { continue }
      links += 1
      guard links <= Self.mostLinks else { throw SystemError("resolve", subject, errno: Errno(ELOOP)) }
      var text = [CChar](repeating: 0, count: 4096)
      let count = readlinkat(opened.number, "", &text, text.count)
      guard count > 0, count < text.count else { throw SystemError("resolve", subject) }
      let target = text[..<count].map { UInt8(bitPattern: $0) }
      found.removeLast()
      if target[0] == Self.slash {
        if !mayLeave {
          throw .refusal(
            "\(subject) leads out of the directory: a link to \(String(decoding: target, as: UTF8.self))")
        }
        found = []
      }
      rest = Self.parts(target) + rest
    }
    bytes = Array(found.joined(separator: [Self.slash]))
    guard !isMissing else { return }
    let number = retrying { clinux_find_in_root(root, Self.cString(found), 0) }
    guard number >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return }
      throw SystemError("resolve", subject)
    }
    let opened = Descriptor(adopting: number)
    var status = stat()
    guard fstat(opened.number, &status) == 0 else { throw SystemError("resolve", subject) }
    self.status = status
  }

  private static func parts(_ path: [UInt8]) -> [[UInt8]] { path.split(separator: slash).map { Array($0) } }

  /// A path for the kernel; the root is a dot.
  private static func cString(_ parts: [[UInt8]]) -> [CChar] {
    let bytes = parts.isEmpty ? Array(".".utf8) : Array(parts.joined(separator: [slash]))
    return bytes.map { CChar(bitPattern: $0) } + [0]
  }
}
