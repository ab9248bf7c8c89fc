internal import CLinux
internal import Glibc

/// Extended attributes of files that are named in an open directory: no link is followed, nothing is opened.
public enum ExtendedAttributes {
  /// The names that a file has, in the order of their bytes; none where the file system has none at all.
  ///
  /// - Parameter name: one component, ended with a zero byte; `.` for the directory itself.
  public static func names(of name: [CChar], in directory: CInt) throws(SystemError) -> [[UInt8]] {
    let list = try bytes(.init("list extended attributes of", text(name))) { buffer, size in
      clinux_list_xattrs_at(directory, name, buffer?.assumingMemoryBound(to: CChar.self), size)
    }
    let names = (list ?? []).split(separator: 0).map(Array.init)
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// The value of an attribute; nil if the file has none of that name.
  public static func value(of attribute: [UInt8], _ name: [CChar], in directory: CInt) throws(SystemError) -> [UInt8]? {
    let key = attribute.map { CChar(bitPattern: $0) } + [0]
    return try bytes(.init("read extended attribute of", text(name))) { buffer, size in
      clinux_get_xattr_at(directory, name, key, buffer, size)
    }
  }

  /// Asks for as many bytes as there may be, again when there are more meanwhile.
  private static func bytes(
    _ failure: @autoclosure () -> SystemError, _ call: (UnsafeMutableRawPointer?, Int) -> Int64
  ) throws(SystemError) -> [UInt8]? {
    var size = 512
    while true {
      var result: Int64 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        result = retrying { call(UnsafeMutableRawPointer(buffer.baseAddress), size) }
        count = Int(max(0, result))
      }
      if result >= 0 { return bytes }
      switch errno {
      case ENODATA, EOPNOTSUPP: return nil
      // The kernel has no more than 64 KiB of either.
      case ERANGE where size < 65536: size = 65536
      default: throw failure()
      }
    }
  }

  private static func text(_ name: [CChar]) -> String {
    String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
