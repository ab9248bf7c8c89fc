internal import Dockerfile
internal import OCI

/// The instructions that change the configuration and no file.
extension StageBuilder {
  /// - Returns: the line of the history, in BuildKit's form.
  func configure(_ instruction: Instruction) throws -> String {
    switch instruction.operation {
    case .argument(let declarations): return "ARG " + (try declare(declarations)).joined(separator: " ")
    case .maintainer(let name):
      state.config.author = name
      return "MAINTAINER \(name)"
    case .command: setsCommand = true
    // The base's command was for the base's entrypoint.
    case .entrypoint where !setsCommand: state.config.defaults.cmd = nil
    default: break
    }
    let variables = variables
    let line = try state.config.defaults.apply(
      instruction.operation, ImageDefaults.Variables(expander: expander) { variables.lookup($0) })
    self.variables.environment = state.config.defaults.env
    return line ?? ""
  }

  private func declare(_ declarations: [ArgumentDeclaration]) throws -> [String] {
    var texts: [String] = []
    for declaration in declarations {
      let name = try expand(declaration.name)
      let value = try declaration.defaultValue.map { try expand($0) }
      variables.declare(name, value)
      let known = variables.arguments.last { $0.name == name }?.value
      texts.append(known.map { "\(name)=\($0)" } ?? name)
    }
    return texts
  }
}
