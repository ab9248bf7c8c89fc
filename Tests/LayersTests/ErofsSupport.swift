import Glibc
import Kernel
import Testing

@testable import Layers

/// The archive of a layer.
struct Layer {
  var bytes: [UInt8]

  init(_ contents: [Content]) throws { bytes = try archive(contents) }

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// Unpacks the archive, in pieces that have nothing to do with entries.
  func unpack<Sink: LayerSink & ~Copyable>(into sink: inout Sink) throws {
    _ = try LayerUnpacker.unpack(MemorySource(bytes, piece: 10_007), into: &sink)
  }

  /// Writes the form `erofs` to a file.
  func erofs(_ path: String) throws -> ErofsSummary {
    let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL)
    var sink = ErofsSink(file: file.number)
    try unpack(into: &sink)
    return sink.result
  }
}

extension Workshop {
  /// Mounts a layer in the form `erofs`; returns where, and the implied directories.
  func mount(_ layer: Layer, _ name: String) throws -> (path: String, implied: [String]) {
    let summary = try layer.erofs("\(path)/\(name).erofs")
    if let obstacle = summary.obstacle { throw LayerError(obstacle) }
    let place = try attach(try DetachedMount.erofs(file: "\(path)/\(name).erofs"), name)
    return (place, summary.impliedDirectories.map { String(decoding: $0, as: UTF8.self) })
  }

  /// Makes the form `dir` of a layer.
  func directory(
    _ layer: Layer, _ name: String, summary: (DirectorySummary) -> Void = { _ in }
  ) throws -> String {
    let place = try directory(name)
    let root = try Descriptor.open(place, O_RDONLY | O_DIRECTORY)
    var sink = try DirectorySink(root: root)
    try layer.unpack(into: &sink)
    summary(sink.result)
    return place
  }

  /// What GNU tar makes of a layer.
  func extract(_ layer: Layer, _ name: String) throws -> String {
    let place = try directory(name)
    let file = try Descriptor.open("\(path)/\(name).tar", O_WRONLY | O_CREAT | O_EXCL)
    try file.writeAll(layer.bytes)
    try bash(
      "tar -x --same-owner -p --numeric-owner --xattrs --xattrs-include='*' --warning=no-timestamp --delay-directory-restore "
        + "-f \(path)/\(name).tar -C \(place)")
    return place
  }
}

/// Where the cases are, on this kernel.
let mountsErofs = ErofsProbe.isMountable(in: "/tmp")
