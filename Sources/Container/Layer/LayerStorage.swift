internal import Glibc
internal import Kernel
internal import OCI

/// What holds a container layer's `upper` and `work`.
enum LayerStorage: Sendable, Equatable {
  /// The layer's directory itself, without a limit.
  case directory
  /// A tmpfs; `nil` is the kernel's own limit, half of the memory.
  case tmpfs(size: UInt64?)
  /// A sparse file with an ext4 of this size.
  case image(size: UInt64)

  /// - Throws: for a size that no file system fits in.
  init(_ request: LayerRequest) throws(ContainerError) {
    switch (request.upper, request.size) {
    case (.tmpfs, let size): self = .tmpfs(size: size)
    case (.disk, nil): self = .directory
    case (.disk, let size?):
      guard (LayerImage.least...UInt64(Int64.max)).contains(size) else {
        throw ContainerError(
          "annotation io.swiftcr.layer.size: \(size) bytes: on disk it is at least \(LayerImage.least) "
            + "and at most \(Int64.max); annotation io.swiftcr.layer.upper=tmpfs takes any")
      }
      self = .image(size: size)
    }
  }

  /// Whether it is a file system of its own, attached below the layer's directory until the overlay holds it.
  var isMounted: Bool { self != .directory }

  /// The file system for the layer at `path`; `nil` when it is the directory itself.
  func mount(_ path: String) throws(SystemError) -> DetachedMount? {
    switch self {
    case .directory: nil
    case .tmpfs(let size): try DetachedMount.tmpfs(size: size)
    case .image(let size): try LayerImage.mount("\(path)/image", size: size)
    }
  }
}

/// A file system in a sparse file: takes what the container writes, up to its size.
enum LayerImage {
  /// 1 MiB: below that, the file system's own tables take most of it.
  static let least: UInt64 = 1 << 20

  /// No journal, as the layer is thrown away with its container; tables are zeroed when they are used (the file reads as
  /// zeros anyway); nothing is kept back for root.
  private static let options = [
    "-q", "-F", "-b", "4096", "-m", "0", "-O", "^has_journal,^resize_inode", "-E", "lazy_itable_init=1,nodiscard",
  ]

  /// Makes the file, and mounts it detached. The mount is the only user of the loop device.
  static func mount(_ file: String, size: UInt64) throws(SystemError) -> DetachedMount {
    let image = try Descriptor.open(file, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    guard ftruncate(image.number, off_t(size & ~4095)) == 0 else {
      throw SystemError("make container layer of \(size) bytes", file)
    }
    do throws(SystemError) {
      _ = try HostProgram.output("mkfs.ext4", options + [file])
    } catch {
      guard error.errno == .noEntry else { throw error }
      throw .refusal(
        "a size limit on disk needs mkfs.ext4, which is not found: install e2fsprogs, or keep the layer in memory with "
          + "annotation io.swiftcr.layer.upper=tmpfs")
    }
    let device: LoopDevice
    do throws(SystemError) {
      device = try LoopDevice(over: file)
    } catch {
      throw .refusal(
        "a size limit on disk needs a loop device: \(error): annotation io.swiftcr.layer.upper=tmpfs keeps it in memory"
      )
    }
    return try device.mountExt4()
  }
}
