extension DockerfileError {
  /// For a terminal: what is wrong and where, then the line, then a mark below the place.
  ///
  ///     Dockerfile:3:1: unknown instruction "RUNN"; did you mean RUN?
  ///     RUNN make
  ///     ^
  ///
  /// - Parameter file: the file's name.
  public func rendered(file: String) -> String {
    var place = file
    if line > 0 { place += ":\(line)" }
    if line > 0, let column { place += ":\(column)" }
    let first = "\(place): \(reason)"
    guard let excerpt else { return first }
    let scalars = Self.shown(excerpt)
    let mark = min(max((column ?? 1) - 1, 0), scalars.count)
    // A window around the place, if the line is long.
    let start = mark <= Self.width - 20 ? 0 : mark - Self.width / 2
    let window = scalars[start...].prefix(Self.width)
    let blanks = String(repeating: " ", count: mark - start)
    return "\(first)\n\(String(window))" + (column == nil ? "" : "\n\(blanks)^")
  }

  /// How much of a line is shown.
  private static let width = 100

  /// A line of a Dockerfile, which may be anybody's: one column for each character, and nothing that a terminal would act
  /// upon.
  public static func shown(_ line: String) -> [Unicode.Scalar] { line.unicodeScalars.map(shown) }

  private static func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.properties.generalCategory {
    case .spaceSeparator: " "
    case .control: scalar == "\t" ? " " : "\u{FFFD}"
    case .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: "\u{FFFD}"
    default: scalar
    }
  }
}
