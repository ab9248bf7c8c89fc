extension ContainerRequest.Rights {
  /// docker's defaults: what programs in containers were found to need.
  static let defaultCapabilities = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
  ]
  private static let all = "ALL"

  /// The bounding set. `ALL` among those to add is everything but what is dropped; among those to drop, nothing but what
  /// is added.
  func capabilities(known: [String]) throws(ContainerRequestError) -> [String] {
    if added.isEmpty, dropped.isEmpty { return Self.defaultCapabilities }
    let add = try Self.normal(added, known)
    let drop = try Self.normal(dropped, known)
    if add.contains(Self.all) { return known.filter { !drop.contains($0) } }
    let base = drop.contains(Self.all) ? [] : Self.defaultCapabilities.filter { !drop.contains($0) }
    var capabilities = base
    for name in add where !capabilities.contains(name) { capabilities.append(name) }
    return capabilities
  }

  private static func normal(_ names: [String], _ known: [String]) throws(ContainerRequestError) -> [String] {
    var normal: [String] = []
    for name in names {
      var upper = name.uppercased()
      if upper != all, !upper.hasPrefix("CAP_") { upper = "CAP_" + upper }
      guard upper == all || known.contains(upper) else {
        throw ContainerRequestError("unknown capability: \(quoted(upper))")
      }
      normal.append(upper)
    }
    return normal
  }
}
