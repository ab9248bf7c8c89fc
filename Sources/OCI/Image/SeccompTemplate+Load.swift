extension SeccompTemplate {
  /// Reads a profile from a file: docker's form, or the runtime specification's, which is one without conditions.
  ///
  /// - Throws: every fault of the document at once.
  public static func load(_ bytes: [UInt8], limit: Int = JSON.defaultLimit) throws(SpecFaults) -> SeccompTemplate {
    try SpecDecoder.load(bytes, limit: limit, { $0.seccompTemplate($1) }) { _, _ in [] }
  }
}

extension SpecDecoder {
  fileprivate mutating func seccompTemplate(_ json: JSON) -> SeccompTemplate {
    var template = SeccompTemplate()
    members(json) { decoder, key, value in
      switch key {
      case "defaultAction":
        template.base.defaultAction = decoder.name(value, "seccomp action", among: SpecNames.seccompActions) ?? ""
      case "defaultErrnoRet": template.base.defaultErrnoRet = decoder.integer(value)
      case "architectures":
        template.base.architectures = decoder.names(
          value, "seccomp architecture", among: SpecNames.seccompArchitectures)
      case "archMap":
        for (name, others) in decoder.list(value, { $0.subArchitectures($1) }) {
          template.subArchitectures[name] = others
        }
      case "flags":
        template.base.flags = decoder.names(value, "seccomp flag", among: SpecNames.seccompFlags)
        template.base.hasFlags = true
      case "listenerPath": template.base.listenerPath = decoder.text(value)
      case "listenerMetadata": template.base.listenerMetadata = decoder.text(value)
      case "syscalls": template.rules = decoder.list(value) { $0.conditionalRule($1) }
      default: break
      }
    }
    require(["defaultAction"], in: json)
    if !template.base.architectures.isEmpty, !template.subArchitectures.isEmpty {
      fault("both architectures and archMap: use one of them")
    }
    return template
  }

  private mutating func subArchitectures(_ json: JSON) -> (String, [String])? {
    var name = ""
    var others: [String] = []
    members(json) { decoder, key, value in
      switch key {
      case "architecture": name = decoder.string(value) ?? ""
      case "subArchitectures": others = decoder.strings(value)
      default: break
      }
    }
    return (name, others)
  }

  private mutating func conditionalRule(_ json: JSON) -> SeccompTemplate.Rule {
    var json = json
    // Profiles of old have one name each.
    if json["names"] == nil, let name = json["name"], case .object(let members) = json {
      json = .object(members + [JSON.Member("names", .array([name]))])
    }
    var rule = SeccompTemplate.Rule(rule: seccompRule(json))
    members(json) { decoder, key, value in
      switch key {
      case "includes": rule.includes = decoder.condition(value)
      case "excludes": rule.excludes = decoder.condition(value)
      default: break
      }
    }
    return rule
  }

  private mutating func condition(_ json: JSON) -> SeccompTemplate.Condition {
    var condition = SeccompTemplate.Condition()
    members(json) { decoder, key, value in
      switch key {
      case "caps": condition.capabilities = decoder.strings(value)
      case "arches": condition.architectures = decoder.strings(value)
      case "minKernel":
        let numbers = (decoder.string(value) ?? "").split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else {
          return decoder.fault("expected a kernel's first two numbers, such as \"4.8\"")
        }
        condition.minKernel = SeccompTemplate.Kernel(major, minor)
      default: break
      }
    }
    return condition
  }
}
