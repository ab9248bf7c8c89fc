import Foundation
import Testing

/// A store with a small image to build from, `box`, a context, and `swiftcr build`.
final class BuildStore {
  let images: TestStore
  let context: String

  fileprivate init(_ images: TestStore) throws {
    self.images = images
    context = "\(images.directory)/context"
    try FileManager.default.createDirectory(atPath: context, withIntermediateDirectories: true)
    let root = "\(images.directory)/box"
    for directory in ["bin", "etc", "tmp", "root", "home/app", "usr/lib"] {
      try FileManager.default.createDirectory(atPath: "\(root)/\(directory)", withIntermediateDirectories: true)
    }
    let busybox = try #require(
      ["/bin/busybox", "/usr/bin/busybox"].first { FileManager.default.isExecutableFile(atPath: $0) })
    try Host.must("cp", busybox, "\(root)/bin/busybox")
    for name in [
      "sh", "echo", "cat", "ls", "id", "stat", "grep", "env", "ln", "mkdir", "rm", "cp", "mv", "touch", "chmod", "find",
      "test", "sleep", "wc", "head", "readlink", "mkfifo", "true", "false", "chown", "hostname", "kill", "dd", "mount",
    ] {
      try FileManager.default.createSymbolicLink(atPath: "\(root)/bin/\(name)", withDestinationPath: "busybox")
    }
    try FileManager.default.createSymbolicLink(atPath: "\(root)/lib", withDestinationPath: "usr/lib")
    Host.write("root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n", to: "\(root)/etc/passwd")
    Host.write("root:x:0:\napp:x:1001:\nstaff:x:50:app\n", to: "\(root)/etc/group")
    try Host.must("chmod", "1777", "\(root)/tmp")
    try Host.must("tar", "-C", root, "--mtime=@1000000000", "--owner=0", "--group=0", "-cf", "\(root).tar", ".")
    try images.must("import", "\(root).tar", "box")
  }

  /// A file of the context.
  func file(_ path: String, _ text: String) throws {
    let full = "\(context)/\(path)"
    try FileManager.default.createDirectory(
      atPath: URL(fileURLWithPath: full).deletingLastPathComponent().path, withIntermediateDirectories: true)
    Host.write(text, to: full)
  }

  /// Builds the context with a Dockerfile; the image is called `made`.
  func build(
    _ dockerfile: String, _ options: String..., environment: [String: String] = [:]
  ) throws -> Outcome {
    try file("Dockerfile", dockerfile)
    return try Host.run(
      images.line(["build", "--progress", "classic", "--tag", "made"] + options + [context]), environment: environment)
  }

  @discardableResult
  func must(
    _ dockerfile: String, _ options: String..., environment: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    try file("Dockerfile", dockerfile)
    let outcome = try Host.run(
      images.line(["build", "--progress", "classic", "--tag", "made"] + options + [context]), environment: environment)
    guard outcome.code == 0 else { throw HostError(description: "build: \(outcome) at \(sourceLocation)") }
    return outcome.output
  }

  /// What a script prints in a container of the image that was built.
  func sh(_ script: String) throws -> String {
    try images.must("run", "--rm", "--image", "made", "sh", "-c", script)
  }

  /// A member of the image's configuration.
  func config(_ filter: String) throws -> String {
    let document = try images.must("inspect", "made")
    let path = "\(images.directory)/inspect.json"
    Host.write(document, to: path)
    return try Host.must("jq", "-c", ".[0].\(filter)", path).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

/// Runs the case with a store, and checks that nothing is left of it, and that every stored byte is what its digest says.
func withBuilds(sourceLocation: SourceLocation = #_sourceLocation, _ body: (BuildStore) throws -> Void) throws {
  try withEmptyStore(sourceLocation: sourceLocation) { images in try body(try BuildStore(images)) }
}

extension Outcome {
  /// How many steps were in the cache.
  var cached: Int { output.components(separatedBy: "---> Using cache").count - 1 }
}
