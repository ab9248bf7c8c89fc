internal import Glibc
internal import Kernel
internal import OCI
internal import Registry

internal import struct Crypto.SHA256

/// ADD of an address of the web: one file, 0600, with the time that the server says.
struct WebSource {
  private let session: BuildSession
  /// 8 GiB.
  private static let largest: Int64 = 8 << 30

  init(_ session: BuildSession) { self.session = session }

  func fetch(_ address: String, checksum: Digest?) throws -> RemoteSource.Fetched {
    let directory = session.newPath("fetched")
    guard mkdir(directory, 0o700) == 0 else { throw SystemError("make", directory) }
    let path = address.prefix { $0 != "?" && $0 != "#" }.split(separator: "/")
    guard path.count > 2, let last = path.last, last != ".", last != ".." else {
      throw BuildFailure("ADD \(address): its path ends with no name for the file")
    }
    let name = String(last)
    let interruption = session.interruption
    session.observer.report(.doing("get \(address)"))
    let head = try Gate<WebFile.Head>.wait {
      let configuration = try RegistryConfiguration.load(environment: [:])
      let file = try Descriptor.open("\(directory)/\(name)", O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
      return try await WebFile.fetch(address, configuration, limit: Self.largest) { bytes in
        try interruption.check()
        try file.writeAll(bytes, subject: name)
      }
    }
    try check("\(directory)/\(name)", address, checksum)
    let seconds = head.lastModified.flatMap { WebDate.seconds($0) } ?? 0
    let time = timespec(tv_sec: Int(seconds), tv_nsec: 0)
    _ = utimensat(workingDirectory, "\(directory)/\(name)", [time, time], 0)
    return RemoteSource.Fetched(directory: directory, file: name, name: address)
  }

  private func check(_ path: String, _ address: String, _ checksum: Digest?) throws {
    guard let checksum else { return }
    guard checksum.algorithm == .sha256 else { throw BuildFailure("ADD --checksum: expected sha256:…") }
    let file = try Descriptor.open(path, O_RDONLY)
    var hash = SHA256()
    let number = file.number
    while true {
      let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
        count = max(0, retrying { read(number, buffer.baseAddress, buffer.count) })
      }
      if bytes.isEmpty { break }
      hash.update(data: bytes)
    }
    let found = Digest(sha256: hash.finalize())
    guard found == checksum else {
      throw BuildFailure("ADD \(address): its digest is \(found) where \(checksum) is expected")
    }
  }
}

/// `Last-Modified` (RFC 9110): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum WebDate {
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// Since 1970; `nil` for other forms.
  static func seconds(_ text: String) -> Int64? {
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: words[2]) else { return nil }
    let number = month + 1
    return Timestamp(parsing: "\(words[3])-\(number < 10 ? "0" : "")\(number)-\(words[1])T\(words[4])Z")?.seconds
  }
}
