internal import Glibc
internal import Kernel
public import OCI
public import Registry
internal import Store

/// Sends images to registries: every byte as it was stored, so that digests stay what they are.
public struct Push: Sendable {
  let library: ImageLibrary
  let client: RegistryClient
  let observer: any TransferObserver
  private let uploads = Turnstile(4)

  public init(_ library: ImageLibrary, _ client: RegistryClient, _ observer: any TransferObserver) {
    self.library = library
    self.client = client
    self.observer = observer
  }

  /// - Parameters:
  ///   - name: of an image in the store.
  ///   - platform: sends the manifest for this one alone; `nil` sends what the name stands for, an index as a whole.
  /// - Returns: the digest of what the destination stands for now, and its size.
  public func callAsFunction(
    _ name: String, to destination: Reference, platform: Platform?
  ) async throws(ImageError) -> ContentDescriptor {
    do {
      return try await send(name, destination, platform)
    } catch {
      throw ImageError(error)
    }
  }

  private func send(_ name: String, _ destination: Reference, _ platform: Platform?) async throws -> ContentDescriptor {
    let hold = try Hold(library.layout)
    let image = try library.resolve(name, platform: platform ?? .host)
    let top = platform == nil ? image.entry : image.descriptor
    let blobs = try claim(top, name, hold)
    let others = try library.repositories(of: destination.domain)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for blob in blobs {
        observer.report(blob.digest.short, .waiting)
        group.addTask {
          try await uploads.pass { try await send(blob, destination, others) }
        }
      }
      try await group.waitForAll()
    }
    // Manifests before the index that lists them, and the tag last.
    if top.mediaType.isIndex, case .index(let index) = try library.store.document(top) {
      for child in index.manifests { try await sendManifest(child, destination.with(digest: child.digest)) }
    }
    try await sendManifest(top, destination)
    _ = consume hold
    return top
  }

  /// All blobs of a manifest or index, each once. They stay until the hold goes.
  private func claim(
    _ top: ContentDescriptor, _ name: String, _ hold: borrowing Hold
  ) throws -> [ContentDescriptor] {
    var blobs: [ContentDescriptor] = []
    var manifests = [top]
    if case .index(let index) = try library.store.document(top) {
      manifests = index.manifests
      for child in manifests where try !library.claimBlob(child.digest, hold) { throw Self.missing(child, name) }
    }
    for descriptor in manifests {
      guard case .manifest(let manifest) = try library.store.document(descriptor) else {
        throw ImageError("push \(name): an index within an index")
      }
      for blob in [manifest.config] + manifest.layers where !blobs.contains(where: { $0.digest == blob.digest }) {
        guard try library.claimBlob(blob.digest, hold) else { throw Self.missing(descriptor, name) }
        blobs.append(blob)
      }
    }
    return blobs
  }

  private static func missing(_ manifest: ContentDescriptor, _ name: String) -> ImageError {
    let platform = manifest.platform.map { "\($0)" } ?? "\(manifest.digest)"
    return ImageError(
      "push \(name): what it is for \(platform) is not here: pull it with --all-platforms, or push one --platform alone"
    )
  }

  private func send(_ blob: ContentDescriptor, _ destination: Reference, _ others: [String]) async throws {
    let file = try Descriptor.open(library.layout.blob(blob.digest), O_RDONLY | O_NOFOLLOW)
    let item = blob.digest.short
    let observer = observer
    let outcome = try await client.pushBlob(
      blob, file: file.number, to: destination, mountingFrom: others,
      progress: { observer.report(item, .uploading($0, of: blob.size)) })
    switch outcome {
    case .existed: observer.report(item, .exists)
    case .mounted(let repository): observer.report(item, .mounted(from: repository))
    case .uploaded: observer.report(item, .done)
    }
    _ = consume file
  }

  private func sendManifest(_ descriptor: ContentDescriptor, _ destination: Reference) async throws {
    let bytes = try library.store.blob(descriptor, limit: ManifestDocument.longest)
    try await client.pushManifest(bytes, descriptor.mediaType, to: destination)
  }
}

extension ImageLibrary {
  /// The repositories of a registry that images here have names of: their blobs may be there already.
  func repositories(of domain: String) throws(ImageError) -> [String] {
    let names = try rethrowing { () throws(StoreError) in try ImageNames(reading: layout) }
    let references = names.index.manifests.compactMap { ImageNames.name(of: $0) }.compactMap {
      try? Reference(parsing: $0)
    }
    return Set(references.filter { $0.domain == domain }.map(\.path)).sorted()
  }
}
