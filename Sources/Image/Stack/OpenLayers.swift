internal import OCI
internal import Store

/// An image's unpacked layers, open: for whoever looks into them.
struct OpenLayers: ~Copyable {
  let records: [LayerRecord]
  /// What overlayfs takes for each, relative to the store.
  let names: [String]
  private let stack: OpenStack

  /// Their roots, bottom first.
  var roots: [CInt] { stack.roots }

  init(_ diffIDs: [Digest], _ library: ImageLibrary) throws(ImageError) {
    var (records, names): ([LayerRecord], [String]) = ([], [])
    for diffID in diffIDs {
      guard let record = library.layerRecord(diffID) else {
        throw ImageError("layer \(diffID) is not unpacked: run 'swiftcr image verify --repair'")
      }
      records.append(record)
      names.append("\(library.layout.layer(diffID))/\(record.form.fileName)".droppingPrefix(library.layout.path))
    }
    stack = try OpenStack(names, library)
    (self.records, self.names) = (records, names)
  }
}
