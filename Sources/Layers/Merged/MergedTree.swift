internal import CLinux
public import Glibc
public import Kernel

/// What overlayfs would show of a stack of layers, looked up name by name.
public struct MergedTree: Sendable {
  /// The roots of the layers, bottom first; open as long as this is used.
  public let layers: [CInt]

  public init(_ layers: [CInt]) { self.layers = layers }

  /// Something that the stack shows.
  public struct Item: ~Copyable {
    /// The topmost layer that has it, by its place in the stack: the one whose attributes count.
    public let layer: Int
    /// The layer's directory that it is in, and its name there.
    public let directory: Descriptor
    public let name: [UInt8]
    /// All of it, from the tree's root.
    public let path: [UInt8]
    public let status: stat
  }

  /// A layer that has something of that name.
  public struct Finding: Sendable, Equatable {
    public var layer: Int
    /// It says that there is nothing.
    public var isWhiteout: Bool
    /// A layer above hides it, or a directory that it is in.
    public var isHidden: Bool
    public var mode: UInt32
    public var size: Int64
  }

  /// - Parameters:
  ///   - path: in the tree, without `.` and `..`. Symbolic links on the way are not followed.
  ///   - top: only the layers below this one.
  ///   - isWanted: whether a layer counts; those below are seen through one that does not.
  /// - Returns: `nil` when there is nothing.
  public func find(
    _ path: [UInt8], below top: Int? = nil, where isWanted: (Int) -> Bool = { _ in true }
  ) throws(LayerError) -> Item? {
    let parts = Self.parts(path)
    for layer in (0..<(top ?? layers.count)).reversed() {
      var isHiding = false
      guard let parent = try enter(parts.dropLast(), layer, &isHiding) else {
        if isHiding { return nil }
        continue
      }
      var status = stat()
      let name = parts.last ?? Array(".".utf8)
      if fstatat(parent.number, Self.cString(name), &status, AT_SYMLINK_NOFOLLOW) == 0 {
        if Self.isWhiteout(status) { return nil }
        if isWanted(layer) {
          return Item(layer: layer, directory: parent, name: name, path: path, status: status)
        }
      }
      if isHiding { return nil }
    }
    return nil
  }

  /// The same; but symbolic links on the way are followed, with the tree as their root. The last part is not.
  public func find(following path: [UInt8], below top: Int? = nil) throws(LayerError) -> Item? {
    var way: [[UInt8]] = []
    var rest = Array(Self.parts(path).reversed())
    var links = 0
    while let part = rest.popLast() {
      if part.elementsEqual(".".utf8) { continue }
      if part.elementsEqual("..".utf8) {
        _ = way.popLast()
        continue
      }
      let here = Array((way + [part]).joined(separator: [UInt8(ascii: "/")]))
      guard let item = try find(here, below: top) else { return nil }
      if rest.isEmpty { return item }
      switch item.status.st_mode & S_IFMT {
      case S_IFDIR: way.append(part)
      case S_IFLNK:
        links += 1
        guard links <= Self.linkLimit else { return nil }
        let target = try item.target()
        if target.first == UInt8(ascii: "/") { way = [] }
        rest += Self.parts(target).reversed()
      default: return nil
      }
    }
    return nil
  }

  private static let linkLimit = 40

