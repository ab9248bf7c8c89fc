internal import CLinux
internal import Glibc
internal import Kernel

/// What files take on disk.
enum DiskUsage {
  /// Bytes of the blocks of a file, or of a directory with all that is in it; a file with several names counts once.
  static func of(_ path: String) -> UInt64 {
    guard let name = strdup(path) else { return 0 }
    defer { free(name) }
    var paths: [UnsafeMutablePointer<CChar>?] = [name, nil]
    guard let walk = fts_open(&paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nil) else { return 0 }
    defer { fts_close(walk) }
    var bytes: UInt64 = 0
    var linked: Set<UInt64> = []
    while let entry = fts_read(walk) {
      // A directory comes twice.
      guard entry.pointee.fts_info != UInt16(FTS_DP), let status = entry.pointee.fts_statp?.pointee else { continue }
      if status.st_nlink > 1, status.st_mode & S_IFMT != S_IFDIR, !linked.insert(UInt64(status.st_ino)).inserted {
        continue
      }
      bytes += UInt64(clamping: status.st_blocks) * 512
    }
    return bytes
  }
}
