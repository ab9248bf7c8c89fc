extension SystemdProperties {
  /// The device rules in systemd's words: it writes its own over the container's at each reload.
  ///
  /// It knows no rules that deny, so rules that allow by default are none for it; nor one minor number of every driver.
  mutating func add(_ rules: DeviceRules) {
    // As the last word: what systemd adds by itself ("closed") or leaves open ("auto") is not the container's.
    add("DevicePolicy", .string(rules.allowsByDefault ? "auto" : "strict"))
    if rules.allowsByDefault { return }
    let allowed = rules.exceptions.compactMap { exception in
      Self.name(of: exception).map { DBusValue.structure([.string($0), .string(exception.access.text)]) }
    }
    add("DeviceAllow", .array(.structure([.string, .string]), allowed))
  }

  /// systemd.resource-control(5), "DeviceAllow".
  private static func name(of exception: DeviceRules.Exception) -> String? {
    let kind = exception.isBlock ? "block" : "char"
    switch (exception.major, exception.minor) {
    case (nil, nil): return "\(kind)-*"
    case (let major?, nil): return "\(kind)-\(major)"
    case (let major?, let minor?): return "/dev/\(kind)/\(major):\(minor)"
    case (nil, _?): return nil
    }
  }
}
