import Glibc
import Kernel
import OCI
import Testing

@testable import Container

@Suite struct HooksTests {
  func shell(_ script: String, env: [String] = [], timeout: Int? = nil) -> Hook {
    var hook = Hook()
    hook.path = "/bin/sh"
    hook.args = ["sh", "-c", script]
    hook.env = env
    hook.timeout = timeout
    return hook
  }

  func state(annotations: [String: String] = [:]) -> ContainerState {
    ContainerState(id: "c1", status: .created, pid: 42, bundle: "/b", annotations: annotations)
  }

  func failure(_ hook: Hook, _ state: ContainerState? = nil) -> String? {
    do throws(ContainerError) {
      try HostHooks.run([hook], kind: "createRuntime", state: state ?? self.state())
    } catch {
      return "\(error)"
    }
    return nil
  }

  @Test func stateIsStandardInput() throws {
    let directory = try TemporaryDirectory()
    try HostHooks.run(
      [shell("cat > state; pwd > where")], kind: "createRuntime", state: state(), directory: directory.path)
    let text = String(decoding: try readFile(directory / "state", limit: 9999), as: UTF8.self)
    #expect(text == "{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"created\",\"pid\":42,\"bundle\":\"/b\"}")
    #expect(try readFile(directory / "where", limit: 999) == Array((directory.path + "\n").utf8))
  }

  @Test(arguments: [
    ("exit 3", "exit status 3, stdout: , stderr: "),
    ("echo out; echo err >&2; echo two >&2; exit 1", "exit status 1, stdout: out, stderr: err two"),
    ("kill -KILL $$", "signal: killed, stdout: , stderr: "),
    ("printf '\\033[1mx\\001' >&2; exit 1", "exit status 1, stdout: , stderr: [1mx"),
  ])
  func failures(script: String, expected: String) {
    #expect(failure(shell(script)) == "error running createRuntime hook #0: " + expected)
  }

  @Test func notExecutable() throws {
    var hook = Hook()
    hook.path = "/no/such"
    let expected = "error running createRuntime hook #0: fork/exec /no/such: no such file or directory"
    #expect(failure(hook) == expected)
    hook.path = "/etc/passwd"
    #expect(failure(hook)?.hasSuffix("fork/exec /etc/passwd: permission denied") == true)
    hook.path = "bin/true"
    #expect(failure(hook)?.contains("is no absolute path") == true)
    hook.path = "/bin/true"
    hook.args = ["a\u{0}b"]
    #expect(failure(hook)?.contains("invalid argument") == true)
  }

  @Test func nothingIsInherited() throws {
    setenv("SWIFTCR_TEST_LEAK", "1", 1)
    // Inherited on purpose: like what an engine leaves open.
    let leak = try Descriptor.open("/dev/null", O_RDONLY)
    try leak.closesOnExec(false)
    let script = "test \"$A\" = b && test -z \"$SWIFTCR_TEST_LEAK\" && test ! -e /proc/self/fd/\(leak.number)"
    #expect(failure(shell(script, env: ["A=b"])) == nil)
    #expect(failure(shell("test ! -t 0 && test -p /dev/stdout && test -p /dev/stderr")) == nil)
  }

  @Test func signalsAreReset() throws {
    signal(SIGUSR1, SIG_IGN)
    defer { signal(SIGUSR1, SIG_DFL) }
    #expect(failure(shell("kill -USR1 $$; exit 0"))?.contains("signal: user defined signal 1") == true)
  }

  @Test func stdinThatNobodyReads() {
    let big = state(annotations: ["big": String(repeating: "x", count: 4 << 20)])
    #expect(failure(shell("exec <&-; exit 0"), big) == nil)
    #expect(failure(shell("test $(wc -c) -gt 4194304"), big) == nil)
  }

  @Test func outputWithoutEnd() throws {
    let text = try #require(failure(shell("head -c 1000000 /dev/zero | tr '\\0' y; echo end; exit 1")))
    #expect(text.contains("yyyyend, stderr: ") == true)
    #expect(text.utf8.count < 5000)
  }

  @Test func timeout() throws {
    #expect(
      failure(shell("exec sleep 100", timeout: 1))
        == "error running createRuntime hook #0: hook ran past specified timeout of 1.0s")
    // Not to be held up by output either.
    #expect(failure(shell("exec yes", timeout: 1))?.contains("past specified timeout") == true)
  }

  /// A process that a hook leaves behind keeps its output open: it is not waited for.
  @Test func daemonIsLeftAlone() {
    let clock = ContinuousClock()
    var result: String?
    let time = clock.measure { result = failure(shell("sleep 5 & exit 0")) }
    #expect(result == nil && time < .seconds(4))
  }

  @Test func orderAndEnd() throws {
    let directory = try TemporaryDirectory()
    let hooks = [shell("echo 1 >> log"), shell("echo 2 >> log; exit 1"), shell("echo 3 >> log")]
    let error = #expect(throws: ContainerError.self) {
      try HostHooks.run(hooks, kind: "poststart", state: state(), directory: directory.path)
    }
    #expect(error?.description.hasPrefix("error running poststart hook #1: exit status 1") == true)
    #expect(try readFile(directory / "log", limit: 99) == Array("1\n2\n".utf8))
    let warnings = HostHooks.runAll(hooks, kind: "poststop", state: state(), directory: directory.path)
    #expect(warnings.count == 1)
    #expect(try readFile(directory / "log", limit: 99) == Array("1\n2\n1\n2\n3\n".utf8))
  }
}
