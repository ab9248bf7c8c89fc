internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// An OCI layout that is written to a directory of the user's.
struct LayoutDirectory {
  private let path: String

  init(_ path: String) throws(ImageError) {
    self.path = path
    if mkdir(path, 0o755) == 0 { return }
    guard errno == EEXIST else { throw ImageError(SystemError("make directory", path)) }
    let isEmpty = try rethrowing { () throws(SystemError) in
      let directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
      return try Directories.names(in: directory.number, limit: 1 << 20).isEmpty
    }
    guard isEmpty else { throw ImageError("\(path) is not empty: name a directory that is, or is not there") }
  }

  func write(_ items: [Save.Item], _ library: ImageLibrary) throws(ImageError) {
    do throws(SystemError) {
      for directory in ["blobs", "blobs/sha256", "blobs/sha512"] {
        guard mkdir("\(path)/\(directory)", 0o755) == 0 else { throw SystemError("make directory", directory) }
      }
      for item in items {
        for blob in Reachable.blobs(of: item.image.entry, in: library) {
          if access("\(path)/\(blob)", F_OK) == 0 { continue }
          try Self.copy("\(library.layout.path)/\(blob)", to: "\(path)/\(blob)")
        }
      }
      rmdir("\(path)/blobs/sha512")
      let index = ImageIndex(manifests: LayoutWriter.entries(items) { $0.image.entry })
      try Self.write(StoreLayout.markerText, to: "\(path)/oci-layout")
      try Self.write(index.json.text(), to: "\(path)/index.json")
    } catch {
      throw ImageError(error)
    }
  }

  private static func write(_ text: String, to path: String) throws(SystemError) {
    let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    try file.writeAll(text.utf8, subject: path)
  }

  private static func copy(_ from: String, to: String) throws(SystemError) {
    let source = try Descriptor.open(from, O_RDONLY | O_NOFOLLOW)
    let target = try Descriptor.open(to, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    try source.copyAll(to: target, subject: to)
  }
}
