public import OCI
public import Store

/// One step of an image's history, with the layer that it made.
public struct ImageStep: Sendable {
  public var entry: HistoryEntry
  /// The image's id, at its last step: the ids of the others are not known outside of where it was built.
  public var id: Digest?
  /// `nil` for a step that changed the configuration only.
  public var diffID: Digest?
  /// Bytes of the layer's archive.
  public var size: UInt64

  public var json: JSON {
    .object([
      JSON.Member("id", id.map { .string("\($0)") } ?? .null),
      JSON.Member("created", entry.created.map { .string($0) } ?? .null),
      JSON.Member("createdBy", .string(entry.createdBy ?? "")), JSON.Member("comment", .string(entry.comment ?? "")),
      JSON.Member("layer", diffID.map { .string("\($0)") } ?? .null),
      JSON.Member("size", .integer(Int64(clamping: size))),
    ])
  }
}

extension ImageLibrary {
  /// The steps that made an image, the last one first. Layers that the history says nothing of are steps without words.
  public func history(of image: StoredImage) -> [ImageStep] {
    var layers = image.config.diffIDs[...]
    var steps: [ImageStep] = image.config.history.map { entry in
      let diffID = entry.isEmptyLayer ? nil : layers.popFirst()
      return ImageStep(entry: entry, diffID: diffID, size: diffID.flatMap { layerRecord($0)?.size } ?? 0)
    }
    for diffID in layers {
      steps.append(ImageStep(entry: HistoryEntry(), diffID: diffID, size: layerRecord(diffID)?.size ?? 0))
    }
    if !steps.isEmpty { steps[steps.count - 1].id = image.id }
    return steps.reversed()
  }

  /// What docker's `image inspect` prints, as far as it means something here.
  public func inspect(_ image: StoredImage) throws(ImageError) -> JSON {
    let names = try rethrowing { () throws(StoreError) in try ImageNames(reading: layout) }
    let own = names.index.manifests.filter { $0.digest == image.entry.digest }.compactMap { ImageNames.name(of: $0) }
    let references = own.compactMap { try? Reference(parsing: $0) }
    let repositories = Set(references.map(\.familiarName)).sorted()
    let config = image.config
    var members = [
      JSON.Member("Id", .string("\(image.id)")),
      JSON.Member("RepoTags", .strings(references.filter { $0.tag != nil }.map(\.familiar))),
      JSON.Member("RepoDigests", .strings(repositories.map { "\($0)@\(image.entry.digest)" })),
      JSON.Member("Created", .string(config.created ?? "")), JSON.Member("Author", .string(config.author ?? "")),
      JSON.Member("Architecture", .string(config.platform.architecture)),
      JSON.Member("Os", .string(config.platform.os)),
    ]
    if let variant = config.platform.variant { members.append(JSON.Member("Variant", .string(variant))) }
    members += [
      JSON.Member("Size", .integer(Int64(clamping: size(of: image)))), JSON.Member("Config", config.defaults.json),
      JSON.Member(
        "RootFS",
        .object([
          JSON.Member("Type", .string("layers")), JSON.Member("Layers", .strings(config.diffIDs.map(\.description))),
        ])),
      JSON.Member("Manifest", image.manifest.json),
    ]
    return .object(members)
  }
}
