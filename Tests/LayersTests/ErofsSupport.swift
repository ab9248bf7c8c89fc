import Glibc
import Kernel
import Testing

@testable import Layers

/// An archive and the entries of which it consists, as an image's reader would give them.
struct Layer {
  var bytes: [UInt8]
  var entries: [TarEntry]

  init(_ contents: [Content]) throws {
    let collector = ByteCollector()
    var writer = TarWriter(collector)
    var entries: [TarEntry] = []
    for content in contents {
      var entry = content.entry
      try writer.add(entry)
      entry.dataOffset = writer.size
      try content.data.withUnsafeBytes { try writer.write(data: $0) }
      entries.append(entry)
    }
    try writer.finish()
    (bytes, self.entries) = (collector.bytes, entries)
  }

  /// Writes the form `erofs` to a file.
  func erofs(_ path: String, whiteouts: [String] = [], opaque: [String] = []) throws -> ErofsWriter.Outcome {
    let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL)
    let writer = ErofsWriter(file: file.number)
    var rest = bytes[...]
    while !rest.isEmpty {
      // Data come before they are known to be all there, in pieces that have nothing to do with entries.
      let piece = rest.prefix(10_007)
      try piece.withUnsafeBytes { try writer.write(archive: $0) }
      rest = rest.dropFirst(piece.count)
    }
    for entry in entries { try writer.add(entry) }
    for path in whiteouts { try writer.addWhiteout(Array(path.utf8)) }
    for path in opaque { try writer.addOpaque(Array(path.utf8)) }
    return try writer.finish()
  }
}

extension Workshop {
  /// Mounts a layer in the form `erofs`; returns where, and the implied directories.
  func mount(
    _ layer: Layer, _ name: String, whiteouts: [String] = [], opaque: [String] = []
  ) throws -> (path: String, implied: [String]) {
    let outcome = try layer.erofs("\(path)/\(name).erofs", whiteouts: whiteouts, opaque: opaque)
    guard case .written(let implied) = outcome else {
      throw LayerError("\(outcome)")
    }
    let place = try attach(try DetachedMount.erofs(file: "\(path)/\(name).erofs"), name)
    return (place, implied.map { String(decoding: $0, as: UTF8.self) })
  }

  /// What GNU tar makes of a layer.
  func extract(_ layer: Layer, _ name: String) throws -> String {
    let place = try directory(name)
    let file = try Descriptor.open("\(path)/\(name).tar", O_WRONLY | O_CREAT | O_EXCL)
    try file.writeAll(layer.bytes)
    try shell(
      "tar -x --same-owner -p --numeric-owner --xattrs --xattrs-include='*' --warning=no-timestamp --delay-directory-restore "
        + "-f \(path)/\(name).tar -C \(place)")
    return place
  }
}

/// Whether this kernel mounts EROFS from regular files.
let mountsErofs: Bool = {
  guard isRoot, let workshop = try? Workshop(), let layer = try? Layer([]) else { return false }
  return (try? workshop.mount(layer, "probe")) != nil
}()
