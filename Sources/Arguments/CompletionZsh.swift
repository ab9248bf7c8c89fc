extension Completion {
  /// One `_arguments` call for the program and one for each command.
  static func zsh() -> String {
    """
    #compdef swiftcr
    # zsh completion for swiftcr, made by: swiftcr completion zsh
    _swiftcr() {
      local curcontext=$curcontext state line
      local -A opt_args
      _arguments -C \\
    \(zshOptions(CommandTable.globals))
        '1:command:_swiftcr_commands' '*::arguments:->arguments'
      [[ $state == arguments ]] || return
      # The next _arguments forgets the options of this one.
      local -a root
      [[ -n ${opt_args[--root]} ]] && root=(--root "${(Q)opt_args[--root]}")
      case $line[1] in
    \(zshCases())
      esac
    }

    _swiftcr_commands() {
      local -a commands=(
    \(CommandTable.commands.map { "    " + singleQuoted("\($0.name):\($0.summary)") }.joined(separator: "\n"))
      )
      _describe command commands
    }

    _swiftcr_containers() {
      local -a ids=(${(f)"$(swiftcr $root list --quiet 2>/dev/null)"})
      compadd -a ids
    }

    compdef _swiftcr swiftcr

    """
  }

  private static func zshCases() -> String {
    CommandTable.commands.map { command in
      var specifications = command.positionals.enumerated().map { index, positional in
        let place = positional.variadic ? "*" : "\(index + 1)"
        return "      " + singleQuoted("\(place):\(zshEscaped(positional.name)):\(zshAction(positional.candidates))")
      }
      specifications.insert(zshOptions(options(of: command)).trimmingContinuation, at: 0)
      let flags = command.endsOptionsAtPositional ? "-A '-*' " : ""
      return "    \(command.name)) _arguments \(flags)\\\n"
        + specifications.joined(separator: " \\\n") + " ;;"
    }.joined(separator: "\n")
  }

  /// A line for each option, all of them continued.
  private static func zshOptions(_ options: [Option]) -> String {
    options.map { option in
      let names = spellings(option)
      let exclusions = option.repeats ? "*" : "(\(names.joined(separator: " ")))"
      var explanation = "[\(zshEscaped(option.help))]"
      switch option.value {
      case .flag: break
      case .path("DIR"): explanation += ":DIR:_files -/"
      case .path("PATH"): explanation += ":PATH: "
      case .path(let name): explanation += ":\(name):_files"
      case .choice(let words): explanation += ":value:(\(words.joined(separator: " ")))"
      case .text(let name), .number(let name, _), .amount(let name, _), .size(let name), .duration(let name):
        explanation += ":\(zshEscaped(name)): "
      }
      let forms = names.map { name in
        let sign = option.takesValue && name.hasPrefix("--") ? "=" : ""
        return singleQuoted(exclusions + name + sign + explanation)
      }
      return "      " + forms.joined(separator: " ") + " \\"
    }.joined(separator: "\n")
  }

  private static func zshAction(_ candidates: Positional.Candidates) -> String {
    switch candidates {
    case .nothing: " "
    case .containers: "_swiftcr_containers"
    case .signals: "(\(SignalName.names.joined(separator: " ")))"
    case .commands: "_swiftcr_commands"
    case .words(let words): "(\(words.joined(separator: " ")))"
    }
  }

  /// Colons and brackets separate the parts of a specification.
  private static func zshEscaped(_ text: String) -> String {
    var result = ""
    for character in text {
      if character == ":" || character == "[" || character == "]" { result += "\\" }
      result.append(character)
    }
    return result
  }
}

extension String {
  /// Without the backslash that continues the last line.
  fileprivate var trimmingContinuation: String { hasSuffix(" \\") ? String(dropLast(2)) : self }
}
