internal import Glibc
package import Kernel
internal import OCI

/// Where messages go: to the log file, if there is one, in the form that engines read back, and errors always as one line
/// to standard error. As runc does: engines search either for the reason.
package final class Log: Sendable {
  package enum Format { case text, json }

  enum Level: String {
    case debug, warning, error
  }

  /// Keeps the file open; its number is apart, as an optional without copies cannot be looked into here.
  private let owner: Descriptor?
  private let file: CInt?
  private let format: Format
  package let debugs: Bool
  private let standardError: CInt

  /// Opens the file at once: a log that cannot be written is an error before anything happens.
  init(
    file path: String?, format: Format, debugs: Bool, standardError: CInt = STDERR_FILENO
  ) throws(SystemError) {
    if let path {
      // A terminal must not become the controlling one of a process that has none.
      let descriptor = try Descriptor.open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, mode: 0o644)
      file = descriptor.number
      owner = consume descriptor
    } else {
      owner = nil
      file = nil
    }
    self.format = format
    self.debugs = debugs
    self.standardError = standardError
  }

  /// As the global options say.
  package convenience init(_ globals: OptionValues) throws(SystemError) {
    try self.init(
      file: globals.value("log"), format: globals.value("log-format") == "json" ? .json : .text,
      debugs: globals.flag("debug"))
  }

  private init(standardError: CInt) {
    owner = nil
    file = nil
    format = .text
    debugs = false
    self.standardError = standardError
  }

  /// For an error before there is a log, or about the log.
  package static func toStandardError(_ message: String) { Log(standardError: STDERR_FILENO).error(message) }

  package func error(_ message: String) { log(.error, message) }

  package func warning(_ message: String) { log(.warning, message) }

  /// A step, with `--debug` only: otherwise the message is not even made.
  package func debug(_ message: @autoclosure () -> String) {
    if debugs { log(.debug, message()) }
  }

  private func log(_ level: Level, _ message: String) {
    let message = bounded(message)
    if let file {
      write(LogLine.file(level, message, format, at: .thisSecond), to: file)
      if level == .error { write(LogLine.terminal(level, message), to: standardError) }
    } else if format == .json {
      write(LogLine.file(level, message, format, at: .thisSecond), to: standardError)
    } else {
      write(LogLine.terminal(level, message), to: standardError)
    }
  }

  /// One write for a line: several runtimes may append to the same file. That it fails cannot be reported anywhere.
  private func write(_ line: String, to descriptor: CInt) {
    var line = line
    line.withUTF8 { bytes in
      _ = retrying { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
    }
  }

  /// Names in a config.json may be as long as the file: nobody reads on after this many bytes.
  private static let limit = 32 << 10

  private func bounded(_ message: String) -> String {
    guard message.utf8.count > Self.limit else { return message }
    var end = message.utf8.index(message.startIndex, offsetBy: Self.limit)
    while end.samePosition(in: message.unicodeScalars) == nil { end = message.utf8.index(before: end) }
    return message[..<end] + " ..."
  }
}

/// The forms of a line.
enum LogLine {
  /// `swiftcr: message`: for people.
  static func terminal(_ level: Log.Level, _ message: String) -> String {
    let kind = level == .error ? "" : level.rawValue + ": "
    return "\(CommandTable.program): \(kind)\(printable(message))\n"
  }

  /// The line that logrus, runc's logger, writes: go-runc reads the JSON form back and shows the last error.
  static func file(_ level: Log.Level, _ message: String, _ format: Log.Format, at time: Timestamp) -> String {
    switch format {
    case .text:
      "time=\"\(time)\" level=\(level.rawValue) msg=\(textValue(message))\n"
    case .json:
      "{\"level\":\"\(level.rawValue)\",\"msg\":\(json(message)),\"time\":\"\(time)\"}\n"
    }
  }

  /// logrus quotes only values that have other letters than these.
  static func textValue(_ text: String) -> String {
    let plain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "^"), UInt8(ascii: "+"):
        true
      default: false
      }
    }
    return plain ? text : quoted(text)
  }

  static func json(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20: result += "\\u" + hexadecimal(scalar.value, digits: 4)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
