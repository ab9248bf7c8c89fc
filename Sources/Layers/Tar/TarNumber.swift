/// Numbers as the headers of tar have them.
enum TarNumber {
  /// A numeric field of a header block: octal digits among spaces and zeros, or base-256 (GNU), marked by the first bit.
  ///
  /// - Returns: `nil` for anything else, and for what 64 bits do not hold.
  static func field(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard let first = bytes.first, first & 0x80 != 0 else { return octal(bytes) }
    let inversion: UInt8 = first & 0x40 == 0 ? 0 : 0xff
    var value: UInt64 = 0
    for index in bytes.indices {
      let byte = index == bytes.startIndex ? (first ^ inversion) & 0x7f : bytes[index] ^ inversion
      guard value >> 56 == 0 else { return nil }
      value = value << 8 | UInt64(byte)
    }
    guard let magnitude = Int64(exactly: value) else { return nil }
    return inversion == 0 ? magnitude : ~magnitude
  }

  private static func octal(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    var index = bytes.startIndex
    while index < bytes.endIndex, isBlank(bytes[index]) { index += 1 }
    var value: UInt64 = 0
    while index < bytes.endIndex, bytes[index] & 0xf8 == 0x30 {
      guard value >> 60 == 0 else { return nil }
      value = value << 3 | UInt64(bytes[index] & 7)
      index += 1
    }
    guard index == bytes.endIndex || isBlank(bytes[index]) else { return nil }
    return Int64(exactly: value)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0 || byte == UInt8(ascii: " ") }

  /// A decimal number without a sign, as in the records of PAX.
  static func decimal(_ bytes: some Collection<UInt8>) -> UInt64? {
    guard !bytes.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in bytes {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isTooLargeNow) = tens.addingReportingOverflow(UInt64(byte - 0x30))
      guard !isTooLarge, !isTooLargeNow else { return nil }
      value = sum
    }
    return value
  }

  /// A time of PAX: seconds with a sign and a fraction of any length, of which nine digits are kept.
  static func time(_ bytes: [UInt8]) -> TarEntry.Time? {
    let isNegative = bytes.first == UInt8(ascii: "-")
    let parts = bytes.dropFirst(isNegative ? 1 : 0).split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, let magnitude = decimal(whole), let seconds = Int64(exactly: magnitude) else {
      return nil
    }
    var nanoseconds: UInt32 = 0
    if parts.count == 2 {
      guard parts[1].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
      for place in 0..<9 {
        let digit = place < parts[1].count ? parts[1][parts[1].startIndex + place] - 0x30 : 0
        nanoseconds = nanoseconds * 10 + UInt32(digit)
      }
    }
    guard isNegative else { return TarEntry.Time(seconds: seconds, nanoseconds: nanoseconds) }
    if nanoseconds == 0 { return TarEntry.Time(seconds: -seconds) }
    return TarEntry.Time(seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
  }
}
