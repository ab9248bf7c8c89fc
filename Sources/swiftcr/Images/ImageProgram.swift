internal import Arguments
internal import Container
internal import Glibc
internal import Kernel

/// `swiftcr-image`, the program for what needs a network, threads and decompression: none of it is in this one.
enum ImageProgram {
  private static let name = "swiftcr-image"

  /// Runs it, with what it prints on standard error: standard output is the container's.
  static func run(_ arguments: [String]) throws {
    let pid = try HostProgram.start(try path(), arguments, descriptors: [STDOUT_FILENO: STDERR_FILENO])
    // It has said why.
    guard HostProgram.wait(for: pid) == .exited(0) else {
      throw ContainerError("\(name) \(arguments.last ?? "") failed")
    }
  }

  /// Goes on as that program, with the same arguments: a command on images.
  ///
  /// - Throws: if that cannot be; else it does not return.
  static func become() throws -> Never {
    let path = try path()
    execvp(path, CommandLine.unsafeArgv)
    throw SystemError("execute", path)
  }

  /// Beside this program, or in `../libexec/swiftcr`; PATH is only for who is not root.
  private static func path() throws -> String {
    guard let own = realpath("/proc/self/exe", nil) else { throw SystemError("find this program") }
    defer { free(own) }
    let directory = String(cString: own).split(separator: "/").dropLast().map { "/\($0)" }.joined()
    for place in [directory, directory + "/../libexec/swiftcr"] where access("\(place)/\(name)", X_OK) == 0 {
      return "\(place)/\(name)"
    }
    guard geteuid() != 0 else {
      throw ContainerError("\(name) is not installed: it belongs beside swiftcr in \(directory)")
    }
    return name
  }
}
