internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// The files of an image archive, unpacked, or those of a layout. Nothing in it is trusted.
final class ArchiveDirectory: Sendable {
  private let root: Descriptor
  /// Where it was unpacked, and whose it is: it is removed when this goes.
  private let made: (library: ImageLibrary, path: String)?

  /// Documents of an archive, but for manifests and configurations.
  private static let longestDocument = 64 << 20

  /// - Parameter library: it was unpacked there; `nil` for a directory of the user's.
  init(_ path: String, unpackedIn library: ImageLibrary? = nil) throws(ImageError) {
    made = library.map { ($0, path) }
    root = try rethrowing { () throws(SystemError) in try Descriptor.open(path, O_RDONLY | O_DIRECTORY) }
  }

  /// Unpacks an archive, compressed or not.
  ///
  /// - Parameter file: `nil` is standard input.
  convenience init(unpacking file: String?, to path: String, in library: ImageLibrary) throws(ImageError) {
    do throws(ImageError) {
      try Self.unpack(file, to: path)
    } catch {
      library.discard(path)
      throw error
    }
    try self.init(path, unpackedIn: library)
  }

  private static func unpack(_ file: String?, to path: String) throws(ImageError) {
    do throws(SystemError) {
      let input: Descriptor
      if let file {
        input = try Descriptor.open(file, O_RDONLY | O_NOCTTY)
      } else {
        // A duplicate: the descriptor is not ours to close.
        let number = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
        guard number >= 0 else { throw SystemError("read", "standard input") }
        input = Descriptor(adopting: number)
      }
      try Directories.make(path)
      let root = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
      do throws(LayerError) {
        var sink = try DirectorySink(root: root)
        _ = try LayerUnpacker.unpack(FileSource(input, name: file ?? "standard input"), into: &sink)
        try sink.result.checkLinks()
      } catch {
        throw SystemError.refusal(error.description)
      }
    } catch {
      throw ImageError(error)
    }
  }

  deinit { if let made { made.library.discard(made.path) } }

  func has(_ name: String) -> Bool { (try? InRoot.openFile(name, at: root.number)) != nil }

  func file(_ name: String) throws(ImageError) -> Descriptor {
    try rethrowing { () throws(SystemError) in try InRoot.openFile(name, at: root.number) }
  }

  func document(_ name: String, limit: Int = longestDocument) throws(ImageError) -> [UInt8] {
    try rethrowing { () throws(SystemError) in try InRoot.readFile(name, limit: limit, at: root.number) }
  }

  /// Copies a file to a new one, sharing its blocks where the file system can. It is on its way to the disk, not synced.
  func copy(_ name: String, to target: String) throws(ImageError) {
    let source = try file(name)
    do throws(SystemError) {
      let copy = try Descriptor.open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
      try source.copyAll(to: copy, subject: name)
      EarlyWriteback.begin(copy)
    } catch {
      unlink(target)
      throw ImageError(error)
    }
  }
}
