internal import CLinux
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// Makes a layer of an archive that is being written.
struct LayerForge {
  private let session: BuildSession

  init(_ session: BuildSession) { self.session = session }

  /// A directory of so many files is made sooner than a file system is mounted for each container.
  static let mostInDirectory = 256

  /// - Parameters:
  ///   - isLarge: whether a file with a file system is worth while, where the host can have one.
  ///   - write: writes the archive.
  func make(
    isLarge: Bool, _ write: (any ByteSink) throws(ImageError) -> Void
  ) throws(ImageError) -> BuiltLayer {
    let place = session.newPath("layer")
    guard mkdir(place, 0o700) == 0 else { throw ImageError(SystemError("make", place)) }
    do throws(ImageError) {
      let mayMount = try rethrowing { () throws(LayerError) in
        isLarge && LayerForms.wanted != .directory ? try LayerForms.mayMount(in: place) : false
      }
      let spool = Spooled()
      let record =
        mayMount || LayerForms.wanted == .filesystem
        ? try makeFilesystem(place, spool, write) : try makeDirectory(place, spool, write)
      guard let archive = spool.take() else { throw ImageError("make layer: nothing was written") }
      return try session.layers.adopt(place, record, archive, session.hold)
    } catch {
      session.library.discard(place)
      throw error
    }
  }

  /// Copies files to a directory that is no layer.
  ///
  /// - Parameter path: nothing is there yet.
  static func unpack(_ request: CopyRequest, into path: String, _ session: BuildSession) throws(ImageError) {
    let intake = LayerIntake(try directory(path))
    var writer = CopyWriter(request, below: nil, ids: nil, now: session.now, latest: session.epoch, to: intake)
    try writer.write { () throws(ImageError) in try session.interruption.check() }
    _ = try rethrowing { () throws(LayerError) in try intake.finish { _ in () } }
  }

  private static func directory(_ path: String) throws(ImageError) -> DirectorySink {
    guard mkdir(path, 0o755) == 0, chmod(path, 0o755) == 0 else { throw ImageError(SystemError("make", path)) }
    do throws(LayerError) {
      return try DirectorySink(root: try root(path))
    } catch {
      throw ImageError(error)
    }
  }

  private static func root(_ path: String) throws(LayerError) -> Descriptor {
    do throws(SystemError) { return try Descriptor.open(path, O_RDONLY | O_DIRECTORY) } catch {
      throw LayerError(error)
    }
  }

  /// The archive that is to be compressed later.
  private final class Spooled {
    private var value: ArchiveSpool?
    func put(_ spool: ArchiveSpool) { value = spool }
    func take() -> sending ArchiveSpool? {
      nonisolated(unsafe) let taken = value
      value = nil
      return taken
    }
  }

  private func makeDirectory(
    _ place: String, _ spooled: Spooled, _ write: (any ByteSink) throws(ImageError) -> Void
  ) throws(ImageError) -> LayerRecord {
    let path = "\(place)/\(LayerRecord.Form.directory.fileName)"
    let intake = LayerIntake(try Self.directory(path))
    let spool = ArchiveSpool(in: session.workspace, then: intake)
    try write(spool)
    let (facts, result) = try rethrowing { () throws(LayerError) in try intake.finish { $0.result } }
    spooled.put(spool)
    return LayerRecord(
      facts, form: .directory, impliedDirectories: result.impliedDirectories, impliesRoot: result.impliesRoot,
      hidesAllBelow: result.isOpaque)
  }

  private func makeFilesystem(
    _ place: String, _ spooled: Spooled, _ write: (any ByteSink) throws(ImageError) -> Void
  ) throws(ImageError) -> LayerRecord {
    let path = "\(place)/\(LayerRecord.Form.filesystem.fileName)"
    let file = try rethrowing { () throws(SystemError) in
      try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    }
    let intake = LayerIntake(ErofsSink(file: file.number))
    let spool = ArchiveSpool(in: session.workspace, then: intake)
    try write(spool)
    let (facts, result) = try rethrowing { () throws(LayerError) in try intake.finish { $0.result } }
    if let obstacle = result.obstacle { throw ImageError("make layer: \(obstacle)") }
    spooled.put(spool)
    var record = LayerRecord(
      facts, form: .filesystem, impliedDirectories: result.impliedDirectories, impliesRoot: result.impliesRoot,
      hidesAllBelow: result.isOpaque)
    record.metadata = try rethrowing { () throws(SystemError) in
      try LayerCheck.metadataDigest(of: file, archiveSize: facts.archiveSize)
    }
    return record
  }
}
