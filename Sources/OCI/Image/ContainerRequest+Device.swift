extension ContainerRequest.Host {
  /// A device node of the host.
  public struct Device: Sendable, Equatable {
    public var path: String
    public var isBlock: Bool
    public var major: UInt32
    public var minor: UInt32
    public var mode: UInt32
    public var uid: UInt32
    public var gid: UInt32

    public init(path: String, isBlock: Bool, major: UInt32, minor: UInt32, mode: UInt32, uid: UInt32, gid: UInt32) {
      self.path = path
      self.isBlock = isBlock
      self.major = major
      self.minor = minor
      self.mode = mode
      self.uid = uid
      self.gid = gid
    }

    var json: JSON {
      .object([
        JSON.Member("path", .string(path)), JSON.Member("type", .string(isBlock ? "b" : "c")),
        JSON.Member("major", .integer(Int64(major))), JSON.Member("minor", .integer(Int64(minor))),
        JSON.Member("fileMode", .integer(Int64(mode))), JSON.Member("uid", .integer(Int64(uid))),
        JSON.Member("gid", .integer(Int64(gid))),
      ])
    }
  }
}
