internal import Glibc
internal import Kernel
internal import Layers
internal import Synchronization

/// Which forms of layers this host can use.
enum LayerForms {
  private static let hasFailed = Mutex(false)

  /// `SWIFTCR_LAYERS=dir|erofs`: the form that all new layers get; without it, each the one that suits it and the host.
  static let wanted = getenv("SWIFTCR_LAYERS").flatMap { LayerRecord.Form(rawValue: String(cString: $0)) }

  /// Whether it is worth trying: only root may mount, and files without a loop device only since Linux 6.12.
  static var mayMount: Bool {
    if let wanted { return wanted == .filesystem }
    return Caller.current.uid == 0 && !Caller.current.isRootless && !hasFailed.withLock { $0 }
      && (KernelVersion.running.map { $0 >= KernelVersion(6, 12) } ?? false)
  }

  /// Mounts it, attached nowhere, for a moment. A kernel may be built without EROFS: then nothing is tried any more.
  static func canMount(_ file: String) -> Bool {
    if (try? DetachedMount.erofs(file: file)) != nil { return true }
    hasFailed.withLock { $0 = true }
    return false
  }
}

/// A part of an open file.
struct FileRangeSource: ByteSource, ~Copyable {
  private let file: CInt
  private var offset: UInt64
  private var rest: UInt64

  /// - Parameter file: stays open as long as this is used.
  init(_ file: borrowing Descriptor, from offset: UInt64, count: UInt64) {
    self.file = file.number
    self.offset = offset
    rest = count
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    let wanted = min(buffer.count, Int(clamping: rest))
    if wanted == 0 { return 0 }
    let (file, offset) = (file, offset)
    let count = retrying { pread(file, buffer.baseAddress, wanted, off_t(offset)) }
    guard count > 0 else { throw LayerError(SystemError("read layer archive")) }
    self.offset += UInt64(count)
    rest -= UInt64(count)
    return count
  }
}
