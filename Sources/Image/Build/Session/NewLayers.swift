internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store
internal import Synchronization

/// A layer that a step made, or that the cache has.
struct BuiltLayer: Sendable {
  var diffID: Digest
  /// With `layer.json` in it: in the store, or in the build's workspace.
  var directory: String
  /// The layer compressed.
  var blob: Gate<ContentDescriptor>
}

/// The layers that one build makes. Steps lie on them at once; they are compressed meanwhile, and get their names in the
/// store together, in the end, after one sync.
final class NewLayers: Sendable {
  private struct Entry: Sendable {
    var layer: BuiltLayer
    /// The compressed layer's file until it is stored.
    var blobFile: String
    var isStored = false
    var hasDirectory: Bool
  }

  private let library: ImageLibrary
  private let workspace: String
  private let entries = Mutex<[Digest: Entry]>([:])
  private let compressions = Turnstile(max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))))
  /// Images are built more often than they are sent: what a build waits for is this.
  private static let compression = LayerCompression.gzip(level: 1)

  init(_ library: ImageLibrary, _ workspace: String) {
    self.library = library
    self.workspace = workspace
  }

  /// Takes in a layer's directory, complete but for its `layer.json`.
  ///
  /// - Parameters:
  ///   - path: in the workspace; moved, or discarded if the layer is known already.
  ///   - spool: its archive, to be compressed.
  func adopt(
    _ path: String, _ record: LayerRecord, _ spool: sending ArchiveSpool, _ hold: borrowing Hold
  ) throws(ImageError) -> BuiltLayer {
    let diffID = record.diffID
    let stored = library.layout.layer(diffID)
    let isStored = try rethrowing { () throws(StoreError) in
      try hold.claim([stored.droppingPrefix(library.layout.path)]) { () throws(StoreError) in
        access("\(stored)/\(LayerRecord.fileName)", F_OK) == 0
      }
    }
    let directory = isStored ? stored : "\(workspace)/layers/\(diffID.algorithm.rawValue)/\(diffID.hex)"
    let blobFile = "\(workspace)/blob-\(diffID.hex)"
    let layer = BuiltLayer(diffID: diffID, directory: directory, blob: Gate())
    let known = entries.withLock { entries -> BuiltLayer? in
      if let entry = entries[diffID] { return entry.layer }
      entries[diffID] = Entry(layer: layer, blobFile: blobFile, hasDirectory: !isStored)
      return nil
    }
    if let known {
      library.discard(path)
      return known
    }
    if isStored { library.discard(path) } else { try move(path, to: directory, record) }
    compress(spool, to: blobFile, layer.blob)
    return layer
  }

  private func move(_ path: String, to directory: String, _ record: LayerRecord) throws(ImageError) {
    try rethrowing { () throws(SystemError) in
      try Directories.make(directory.parentDirectory)
      let file = try Descriptor.open("\(path)/\(LayerRecord.fileName)", O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
      try file.writeAll(record.json.bytes(), subject: path)
      guard rename(path, directory) == 0 else { throw SystemError("rename layer to", directory) }
    }
  }

  private func compress(_ spool: sending ArchiveSpool, to path: String, _ gate: Gate<ContentDescriptor>) {
    let box = Handover(spool)
    let turnstile = compressions
    Task {
      do {
        let descriptor = try await turnstile.pass {
          try await Blocking.run { try Self.write(box.value, to: path) }
        }
        gate.open(.success(descriptor))
      } catch {
        gate.open(.failure(ImageError(error)))
      }
    }
  }

  private static func write(_ spool: ArchiveSpool, to path: String) throws -> ContentDescriptor {
    let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    let writer = try LayerWriter(to: file.number, compression: compression)
    try spool.replay(to: writer)
    let written = try writer.finish()
    return ContentDescriptor(
      compression.mediaType, try Digest(validating: written.digest), size: Int64(written.size))
  }

  /// Stores all layers, or those that are complete.
  ///
  /// - Parameter waits: for those that are still being compressed.
  func commit(waits: Bool, _ hold: borrowing Hold) throws(ImageError) {
    let all = entries.withLock { Array($0.values) }.filter { !$0.isStored }
    var ready: [(Entry, ContentDescriptor)] = []
    for entry in all {
      if let blob = try waits ? entry.layer.blob.pass() : entry.layer.blob.valueIfOpen { ready.append((entry, blob)) }
    }
    if ready.isEmpty { return }
    // Once, for all of them: nothing of a layer has a name before it is on disk.
    try library.sync()
    for (entry, blob) in ready {
      let claims = try LayerClaims(blob, entry.layer.diffID, library, hold)
      if claims.hasBlob { unlink(entry.blobFile) } else { try library.commitBlob(entry.blobFile, as: blob.digest) }
      if entry.hasDirectory {
        let place = library.layout.layer(entry.layer.diffID)
        if rename(entry.layer.directory, place) != 0, access(place, F_OK) != 0 {
          throw ImageError(SystemError("store layer", "\(entry.layer.diffID)"))
        }
      }
      entries.withLock { $0[entry.layer.diffID]?.isStored = true }
    }
  }

  /// Whether a layer is in the store by now.
  func isStored(_ diffID: Digest) -> Bool { entries.withLock { $0[diffID]?.isStored ?? true } }
}

/// Hands a value over to another thread, which alone uses it from then on.
private struct Handover<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

extension String {
  /// Of a path with a slash in it.
  var parentDirectory: String {
    guard let slash = utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return String(self[..<slash])
  }
}
