internal import Glibc

/// Entries that say what is gone of the layers below: the other way round from `Whiteout`.
enum WhiteoutEntry {
  private static let prefix = Array(".wh.".utf8)

  /// The entry of a directory that hides all that is below it.
  static let opaque = Array(".wh..wh..opq".utf8)

  /// Whether a file's name would mean something else in an archive.
  static func isReserved(_ name: [CChar]) -> Bool {
    name.count > prefix.count && zip(name, prefix).allSatisfy { UInt8(bitPattern: $0) == $1 }
  }

  /// The entry that removes `path`. It has no owner and no time: those of overlayfs's device say nothing.
  static func hiding(_ path: [UInt8]) -> TarEntry {
    let cut = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    return TarEntry(kind: .file, path: path[..<cut] + prefix + path[cut...], mode: 0)
  }

  static func hidingAll(in directory: [UInt8]) -> TarEntry {
    TarEntry(kind: .file, path: directory.isEmpty ? opaque : directory + [UInt8(ascii: "/")] + opaque, mode: 0)
  }
}
