import Glibc
import Kernel

/// A directory of one case, which goes with it.
final class Scratch {
  let path: String

  /// - Parameter parent: a tmpfs where device nodes and all kinds of extended attributes may be.
  init(in parent: String = "/tmp") throws {
    let name = "swiftcr-layers-\(UInt64.random(in: 0 ... .max))"
    path = "\(parent)/\(name)"
    guard mkdir(path, 0o700) == 0 else { throw SystemError("make directory", path) }
  }

  deinit {
    // By one name: the tree's own directories are never looked for along a path.
    guard let slash = path.lastIndex(of: "/"),
      let parent = try? Descriptor.open(String(path[..<slash]), O_RDONLY | O_DIRECTORY)
    else { return }
    try? TreeRemoval.remove(String(path[path.index(after: slash)...]), at: parent.number)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ bytes: [UInt8], to name: String) throws {
    let file = try Descriptor.open(self.file(name), O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    try file.writeAll(bytes)
  }

  func read(_ name: String) throws -> [UInt8] { try readFile(file(name), limit: 1 << 30) }

  /// Runs a script in this directory; what it prints.
  @discardableResult
  func shell(_ script: String) throws -> String {
    try HostProgram.output("sh", ["-ec", "cd \(path)\numask 022\n\(script)"])
  }
}

/// What the machine has.
enum Machine {
  static let isRoot = geteuid() == 0
  static let hasTar = has("tar")
  static let hasPython = has("python3")

  static func has(_ program: String) -> Bool {
    ["/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin"].contains { access("\($0)/\(program)", X_OK) == 0 }
  }
}
