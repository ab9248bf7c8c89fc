internal import Glibc
internal import Kernel
internal import OCI

/// What a bundle that was made of an image uses of the store: it holds as long as the bundle's `config.json` is there.
public enum BundleLease {
  static let prefix = "bundle-"
  private static let bundleKey = "bundle"

  /// Under the store's shared lock, before anything is looked for.
  ///
  /// - Parameters:
  ///   - uses: names relative to the store.
  ///   - bundle: the bundle's directory, absolute.
  public static func write(_ uses: [String], for bundle: String, in layout: StoreLayout) throws(StoreError) {
    let json = JSON.object([JSON.Member(bundleKey, .string(bundle)), JSON.Member("uses", .strings(uses))])
    var random = SystemRandomNumberGenerator()
    let path = "\(layout.leases)/\(prefix)\(String(random.next() as UInt64, radix: 16))"
    try system { () throws(SystemError) in
      try Directories.make(layout.leases)
      let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
      try file.writeAll(json.bytes(), subject: path)
    }
  }

  /// Whether a lease is a bundle's that is gone, by what its file says.
  static func isOver(_ json: JSON) -> Bool {
    guard let bundle = json[bundleKey]?.string else { return false }
    return access("\(bundle)/config.json", F_OK) != 0 && errno == ENOENT
  }
}
