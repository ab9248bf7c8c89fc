internal import CLinux
internal import Glibc
internal import Kernel

/// What a container's layer lies on: its lower layers, or one directory in which they are mounted together.
///
/// A directory of it is what several layers have at one path. Only those that are looked at now are open.
public final class LowerLayers {
  /// A directory of the stack: its path, and the layers whose directories make it, top first.
  struct Directory {
    let path: [UInt8]
    let layers: [Int]
  }

  /// What the stack has under a name.
  struct Found {
    let status: stat
    let attributes: [TarEntry.Attribute]
    /// If it is one.
    let directory: Directory?
  }

  private let roots: [CInt]
  private let namespace: OverlayNamespace
  /// The directories of `openPath`, by layer.
  private var open: [Int: TreeWalk.Directory] = [:]
  private var openPath: [UInt8]?

  /// - Parameter roots: open directories, bottom first; the caller keeps them open.
  public init(_ roots: [CInt], namespace: OverlayNamespace = .trusted) {
    self.roots = roots.reversed()
    self.namespace = namespace
  }

  var root: Directory { Directory(path: [], layers: Array(roots.indices)) }

  /// Looks for a name in a directory, as overlayfs would.
  func find(_ name: [CChar], in directory: Directory) throws(LayerError) -> Found? {
    do throws(SystemError) {
      var top: (status: stat, attributes: [TarEntry.Attribute])?
      var layers: [Int] = []
      for layer in directory.layers {
        guard let parent = try number(of: directory, layer) else { continue }
        var status = stat()
        guard fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
          guard errno == ENOENT else {
            throw SystemError("read lower layer: stat", "\(LayerPath.text(directory.path))")
          }
          continue
        }
        // A whiteout hides what is below, a file does, and so does a directory that is opaque.
        if status.st_mode & S_IFMT == S_IFCHR, status.st_rdev == 0 { break }
        let attributes = try FileEntry.attributes(name, in: parent)
        if namespace.isMarkedWhiteout(attributes), status.st_mode & S_IFMT == S_IFREG, status.st_size == 0 { break }
        guard status.st_mode & S_IFMT == S_IFDIR else {
          if top == nil { return Found(status: status, attributes: attributes, directory: nil) }
          break
        }
        if top == nil { top = (status, attributes) }
        layers.append(layer)
        if case .yes = namespace.opaque(attributes) { break }
      }
      guard let top else { return nil }
      let text = name.dropLast().map { UInt8(bitPattern: $0) }
      let path = directory.path.isEmpty ? text : directory.path + [UInt8(ascii: "/")] + text
      return Found(
        status: top.status, attributes: top.attributes, directory: Directory(path: path, layers: layers))
    } catch {
      throw LayerError(error)
    }
  }

  /// The root itself: what its topmost layer says of it.
  func findRoot() throws(LayerError) -> Found? {
    guard let layer = roots.first else { return nil }
    var status = stat()
    guard fstat(layer, &status) == 0 else { throw LayerError(SystemError("read lower layer: stat", "its root")) }
    do throws(SystemError) {
      return Found(status: status, attributes: try FileEntry.attributes(Self.here, in: layer), directory: root)
    } catch {
      throw LayerError(error)
    }
  }

  /// All names that a directory of the stack has, in the order of their bytes.
  func names(in directory: Directory, limit: Int) throws(LayerError) -> [[CChar]] {
    var names: Set<[CChar]> = []
    for layer in directory.layers {
      let found: CInt?
      do throws(SystemError) { found = try number(of: directory, layer) } catch { throw LayerError(error) }
      guard let found else { continue }
      // Its own position in the directory, which an O_PATH descriptor does not have.
      let reader = retrying { clinux_open_own_directory(found, ".") }
      guard reader >= 0 else {
        throw LayerError(SystemError("read lower layer: open", "\(LayerPath.text(directory.path))"))
      }
      let opened = Descriptor(adopting: reader)
      let sorted = try SortedNames(of: opened.number, path: directory.path, limit: limit)
      for index in 0..<sorted.count { names.insert(sorted[index]) }
    }
    var present: [[CChar]] = []
    for name in names where try find(name, in: directory) != nil { present.append(name) }
    return present.sorted { strcmp($0, $1) < 0 }
  }

  static let here = [CChar(bitPattern: UInt8(ascii: ".")), 0]

  /// A layer's own directory; nil when it has none there (a merged view that somebody changes).
  private func number(of directory: Directory, _ layer: Int) throws(SystemError) -> CInt? {
    if openPath != directory.path {
      open = [:]
      openPath = directory.path
    }
    if let known = open[layer] { return known.descriptor.number }
    let path = directory.path.isEmpty ? Self.here : directory.path.map { CChar(bitPattern: $0) } + [0]
    let number = retrying { clinux_open_own_directory(roots[layer], path) }
    guard number >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw SystemError("read lower layer: open directory", "\(LayerPath.text(directory.path))")
    }
    open[layer] = TreeWalk.Directory(Descriptor(adopting: number))
    return number
  }
}
