internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// The images that a build begins with, or copies from.
struct BaseImages {
  private let session: BuildSession
  private let fetch: @Sendable (Reference, Platform) async throws -> Void

  init(_ session: BuildSession, _ fetch: @escaping @Sendable (Reference, Platform) async throws -> Void) {
    (self.session, self.fetch) = (session, fetch)
  }

  /// Pulls those that are missing, and keeps all of them until the build ends.
  func load(_ graph: StageGraph) async throws -> [FileOrigin: StageState] {
    var states: [FileOrigin: StageState] = [:]
    for (name, platform, place) in graph.images {
      try session.interruption.check()
      do {
        states[.image(name, platform)] = try await load(name, platform)
      } catch {
        throw BuildFailure(error, at: place)
      }
    }
    return states
  }

  private func load(_ name: String, _ platform: Platform) async throws -> StageState {
    let library = session.library
    if name.hasPrefix(Self.layout) { return try await load(layout: name, platform) }
    var image = try find(name, platform)
    if image == nil || session.options.pulls {
      let reference = try library.reference(name)
      session.observer.report(.doing("pull \(reference.familiar)"))
      do {
        try await fetch(reference, platform)
      } catch {
        // What is here is better than nothing only if nobody asked for more.
        throw ImageError("\(name): \(ImageError(error))")
      }
      image = try find(name, platform)
    }
    guard let image else { throw ImageError("\(name): no such image") }
    return try state(of: image, name, platform)
  }

  private static let layout = "oci-layout://"

  /// `--build-context NAME=oci-layout://DIR[:TAG]`: the images of the layout are stored, with the names that they have there.
  private func load(layout name: String, _ platform: Platform) async throws -> StageState {
    var path = String(name.dropFirst(Self.layout.count))
    var tag: String?
    if access(path, F_OK) != 0, let colon = path.lastIndex(where: { $0 == ":" || $0 == "@" }) {
      tag = String(path[path.index(after: colon)...])
      path = String(path[..<colon])
    }
    let loaded = try await Load(session.library, SilentTransfer())(path)
    let found = loaded.filter { image in
      tag == nil || image.name?.tag == tag || "\(image.id)" == tag
    }
    guard let image = found.first else { throw ImageError("\(name): there is no such image in the layout") }
    guard found.count == 1 else {
      throw ImageError("\(name): there are \(found.count) images in the layout: say which with :TAG")
    }
    return try state(of: try session.library.resolve("\(image.id)", platform: platform), name, platform)
  }

  private func state(of image: StoredImage, _ name: String, _ platform: Platform) throws -> StageState {
    let library = session.library
    try library.claim(image.entry, session.hold)
    guard platform.accepts(image.config.platform) else {
      throw ImageError(
        "\(name): the image in the store is for \(image.config.platform), and \(platform) is wanted: "
          + "give --platform, or --pull to look for another one")
    }
    return StageState(image, lowers: try library.imageLowers(of: image, session.hold))
  }

  private func find(_ name: String, _ platform: Platform) throws(ImageError) -> StoredImage? {
    do throws(StoreError) {
      return try session.library.store.resolve(name, platform: platform)
    } catch {
      if error.isNoImage { return nil }
      throw ImageError(error)
    }
  }
}

private struct SilentTransfer: TransferObserver {
  func report(_ item: String, _ state: TransferState) {}
}
