internal import Glibc
public import Kernel

/// A blob in a file, from where its descriptor stands.
public struct FileSource: ByteSource, ~Copyable {
  private let file: Descriptor
  private let name: String

  /// - Parameter name: for messages.
  public init(_ file: consuming Descriptor, name: String = "") {
    self.file = file
    self.name = name
  }

  public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    let count = retrying { Glibc.read(file.number, buffer.baseAddress, buffer.count) }
    guard count >= 0 else { throw LayerError(SystemError("read layer blob", name)) }
    return count
  }
}
