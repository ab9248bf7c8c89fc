/// One entry of a tar archive, whichever of the formats (ustar, PAX, GNU) says it.
public struct TarEntry: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    case file, hardLink, symbolicLink, characterDevice, blockDevice, directory, fifo
  }

  /// Seconds since 1970 and nanoseconds after them, also before 1970.
  public struct Time: Sendable, Equatable {
    public var seconds: Int64
    public var nanoseconds: UInt32

    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
      self.seconds = seconds
      self.nanoseconds = nanoseconds
    }
  }

  /// An extended attribute; its name with the namespace, `security.capability`.
  public struct Attribute: Sendable, Equatable {
    public var name: [UInt8]
    public var value: [UInt8]

    public init(name: [UInt8], value: [UInt8]) {
      self.name = name
      self.value = value
    }
  }

  /// Where data of a sparse file lie; all else reads as zeros.
  public struct Extent: Sendable, Equatable {
    public var offset: UInt64
    public var length: UInt64

    public init(offset: UInt64, length: UInt64) {
      self.offset = offset
      self.length = length
    }
  }

  public var kind: Kind
  /// As the archive has it: bytes in no encoding, perhaps absolute, with `..` or a slash at the end.
  public var path: [UInt8]
  /// Permissions, set-id and sticky bits: 0o7777.
  public var mode: UInt32
  public var uid: UInt32
  public var gid: UInt32
  /// Of the file, in bytes, holes included.
  public var size: UInt64
  public var modified: Time
  /// What a link leads to.
  public var target: [UInt8]
  public var deviceMajor: UInt32
  public var deviceMinor: UInt32
  public var attributes: [Attribute]
  /// `nil` when the file is not sparse: then its data are `size` bytes in one piece.
  public var extents: [Extent]?
  /// Where the entry's data begin in the archive: for forms of a layer that point into it.
  public var dataOffset: UInt64

  public init(
    kind: Kind, path: [UInt8], mode: UInt32 = 0o644, uid: UInt32 = 0, gid: UInt32 = 0, size: UInt64 = 0,
    modified: Time = Time(seconds: 0), target: [UInt8] = [], deviceMajor: UInt32 = 0, deviceMinor: UInt32 = 0,
    attributes: [Attribute] = [], extents: [Extent]? = nil, dataOffset: UInt64 = 0
  ) {
    self.kind = kind
    self.path = path
    self.mode = mode
    self.uid = uid
    self.gid = gid
    self.size = size
    self.modified = modified
    self.target = target
    self.deviceMajor = deviceMajor
    self.deviceMinor = deviceMinor
    self.attributes = attributes
    self.extents = extents
    self.dataOffset = dataOffset
  }
}
