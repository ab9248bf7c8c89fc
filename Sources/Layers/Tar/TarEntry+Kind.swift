extension TarEntry.Kind {
  /// The type of a ustar header.
  var typeFlag: UInt8 {
    switch self {
    case .file: UInt8(ascii: "0")
    case .hardLink: UInt8(ascii: "1")
    case .symbolicLink: UInt8(ascii: "2")
    case .characterDevice: UInt8(ascii: "3")
    case .blockDevice: UInt8(ascii: "4")
    case .directory: UInt8(ascii: "5")
    case .fifo: UInt8(ascii: "6")
    }
  }

  /// `S_IFMT` of a file's mode; a hard link has none of its own.
  var fileFormat: UInt16 {
    switch self {
    case .file, .hardLink: 0o100000
    case .symbolicLink: 0o120000
    case .characterDevice: 0o020000
    case .blockDevice: 0o060000
    case .directory: 0o040000
    case .fifo: 0o010000
    }
  }
}
