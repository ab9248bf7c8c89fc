/// The layers that a bundle asks for in its annotations: directories that overlayfs stacks below a fresh upper layer.
public struct LayerRequest: Sendable, Equatable {
  /// Where the container's own layer lives.
  public enum Upper: String, Sendable, CaseIterable {
    /// On disk, below the runtime's own directory.
    case disk
    /// In memory.
    case tmpfs
  }

  /// Bottom first; absolute, or relative to the bundle. Empty when the annotations name none.
  public var directories: [String] = []
  /// `disk` unless said otherwise.
  public var upper = Upper.disk
  /// The most bytes that the container's own layer may take; `nil` is no limit.
  public var size: UInt64?
  /// Whether the layer may be lost in a crash of the host (overlayfs `volatile`); `nil` leaves it to the caller.
  public var volatile: Bool?

  /// As many as overlayfs takes (OVL_MAX_STACK, fs/overlayfs/params.h).
  public static let mostDirectories = 500
  /// The annotation of the directories.
  public static let layersKey = "io.swiftcr.layers"
  private static let optionPrefix = "io.swiftcr.layer."
  private static let upperKey = optionPrefix + "upper"
  private static let sizeKey = optionPrefix + "size"
  static let volatileKey = optionPrefix + "volatile"

  /// A request for `directories`, all else being the default.
  public init(directories: [String] = []) {
    self.directories = directories
  }

  /// What the annotations ask for; `nil` when they ask for nothing.
  ///
  /// - Throws: every fault at once. Options without `io.swiftcr.layers` are none: the command line may name layers.
  public static func load(annotations: [String: String]) throws(SpecFaults) -> LayerRequest? {
    var reader = Reader()
    let request = reader.read(annotations)
    guard reader.faults.isEmpty else { throw SpecFaults(reader.faults) }
    return request
  }

  static func faults(in annotations: [String: String]) -> [Fault] {
    var reader = Reader()
    _ = reader.read(annotations)
    return reader.faults
  }

  /// Bytes, or with `k`, `m` or `g` (of 1024) behind: `65536`, `64k`, `10G`.
  ///
  /// - Returns: `nil` for anything else, for 0 and beyond 64 bits.
  public static func size(_ text: String) -> UInt64? {
    var digits = text.utf8[...]
    var shift: UInt64 = 0
    switch digits.last.map({ $0 | 0x20 }) {
    case UInt8(ascii: "k"): shift = 10
    case UInt8(ascii: "m"): shift = 20
    case UInt8(ascii: "g"): shift = 30
    default: break
    }
    if shift > 0 { digits.removeLast() }
    // `UInt64(_:)` would take a sign as well.
    let areDigits = digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard areDigits, let number = UInt64(Substring(digits)), number > 0 else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    return overflow ? nil : bytes
  }

  private struct Reader {
    var faults: [Fault] = []

    mutating func fault(_ key: String, _ reason: String) {
      guard faults.count < Validator.mostFaults else { return }
      faults.append(Fault(keyPath: "annotations[\(quoted(key))]", reason: reason))
    }

    mutating func read(_ annotations: [String: String]) -> LayerRequest? {
      var keys: [String] = []
      for (key, _) in annotations where key == layersKey || key.hasPrefix(optionPrefix) { keys.append(key) }
      guard !keys.isEmpty else { return nil }
      var request = LayerRequest()
      for key in keys.sorted() {
        let value = annotations[key] ?? ""
        switch key {
        case layersKey: request.directories = directories(value)
        case upperKey:
          let upper = Upper.allCases.first { $0.rawValue == value }
          if upper == nil { fault(key, "expected disk or tmpfs, found \(quoted(value))") }
          request.upper = upper ?? .disk
        case sizeKey:
          request.size = LayerRequest.size(value)
          if request.size == nil {
            fault(key, "expected a number of bytes above 0, or one such as 64m or 10g, found \(quoted(value))")
          }
        case volatileKey:
          request.volatile = value == "true" ? true : value == "false" ? false : nil
          if request.volatile == nil { fault(key, "expected true or false, found \(quoted(value))") }
        default:
          fault(key, "unknown: expected one of \(upperKey), \(sizeKey), \(volatileKey)")
        }
      }
      return request
    }

    private mutating func directories(_ value: String) -> [String] {
      let json: JSON
      do {
        json = try JSON.parse(Array(value.utf8), limit: 4 << 20)
      } catch {
        fault(layersKey, "expected a JSON array of directories: \(error)")
        return []
      }
      guard let elements = json.elements, elements.allSatisfy({ $0.string != nil }) else {
        fault(layersKey, "expected a JSON array of directories")
        return []
      }
      guard (1...mostDirectories).contains(elements.count) else {
        fault(layersKey, "expected 1 to \(mostDirectories) directories, found \(elements.count)")
        return []
      }
      var directories: [String] = []
      for directory in elements.compactMap(\.string) {
        let bytes = directory.utf8
        if bytes.isEmpty || bytes.contains(0) || bytes.count >= Validator.longestPath {
          fault(layersKey, "not a directory's path: \(quoted(directory))")
        } else if directories.contains(directory) {
          // overlayfs refuses one directory in two places (ELOOP), with a message only in the kernel's log.
          fault(layersKey, "\(quoted(directory)) comes twice")
        }
        directories.append(directory)
      }
      return directories
    }
  }
}
