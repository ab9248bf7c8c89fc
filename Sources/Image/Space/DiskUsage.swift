internal import CLinux

/// What files take on disk.
enum DiskUsage {
  /// Bytes of the blocks of a file, or of a directory with all that is in it; 0 when there is none.
  static func of(_ path: String) -> UInt64 { UInt64(max(0, clinux_disk_usage(path))) }
}
