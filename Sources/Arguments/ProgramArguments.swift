extension Invocation {
  /// The arguments after the program's name, exactly.
  ///
  /// `CommandLine.arguments` repairs what is no UTF-8; a path or a variable that was silently changed is not what the
  /// caller asked for, so such an argument is refused.
  package static func programArguments() throws(UsageError) -> [String] {
    var arguments: [String] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let pointer = CommandLine.unsafeArgv[index], let text = String(validatingCString: pointer) else {
        throw UsageError("argument \(index) is not UTF-8")
      }
      arguments.append(text)
    }
    return arguments
  }
}
