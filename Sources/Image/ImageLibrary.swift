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
    store = try rethrowing { () throws(StoreError) in try ImageStore(path: path, upgrades: true) }
    try rethrowing { () throws(SystemError) in
      for directory in layout.directories { try Directories.make(directory) }
    }
    let files = [
      (layout.versionFile, "\(StoreLayout.version)\n"), (layout.marker, StoreLayout.markerText),
      (layout.index, ImageNames().index.json.text()),
    ]
    if files.allSatisfy({ access($0.0, F_OK) == 0 }) { return }
    let lock = try rethrowing { () throws(StoreError) in try StoreLock(layout, .exclusive) }
    for (path, text) in files where access(path, F_OK) != 0 { try replace(path, text) }
    _ = consume lock
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

  /// Writes a file of the store itself, which is there as a whole, also after a power cut, or as it was. Under the
  /// exclusive lock: the collector removes what a command that was killed has left of it.
  private func replace(_ path: String, _ text: String) throws(ImageError) {
    try write(text, to: path, by: "\(layout.making)/\(Hold.newName())")
  }

  /// Writes a new file, complete and synced.
  ///
  /// - Parameter temporary: what it is called until then.
  func write(_ text: String, to path: String, by temporary: String) throws(ImageError) {
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

  /// Writes a file that only saves work, and so is not synced: as a whole, or, if that cannot be, not at all.
  ///
  /// - Returns: whether it was written.
  @discardableResult
  func writeHint(_ bytes: [UInt8], to path: String, _ hold: borrowing Hold) -> Bool {
    let temporary = hold.newPath()
    if let file = try? Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600),
      (try? file.writeAll(bytes, subject: temporary)) != nil, rename(temporary, path) == 0
    {
      return true
    }
    unlink(temporary)
    return false
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
