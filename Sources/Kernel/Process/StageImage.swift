internal import CLinux
internal import Glibc

/// An executable file in memory: code at one address, data at another, sealed against every change.
///
/// `/proc/PID/exe` of whoever executes it leads to this file and to nothing on the host (CVE-2019-5736).
public enum StageImage {
  private static let headerSize = 64 + 3 * 56
  /// Code begins behind the headers, at a round place.
  private static let codeOffset = 256
  private static let page = 4096

  /// Lays out an ELF file (System V ABI, "Object Files") with one segment for code and one for data.
  ///
  /// - Parameters:
  ///   - code: position-independent machine code.
  ///   - entry: where in `code` execution begins.
  ///   - codeAddress: where the file's first page is mapped.
  ///   - dataAddress: where `data` is mapped, readable and writable.
  public static func make(
    code: UnsafeRawBufferPointer, entry: UInt64, codeAddress: UInt64, data: [UInt8], dataAddress: UInt64
  ) throws(SystemError) -> Descriptor {
    let dataOffset = (codeOffset + code.count + page - 1) / page * page
    let size = dataOffset + data.count
    var header = ELFWriter()
    header.fileHeader(entry: codeAddress + UInt64(codeOffset) + entry)
    header.segment(type: 1, flags: 5, offset: 0, address: codeAddress, size: UInt64(codeOffset + code.count))
    header.segment(
      type: 1, flags: 6, offset: UInt64(dataOffset), address: dataAddress, size: UInt64(data.count))
    // GNU_STACK without the execute bit.
    header.segment(type: 0x6474_e551, flags: 6, offset: 0, address: 0, size: 0)

    let file = try writable()
    // Written in three pieces at their places: nothing is copied together first.
    try write(header.bytes, to: file, at: 0)
    try code.withMemoryRebound(to: UInt8.self) { (bytes) throws(SystemError) in
      try write(bytes, to: file, at: codeOffset)
    }
    try write(data, to: file, at: dataOffset)
    guard lseek(file.number, 0, SEEK_END) == off_t(size) else { throw SystemError("write stage image") }
    guard clinux_seal(file.number) == 0 else { throw SystemError("seal stage image") }
    return file
  }

  private static func writable() throws(SystemError) -> Descriptor {
    let number = clinux_executable_memfd("swiftcr-stage")
    guard number >= 0 else { throw SystemError("make stage image (vm.memfd_noexec may forbid it)") }
    return Descriptor(adopting: number)
  }

  private static func write(
    _ bytes: some Collection<UInt8>, to file: borrowing Descriptor, at offset: Int
  ) throws(SystemError) {
    let number = file.number
    let written = bytes.withContiguousStorageIfAvailable { buffer in
      pwrite(number, buffer.baseAddress, buffer.count, off_t(offset)) == buffer.count
    }
    guard written == true else { throw SystemError("write stage image") }
  }
}

/// Writes the two kinds of ELF headers that an executable needs.
private struct ELFWriter {
  private(set) var bytes: [UInt8] = []

  mutating func fileHeader(entry: UInt64) {
    #if arch(arm64)
      let machine: UInt16 = 183
    #else
      let machine: UInt16 = 62
    #endif
    bytes += [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    put(UInt16(2))
    put(machine)
    put(UInt32(1))
    put(entry)
    put(UInt64(64))
    put(UInt64(0))
    put(UInt32(0))
    for half in [64, 56, 3, 0, 0, 0] as [UInt16] { put(half) }
  }

  mutating func segment(type: UInt32, flags: UInt32, offset: UInt64, address: UInt64, size: UInt64) {
    put(type)
    put(flags)
    for word in [offset, address, address, size, size, 4096] { put(word) }
  }

  private mutating func put<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }
}
