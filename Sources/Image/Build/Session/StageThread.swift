internal import CLinux
internal import Glibc

/// A thread that makes files for a build.
enum StageThread {
  /// Takes the umask away from this thread alone: what is made has the modes that it is given.
  static func prepare() {
    // Where a sandbox forbids a umask of the thread's own, it is the program's.
    if clinux_own_umask() != 0 { umask(0) }
  }
}
