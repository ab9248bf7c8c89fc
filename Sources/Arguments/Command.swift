/// What an option takes after its name.
enum OptionValue {
  /// Nothing: given or not, also `--detach=false`.
  case flag
  /// Any text, the empty one too: what it means is for the command to judge.
  case text(String)
  /// A path. The placeholder tells the completion what to offer: directories for `DIR`, nothing for `PATH`, which is one
  /// in the container, else files. An empty path counts as not given, as in runc, so that scripts may pass a variable
  /// that is not set.
  case path(String)
  /// A decimal number within bounds.
  case number(String, ClosedRange<Int>)
  /// As `number`, but an empty text counts as not given: scripts pass a variable that may not be set.
  case amount(String, ClosedRange<Int>)
  /// A number of bytes such as `64M`; -1 is "unlimited", and an empty text counts as not given.
  case size(String)
  /// A time such as `5s` or `1m30s`, more than none.
  case duration(String)
  /// One word of a list; the first is the default.
  case choice([String])

  /// How help shows the value; nil for a flag.
  var placeholder: String? {
    switch self {
    case .flag: nil
    case .text(let name), .path(let name), .number(let name, _), .amount(let name, _), .size(let name),
      .duration(let name):
      name
    case .choice(let words): words.joined(separator: "|")
    }
  }
}

/// The headings under which help lists a command's options.
enum OptionGroup: CaseIterable {
  case general, image, process, security, streams, engine

  var title: String {
    switch self {
    case .general: "Options"
    case .image: "A container of an image"
    case .process: "Process"
    case .security: "Identity and rights"
    case .streams: "Terminal and descriptors"
    case .engine: "For container engines"
    }
  }
}

/// One option of a command, or of the program.
struct Option {
  let long: String
  let short: Character?
  let value: OptionValue
  /// Whether each further use adds a value; otherwise the last one wins.
  let repeats: Bool
  let group: OptionGroup
  let help: String

  init(
    _ long: String, _ short: Character?, _ value: OptionValue, repeats: Bool = false,
    in group: OptionGroup = .general, _ help: String
  ) {
    self.long = long
    self.short = short
    self.value = value
    self.repeats = repeats
    self.group = group
    self.help = help
  }

  /// A flag without a short form.
  init(_ flag: String, in group: OptionGroup = .general, _ help: String) {
    self.init(flag, nil, .flag, in: group, help)
  }

  /// A flag with a short form.
  init(_ flag: String, _ short: Character, in group: OptionGroup = .general, _ help: String) {
    self.init(flag, short, .flag, in: group, help)
  }

  var takesValue: Bool {
    if case .flag = value { false } else { true }
  }

  /// Whether the name, without its dashes, means this option: `bundle` and `b` alike, as Go's flag package has it.
  func answers(to name: Substring) -> Bool {
    if name == long { return true }
    guard let short, let first = name.first else { return false }
    return first == short && name.utf8.count == 1
  }
}

/// One argument that is not an option.
struct Positional {
  /// What the completion can offer.
  enum Candidates {
    case nothing, containers, signals, commands
    /// One word of a list, and nothing else.
    case words([String])
  }

  let name: String
  var required = true
  /// Whether it stands for any number of arguments.
  var variadic = false
  var candidates: Candidates = .nothing

  /// `<container-id>`, `[signal]`, `[args...]`: as usage lines show it.
  var usage: String {
    let name = variadic ? self.name + "..." : self.name
    return required ? "<\(name)>" : "[\(name)]"
  }
}

/// The headings under which help lists the commands.
enum CommandGroup: CaseIterable {
  case containers, images, processes, limits, information, host

  var title: String {
    switch self {
    case .containers: "Containers"
    case .images: "Images and layers"
    case .processes: "Processes in a container"
    case .limits: "Limits and their use"
    case .information: "Information"
    case .host: "Host"
    }
  }
}

/// One command: what parsing, help and completion know about it.
package struct Command {
  package let name: String
  let group: CommandGroup
  /// As people write it: `image verify` is `image-verify` in the table, and to the shells' completion.
  var spelling: String {
    for word in ["image-", "layer-"] where name.hasPrefix(word) {
      return word.dropLast() + " " + name.dropFirst(word.count)
    }
    return name
  }
  /// Whether `swiftcr-image` carries it out.
  package var isOfImages: Bool { group == .images }
  /// A few words, for lists of commands.
  let summary: String
  /// More, for the command's own help: paragraphs are separated by a newline.
  var details = ""
  var positionals: [Positional] = []
  var options: [Option] = []
  /// Whether everything from the first positional on is left alone: it is the command line of somebody else.
  var endsOptionsAtPositional = false
  /// What it takes with one of its options.
  var variant: CommandVariant?
  /// Whether short flags may be written together, `-it`: docker's users do, runc's syntax has none.
  var clustersFlags = false
}

/// Another form of a command: an option that changes what its other arguments are.
struct CommandVariant {
  /// The option's long name.
  let option: String
  let positionals: [Positional]
  var endsOptionsAtPositional = false
  /// Options that have no meaning in this form.
  var excludes: [String] = []
  /// Options that have a meaning in this form only.
  var group: OptionGroup
}
