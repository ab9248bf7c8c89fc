internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// An image's unpacked layers, open: for whoever looks into them.
struct OpenLayers: ~Copyable {
  let records: [LayerRecord]
  /// What overlayfs takes for each, relative to the store.
  let names: [String]
  /// Their roots, bottom first.
  let roots: [CInt]

  init(_ diffIDs: [Digest], _ library: ImageLibrary) throws(ImageError) {
    var (records, names, roots): ([LayerRecord], [String], [CInt]) = ([], [], [])
    do throws(ImageError) {
      for diffID in diffIDs {
        guard let record = library.layerRecord(diffID) else {
          throw ImageError("layer \(diffID) is not unpacked: run 'swiftcr image verify --repair'")
        }
        let path = "\(library.layout.layer(diffID))/\(record.form.fileName)"
        records.append(record)
        names.append(path.droppingPrefix(library.layout.path))
        roots.append(try rethrowing { () throws(SystemError) in try record.form.open(path) }.release())
      }
    } catch {
      for root in roots { close(root) }
      throw error
    }
    (self.records, self.names, self.roots) = (records, names, roots)
  }

  deinit { for root in roots { close(root) } }
}

extension LayerRecord.Form {
  /// The root directory of a layer in this form.
  func open(_ path: String) throws(SystemError) -> Descriptor {
    guard self == .filesystem else { return try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) }
    let mount = try DetachedMount.erofs(file: path)
    // It keeps the file system, which is attached nowhere.
    return try Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: mount.descriptor.number)
  }
}
