internal import Glibc

/// How a layer says that a file of the layers below is gone: `.wh.NAME` in archives (image-spec, layer.md).
enum Whiteout {
  private static let prefix = Array(".wh.".utf8)

  /// The entry of a directory that hides all that is below it.
  static let opaque = Array(".wh..wh..opq".utf8)

  /// Whether a file's name would mean something else in an archive.
  static func isReserved(_ name: [CChar]) -> Bool {
    name.count > prefix.count && zip(name, prefix).allSatisfy { UInt8(bitPattern: $0) == $1 }
  }

  /// The entry that removes `path`. It has no owner and no time: those of overlayfs's device say nothing.
  static func entry(for path: [UInt8]) -> TarEntry {
    let cut = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    return TarEntry(kind: .file, path: path[..<cut] + prefix + path[cut...], mode: 0)
  }

  static func opaqueEntry(in directory: [UInt8]) -> TarEntry {
    TarEntry(kind: .file, path: directory.isEmpty ? opaque : directory + [UInt8(ascii: "/")] + opaque, mode: 0)
  }
}

/// The extended attributes of an overlay's layers, in one of the two namespaces (mount option `userxattr`).
public struct OverlayNamespace: Sendable {
  private let prefix: String

  /// An overlay that root mounted.
  public static let trusted = OverlayNamespace(prefix: "trusted.overlay.")
  /// A rootless one.
  public static let user = OverlayNamespace(prefix: "user.overlay.")

  enum Opaque {
    case no, yes
    /// Not opaque; but whiteouts in it may be files with an attribute.
    case hasMarkedWhiteouts
  }

  func opaque(_ attributes: [TarEntry.Attribute]) -> Opaque {
    switch value("opaque", attributes) {
    case [UInt8(ascii: "y")]: .yes
    case [UInt8(ascii: "x")]: .hasMarkedWhiteouts
    default: .no
    }
  }

  func isMarkedWhiteout(_ attributes: [TarEntry.Attribute]) -> Bool { value("whiteout", attributes) != nil }

  /// What an overlay notes that keeps a part of a file elsewhere, or several names of it together: such an upperdir
  /// cannot be understood alone.
  func foreign(_ attributes: [TarEntry.Attribute]) -> String? {
    ["redirect": "redirect_dir", "metacopy": "metacopy", "nlink": "index", "upper": "index"].first {
      value($0.key, attributes) != nil
    }?.value
  }

  private func value(_ name: String, _ attributes: [TarEntry.Attribute]) -> [UInt8]? {
    let full = Array((prefix + name).utf8)
    return attributes.first { $0.name == full }?.value
  }
}
