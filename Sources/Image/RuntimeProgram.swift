internal import Glibc
internal import Kernel

/// `swiftcr`, the runtime, which lies beside this program.
enum RuntimeProgram {
  static func path() throws(SystemError) -> String {
    guard let own = realpath("/proc/self/exe", nil) else { throw SystemError("find this program") }
    defer { free(own) }
    let path = String(cString: own)
    let directory = path[..<(path.lastIndex(of: "/") ?? path.endIndex)]
    // Or this one is in libexec/swiftcr, and that one in bin.
    let places = ["\(directory)/swiftcr", "\(directory)/../../bin/swiftcr"]
    return places.first { access($0, X_OK) == 0 } ?? places[0]
  }
}
