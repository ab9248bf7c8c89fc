extension Completion {
  /// One `complete` line for each option, with the command before it as the condition.
  static func fish() -> String {
    """
    # fish completion for swiftcr, made by: swiftcr completion fish
    function __swiftcr_at
        # Succeeds if the command is $argv[1] (empty: there is none yet) and $argv[2] positionals follow it.
        set -l words (commandline --tokenize --cut-at-cursor --current-process)
        set -l command ''
        set -l count 0
        set -l pending ''
        for word in $words[2..]
            if test -n "$pending"
                set pending ''
            else if string match --quiet -- '-*' $word
                contains -- "$command:$word" \(fishValueOptions()); and set pending $word
            else if test -z "$command"
                set command $word
            else
                set count (math $count + 1)
            end
        end
        test "$command" = "$argv[1]"; and begin
            not set --query argv[2]; or test $count = $argv[2]
        end
    end
    function __swiftcr_containers
        set -l words (commandline --tokenize --cut-at-cursor --current-process)
        set -l root
        for index in (seq 2 (count $words))
            switch $words[$index]
                case '--root=*'
                    set root $words[$index]
                case --root
                    set root $words[$index] $words[(math $index + 1)]
            end
        end
        swiftcr $root list --quiet 2>/dev/null
    end

    complete --command swiftcr --no-files
    \(fishLines().joined(separator: "\n"))

    """
  }

  private static func fishLines() -> [String] {
    var lines = CommandTable.globals.map { fishLine("", $0) }
    lines += CommandTable.commands.map {
      "complete --command swiftcr --condition '__swiftcr_at \"\"' --arguments \($0.name) "
        + "--description \(singleQuoted($0.summary))"
    }
    for command in CommandTable.commands {
      lines += options(of: command).map { fishLine(command.name, $0) }
      for (index, positional) in command.positionals.enumerated() {
        let arguments: String
        switch positional.candidates {
        case .nothing: continue
        case .containers: arguments = "(__swiftcr_containers)"
        case .signals: arguments = SignalName.names.joined(separator: " ")
        case .commands: arguments = commandNames.joined(separator: " ")
        case .words(let words): arguments = words.joined(separator: " ")
        }
        lines.append(
          "complete --command swiftcr --condition '__swiftcr_at \(command.name) \(index)' "
            + "--arguments \(singleQuoted(arguments))")
      }
    }
    return lines
  }

  private static func fishLine(_ command: String, _ option: Option) -> String {
    var line = "complete --command swiftcr --condition '__swiftcr_at \(command.isEmpty ? "\"\"" : command)'"
    line += " --long-option \(option.long)"
    if let short = option.short { line += " --short-option \(short)" }
    switch option.value {
    case .flag: break
    case .path("DIR"): line += " --exclusive --arguments '(__fish_complete_directories)'"
    case .path("PATH"): line += " --exclusive"
    case .path: line += " --require-parameter --force-files"
    case .choice(let words): line += " --exclusive --arguments \(singleQuoted(words.joined(separator: " ")))"
    case .text, .number, .amount, .size, .duration: line += " --exclusive"
    }
    return line + " --description \(singleQuoted(option.help))"
  }

  private static func fishValueOptions() -> String {
    let tables = [("", CommandTable.globals)] + CommandTable.commands.map { ($0.name, $0.options) }
    return tables.flatMap { command, options in
      options.filter(\.takesValue).flatMap(spellings).map { "\(command):\($0)" }
    }.joined(separator: " ")
  }
}
