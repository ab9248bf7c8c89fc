internal import Arguments
internal import Container
internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// An image that a container is made of, in the store by the time that it is needed.
struct ImageSource {
  let name: String
  let store: ImageStore
  private let platform: Platform
  private let values: OptionValues
  private let globals: OptionValues

  /// An image with what a container of it is mounted from.
  struct Ready {
    var image: StoredImage
    var stack: LayerStackFile
  }

  init(_ name: String, _ values: OptionValues, _ globals: OptionValues) throws {
    self.name = name
    self.values = values
    self.globals = globals
    store = try ImageStore(globals)
    if let text = values.value("platform") {
      guard let platform = Platform(parsing: text) else {
        throw UsageError.expected("OS/ARCHITECTURE[/VARIANT]", for: "--platform", found: text)
      }
      self.platform = platform
    } else {
      platform = .host
    }
  }

  /// Pulls the image if it is not there, or if `--pull` says so.
  func prepare() throws {
    let policy = values.value("pull") ?? "missing"
    let isThere = try find() != nil
    if policy == "never" || (policy == "missing" && isThere) { return }
    if !isThere {
      let shown = printable((try? Reference(parsing: name))?.familiar ?? name)
      // docker's line, without a program's name.
      let line = Array("Unable to find image '\(shown)' locally\n".utf8)
      write(STDERR_FILENO, line, line.count)
    }
    var arguments = globals.value("store").map { ["--store", $0] } ?? []
    arguments.append("pull")
    if let platform = values.value("platform") { arguments += ["--platform", platform] }
    try ImageProgram.run(arguments + [name])
  }

  /// `nil` when there is no such image, or nothing to mount it from: another tool has put it there.
  private func find() throws -> Ready? {
    do throws(StoreError) {
      let image = try store.resolve(name, platform: platform)
      return try store.stack(of: image).map { Ready(image: image, stack: $0) }
    } catch {
      if error.isNoImage { return nil }
      throw error
    }
  }

  /// - Throws: when the image is not there.
  func ready() throws -> Ready {
    let image = try store.resolve(name, platform: platform)
    guard let stack = try store.stack(of: image) else {
      throw StoreError("image \(name) is in the store, but not unpacked: run 'swiftcr pull \(name)'")
    }
    return Ready(image: image, stack: stack)
  }
}

extension ImageStore {
  /// The store of the command line.
  init(_ globals: OptionValues) throws(StoreError) {
    if let path = globals.value("store") { try self.init(path: path) } else { try self.init() }
  }
}
