internal import Glibc
internal import Kernel
internal import OCI
internal import Store
internal import Synchronization

/// What a step came to, by its key: a file of the store, `build/steps/HEX`.
struct StepRecord: Sendable, Equatable {
  struct Layer: Sendable, Equatable {
    var diffID: Digest
    var blob: ContentDescriptor
  }

  /// When it was made first.
  var created: Timestamp
  /// Of a step that makes one.
  var layer: Layer?
  /// The topmost layer below a step that makes none: what keeps the record.
  var below: Digest?

  static let longest = 64 << 10

  var json: JSON {
    var members = [JSON.Member("created", .string("\(created)"))]
    if let layer {
      members.append(JSON.Member("diffID", .string("\(layer.diffID)")))
      members.append(JSON.Member("blob", layer.blob.json))
    }
    if let below { members.append(JSON.Member("below", .string("\(below)"))) }
    return .object(members)
  }

  init(created: Timestamp, layer: Layer?, below: Digest?) {
    (self.created, self.layer, self.below) = (created, layer, below)
  }

  /// `nil` for what is no record: one that was torn by a power cut is none, and the step is made again.
  init?(_ bytes: [UInt8]) {
    guard let json = try? JSON.parse(bytes, limit: Self.longest),
      let created = json["created"]?.string.flatMap({ Timestamp(parsing: $0) })
    else { return nil }
    self.created = created
    below = json["below"]?.string.flatMap { try? Digest(validating: $0) }
    guard let diffID = json["diffID"] else { return }
    guard let text = diffID.string, let digest = try? Digest(validating: text), let blob = json["blob"],
      let blobText = blob["digest"]?.string, let blobDigest = try? Digest(validating: blobText),
      let type = blob["mediaType"]?.string, let size = blob["size"]?.integer, size > 0
    else { return nil }
    let mediaType = MediaType(type)
    guard mediaType.layerFault == nil else { return nil }
    layer = Layer(diffID: digest, blob: ContentDescriptor(mediaType, blobDigest, size: size))
  }

  /// What it needs of the store.
  func uses(_ layout: StoreLayout) -> [String] {
    guard let layer else { return [] }
    return [layout.layer(layer.diffID), layout.blob(layer.blob.digest)].map { $0.droppingPrefix(layout.path) }
  }
}

/// The cache of steps.
///
/// Records are written when the layers that they name are in the store and synced. Whoever finds one claims what it names, and
/// looks whether that is there, so records are only ever hints: a lost one, or one whose layer is gone, costs a step.
final class StepCache: Sendable {
  private let library: ImageLibrary
  /// Of this build, to be written in the end.
  private let pending = Mutex<[(key: Digest, record: @Sendable () -> StepRecord?)]>([])

  /// Contents of this build, by what they were searched by, to be written in the end.
  private let found = Mutex<[Digest: Digest]>([:])
  /// Keys that this build asked for and found, for `--cache-to`.
  private let used = Mutex<[(key: Digest, record: StepRecord)]>([])
  private let sources: [CacheDirectory]
  private let targets: [CacheDirectory]

  init(_ library: ImageLibrary, from sources: [CacheDirectory] = [], to targets: [CacheDirectory] = []) {
    self.library = library
    self.sources = sources
    self.targets = targets
  }

  /// - Returns: a record whose layer stays until the hold goes.
  func find(_ key: Digest, _ hold: borrowing Hold) throws(ImageError) -> StepRecord? {
    if let record = try findHere(key, hold) {
      use(key, record)
      return record
    }
    for source in sources {
      guard let record = source.take(key, library, hold) else { continue }
      use(key, record)
      // From now on it is in the store.
      remember(key) { record }
      return record
    }
    return nil
  }

  private func use(_ key: Digest, _ record: StepRecord) {
    if !targets.isEmpty { used.withLock { $0.append((key, record)) } }
  }

  private func findHere(_ key: Digest, _ hold: borrowing Hold) throws(ImageError) -> StepRecord? {
    guard let bytes = try? readFile(path(key), limit: StepRecord.longest), let record = StepRecord(bytes) else {
      return nil
    }
    guard let layer = record.layer else { return record }
    let layout = library.layout
    let paths = ["\(layout.layer(layer.diffID))/\(LayerRecord.fileName)", layout.blob(layer.blob.digest)]
    let isThere = try rethrowing { () throws(StoreError) in
      try hold.claim(record.uses(layout)) { () throws(StoreError) in paths.allSatisfy { access($0, F_OK) == 0 } }
    }
    return isThere ? record : nil
  }

  /// Remembers what a step came to, for `write`.
  ///
  /// - Parameter record: asked in the end, when blobs are known; `nil` is not written.
  func remember(_ key: Digest, _ record: @escaping @Sendable () -> StepRecord?) {
    pending.withLock { $0.append((key, record)) }
  }

  /// Writes what this build has learnt, to the store and to the places that were asked for.
  ///
  /// - Throws: when one of those cannot be written.
  func write(_ hold: borrowing Hold) throws(ImageError) {
    writeContents(hold)
    let records = writeSteps(hold)
    if targets.isEmpty { return }
    for target in targets { try target.put(used.withLock { $0 } + records, library) }
  }

  /// - Returns: what was to be written.
  private func writeSteps(_ hold: borrowing Hold) -> [(key: Digest, record: StepRecord)] {
    var records: [(key: Digest, record: StepRecord)] = []
    let all = pending.withLock { pending in
      defer { pending = [] }
      return pending
    }
    defer { if !all.isEmpty { CacheSpace(library: library).bound() } }
    for (key, record) in all {
      guard let record = record() else { continue }
      records.append((key, record))
      // A cache that cannot be written is no cache: the image is what was asked for.
      guard library.writeHint(record.json.bytes(), to: path(key), hold) else { break }
    }
    return records
  }

  // MARK: Contents

  /// What a search in the files of a stage found the last time.
  func contents(_ key: Digest) -> Digest? {
    guard let bytes = try? readFile("\(library.layout.buildContexts)/\(key.hex)", limit: 64) else { return nil }
    return Digest(hex: String(decoding: bytes, as: UTF8.self))
  }

  func remember(contents: Digest, of key: Digest) {
    found.withLock { $0[key] = contents }
  }

  private func writeContents(_ hold: borrowing Hold) {
    let all = found.withLock { found in
      defer { found = [:] }
      return found
    }
    for (key, contents) in all {
      let path = "\(library.layout.buildContexts)/\(key.hex)"
      guard library.writeHint(Array(contents.hex.utf8), to: path, hold) else { return }
    }
  }

  private func path(_ key: Digest) -> String { "\(library.layout.buildSteps)/\(key.hex)" }
}
