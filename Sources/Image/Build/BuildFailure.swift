internal import Dockerfile
internal import Kernel

/// Why an image was not built: several lines, if it can be shown where in the Dockerfile.
public struct BuildFailure: Error, Sendable, CustomStringConvertible {
  public let reason: String
  /// The lines of the Dockerfile that it is about.
  var place: SourceRange?
  var column: Int?
  /// With the lines shown; set once the Dockerfile is known.
  var shown: String?
  public var isInterruption = false

  init(_ reason: String, at place: SourceRange? = nil) { (self.reason, self.place) = (reason, place) }

  init(_ error: any Error, at place: SourceRange? = nil) {
    switch error {
    case let error as BuildFailure:
      self = error
      if self.place == nil { self.place = place }
    case let error as DockerfileError:
      self.init(error.reason, at: error.line > 0 ? SourceRange(error.line, error.line) : place)
      column = error.column
    default:
      let error = ImageError(error)
      self.init(error.description, at: place)
      isInterruption = error.isInterruption
    }
  }

  public var description: String { shown ?? reason }

  /// The same with the lines that it is about, and a caret if it is known where.
  func shown(in file: String, _ text: [UInt8]) -> BuildFailure {
    guard shown == nil, let place, place.first > 0 else { return self }
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
    var result = "\(file):\(place.first)\(column.map { ":\($0)" } ?? ""): \(reason)"
    // A step of many lines is told by its first ones.
    for number in place.first...max(place.first, min(place.last, place.first + 7)) where number <= lines.count {
      var line = String.UnicodeScalarView()
      line.append(contentsOf: DockerfileError.shown(lines[number - 1]))
      result += "\n  \(number) | \(String(line))"
      if number == place.first, let column {
        let margin = String(repeating: " ", count: "\(number)".count + 3 + column)
        result += "\n  \(margin.dropLast(1))^"
      }
    }
    var failure = self
    failure.shown = result
    return failure
  }
}
