internal import Arguments
internal import Glibc

/// The program for images, which lies beside this one: it has threads, TLS and decompression, none of which belongs into
/// what starts containers.
enum ImageProgram {
  private static let name = "swiftcr-image"

  /// The program of the same directory, also when this one was called by a symbolic link.
  static var path: String? {
    guard let own = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(own) }
    let text = String(cString: own)
    guard let slash = text.lastIndex(of: "/") else { return nil }
    return text[...slash] + name
  }

  /// Goes on as that program, with the same arguments.
  ///
  /// - Returns: only if that cannot be.
  static func execute() -> Int32 {
    guard let path else {
      Log.toStandardError("find \(name): /proc/self/exe cannot be read")
      return 1
    }
    execv(path, CommandLine.unsafeArgv)
    let reason = errno == ENOENT ? "it is not installed beside swiftcr" : String(cString: strerror(errno))
    Log.toStandardError("execute \(path): \(reason)")
    return 1
  }
}
