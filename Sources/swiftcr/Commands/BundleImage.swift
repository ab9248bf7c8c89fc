internal import Arguments
internal import Container
internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// `bundle`: an image as a bundle, for whatever runs bundles.
extension CommandRunner {
  func bundle() throws -> Int32 {
    let source = try ImageSource(values.positionals[0], values, globals)
    try source.prepare()
    let directory = try Self.emptyDirectory(values.positionals[1])
    let name = (try? Reference(parsing: source.name))?.path.split(separator: "/").last.map(String.init)
    var request = try ContainerRequest(
      values, command: Array(values.positionals.dropFirst(2)), hostname: String((name ?? "container").prefix(63)))
    let files = ContainerFiles(request)
    request.files = files.mounts(from: directory)
    let lock = try StoreLock(source.store.layout, .shared)
    let ready = try source.ready()
    try BundleLease.write(ready.image.uses, for: directory, in: source.store.layout)
    let annotations = ContainerRequest.annotations(
      layers: ready.stack.lowers.map(source.store.path), isVolatile: nil)
    let config = try request.config(
      of: ready.image.config, accounts: Accounts(passwd: ready.stack.passwd, group: ready.stack.group),
      annotations: annotations, host: try .detect(withDevices: request.rights.isPrivileged))
    for file in files.all.map({ ($0.name, $0.bytes) }) + [("config.json", config.json.bytes(indent: "\t"))] {
      let path = "\(directory)/\(file.0)"
      let opened = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
      try opened.writeAll(file.1, subject: path)
    }
    _ = consume lock
    return 0
  }

  private static func emptyDirectory(_ path: String) throws -> String {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw SystemError("make directory", path) }
    let directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    guard try Directories.names(in: directory.number, limit: 1 << 16).isEmpty else {
      throw ContainerError("bundle: directory \(path) is not empty")
    }
    guard let resolved = realpath(path, nil) else { throw SystemError("resolve", path) }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
