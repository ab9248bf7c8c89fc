internal import CLinux
internal import Glibc
internal import Kernel

/// Brings a store of an earlier format to this program's.
///
/// Each step makes one format of the one before it, and can be repeated: the version is written when a step is on disk, so
/// a step that was interrupted is done again. So far there is one format, and no step.
public enum StoreUpgrade {
  typealias Step = @Sendable (StoreLayout) throws(StoreError) -> Void

  /// The first makes format 2 of format 1.
  static let steps: [Step] = []

  /// - Throws: also when other commands use the store, which have the earlier format in mind.
  public static func run(_ layout: StoreLayout) throws(StoreError) { try run(layout, steps) }

  static func run(_ layout: StoreLayout, _ steps: [Step]) throws(StoreError) {
    guard let version = try ImageStore.version(of: layout), version <= steps.count else { return }
    let lock = try StoreLock(layout, .exclusive)
    guard try Hold.all(layout).isEmpty else {
      throw StoreError(
        "image store \(layout.path) has format \(version), and other commands use it: try again when they have ended")
    }
    // Another process may have been faster.
    while let version = try ImageStore.version(of: layout), version <= steps.count {
      try steps[version - 1](layout)
      try system { () throws(SystemError) in try write(version + 1, layout) }
    }
    _ = consume lock
  }

  private static func write(_ version: Int, _ layout: StoreLayout) throws(SystemError) {
    let temporary = "\(layout.making)/\(Hold.newName())"
    let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    try file.writeAll(Array("\(version)\n".utf8), subject: temporary)
    // What the step has made is there before the number that says so.
    guard clinux_syncfs(file.number) == 0, rename(temporary, layout.versionFile) == 0 else {
      throw SystemError("write", layout.versionFile)
    }
  }
}
