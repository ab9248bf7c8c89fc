internal import Glibc
internal import Kernel
internal import Layers
public import OCI
internal import Store

/// Stores the images of an archive or of an OCI layout.
///
/// An archive is unpacked first, to a directory that goes again: archives come in any order, and through pipes.
public struct Load: Sendable {
  let library: ImageLibrary
  let observer: any TransferObserver

  public init(_ library: ImageLibrary, _ observer: any TransferObserver) {
    self.library = library
    self.observer = observer
  }

  /// An image that was stored; without a name the archive had none.
  public struct Loaded: Sendable {
    public var name: Reference?
    public var id: Digest
  }

  /// - Parameter path: a file, or a directory with a layout; `nil` is standard input.
  public func callAsFunction(_ path: String?) async throws(ImageError) -> [Loaded] {
    let step = "load \(path ?? "standard input")"
    let hold = try rethrowing { () throws(StoreError) in try Hold(library.layout) }
    do throws(ImageError) {
      let isDirectory = path.map(Self.isDirectory) ?? false
      let source: ArchiveDirectory
      if let path, isDirectory {
        source = try ArchiveDirectory(path)
      } else {
        source = try ArchiveDirectory(unpacking: path, to: hold.newPath(), in: library)
      }
      let loaded: [Loaded]
      if source.has("oci-layout") {
        loaded = try await LayoutLoad(library: library, observer: observer, source: source)(hold)
      } else if source.has("manifest.json") {
        loaded = try DockerArchiveLoad(library: library, observer: observer, source: source)(hold)
      } else {
        throw ImageError("neither docker's archive (manifest.json) nor an OCI layout (oci-layout, index.json)")
      }
      guard !loaded.isEmpty else { throw ImageError("there are no images in it") }
      _ = consume hold
      return loaded
    } catch {
      throw error.during(step)
    }
  }

  private static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
