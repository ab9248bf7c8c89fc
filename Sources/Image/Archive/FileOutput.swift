internal import Glibc
internal import Kernel
internal import Layers

/// An open file or pipe that bytes are written to.
final class FileOutput: ByteSink {
  private let descriptor: CInt

  init(_ descriptor: CInt) { self.descriptor = descriptor }

  func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = retrying { Glibc.write(descriptor, rest.baseAddress, rest.count) }
      guard count >= 0 else { throw LayerError(SystemError("write archive")) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }
}
