internal import CLinux
internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// A tree that files are copied from: a context, or what a stage or an image shows.
final class SourceTree: Sendable {
  let root: Descriptor
  /// For messages.
  let name: String
  /// What of it is not seen.
  let ignored: IgnorePatterns?
  /// A context is a directory of the host, whose files get an owner of the image; and what leads out of it is an error. In an
  /// image, links are the image's.
  let isContext: Bool
  let digests: ContentDigests?

  init(
    _ root: consuming Descriptor, name: String, ignored: IgnorePatterns? = nil, isContext: Bool,
    digests: ContentDigests? = nil
  ) {
    self.root = root
    self.name = name
    self.ignored = ignored
    self.isContext = isContext
    self.digests = digests
  }

  /// Where a path leads.
  func resolve(_ path: String) throws(ImageError) -> TreePath {
    do throws(SystemError) {
      return try TreePath(resolving: Array(path.utf8), at: root.number, mayLeave: !isContext)
    } catch {
      throw ImageError("\(name): \(error)", errno: error.errno)
    }
  }

  func ignores(_ path: [UInt8]) -> Bool {
    guard let ignored, !path.isEmpty else { return false }
    return ignored.ignores(String(decoding: path, as: UTF8.self))
  }

  /// Opens something in it, through no link: a directory to be read, or what only has a name.
  func open(_ path: [UInt8]) throws(ImageError) -> Descriptor {
    let name = path.isEmpty ? [CChar(bitPattern: UInt8(ascii: ".")), 0] : path.map { CChar(bitPattern: $0) } + [0]
    let number = retrying { clinux_find_in_root(root.number, name, 0) }
    guard number >= 0 else { throw failure("open", path) }
    return Descriptor(adopting: number)
  }

  func openDirectory(_ path: [UInt8]) throws(ImageError) -> Descriptor {
    let found = try open(path)
    let number = retrying { openat(found.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard number >= 0 else { throw failure("read directory", path) }
    return Descriptor(adopting: number)
  }

  func failure(_ step: String, _ path: [UInt8]) -> ImageError {
    ImageError(SystemError("\(name): \(step)", String(decoding: path, as: UTF8.self)))
  }
}

/// One file of a tree that is copied.
struct SourceEntry: Sendable {
  /// In the tree.
  var path: [UInt8]
  /// Below what is copied; empty for that itself.
  var place: [UInt8]
  var status: stat
  /// Of what it holds: bytes or a link's target, and extended attributes.
  var digest: Digest

  var kind: mode_t { status.st_mode & S_IFMT }
  var isDirectory: Bool { kind == S_IFDIR }
}

/// What one source of a COPY names.
struct SourceMatch: Sendable {
  /// Where it was found.
  let tree: SourceTree
  /// Its own name, which it has in a directory; empty for the root.
  var name: [UInt8]
  /// Itself first, a directory before what is in it, names in the order of their bytes.
  var entries: [SourceEntry]
  /// What stands for it in the key, if that is not its files.
  var identity: String?
  /// With `--parents`: directories that lead to it, which are made as well.
  var parents: [SourceEntry] = []
  /// `--parents`: it keeps its place below the destination, also if it is a directory.
  var isNested = false

  var isDirectory: Bool { entries.first?.isDirectory ?? false }
}
