// What can be said about a document without looking at the host: pure, and all of it in one go.

extension Spec {
  /// Every fault of the configuration; empty when it can be run.
  public func validate() -> [Fault] {
    validate(knowsNamespaces: true)
  }

  /// - Parameter knowsNamespaces: false when a namespace could not be read, so that none is said to be missing.
  func validate(knowsNamespaces: Bool) -> [Fault] {
    var validator = Validator()
    validator.spec(self)
    validator.linux(self, knowsNamespaces: knowsNamespaces)
    return validator.faults
  }

  /// What is odd and does no harm, for a warning each.
  public func warnings() -> [Fault] {
    var warnings = process?.warnings(at: "process.") ?? []
    for (index, mount) in mounts.enumerated() where !mount.destination.isAbsolutePath {
      warnings.append(
        Fault(keyPath: "mounts[\(index)].destination", reason: "a relative path is deprecated, taken as relative to /"))
    }
    return warnings
  }
}

extension Process {
  /// Every fault of the process.
  ///
  /// - Parameter prefix: what comes before the names of its properties, `process.` in config.json.
  public func validate(at prefix: String = "") -> [Fault] {
    var validator = Validator()
    validator.process(self, prefix)
    return validator.faults
  }

  /// Capabilities that are not known here, which are ignored as runc does.
  public func warnings(at prefix: String = "") -> [Fault] {
    guard let capabilities else { return [] }
    let sets = [
      ("bounding", capabilities.bounding), ("effective", capabilities.effective),
      ("inheritable", capabilities.inheritable), ("permitted", capabilities.permitted),
      ("ambient", capabilities.ambient),
    ]
    var warnings: [Fault] = []
    for (name, set) in sets {
      for (index, capability) in set.enumerated() where !SpecNames.capabilities.contains(capability) {
        let keyPath = "\(prefix)capabilities.\(name)[\(index)]"
        warnings.append(Fault(keyPath: keyPath, reason: "unknown capability \(quoted(capability)), ignored"))
      }
    }
    return warnings
  }
}

extension Resources {
  /// Every fault of the limits.
  ///
  /// - Parameter prefix: what comes before the names of its properties, `linux.resources.` in config.json.
  public func validate(at prefix: String = "") -> [Fault] {
    var validator = Validator()
    validator.resources(self, prefix)
    return validator.faults
  }
}

/// Gathers faults; messages are only made when there is one.
struct Validator {
  private(set) var faults: [Fault] = []

  /// A hostile document may have a fault in each of millions of elements.
  static let mostFaults = 1000
  /// The kernel's PATH_MAX, with the byte at the end.
  static let longestPath = 4096

  mutating func check(_ isRight: Bool, _ keyPath: @autoclosure () -> String, _ reason: @autoclosure () -> String) {
    if !isRight, faults.count < Self.mostFaults { faults.append(Fault(keyPath: keyPath(), reason: reason())) }
  }

  mutating func take(_ others: [Fault]) {
    faults.append(contentsOf: others)
  }

  mutating func absolute(_ path: String, _ keyPath: @autoclosure () -> String) {
    check(path.isAbsolutePath, keyPath(), "expected an absolute path, found \(quoted(path))")
    short(path, keyPath())
  }

  mutating func short(_ path: String, _ keyPath: @autoclosure () -> String) {
    check(path.utf8.count < Self.longestPath, keyPath(), "longer than \(Self.longestPath - 1) bytes")
  }

  /// -1 as an id means "leave it" to the kernel: setresuid(-1) would keep root.
  mutating func id(_ id: UInt32, _ keyPath: @autoclosure () -> String) {
    check(id != .max, keyPath(), "\(id) is not an id")
  }

  // MARK: The document's first level

  mutating func spec(_ spec: Spec) {
    version(spec.ociVersion)
    if let root = spec.root {
      check(!root.path.isEmpty, "root.path", "required")
      short(root.path, "root.path")
    } else {
      check(false, "root", "required")
    }
    if let process = spec.process { self.process(process, "process.") }
    mounts(spec.mounts, "mounts")
    hooks(spec.hooks)
    check(spec.annotations[""] == nil, "annotations[\"\"]", "a name must not be empty")
    take(LayerRequest.faults(in: spec.annotations))
  }

  private mutating func version(_ version: String) {
    guard !version.isEmpty else { return check(false, "ociVersion", "required") }
    guard let major = majorVersion(version) else {
      return check(false, "ociVersion", "expected a version such as 1.3.0, found \(quoted(version))")
    }
    check(major == 1, "ociVersion", "version \(quoted(version)) is not supported: expected 1.x")
  }

