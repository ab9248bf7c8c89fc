internal import Kernel
public import Layers
public import OCI
internal import Store

/// An image as the stack that it is, with the containers on top of it.
public struct ImageTree: Sendable {
  public struct Layer: Sendable {
    public var diffID: Digest
    public var size: UInt64
    /// The step that made it.
    public var createdBy: String
    /// Other images that have it.
    public var sharedWith: [String]
  }

  public struct Container: Sendable {
    public var id: String
    /// What it wrote, on disk.
    public var bytes: UInt64
  }

  public var name: String
  public var id: Digest
  public var size: UInt64
  /// Bottom first.
  public var layers: [Layer]
  public var containers: [Container]
}

extension ImageLibrary {
  /// The stacks of some images, or of all that have names.
  public func trees(_ wanted: [String]) throws(ImageError) -> [ImageTree] {
    let names = try rethrowing { () throws(StoreError) in try ImageNames(reading: layout) }
    var images: [(label: String, image: StoredImage)] = []
    for entry in names.index.manifests {
      guard let image = try? store.image(entry) else { continue }
      let label = image.name.flatMap { try? Reference(parsing: $0).familiar } ?? image.id.short
      images.append((label, image))
    }
    let chosen: [(label: String, image: StoredImage)]
    if wanted.isEmpty {
      chosen = images
    } else {
      var found: [(label: String, image: StoredImage)] = []
      for name in wanted { found.append((name, try resolve(name))) }
      chosen = found
    }
    let containers = try kept()
    return chosen.map { label, image in
      let steps = history(of: image)
      let layers = image.config.diffIDs.map { diffID in
        ImageTree.Layer(
          diffID: diffID, size: layerRecord(diffID)?.size ?? 0,
          createdBy: steps.first { $0.diffID == diffID }?.entry.createdBy ?? "",
          sharedWith: images.filter { $0.image.id != image.id && $0.image.config.diffIDs.contains(diffID) }.map(\.label)
        )
      }
      let own = containers.filter { $0.config == image.id }.map {
        ImageTree.Container(id: $0.id, bytes: DiskUsage.of("\(layout.kept)/\($0.id)/layer/upper"))
      }
      return ImageTree(name: label, id: image.id, size: size(of: image), layers: layers, containers: own)
    }
  }

  /// The records of all kept containers that can be read.
  func kept() throws(ImageError) -> [KeptRecord] {
    do throws(StoreError) {
      var records: [KeptRecord] = []
      for id in try KeptContainer.ids(in: layout) {
        // One that was removed meanwhile is none.
        if let record = try? KeptContainer(opening: id, in: layout).record { records.append(record) }
      }
      return records
    } catch {
      throw ImageError(error)
    }
  }

  /// What is known of a container, as JSON; `nil` when there is none.
  public func inspect(container id: String) throws(ImageError) -> JSON? {
    do throws(StoreError) {
      return try KeptContainer(opening: id, in: layout).record.json
    } catch {
      if error.isNoContainer { return nil }
      throw ImageError(error)
    }
  }

  /// `layer diff`: what the second has differently; each is an image, or a layer by its diff ID.
  public func compare(_ one: String, _ other: String, _ body: (LayerChange) -> Void) throws(ImageError) {
    let hold = try rethrowing { () throws(StoreError) in try Hold(layout) }
    let left = try openLayers(one, hold)
    let right = try openLayers(other, hold)
    try rethrowing { () throws(LayerError) in
      try StackComparison.compare(left.roots, right.roots) { (change) throws(LayerError) in body(change) }
    }
    _ = consume hold
  }

  private func openLayers(_ name: String, _ hold: borrowing Hold) throws(ImageError) -> OpenStack {
    let text = name.hasPrefix("sha256:") ? String(name.dropFirst(7)) : name
    let matches = try layers(of: nil).map(\.record).filter { text.utf8.count >= 6 && $0.diffID.hex.hasPrefix(text) }
    if matches.count == 1 {
      let path = "\(layout.layer(matches[0].diffID))/\(matches[0].form.fileName)"
      return try OpenStack([path.droppingPrefix(layout.path)], self)
    }
    return try OpenStack(try imageLowers(of: try resolve(name), hold), self)
  }
}
