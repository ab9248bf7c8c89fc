internal import Foundation
internal import Glibc
internal import Kernel
internal import OCI
import Testing

@testable import Arguments

private let noon = Timestamp(seconds: 1_700_000_000)

@Test(arguments: [
  ("short", "short"), ("a-b.c_d/e@f^g+h", "a-b.c_d/e@f^g+h"), ("", ""), ("two words", #""two words""#),
  ("a:b", #""a:b""#), ("a\"b\\c", #""a\"b\\c""#), ("a\nb\tc\r", #""a\nb\tc\r""#),
  ("\u{1b}[2J\u{7f}", #""\x1b[2J\x7f""#),
  ("é", #""é""#), ("\u{202e}x", #""\u202ex""#), ("\u{9b}", #""\u009b""#), ("\u{e0001}", #""\U000e0001""#),
])
func textForm(message: String, value: String) {
  #expect(
    LogLine.file(.error, message, .text, at: noon) == "time=\"2023-11-14T22:13:20Z\" level=error msg=\(value)\n")
}

@Test(arguments: ["short", "a\"b\\c", "a\nb\tc\r", "\u{1b}\u{0}\u{1f}\u{7f}", "é\u{2028}👍", "{\"level\":\"info\"}", ""])
func jsonForm(message: String) {
  let line = LogLine.file(.error, message, .json, at: noon)
  #expect(JSONText.field("msg", of: line) == message)
  #expect(JSONText.field("level", of: line) == "error")
  #expect(JSONText.field("time", of: line) == "2023-11-14T22:13:20Z")
  #expect(line.hasPrefix("{\"level\":\"error\",\"msg\":"))
}

/// Logs into a file and to a standard error of its own; returns what both have afterwards.
private func logged(
  toFile: Bool, _ format: Log.Format, debugs: Bool = false, before: String = "", _ body: (Log) -> Void
) throws -> (file: String, terminal: String) {
  try withTemporaryDirectory { directory in
    let path = directory + "/log"
    if !before.isEmpty { try before.write(toFile: path, atomically: false, encoding: .utf8) }
    let pipe = Pipe()
    let log = try Log(
      file: toFile ? path : nil, format: format, debugs: debugs,
      standardError: pipe.fileHandleForWriting.fileDescriptor)
    body(log)
    try pipe.fileHandleForWriting.close()
    let terminal = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let file = toFile ? try String(contentsOfFile: path, encoding: .utf8) : ""
    return (file, terminal)
  }
}

@Test func errorsGoToTheFileAndToTheTerminal() throws {
  let result = try logged(toFile: true, .json, before: "first\n") {
    $0.warning("careful")
    $0.error("container does not exist")
    $0.debug("unseen")
  }
  let lines = result.file.split(separator: "\n")
  #expect(lines.count == 3)
  #expect(lines.first == "first", "the file is appended to")
  #expect(lines.dropFirst().first?.hasPrefix(#"{"level":"warning","msg":"careful","time":"20"#) == true)
  #expect(JSONText.field("msg", of: String(lines.last ?? "") + "\n") == "container does not exist")
  #expect(result.terminal == "swiftcr: container does not exist\n")
}

@Test func withoutFileTheTerminalHasAll() throws {
  let text = try logged(toFile: false, .text, debugs: true) {
    $0.debug("step")
    $0.warning("careful")
    $0.error("bad\nline \u{1b}[2J \"x\" \\")
  }
  #expect(text.terminal == "swiftcr: debug: step\nswiftcr: warning: careful\nswiftcr: bad\\nline \\x1b[2J \"x\" \\\n")
  let json = try logged(toFile: false, .json) { $0.error("bad") }
  #expect(JSONText.field("msg", of: json.terminal) == "bad")
}

@Test func debugMessagesAreNotMadeInVain() throws {
  _ = try logged(toFile: true, .text) { log in
    log.debug(
      {
        Issue.record("made without --debug")
        return ""
      }())
  }
}

@Test(arguments: ["x", "é"])
func longMessagesAreCut(letter: String) throws {
  // Not a multiple of the letter's bytes, so that the limit falls within one.
  let message = "x" + String(repeating: letter, count: 100_000)
  let result = try logged(toFile: true, .json) { $0.error(message) }
  let kept = try #require(JSONText.field("msg", of: result.file))
  #expect(kept.hasSuffix(" ..."))
  #expect(message.hasPrefix(kept.dropLast(4)))
  #expect((32_000...32_800).contains(kept.utf8.count))
}

@Test func aLogThatCannotBeOpenedIsAnError() throws {
  let error = #expect(throws: SystemError.self) {
    _ = try Log(Invocation(parsing: ["--log", "/nonexistent/log", "list"]).globals)
  }
  #expect(error?.description == "open /nonexistent/log: no such file or directory")
}

@Test func timesAgreeWithTheCLibrary() {
  var generator = SystemRandomNumberGenerator()
  let edges = [0, -1, 86399, 86400, 951_782_399, 951_782_400, 951_868_799, 4_107_542_400, -2_203_891_200]
  let random = (0..<2000).map { _ in Int.random(in: -60_000_000_000...250_000_000_000, using: &generator) }
  for seconds in edges + random {
    var (time, parts) = (time_t(seconds), tm())
    gmtime_r(&time, &parts)
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, "-%m-%dT%H:%M:%SZ", &parts)
    let year = String(parts.tm_year + 1900)
    let expected =
      String(repeating: "0", count: 4 - year.count) + year
      + String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    #expect(Timestamp(seconds: Int64(seconds)).description == expected, "\(seconds)")
  }
}
