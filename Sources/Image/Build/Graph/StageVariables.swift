internal import Dockerfile
internal import OCI

/// The variables of a stage: what its instructions are expanded with, and what RUN has in its environment.
struct StageVariables: Sendable {
  private let global: GlobalScope
  /// Declared with ARG, in order, with a value or none.
  private(set) var arguments: [(name: String, value: String?)] = []
  /// ENV of the image so far.
  var environment: [String] = []

  /// - Parameter base: what the stage begins with; its arguments are this one's too.
  init(_ global: GlobalScope, _ base: StageState) {
    (self.global, environment, arguments) = (global, base.config.defaults.env, base.arguments)
  }

  /// ENV comes before ARG, whichever was said later.
  func lookup(_ name: String) -> String? {
    for entry in environment.reversed() where entry.hasPrefix("\(name)=") {
      return String(entry.dropFirst(name.utf8.count + 1))
    }
    return arguments.last { $0.name == name }?.value
  }

  /// `ARG NAME[=DEFAULT]`, the default expanded. Without any value, it keeps the one that it has.
  mutating func declare(_ name: String, _ defaultValue: String?) {
    let known = arguments.last { $0.name == name }?.value
    let value = global.given[name] ?? defaultValue ?? global.arguments[name] ?? known
    arguments.removeAll { $0.name == name }
    arguments.append((name, value))
  }

  /// What a RUN has from ARG, sorted: its key and history name them.
  var runArguments: [(name: String, value: String)] {
    let declared = arguments.compactMap { argument in argument.value.map { (argument.name, $0) } }
    return declared.filter { argument in !environment.contains { $0.hasPrefix("\(argument.0)=") } }.sorted {
      $0.0 < $1.0
    }
    .map { (name: $0.0, value: $0.1) }
  }

  /// Of the caller's network, for RUN; in no key and no history unless they were declared.
  var proxies: [String] {
    GlobalScope.proxies.compactMap { name in
      guard let value = global.given[name], !arguments.contains(where: { $0.name == name }) else { return nil }
      return "\(name)=\(value)"
    }
  }
}
