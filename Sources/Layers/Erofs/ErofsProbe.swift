internal import CLinux
internal import Glibc
internal import Kernel

/// Whether layers in the form `erofs` can be used where they are to be kept.
public enum ErofsProbe {
  /// Mounts an empty layer, attached nowhere, from a file without a name in a directory.
  ///
  /// The kernel must have EROFS, take regular files (Linux 6.12) in blocks of 512 bytes, and let this process mount; and
  /// the directory's file system must be one whose pages EROFS can read: tmpfs, overlayfs and FUSE may not be.
  public static func isMountable(in directory: String) -> Bool {
    let number = retrying { clinux_nameless_file(directory) }
    guard number >= 0 else { return false }
    let file = Descriptor(adopting: number)
    do throws(LayerError) {
      try ErofsSink(file: file.number).finish()
    } catch {
      return false
    }
    return isMountable("/proc/self/fd/\(file.number)")
  }

  private static func isMountable(_ file: String) -> Bool {
    do throws(SystemError) {
      _ = try DetachedMount.erofs(file: file)
      return true
    } catch {
      return false
    }
  }
}