  /// The major number of a semantic version (semver.org 2.0), `nil` when it is none. Byte by byte: `split` and
  /// friends make the runtime build types at every start.
  private func majorVersion(_ version: String) -> UInt64? {
    var numbers: [UInt64] = [0]
    var digits = 0
    var suffix: Int?
    for byte in version.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9") where suffix == nil:
        digits += 1
        numbers[numbers.count - 1] = min(numbers[numbers.count - 1] * 10 + UInt64(byte - UInt8(ascii: "0")), 1 << 32)
      case UInt8(ascii: ".") where suffix == nil:
        guard digits > 0, numbers.count < 3 else { return nil }
        numbers.append(0)
        digits = 0
      case UInt8(ascii: "-") where suffix == nil, UInt8(ascii: "+") where suffix == nil: suffix = 0
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"):
        guard let length = suffix else { return nil }
        suffix = length + 1
      default: return nil
      }
    }
    return numbers.count == 3 && digits > 0 && suffix != 0 ? numbers[0] : nil
  }

  mutating func mounts(_ mounts: [Mount], _ keyPath: String) {
    for (index, mount) in mounts.enumerated() { self.mount(mount, "\(keyPath)[\(index)]") }
  }

  private mutating func mount(_ mount: Mount, _ keyPath: String) {
    check(!mount.destination.isEmpty, "\(keyPath).destination", "required")
    short(mount.destination, "\(keyPath).destination")
    if let source = mount.source { short(source, "\(keyPath).source") }
    if let type = mount.type {
      let isName = type.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ",") }
      check(isName, "\(keyPath).type", "expected the name of a file system, found \(quoted(type))")
    }
    let binds = mount.options.contains("bind") || mount.options.contains("rbind")
    if binds || mount.type == "bind" {
      let isThere = mount.source != nil || mount.options.contains("remount")
      check(isThere, "\(keyPath).source", "required for a bind mount")
    } else if mount.type == nil {
      check(mount.options.contains("remount"), "\(keyPath).type", "required unless options has bind or rbind")
    }
    mappings(mount.uidMappings, "\(keyPath).uidMappings")
    mappings(mount.gidMappings, "\(keyPath).gidMappings")
    if mount.uidMappings.isEmpty != mount.gidMappings.isEmpty {
      let missing = mount.uidMappings.isEmpty ? "uidMappings" : "gidMappings"
      check(false, "\(keyPath).\(missing)", "uidMappings and gidMappings need each other")
    }
  }

  private mutating func hooks(_ hooks: Hooks) {
    self.hooks(hooks.prestart, "prestart")
    self.hooks(hooks.createRuntime, "createRuntime")
    self.hooks(hooks.createContainer, "createContainer")
    self.hooks(hooks.startContainer, "startContainer")
    self.hooks(hooks.poststart, "poststart")
    self.hooks(hooks.poststop, "poststop")
  }

  private mutating func hooks(_ hooks: [Hook], _ moment: String) {
    for (index, hook) in hooks.enumerated() {
      absolute(hook.path, "hooks.\(moment)[\(index)].path")
      if let timeout = hook.timeout {
        check(timeout > 0, "hooks.\(moment)[\(index)].timeout", "expected a number of seconds above 0")
      }
    }
  }

  // MARK: Id maps

  /// The kernel takes 340 lines since 4.15, and neither overlaps nor ids that wrap (map_write, user_namespace.c).
  mutating func mappings(_ mappings: [IDMapping], _ keyPath: String) {
    guard mappings.count <= 340 else { return check(false, keyPath, "more than the kernel's 340 lines") }
    for (index, mapping) in mappings.enumerated() {
      check(mapping.size > 0, "\(keyPath)[\(index)].size", "expected a number above 0")
      for first in [mapping.containerID, mapping.hostID] where first.addingReportingOverflow(mapping.size).overflow {
        check(false, "\(keyPath)[\(index)]", "\(mapping.size) ids from \(first) on end beyond the last id")
      }
      for (earlier, other) in mappings[..<index].enumerated() {
        let inside = overlap(mapping.containerID, other.containerID, mapping.size, other.size)
        let outside = overlap(mapping.hostID, other.hostID, mapping.size, other.size)
        if inside || outside {
          let side = inside ? "containerID" : "hostID"
          check(false, "\(keyPath)[\(index)].\(side)", "the ids overlap those of \(keyPath)[\(earlier)]")
        }
      }
    }
  }

  private func overlap(_ first: UInt32, _ second: UInt32, _ firstSize: UInt32, _ secondSize: UInt32) -> Bool {
    UInt64(first) < UInt64(second) + UInt64(secondSize) && UInt64(second) < UInt64(first) + UInt64(firstSize)
  }
}

extension String {
  var isAbsolutePath: Bool { utf8.first == UInt8(ascii: "/") }

  /// Whether one of the path's components is `..`; in `a..b` none is.
  var climbs: Bool {
    var dots = 0
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "/"):
        if dots == 2 { return true }
        dots = 0
      case UInt8(ascii: ".") where dots >= 0: dots += 1
      default: dots = -1
      }
    }
    return dots == 2
  }
}

extension Dictionary where Key == String {
  /// For messages in an order that does not change; an empty dictionary costs nothing.
  var sortedKeys: [String] { isEmpty ? [] : keys.sorted() }
}
