internal import Glibc
internal import Kernel
internal import Layers
internal import Synchronization

/// Which forms of layers this host can use.
enum LayerForms {
  /// What the kernel said of the store's directory; asked once.
  private static let isMountable = Mutex<Bool?>(nil)

  /// `SWIFTCR_LAYERS=dir|erofs`: the form that all new layers get; without it, each the one that suits it and the host.
  static let wanted = getenv("SWIFTCR_LAYERS").flatMap { LayerRecord.Form(rawValue: String(cString: $0)) }

  /// Whether layers that are made in a directory can be mounted: only root may, and files without a loop device only
  /// since Linux 6.12.
  ///
  /// - Throws: when `SWIFTCR_LAYERS` wants what cannot be.
  static func mayMount(in directory: String) throws(LayerError) -> Bool {
    if wanted == .directory { return false }
    let mayMount = isMountable.withLock { known in
      let answer = known ?? ErofsProbe.isMountable(in: directory)
      known = answer
      return answer
    }
    if wanted == .filesystem, !mayMount { throw LayerError("this host cannot mount it, and SWIFTCR_LAYERS is erofs") }
    return mayMount
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
