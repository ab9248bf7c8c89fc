extension Completion {
  /// A function that walks over the words before the cursor, then offers what the table has for that place.
  ///
  /// Container ids come from `swiftcr list`, with the line's own `--root`. They are compared as text, never expanded:
  /// `compgen -W` would run a command that somebody managed to write into an id.
  static func bash() -> String {
    """
    # bash completion for swiftcr, made by: swiftcr completion bash
    _swiftcr() {
      local current=${COMP_WORDS[COMP_CWORD]} command= pending= count=0 ended= word i
      local root=()
      COMPREPLY=()
      for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        # bash makes a word of its own of the sign in --name=value.
        [[ $word == = ]] && continue
        if [[ -n $pending ]]; then
          [[ $command$pending == --root ]] && root=(--root "$word")
          pending=
        elif [[ -z $ended && $word == -- ]]; then
          [[ -n $command ]] && ended=1
        elif [[ -z $ended && $word == -?* ]]; then
          # One dash before a long name is as good as two.
          [[ $word == -[!-]?* ]] && word=-$word
          [[ $command$word == --root=* ]] && root=("$word")
          case $command:$word in
            \(bashValuePatterns())
              pending=$word ;;
          esac
        elif [[ -z $command ]]; then
          command=$word
        else
          count=$((count + 1))
          case $command in
            \(endingCommands())) ended=1 ;;
          esac
        fi
      done
      [[ $current == = ]] && current=

      if [[ -n $pending ]]; then
        case $command:$pending in
    \(bashValueCases())
        esac
        return
      fi
      if [[ -z $ended && $current == -* ]]; then
        case $command in
          '') _swiftcr_words \(words(CommandTable.globals)) ;;
    \(bashOptionCases())
        esac
        return
      fi
      case $command:$count in
        :0) _swiftcr_words \(commandNames.joined(separator: " ")) ;;
    \(bashPositionalCases())
      esac
    }

    _swiftcr_words() {
      local word
      for word; do
        [[ $word == "$current"* ]] && COMPREPLY+=("$word")
      done
    }

    _swiftcr_containers() {
      local id
      while IFS= read -r id; do
        [[ $id == "$current"* ]] && COMPREPLY+=("$id")
      done < <("${COMP_WORDS[0]}" "${root[@]}" list --quiet 2>/dev/null)
    }

    _swiftcr_paths() {
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
    }

    complete -F _swiftcr swiftcr

    """
  }

  /// Each command with its options; the options of the program have an empty command.
  private static var tables: [(command: String, options: [Option])] {
    [("", CommandTable.globals)] + CommandTable.commands.map { ($0.name, options(of: $0)) }
  }

  private static func bashValuePatterns() -> String {
    let patterns = tables.flatMap { table in
      table.options.filter(\.takesValue).flatMap(spellings).map { "\(table.command):\($0)" }
    }
    return patterns.joined(separator: " | ") + ")"
  }

  private static func bashValueCases() -> String {
    tables.flatMap { table in
      table.options.compactMap { option -> String? in
        guard let action = bashAction(option.value) else { return nil }
        let pattern = spellings(option).map { "\(table.command):\($0)" }.joined(separator: " | ")
        return "      \(pattern)) \(action) ;;"
      }
    }.joined(separator: "\n")
  }

  private static func bashAction(_ value: OptionValue) -> String? {
    switch value {
    case .path("DIR"): "_swiftcr_paths -d"
    case .path("PATH"): nil
    case .path: "_swiftcr_paths -f"
    case .choice(let words): "_swiftcr_words " + words.joined(separator: " ")
    case .flag, .text, .number, .amount, .size, .duration: nil
    }
  }

  private static func bashOptionCases() -> String {
    CommandTable.commands.map { "      \($0.name)) _swiftcr_words \(words(options(of: $0))) ;;" }
      .joined(separator: "\n")
  }

  private static func bashPositionalCases() -> String {
    CommandTable.commands.flatMap { command in
      command.positionals.enumerated().compactMap { index, positional -> String? in
        let action: String
        switch positional.candidates {
        case .nothing: return nil
        case .containers: action = "_swiftcr_containers"
        case .signals: action = "_swiftcr_words " + SignalName.names.joined(separator: " ")
        case .commands: action = "_swiftcr_words " + commandNames.joined(separator: " ")
        case .words(let words): action = "_swiftcr_words " + words.joined(separator: " ")
        }
        return "    \(command.name):\(index)) \(action) ;;"
      }
    }.joined(separator: "\n")
  }

  private static func words(_ options: [Option]) -> String {
    options.flatMap(spellings).joined(separator: " ")
  }

  /// The commands after whose first positional somebody else's command line begins.
  private static func endingCommands() -> String {
    CommandTable.commands.filter(\.endsOptionsAtPositional).map(\.name).joined(separator: " | ")
  }
}
