internal import Glibc
internal import Kernel
internal import Layers
public import OCI
internal import Store

extension ImageLibrary {
  /// `image squash`: an image of one layer that shows what all layers of another show together.
  public func squash(_ name: String, as newName: String?, message: String?) throws(ImageError) -> Digest {
    let reference = try reference(ifGiven: newName)
    let hold = try rethrowing { () throws(StoreError) in try Hold(layout) }
    let base = try resolve(name)
    let stack = try OpenStack(try imageLowers(of: base, hold), self)
    let place = hold.newPath()
    defer { discard(place) }
    let root = try rootCopy(of: base, place)
    let merged = try stack.merged(upper: root.number)
    let layer = try makeLayer(hold: hold) { (sink) throws(ImageError) in
      try rethrowing { () throws(LayerError) in
        try LayerDiff.flatten(root: merged.number, includesRoot: true, to: sink)
      }
    }
    var config = base.config
    (config.diffIDs, config.history) = (
      [],
      config.history.map { step in
        var step = step
        step.isEmptyLayer = true
        return step
      }
    )
    config.created = "\(NewImage.now)"
    var new = NewImage(config: config, layers: [])
    new.mediaType = base.manifest.mediaType
    new.add(
      layer,
      HistoryEntry(
        created: config.created, createdBy: "swiftcr image squash",
        comment: message ?? "all layers of \(base.id.short) in one"))
    let id = try new.store(reference, in: self, hold)
    _ = consume hold
    return id
  }

  /// A directory that looks like the image's root: the topmost layer may say nothing of it, and then hide what others say.
  private func rootCopy(of image: StoredImage, _ path: String) throws(ImageError) -> Descriptor {
    let layers = try OpenLayers(image.config.diffIDs, self)
    try TreeCopy(path).dress(like: StatedTree(layers), below: layers.records.count)
    return try rethrowing { () throws(SystemError) in try Descriptor.open(path, O_RDONLY | O_DIRECTORY) }
  }

  /// `import`: an image of one layer, from an archive of files.
  public func importArchive(
    _ file: String?, as name: String?, platform: Platform, changes: [ConfigChange], message: String?
  ) throws(ImageError) -> Digest {
    let reference = try reference(ifGiven: name)
    let hold = try rethrowing { () throws(StoreError) in try Hold(layout) }
    // Through a file of our own: standard input can be read only once.
    let copy = hold.newPath()
    defer { unlink(copy) }
    try Self.copy(file, to: copy)
    let making = LayerMaking(library: self, path: hold.newPath())
    let source = try rethrowing { () throws(SystemError) in try Descriptor.open(copy, O_RDONLY) }
    let (made, facts) = try making.unpack(
      FileSource(source, name: file ?? "standard input"), "import \(file ?? "standard input")", LayerExpectation())
    let blob = ContentDescriptor(
      facts.compression.mediaType, Digest(sha256: facts.blobHash), size: Int64(facts.blobSize))
    let diffID = Digest(sha256: facts.diffHash)
    if try !LayerClaims(blob, diffID, self, hold).hasBlob { try commitBlob(copy, as: blob.digest) }
    try making.commit(made)
    var config = ImageConfig(platform: platform)
    config.created = "\(NewImage.now)"
    for change in changes { try change.apply(to: &config.defaults) }
    var new = NewImage(config: config, layers: [])
    new.add(
      NewLayer(blob: blob, diffID: diffID),
      HistoryEntry(
        created: config.created, createdBy: "swiftcr import", comment: message ?? "imported from \(file ?? "-")"))
    let id = try new.store(reference, in: self, hold)
    _ = consume hold
    return id
  }

  private static func copy(_ file: String?, to path: String) throws(ImageError) {
    do throws(SystemError) {
      let source = try file.map { (file) throws(SystemError) in try Descriptor.open(file, O_RDONLY | O_NOCTTY).release()
      }
      let input = source ?? STDIN_FILENO
      defer { if let source { close(source) } }
      let output = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
      defer { buffer.deallocate() }
      while true {
        let count = retrying { read(input, buffer.baseAddress, buffer.count) }
        guard count >= 0 else { throw SystemError("read", file ?? "standard input") }
        if count == 0 { break }
        try output.writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]), subject: path)
      }
      guard fsync(output.number) == 0 else { throw SystemError("sync", path) }
    } catch {
      throw ImageError(error)
    }
  }
}
