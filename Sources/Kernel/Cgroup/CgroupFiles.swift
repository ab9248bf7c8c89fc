internal import Glibc

/// The files of one of a container's cgroup directories, read as numbers. A file that is not there has none: most are
/// options of the kernel.
struct CgroupFiles {
  /// nil if there is no such file.
  let read: (_ file: String) throws(SystemError) -> [UInt8]?

  init(read: @escaping (_ file: String) throws(SystemError) -> [UInt8]?) { self.read = read }

  /// The files of a host directory.
  init(_ directory: String) {
    read = { (file) throws(SystemError) in
      do throws(SystemError) {
        return try readFile("\(directory)/\(file)", limit: 4 << 20)
      } catch {
        // PSI can be compiled in and switched off: its files are there, and cannot be read.
        if Cgroup.isGone(error.errno) || error.errno == .notSupported { return nil }
        throw error
      }
    }
  }

  func has(_ file: String) throws(SystemError) -> Bool { try read(file) != nil }

  /// The words of each line.
  func lines(_ file: String) throws(SystemError) -> [[String]] {
    guard let bytes = try read(file) else { return [] }
    return bytes.split(separator: UInt8(ascii: "\n")).map { line in
      line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// The one number that a file has; `max` is the largest.
  func number(_ file: String) throws(SystemError) -> UInt64 {
    guard let word = try lines(file).first?.first else { return 0 }
    return word == "max" ? .max : UInt64(word) ?? 0
  }

  /// `NAME NUMBER` on each line.
  func pairs(_ file: String) throws(SystemError) -> [String: UInt64] {
    var pairs: [String: UInt64] = [:]
    for line in try lines(file) where line.count == 2 { pairs[line[0]] = UInt64(line[1]) }
    return pairs
  }

  /// All numbers of a file.
  func numbers(_ file: String) throws(SystemError) -> [UInt64] {
    try lines(file).flatMap { $0 }.compactMap { UInt64($0) }
  }

  /// A list such as `0-2,7`. More than the kernel could have CPUs or nodes is no list.
  func list(_ file: String) throws(SystemError) -> [UInt16] {
    guard let word = try lines(file).first?.first else { return [] }
    var numbers: [UInt16] = []
    for part in word.split(separator: ",") {
      let ends = part.split(separator: "-").compactMap { UInt16($0) }
      guard let first = ends.first, let last = ends.last, first <= last, numbers.count <= 1 << 16 else { return [] }
      numbers += Array(first...last)
    }
    return numbers
  }
}
