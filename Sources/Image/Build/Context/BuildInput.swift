internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// The Dockerfile and the main context of a build.
struct BuildInput {
  /// The Dockerfile's bytes.
  let text: [UInt8]
  /// Its name, for messages.
  let fileName: String
  /// The context; `nil` when there is none.
  let directory: String?
  /// The Dockerfile's path, if it is a file.
  private let path: String?

  private static let longest = 16 << 20

  init(_ session: BuildSession) throws(ImageError) {
    let options = session.options
    switch options.context {
    case .directory(let directory):
      var status = stat()
      guard stat(directory, &status) == 0 else { throw ImageError(SystemError("build: find context", directory)) }
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw ImageError("build: \(directory) is no directory: the context is a directory, or - for standard input")
      }
      self.directory = directory
      if options.file == "-" {
        (path, fileName) = (nil, "Dockerfile")
        text = try Self.readInput()
        return
      }
      let path = options.file ?? Self.standard(in: directory)
      (self.path, fileName) = (path, path.split(separator: "/").last.map(String.init) ?? path)
      do throws(SystemError) {
        text = try readFile(path, limit: Self.longest)
      } catch {
        throw ImageError("build: read Dockerfile \(path): \(error.errno)", errno: error.errno)
      }
    case .standardInput:
      guard options.file != "-" else {
        throw ImageError("build: standard input is either the context or the Dockerfile: name one of them as a file")
      }
      let bytes = try Self.readPrefix()
      guard Self.isArchive(bytes) else {
        (text, fileName, directory, path) = (try bytes + Self.readInput(), "Dockerfile", nil, nil)
        return
      }
      let directory = try ContextArchive(session).unpack(after: bytes)
      let path = "\(directory)/\(options.file ?? "Dockerfile")"
      (self.directory, self.path, fileName) = (directory, path, options.file ?? "Dockerfile")
      do throws(SystemError) {
        let root = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
        text = try InRoot.readFile(options.file ?? "Dockerfile", limit: Self.longest, at: root.number)
      } catch {
        throw ImageError("build: read Dockerfile of the context: \(error)", errno: error.errno)
      }
    }
  }

  private static func standard(in directory: String) -> String {
    let names = ["Dockerfile", "dockerfile", "Containerfile"]
    return "\(directory)/" + (names.first { access("\(directory)/\($0)", F_OK) == 0 } ?? names[0])
  }

  private static func readInput() throws(ImageError) -> [UInt8] {
    try rethrowing { () throws(SystemError) in
      try Descriptor.open("/dev/stdin", O_RDONLY).readAll(limit: longest, subject: "standard input")
    }
  }

  /// As much as tells an archive from a text.
  private static func readPrefix() throws(ImageError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < 512 {
      let wanted = 512 - bytes.count
      let chunk = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
        count = max(0, retrying { read(STDIN_FILENO, buffer.baseAddress, wanted) })
      }
      if chunk.isEmpty { break }
      bytes += chunk
    }
    return bytes
  }

  /// tar, or one of the forms in which it is compressed.
  private static func isArchive(_ bytes: [UInt8]) -> Bool {
    if bytes.count >= 262, bytes[257..<262].elementsEqual("ustar".utf8) { return true }
    return [[0x1f, 0x8b], [0x28, 0xb5, 0x2f, 0xfd], [0x42, 0x5a, 0x68], [0xfd, 0x37, 0x7a, 0x58, 0x5a]].contains {
      bytes.starts(with: $0)
    }
  }

  /// Stands for the Dockerfile: it is the same one the next time.
  var place: String {
    guard let path, let resolved = realpath(path, nil) else { return fileName }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The Dockerfile's own ignore file, else the context's.
  func ignored() throws(ImageError) -> IgnorePatterns? {
    guard let directory else { return nil }
    for place in [path.map { "\($0).dockerignore" }, "\(directory)/.dockerignore"].compactMap({ $0 }) {
      guard let bytes = try? readFile(place, limit: Self.longest) else { continue }
      do {
        return try IgnorePatterns(parsing: bytes)
      } catch {
        throw ImageError("\(place):\(error.line): \(error)")
      }
    }
    return nil
  }
}
