internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// A context that comes as an archive on standard input.
struct ContextArchive {
  private let session: BuildSession

  init(_ session: BuildSession) { self.session = session }

  /// - Parameter prefix: what was read of it.
  /// - Returns: the directory, in the workspace.
  func unpack(after prefix: [UInt8]) throws(ImageError) -> String {
    let path = session.newPath("context")
    guard mkdir(path, 0o755) == 0 else { throw ImageError(SystemError("make", path)) }
    let root = try rethrowing { () throws(SystemError) in try Descriptor.open(path, O_RDONLY | O_DIRECTORY) }
    do throws(LayerError) {
      var sink = try DirectorySink(root: root)
      _ = try LayerUnpacker.unpack(InputSource(prefix), into: &sink)
      try sink.result.checkLinks()
    } catch {
      throw ImageError("build: unpack the context from standard input: \(error)", errno: error.errno)
    }
    return path
  }
}

/// Standard input, some bytes of which were read already.
private struct InputSource: ByteSource, ~Copyable {
  private var prefix: ArraySlice<UInt8>

  init(_ prefix: [UInt8]) { self.prefix = prefix[...] }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    if !prefix.isEmpty {
      let count = min(prefix.count, buffer.count)
      buffer.copyBytes(from: prefix.prefix(count))
      prefix = prefix.dropFirst(count)
      return count
    }
    let count = retrying { Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count) }
    guard count >= 0 else { throw LayerError(SystemError("read", "standard input")) }
    return count
  }
}
