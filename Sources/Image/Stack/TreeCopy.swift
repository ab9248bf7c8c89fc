internal import CLinux
internal import Glibc
internal import Kernel
internal import Layers

/// A directory for overlayfs that has some directories of a stack, as they look there, and nothing in them.
struct TreeCopy {
  private let path: String
  private let tree: MergedTree

  init(_ path: String, _ tree: MergedTree) throws(ImageError) {
    self.path = path
    self.tree = tree
    guard mkdir(path, 0o755) == 0 else { throw ImageError(SystemError("make", path)) }
  }

  func isMissing(_ name: String) throws(ImageError) -> Bool {
    try rethrowing { () throws(LayerError) in try tree.status(name) } == nil
  }

  /// The root as a layer has it.
  func dressRoot(of layer: Int?) throws(ImageError) {
    if let layer { try dress("", below: layer + 1) }
  }

  /// - Parameter top: given a path, says below which layer it is looked at.
  func makeDirectories(_ directory: String, below top: (String) -> Int) throws(ImageError) {
    var name = ""
    for part in directory.split(separator: "/") {
      name += name.isEmpty ? String(part) : "/\(part)"
      if mkdir("\(path)/\(name)", 0o755) != 0 {
        guard errno == EEXIST else { throw ImageError(SystemError("make", "\(path)/\(name)")) }
        continue
      }
      try dress(name, below: top(name))
    }
  }

  func makeFile(_ name: String) throws(ImageError) {
    _ = try rethrowing { () throws(SystemError) in
      try Descriptor.open("\(path)/\(name)", O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    }
  }

  /// Gives a directory the attributes that the stack shows; a new one stays as it is.
  private func dress(_ name: String, below top: Int) throws(ImageError) {
    do throws(LayerError) {
      guard let item = try tree.find(Array(name.utf8), below: top), item.status.st_mode & S_IFMT == S_IFDIR else {
        return
      }
      try item.dress(name.isEmpty ? path : "\(path)/\(name)")
    } catch {
      throw ImageError(error)
    }
  }
}
