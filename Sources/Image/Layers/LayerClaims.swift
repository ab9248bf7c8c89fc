internal import Glibc
internal import OCI
internal import Store

/// Whether a layer's blob, and the layer unpacked, are here already. What is stays until the hold goes.
struct LayerClaims: Sendable {
  let hasBlob: Bool
  let hasLayer: Bool

  init(
    _ blob: ContentDescriptor, _ diffID: Digest?, _ library: ImageLibrary, _ hold: borrowing Hold
  ) throws(ImageError) {
    let layout = library.layout
    let paths = [layout.blob(blob.digest), layout.download(blob.digest)] + (diffID.map { [layout.layer($0)] } ?? [])
    let found: [Bool]
    do throws(StoreError) {
      found = try hold.claim(paths.map { $0.droppingPrefix(layout.path) }) { () throws(StoreError) in
        paths.map { access($0, F_OK) == 0 }
      }
    } catch {
      throw ImageError(error)
    }
    hasBlob = found[0]
    hasLayer = found.count > 2 && found[2]
  }
}
