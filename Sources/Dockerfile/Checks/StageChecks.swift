internal import OCI

extension Dockerfile {
  func checkStageNames(_ list: inout WarningList) {
    var names: Set<String> = []
    for stage in stages {
      guard let name = stage.name else { continue }
      if name == "scratch" || name == "context" {
        list.add(.reservedStageName, "\(name) means something else already", stage)
      }
      if !names.insert(name).inserted {
        list.add(.duplicateStageName, "there is a stage \(name.quotedForMessage()) already", stage)
      }
    }
  }

  func checkDescriptions(_ list: inout WarningList) {
    func check(_ keyword: String, _ names: [String], _ comments: [String], _ place: SourceRange) {
      guard let comment = comments.last, let name = names.first else { return }
      let first = comment.cut(at: " ")?.before ?? comment
      guard !names.contains(first) else { return }
      let example = "# \(names.count == 1 ? name : "NAME") …".quotedForMessage()
      list.add(
        .invalidDefinitionDescription,
        "the comment above \(keyword) is no description, \(example); a blank line between says so", place,
        comments: comments)
    }
    func check(_ instruction: Instruction) {
      guard case .argument(let declarations) = instruction.operation else { return }
      check("ARG", declarations.map(\.name), instruction.comments, instruction.place)
    }
    for instruction in globalArguments { check(instruction) }
    for stage in stages {
      check("FROM", stage.name.map { [$0] } ?? [], stage.comments, stage.place)
      for instruction in stage.instructions { check(instruction) }
    }
  }

  /// FROM lines: what they use, and what becomes of them.
  func checkBases(_ context: CheckContext, _ list: inout WarningList) {
    let expander = Expander(escape: directives.escape)
    let given = globals(context.platformArguments, context.arguments)
    let defaults = globals(context.platformArguments, [:])
    for stage in stages {
      for text in [stage.base, stage.platform].compactMap(\.self) {
        guard let expansion = try? expander.expand(text, { given.values[$0] }) else { continue }
        for name in expansion.undefined where !given.names.contains(name) {
          guard list.accepts(.undefinedArgInFrom, comments: stage.comments) else { break }
          let hint = WarningList.hint(name, among: given.names)
          list.add(.undefinedArgInFrom, "no ARG before FROM declares \(name.quotedForMessage())\(hint)", stage)
        }
      }
      if let expansion = try? expander.expand(stage.base, { defaults.values[$0] }),
        !expansion.used.isEmpty || !expansion.undefined.isEmpty, (try? Reference(parsing: expansion.text)) == nil
      {
        list.add(
          .invalidDefaultArgInFrom,
          "without --build-arg, \(stage.base.quotedForMessage()) is \(expansion.text.quotedForMessage()), no image",
          stage)
      }
      if let text = stage.platform, let expansion = try? expander.expand(text, { given.values[$0] }) {
        checkPlatform(text, expansion, given.values["TARGETPLATFORM"], stage, &list)
      }
    }
  }

  private func checkPlatform(
    _ text: String, _ expansion: Expansion, _ target: String?, _ stage: Stage, _ list: inout WarningList
  ) {
    if expansion.used == ["TARGETPLATFORM"], expansion.undefined.isEmpty, expansion.text == target {
      list.add(.redundantTargetPlatform, "--platform=\(text.quotedForMessage()) is the default", stage)
    }
    guard expansion.used.isEmpty, expansion.undefined.isEmpty, let fixed = Platform(parsing: expansion.text) else {
      return
    }
    // A stage for one platform may well be called after it.
    let name = stage.name ?? ""
    guard !name.contains(fixed.os), !name.contains(fixed.architecture) else { return }
    list.add(
      .fromPlatformFlagConstDisallowed,
      "--platform=\(expansion.text.quotedForMessage()) is the same for every build", stage)
  }

  /// The arguments before the first FROM: their values, and the names of all that are declared.
  func globals(
    _ predefined: [String: String], _ arguments: [String: String]
  ) -> (values: [String: String], names: Set<String>) {
    let expander = Expander(escape: directives.escape)
    var values = predefined
    var names = Set(predefined.keys)
    for instruction in globalArguments {
      guard case .argument(let declarations) = instruction.operation else { continue }
      for declaration in declarations {
        names.insert(declaration.name)
        if let given = arguments[declaration.name] {
          values[declaration.name] = given
        } else if let text = declaration.defaultValue, let value = try? expander.expand(text, { values[$0] }).text {
          // As in a stage's scope: values could double from line to line.
          values[declaration.name] = String(value.unicodeScalars.prefix(1024))
        }
      }
    }
    return (values, names)
  }
}
