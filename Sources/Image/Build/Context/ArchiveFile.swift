internal import CLinux
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// A file that may be an archive: tar, as it is or compressed with gzip, zstd, bzip2 or xz. Told by what is in it.
struct ArchiveFile {
  private let content: SourceContent

  init(_ content: SourceContent) { self.content = content }

  private enum Form { case plain, gzip, zstd, bzip2, xz }

  /// So many bytes tell: a header of tar.
  private static let block = 512

  /// Whether there is an archive in it; a broken one is none, and is copied as it is.
  func isArchive() throws(ImageError) -> Bool {
    var head: [UInt8] = []
    do throws(LayerError) {
      try read { (bytes) throws(LayerError) in
        head += bytes.prefix(Self.block - head.count)
        if head.count >= Self.block { throw LayerError("enough") }
      }
    } catch {
      // Or it is not what its first bytes promise.
    }
    return head.count == Self.block && Self.isHeader(head)
  }

  /// By its checksum, which every form of tar has (POSIX ustar): the sum of all bytes, its own taken as spaces.
  private static func isHeader(_ block: [UInt8]) -> Bool {
    let field = block[148..<156].filter { $0 != 0 && $0 != UInt8(ascii: " ") }
    guard !field.isEmpty, let stated = Int(String(decoding: field, as: UTF8.self), radix: 8) else { return false }
    let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
    return sum == stated
  }

  /// Calls the body with the archive, decompressed.
  func read(_ body: (UnsafeRawBufferPointer) throws(LayerError) -> Void) throws(LayerError) {
    let form: Form
    do throws(ImageError) { form = try self.form() } catch { throw LayerError(error.description) }
    switch form {
    case .plain, .gzip, .zstd: try LayerArchive.read(FileSource(try opened()), body)
    case .bzip2: try Self.read(try opened(), by: "bzip2", body)
    case .xz: try Self.read(try opened(), by: "xz", body)
    }
  }

  private func opened() throws(LayerError) -> Descriptor {
    do throws(ImageError) { return try content.open() } catch { throw LayerError(error.description) }
  }

  private func form() throws(ImageError) -> Form {
    let file = try content.open()
    var bytes = [UInt8](repeating: 0, count: 6)
    let number = file.number
    let count = bytes.withUnsafeMutableBytes { buffer in retrying { pread(number, buffer.baseAddress, buffer.count, 0) }
    }
    guard count >= 0 else { throw content.tree.failure("read", content.path) }
    if bytes.starts(with: [0x1f, 0x8b]) { return .gzip }
    if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return .zstd }
    if bytes.starts(with: "BZh".utf8) { return .bzip2 }
    if bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) { return .xz }
    return .plain
  }

  /// By a program of the host: these forms are rare, and no layer may have them.
  private static func read(
    _ file: consuming Descriptor, by program: String, _ body: (UnsafeRawBufferPointer) throws(LayerError) -> Void
  ) throws(LayerError) {
    let child: HostProgram.Piped
    do throws(SystemError) {
      child = try HostProgram.startPiped(program, ["-dc"], input: file.number)
    } catch {
      throw LayerError("\(error): an archive of this kind needs the program \(program): install it")
    }
    var failure: LayerError?
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { buffer.deallocate() }
    let (pid, number) = (child.pid, child.output.number)
    while failure == nil {
      let count = retrying { Glibc.read(number, buffer.baseAddress, buffer.count) }
      if count <= 0 { break }
      do throws(LayerError) { try body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) } catch { failure = error }
    }
    // It ends by itself, or by the pipe that nobody reads any more.
    _ = consume child
    let status = HostProgram.wait(for: pid)
    if let failure { throw failure }
    guard status == .exited(0) else { throw LayerError("\(program) cannot read the archive") }
  }
}
