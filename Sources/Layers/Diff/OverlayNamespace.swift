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
