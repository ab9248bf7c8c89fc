internal import OCI
internal import Store

extension ImageLibrary {
  /// Gives an image that was built its names, all at once; without one, it is an image without a name.
  func name(_ tags: [Reference], _ descriptor: ContentDescriptor) throws(ImageError) {
    let names = try rethrowing { () throws(StoreError) in try ImageNames(reading: layout) }
    let isNamed =
      tags.isEmpty
      ? names.index.manifests.contains { $0.digest == descriptor.digest }
      : tags.allSatisfy { names.entry($0)?.digest == descriptor.digest }
    // Built again and nothing new: nothing is written.
    if isNamed { return }
    try sync()
    try changeNames { (names) throws(ImageError) in
      if tags.isEmpty { names.set(nil, descriptor) }
      for tag in tags { names.set(tag, descriptor) }
    }
  }
}
