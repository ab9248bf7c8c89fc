internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// ADD of an archive: its entries go into the layer as if they had been copied one by one.
extension CopyWriter: TarConsumer {
  mutating func unpack(_ match: SourceMatch, into destination: [UInt8]) throws(ImageError) {
    guard let source = match.entries.first else { return }
    if let found = try status(destination), !found.isDirectory {
      throw ImageError("cannot unpack to non-directory: /\(String(decoding: destination, as: UTF8.self))")
    }
    try enter(destination, ids ?? (0, 0))
    unpacking = Unpacking(base: destination)
    var reader = TarReader()
    let file = ArchiveFile(SourceContent(match.tree, source.path, source.status))
    do throws(LayerError) {
      // A value without copies cannot be in a closure of its own method: piece by piece.
      try file.read(into: &self, &reader)
      try reader.finish()
    } catch {
      throw ImageError("ADD \(String(decoding: match.name, as: UTF8.self)): \(error)", errno: error.errno)
    }
    unpacking = nil
  }

  struct Unpacking {
    let base: [UInt8]
    /// Of the current file: how far its data have come.
    var position: UInt64 = 0
    var size: UInt64 = 0
  }

  mutating func begin(_ entry: TarEntry) throws(LayerError) {
    guard let base = unpacking?.base else { return }
    do throws(ImageError) {
      var entry = entry
      let path = try Self.cleaned(entry.path)
      if path.isEmpty { return }
      entry.path = try resolvedPlace(join(base, path), isDirectory: entry.kind == .directory)
      if entry.kind == .hardLink {
        entry.target = try resolvedPlace(join(base, Self.cleaned(entry.target)), isDirectory: false)
      }
      entry.extents = nil
      if let ids { (entry.uid, entry.gid) = (ids.uid, ids.gid) }
      if let mode = request.settings.mode, entry.kind != .symbolicLink, entry.kind != .hardLink {
        entry.mode = mode.mode(of: entry.mode, isDirectory: entry.kind == .directory)
      }
      let modified = Timestamp(seconds: entry.modified.seconds, nanoseconds: entry.modified.nanoseconds)
      entry.modified = time(modified)
      // As docker has it: what the archive does not name is root's, whatever --chown says.
      try enterParent(of: entry.path, (0, 0))
      try add(entry)
      unpacking?.position = 0
      unpacking?.size = entry.kind == .file ? entry.size : 0
    } catch {
      throw LayerError(error.description)
    }
  }

  mutating func data(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(LayerError) {
    guard let position = unpacking?.position else { return }
    if offset > position { try writer.writeHole(offset - position) }
    try writer.write(data: bytes)
    unpacking?.position = offset + UInt64(bytes.count)
  }

  mutating func end() throws(LayerError) {
    guard let unpacking, unpacking.position < unpacking.size else { return }
    try writer.writeHole(unpacking.size - unpacking.position)
  }

  /// Inside of the archive; one that climbs out is an error.
  private static func cleaned(_ path: [UInt8]) throws(ImageError) -> [UInt8] {
    var parts: [ArraySlice<UInt8>] = []
    for part in path.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
      guard part.elementsEqual("..".utf8) else {
        if part.starts(with: ".wh.".utf8) {
          throw ImageError(
            "\(String(decoding: path, as: UTF8.self)): names that begin with .wh. mean something else in a layer")
        }
        parts.append(part)
        continue
      }
      guard parts.popLast() != nil else {
        throw ImageError("\(String(decoding: path, as: UTF8.self)) leads out of the archive")
      }
    }
    return Array(parts.joined(separator: [UInt8(ascii: "/")]))
  }

  /// A directory of the image that is a link stays one: what the archive has in it goes where the link leads.
  private func resolvedPlace(_ path: [UInt8], isDirectory: Bool) throws(ImageError) -> [UInt8] {
    guard let below else { return path }
    let cut = path.lastIndex(of: UInt8(ascii: "/"))
    let parent = cut.map { Array(path[..<$0]) } ?? []
    if placed[parent] == true, !isDirectory { return path }
    return try rethrowing { () throws(SystemError) in
      // A link of the archive itself was placed, and is not below yet.
      if placed[parent] == true, placed[path] != nil { return path }
      return try TreePath(resolving: path, at: below, followsLast: isDirectory).bytes
    }
  }
}

extension ArchiveFile {
  fileprivate func read(into writer: inout CopyWriter, _ reader: inout TarReader) throws(LayerError) {
    try read { (bytes) throws(LayerError) in try reader.feed(bytes, to: &writer) }
  }
}