  /// All layers that have it, the topmost first.
  ///
  /// - Parameter links: each layer's hard links to files of those below, which are not in it.
  public func history(of path: [UInt8], links: [Set<[UInt8]>]) throws(LayerError) -> [Finding] {
    let parts = Self.parts(path)
    let place = Array(parts.joined(separator: [UInt8(ascii: "/")]))
    var findings: [Finding] = []
    var isHidden = false
    for layer in layers.indices.reversed() {
      var isHiding = false
      defer { isHidden = isHidden || isHiding }
      if links[layer].contains(place) {
        findings.append(
          Finding(layer: layer, isWhiteout: false, isHidden: isHidden, mode: UInt32(S_IFREG), size: 0))
        isHiding = true
        continue
      }
      guard let parent = try enter(parts.dropLast(), layer, &isHiding) else { continue }
      var status = stat()
      let name = Self.cString(parts.last ?? Array(".".utf8))
      guard fstatat(parent.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      findings.append(
        Finding(
          layer: layer, isWhiteout: Self.isWhiteout(status), isHidden: isHidden, mode: status.st_mode,
          size: Int64(status.st_size)))
      // Only directories let those below be seen.
      if status.st_mode & S_IFMT != S_IFDIR { isHiding = true }
    }
    return findings
  }

  /// Opens a layer's directory.
  ///
  /// - Parameter isHiding: becomes true when the layers below are not seen through it.
  private func enter(
    _ parts: ArraySlice<[UInt8]>, _ layer: Int, _ isHiding: inout Bool
  ) throws(LayerError) -> Descriptor? {
    var directory: Descriptor
    do throws(SystemError) {
      directory = try Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: layers[layer])
    } catch {
      throw LayerError(error)
    }
    if Self.isOpaque(directory.number) { isHiding = true }
    for part in parts {
      let next = retrying { clinux_open_own_directory(directory.number, Self.cString(part)) }
      guard next >= 0 else {
        // Anything but nothing is in the way of the layers below: a file, a link, a whiteout.
        if errno != ENOENT { isHiding = true }
        return nil
      }
      directory = Descriptor(adopting: next)
      if Self.isOpaque(directory.number) { isHiding = true }
    }
    return directory
  }

  private static func parts(_ path: [UInt8]) -> [[UInt8]] {
    path.split(separator: UInt8(ascii: "/")).map { Array($0) }
  }

  static func cString(_ name: [UInt8]) -> [CChar] { name.map { CChar(bitPattern: $0) } + [0] }

  private static func isWhiteout(_ status: stat) -> Bool {
    status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
  }

  static func isOpaque(_ directory: CInt) -> Bool {
    ["trusted.overlay.opaque", "user.overlay.opaque"].contains { name in
      var value: UInt8 = 0
      return clinux_get_xattr(directory, name, &value, 1) == 1 && value == UInt8(ascii: "y")
    }
  }
}

extension MergedTree {
  /// What lstat(2) would say; `nil` when there is nothing.
  public func status(_ path: String, below top: Int? = nil) throws(LayerError) -> stat? {
    guard let item = try find(Array(path.utf8), below: top) else { return nil }
    return item.status
  }
}

extension MergedTree.Item {
  /// What a symbolic link leads to.
  func target() throws(LayerError) -> [UInt8] {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlinkat(directory.number, MergedTree.cString(name), &buffer, buffer.count)
    guard count > 0 else { throw LayerError(SystemError("read symbolic link", String(decoding: path, as: UTF8.self))) }
    return buffer[..<count].map { UInt8(bitPattern: $0) }
  }

  /// The bytes of a file.
  public func readAll(limit: Int) throws(LayerError) -> [UInt8] {
    do throws(SystemError) {
      let number = retrying {
        openat(directory.number, MergedTree.cString(name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
      }
      guard number >= 0 else { throw SystemError("open", String(decoding: name, as: UTF8.self)) }
      return try Descriptor(adopting: number).readAll(limit: limit, subject: String(decoding: name, as: UTF8.self))
    } catch {
      throw LayerError(error)
    }
  }

  /// Gives a directory of ours this one's owner, mode, extended attributes but overlayfs's own, and time.
  ///
  /// - Parameter target: the directory, open.
  public func dress(_ target: borrowing Descriptor) throws(LayerError) {
    let subject = String(decoding: name, as: UTF8.self)
    func failure() -> LayerError { LayerError(SystemError("set attributes of", subject)) }
    let source = retrying {
      openat(directory.number, MergedTree.cString(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard source >= 0 else { throw failure() }
    defer { close(source) }
    if geteuid() == 0, fchown(target.number, status.st_uid, status.st_gid) != 0 { throw failure() }
    guard fchmod(target.number, status.st_mode & 0o7777) == 0 else { throw failure() }
    var names = [CChar](repeating: 0, count: 1 << 16)
    let count = Int(clinux_list_xattr(source, &names, names.count))
    for attribute in names[..<max(0, count)].split(separator: 0) {
      let text = String(decoding: attribute.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("trusted.overlay.") || text.hasPrefix("user.overlay.") { continue }
      var value = [UInt8](repeating: 0, count: 1 << 16)
      let size = Int(clinux_get_xattr(source, text, &value, value.count))
      guard size >= 0, clinux_set_xattr(target.number, text, value, size) == 0 else { throw failure() }
    }
    guard futimens(target.number, [status.st_atim, status.st_mtim]) == 0 else { throw failure() }
  }
}
