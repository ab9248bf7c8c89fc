internal import Glibc
internal import Kernel
internal import Layers

/// A directory for overlayfs that has some directories of a stack, as they look there, and nothing in them.
struct TreeCopy {
  private let path: String
  /// Names in it, those that others are in before them; the root is the empty one.
  private var directories: [[UInt8]] = [[]]

  init(_ path: String) throws(ImageError) {
    self.path = path
    guard mkdir(path, 0o755) == 0 else { throw ImageError(SystemError("make", path)) }
  }

  /// Makes a directory, and all that it is in.
  mutating func makeDirectory(_ directory: [UInt8]) throws(ImageError) {
    var name: [UInt8] = []
    for part in directory.split(separator: UInt8(ascii: "/")) {
      name += (name.isEmpty ? [] : [UInt8(ascii: "/")]) + part
      if mkdir(cString(name), 0o755) == 0 {
        directories.append(name)
      } else if errno != EEXIST {
        throw failure("make", name)
      }
    }
  }

  /// Makes a layer's hard links to files of layers below.
  ///
  /// - Parameter stack: up to the layer.
  mutating func make(_ links: [LowerLink], of stack: StatedTree) throws(ImageError) {
    if links.isEmpty { return }
    let root = try open()
    do throws(LayerError) {
      directories += try LowerFiles.make(links, of: stack.tree, copies: stack.copies, in: root)
    } catch {
      throw ImageError(error)
    }
  }

  func open() throws(ImageError) -> Descriptor {
    try rethrowing { () throws(SystemError) in try Descriptor.open(path, O_RDONLY | O_DIRECTORY) }
  }

  func makeFile(_ name: String) throws(ImageError) {
    _ = try rethrowing { () throws(SystemError) in
      try Descriptor.open("\(path)/\(name)", O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    }
  }

  /// Gives the directories the attributes that the stack shows; new ones stay as they are. In the end, since what is made
  /// in a directory changes its time.
  func dress(like stack: StatedTree, below top: Int) throws(ImageError) {
    for name in directories {
      guard let item = try stack.directory(name, below: top) else { continue }
      let number = retrying { Glibc.open(cString(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
      guard number >= 0 else { throw failure("open", name) }
      let target = Descriptor(adopting: number)
      do throws(LayerError) { try item.dress(target) } catch { throw ImageError(error) }
    }
  }

  /// A name may have bytes that are not UTF-8.
  private func cString(_ name: [UInt8]) -> [CChar] {
    (Array("\(path)/".utf8) + name).map { CChar(bitPattern: $0) } + [0]
  }

  private func failure(_ step: String, _ name: [UInt8]) -> ImageError {
    ImageError(SystemError(step, "\(path)/\(String(decoding: name, as: UTF8.self))"))
  }
}
