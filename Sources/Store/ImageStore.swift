internal import Glibc
public import Kernel
public import OCI

/// A store of images, for reading: what runs a container of one needs nothing else.
public struct ImageStore: Sendable {
  public let layout: StoreLayout

  /// - Parameter upgrades: the caller may change it: one of an earlier format becomes one of this program's.
  /// - Throws: when another program made it, or when it belongs to somebody else: what is in it is trusted.
  public init(path: String = DataDirectory.store, upgrades: Bool = false) throws(StoreError) {
    layout = StoreLayout(path)
    var status = stat()
    guard stat(path, &status) == 0 else {
      // Nothing was stored yet.
      guard errno == ENOENT else { throw StoreError(SystemError("open image store", path)) }
      return
    }
    guard status.st_uid == geteuid() || status.st_uid == 0, status.st_mode & 0o022 == 0 else {
      throw StoreError("image store \(path): must belong to the caller and be writable by nobody else")
    }
    if upgrades { try StoreUpgrade.run(layout) }
    try checkVersion()
  }

  /// The format's number; `nil` for a store that is only being made.
  static func version(of layout: StoreLayout) throws(StoreError) -> Int? {
    guard let bytes = try readIfThere(layout.versionFile, limit: 64) else { return nil }
    let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    guard let version = Int(text), version > 0 else {
      throw StoreError("image store \(layout.path): its version is no number")
    }
    return version
  }

  private func checkVersion() throws(StoreError) {
    guard let version = try Self.version(of: layout) else { return }
    guard version >= StoreLayout.version else {
      throw StoreError(
        "image store \(layout.path): format \(version) is older than this program's \(StoreLayout.version): run "
          + "'swiftcr images', which brings it up to date")
    }
    guard version == StoreLayout.version else {
      throw StoreError(
        "image store \(layout.path): format \(version) is newer than this program's \(StoreLayout.version): use a newer one"
      )
    }
  }

  /// The image of a name, as people write it: a reference, an id, or the beginning of one.
  public func resolve(_ name: String, platform: Platform = .host) throws(StoreError) -> StoredImage {
    let names = try ImageNames(reading: layout)
    if let reference = try? Reference(parsing: name), let entry = find(reference, in: names) {
      return try image(entry, platform: platform)
    }
    guard let found = try find(id: name, in: names, platform: platform) else { throw .noImage(name) }
    return found
  }

  /// By exact name; by digest also when the image was stored under a tag of the same repository.
  private func find(_ reference: Reference, in names: ImageNames) -> ContentDescriptor? {
    if let entry = names.entry(reference) { return entry }
    guard let digest = reference.digest else { return nil }
    return names.index.manifests.first { entry in
      guard entry.digest == digest, let name = ImageNames.name(of: entry), let other = try? Reference(parsing: name)
      else { return false }
      return other.repository == reference.repository
    }
  }

  private func find(id text: String, in names: ImageNames, platform: Platform) throws(StoreError) -> StoredImage? {
    let prefix = text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : text
    guard !prefix.isEmpty, prefix.utf8.count <= 64,
      prefix.utf8.allSatisfy({ byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
      })
    else { return nil }
    var found: StoredImage?
    for entry in names.index.manifests {
      guard let image = try? image(entry, platform: platform),
        image.id.hex.hasPrefix(prefix) || image.descriptor.digest.hex.hasPrefix(prefix)
          || entry.digest.hex.hasPrefix(prefix)
      else { continue }
      if let found, found.id != image.id { throw StoreError("\(text) is the beginning of more than one image's id") }
      found = found ?? image
    }
    return found
  }

  /// Reads what an entry of the index leads to.
  public func image(_ entry: ContentDescriptor, platform: Platform = .host) throws(StoreError) -> StoredImage {
    var descriptor = entry
    if entry.mediaType.isIndex {
      guard case .index(let index) = try document(entry) else { throw StoreError("\(entry.digest): no index") }
      guard let chosen = index.manifest(for: platform) else {
        let there = index.manifests.compactMap(\.platform).map(\.description).joined(separator: ", ")
        throw StoreError(
          "image \(Self.label(entry)): nothing for \(platform): there is \(there.isEmpty ? "nothing" : there)")
      }
      descriptor = chosen
    }
    guard case .manifest(let manifest) = try document(descriptor) else {
      throw StoreError("\(descriptor.digest): an index within an index")
    }
    guard manifest.config.mediaType.isConfig else {
      throw StoreError("\(Self.label(entry)) is no image: its config is \(manifest.config.mediaType)")
    }
    let bytes = try blob(manifest.config, limit: JSON.defaultLimit)
    let config: ImageConfig
    do throws(SpecFaults) {
      config = try ImageConfig.load(bytes)
    } catch {
      throw StoreError("image \(Self.label(entry)): configuration \(manifest.config.digest): \(error)")
    }
    return StoredImage(entry: entry, descriptor: descriptor, manifest: manifest, config: config)
  }

  /// A manifest or an index.
  public func document(_ descriptor: ContentDescriptor) throws(StoreError) -> ManifestDocument {
    let bytes = try blob(descriptor, limit: ManifestDocument.longest)
    do throws(SpecFaults) {
      return try ManifestDocument.load(bytes, mediaType: descriptor.mediaType)
    } catch {
      throw StoreError("\(descriptor.digest): \(error)")
    }
  }

  /// The bytes of a small blob whose size is not known.
  public func bytes(_ digest: Digest, limit: Int) throws(StoreError) -> [UInt8] {
    guard let bytes = try readIfThere(layout.blob(digest), limit: limit) else {
      throw StoreError("\(digest) is not in the image store: pull the image again")
    }
    return bytes
  }

  /// The bytes of a small blob. They were verified when they were stored.
  public func blob(_ descriptor: ContentDescriptor, limit: Int) throws(StoreError) -> [UInt8] {
    let bytes = try bytes(descriptor.digest, limit: limit)
    guard bytes.count == Int(descriptor.size) else {
      throw StoreError(
        "\(descriptor.digest) has \(bytes.count) bytes instead of \(descriptor.size): run 'swiftcr image verify --repair'"
      )
    }
    return bytes
  }

  private static func label(_ entry: ContentDescriptor) -> String {
    ImageNames.name(of: entry) ?? entry.digest.description
  }
}
