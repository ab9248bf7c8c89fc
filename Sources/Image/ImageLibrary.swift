internal import Glibc
internal import Kernel
public import OCI
public import Store

/// A store of images, for those who change it.
public struct ImageLibrary: Sendable {
  public let store: ImageStore
  var layout: StoreLayout { store.layout }

  /// Opens the store, made when it is missing.
  public init(path: String) throws(ImageError) {
    store = try rethrowing { () throws(StoreError) in try ImageStore(path: path) }
    try rethrowing { () throws(SystemError) in
      for directory in layout.directories { try Directories.make(directory) }
    }
    if access(layout.versionFile, F_OK) != 0 { try replace(layout.versionFile, "\(StoreLayout.version)\n") }
    if access(layout.marker, F_OK) != 0 { try replace(layout.marker, #"{"imageLayoutVersion":"1.0.0"}"#) }
    if access(layout.index, F_OK) != 0 {
      try changeNames { (names) throws(ImageError) in _ = names }
    }
  }

  /// Changes the names of images, all or none.
  func changeNames<Value>(
    _ body: (inout ImageNames) throws(ImageError) -> Value
  ) throws(ImageError) -> Value {
    let lock = try rethrowing { () throws(StoreError) in try StoreLock(layout, .exclusive) }
    var names = try rethrowing { () throws(StoreError) in try ImageNames(reading: layout) }
    let value = try body(&names)
    try replace(layout.index, names.index.json.text())
    _ = consume lock
    return value
  }

  /// Writes a file that is there as a whole, also after a power cut, or as it was.
  func replace(_ path: String, _ text: String) throws(ImageError) {
    let temporary = "\(path).\(Hold.newName())"
    do throws(SystemError) {
      let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
      try file.writeAll(text.utf8, subject: path)
      guard fsync(file.number) == 0 else { throw SystemError("sync", path) }
      guard rename(temporary, path) == 0 else { throw SystemError("rename", path) }
    } catch {
      unlink(temporary)
      throw ImageError(error)
    }
  }

  /// An image by name or id, which must be there.
  public func resolve(_ name: String, platform: Platform = .host) throws(ImageError) -> StoredImage {
    try rethrowing { () throws(StoreError) in try store.resolve(name, platform: platform) }
  }

  func reference(ifGiven name: String?) throws(ImageError) -> Reference? {
    guard let name else { return nil }
    return try reference(name)
  }

  func reference(_ name: String) throws(ImageError) -> Reference {
    do { return try Reference(parsing: name) } catch { throw ImageError("\(error)") }
  }
}
