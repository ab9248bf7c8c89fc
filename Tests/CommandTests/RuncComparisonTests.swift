import OCI
import Testing

@testable import Arguments

/// runc itself says which command lines make sense; there is nothing in its state directory that they could act on.
@Suite(.enabled(if: Subprocess.find("runc") != nil, "runc is not installed"))
struct RuncComparisonTests {
  /// Lines on which both must agree, whether they take it or refuse it.
  @Test(arguments: [
    "run", "run a b", "run a", "run -", "run a --detach", "run --detach a", "run -detach a", "run --bundle",
    "run -b=/x a",
    "run --b /x a", "run --bundle --detach a", "run --nosuch a", "run ---detach a", "run --=x a", "run -=x a",
    "run -dx a",
    "run --preserve-fds x a", "run --preserve-fds= a", "run --detach=x a", "run --detach=T a", "run --keep=TRUE a",
    "run -v", "create", "create a b", "create -d a", "create --keep a", "start", "start a b", "start a", "state",
    "state a", "state a b", "kill", "kill a", "kill a b", "kill a b c", "kill a --all", "kill -- a -9", "delete",
    "delete a", "delete a --force", "delete -force a", "delete -f -- a", "delete -- --force", "delete --force=x a",
    "delete -fx a", "list", "list x", "list -q=false", "list -q -q", "list -f=json", "list -fjson", "list -qf json",
    "list --format", "ps", "ps a", "ps a -x", "exec", "exec a", "exec a ls -l", "exec -- a ls", "exec a -- ls",
    "exec -e A=1 a ls", "exec -e a", "exec -g 1,2 a ls", "exec -g x a ls", "pause", "pause a", "pause a b", "resume",
    "resume a b", "features x", "spec x",
    "update", "update a", "update a b", "update --memory", "update --memory= a", "update a --cpu-quota=", "update -r",
    "update --pids-limit x a", "update --pids-limit= a", "update --pids-limit -1 a", "update --resources=- a", "events",
    "events a", "events a b", "events --interval x a", "events --interval 5 a", "events --interval 1.5s a",
    "events --interval", "events --stats a", "checkpoint", "checkpoint --lazy-pages --status-fd -1 a",
    "checkpoint --status-fd x a", "restore", "restore a b", "restore a --image-path /x --empty-ns network",
    "--criu /x list", "--criu", "--rootless=true list",
  ])
  func agrees(line: String) throws {
    let runc = try #require(Subprocess.find("runc"))
    let arguments = line.split(separator: " ").map(String.init)
    let refused = try withTemporaryDirectory { directory in
      try Subprocess(runc, ["--root", directory + "/state"] + arguments, directory: directory)
        .output.hasPrefix("Incorrect Usage")
    }
    let parsed = Result { () throws(UsageError) in try Invocation(parsing: arguments) }
    switch parsed {
    case .success: #expect(!refused, "runc refuses what swiftcr takes")
    case .failure(let error): #expect(refused, "runc takes it; swiftcr: \(error)")
    }
  }

  /// The same message in logrus' text form and in its JSON form.
  @Test(arguments: [
    "/nonexistent", "/non existent", "/a\"b\\c", "/tab\there", "/line\nbreak\r", "/bell\u{7}\u{8}\u{b}\u{c}",
    "/\u{1b}[2J\u{7f}",
    "/é ü 漢字", "/<&>", "/\u{202e}gpj", "/\u{a0}\u{2028}", "/\u{10ffff}\u{e000}", "/👍", "/\u{85}\u{9b}",
  ])
  func logsAsLogrus(path: String) throws {
    let runc = try #require(Subprocess.find("runc"))
    func logged(_ format: String) throws -> String {
      try withTemporaryDirectory { directory in
        try Subprocess(
          runc, ["--root", directory + "/state", "--log-format", format, "run", "--bundle", path, "a"],
          directory: directory
        ).errors
      }
    }
    let message = try #require(JSONText.field("msg", of: logged("json")))
    #expect(message.contains(path))
    let text = try logged("text")
    let ours = LogLine.file(.error, message, .text, at: Timestamp(seconds: 0))
    #expect(withoutTime(ours) == withoutTime(text))
  }

  private func withoutTime(_ line: String) -> Substring {
    guard let end = line.firstRange(of: "\" level=") else { return line[...] }
    return line[end.lowerBound...]
  }
}
