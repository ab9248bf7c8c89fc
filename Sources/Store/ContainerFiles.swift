internal import Glibc
internal import Kernel
public import OCI

/// The files that every container has for itself, with docker's contents: mounted over the image's, so that they are
/// never part of its layer.
public struct ContainerFiles {
  public private(set) var all: [(name: String, place: String, bytes: [UInt8])]

  public init(_ request: ContainerRequest) {
    let isHost = request.network == .host
    let resolver = (try? readFile("/etc/resolv.conf", limit: 1 << 20)) ?? []
    let hosts = isHost ? (try? readFile("/etc/hosts", limit: 1 << 20)) ?? [] : Array(Self.hosts.utf8)
    all = [
      ("hosts", "/etc/hosts", hosts), ("hostname", "/etc/hostname", Array("\(request.hostname)\n".utf8)),
      ("resolv.conf", "/etc/resolv.conf", isHost ? resolver : Self.withoutLoopback(resolver)),
    ]
  }

  /// Names of the container itself and of nobody else, as a build's: the host's are not for what goes into an image.
  public mutating func setOwnHosts(_ request: ContainerRequest) {
    let text = "127.0.0.1\tlocalhost \(request.hostname)\n::1\tlocalhost ip6-localhost ip6-loopback\n"
    for index in all.indices where all[index].name == "hosts" { all[index].bytes = Array(text.utf8) }
  }

  /// Further hosts, as `--add-host` has them.
  public mutating func add(hosts: [(name: String, address: String)]) {
    let lines = hosts.map { "\($0.address)\t\($0.name)\n" }.joined()
    for index in all.indices where all[index].name == "hosts" { all[index].bytes += Array(lines.utf8) }
  }

  /// Where each will be, for the request.
  public func mounts(from directory: String) -> [(destination: String, source: String)] {
    all.map { (destination: $0.place, source: "\(directory)/\($0.name)") }
  }

  private static let hosts = """
    127.0.0.1\tlocalhost
    ::1\tlocalhost ip6-localhost ip6-loopback
    fe00::\tip6-localnet
    ff00::\tip6-mcastprefix
    ff02::1\tip6-allnodes
    ff02::2\tip6-allrouters

    """

  /// A server on the host's loopback is none in another network namespace. Nobody else's is put in its place.
  private static func withoutLoopback(_ bytes: [UInt8]) -> [UInt8] {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let kept = lines.filter { line in
      let words = String(decoding: line, as: UTF8.self).split { $0 == " " || $0 == "\t" }
      guard words.count > 1, words[0] == "nameserver" else { return true }
      return !words[1].hasPrefix("127.") && words[1] != "::1"
    }
    return Array(kept.joined(separator: [UInt8(ascii: "\n")]))
  }
}
