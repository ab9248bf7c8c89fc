import Foundation
import Glibc
import Testing

extension Integration {
  /// What a filter lets through, seen from inside, and the agent that is asked about calls.
  @Suite struct Seccomp {}
}

/// A profile that allows everything but what the rules say.
private func profile(_ rules: String, _ others: String = "") -> String {
  #".linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"], "#
    + "\(others) \"syscalls\": [\(rules)]}"
}

private func rule(_ names: String, _ action: String, _ args: String = "", _ others: String = "") -> String {
  let list = names.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ",")
  return #"{"names": [\#(list)], "action": "SCMP_ACT_\#(action)", "args": [\#(args)] \#(others)}"#
}

private func argument(_ index: Int, _ op: String, _ value: UInt64, _ two: UInt64 = 0) -> String {
  #"{"index": \#(index), "value": \#(value), "valueTwo": \#(two), "op": "SCMP_CMP_\#(op)"}"#
}

/// The calls that mkdir(1) and chmod(1) may make.
private let mkdir = "mkdir mkdirat"
private let chmod = "chmod fchmod"

extension Integration.Seccomp {
  static let filters: [Case] = [
    Case(
      "a refused call has the errno of the rule", profile(rule(mkdir, "ERRNO", "", #", "errnoRet": 28"#)),
      "mkdir /x 2>&1", is: "mkdir: can't create directory '/x': No space left on device", code: 1),
    Case(
      "without one it is EPERM", profile(rule(mkdir, "ERRNO")), "mkdir /x 2>&1",
      is: "mkdir: can't create directory '/x': Operation not permitted", code: 1),
    Case(
      "errno 0 pretends that it worked", profile(rule(mkdir, "ERRNO", "", #", "errnoRet": 0"#)),
      "mkdir /x && ls -d /x 2>/dev/null || echo nothing", is: "nothing"),
    Case(
      "masked equal: only modes with the set-user-id bit",
      profile(rule("chmod", "ERRNO", argument(1, "MASKED_EQ", 0o4000, 0o4000))),
      "touch /f; for m in 755 4755 2711 6711; do chmod $m /f 2>/dev/null && stat -c %a /f || echo no $m; done",
      is: "755\nno 4755\n2711\nno 6711"),
    Case(
      "all 64 bits are compared", profile(rule("kill", "ERRNO", argument(1, "EQ", 1 << 32))),
      "kill -0 $$ && echo allowed", is: "allowed"),
    Case(
      "greater or equal", profile(rule("kill", "ERRNO", argument(1, "GE", 10))),
      "trap : USR1 INT; kill -2 $$ && echo 2; kill -10 $$ 2>/dev/null || echo refused",
      is: "2\nrefused"),
    // CVE-2017-18367: conditions of one rule taken as alternatives.
    Case(
      "conditions of a rule must all hold",
      profile(rule("kill", "ERRNO", argument(0, "EQ", 1) + "," + argument(1, "EQ", 10), #", "errnoRet": 5"#)),
      "trap : USR1; kill -0 1 && echo 0; kill -10 999 2>&1 | grep -c 'No such process'; kill -10 1 2>&1 | grep -c Input/output",
      is: "0\n1\n1"),
    Case(
      "two rules for a call are alternatives",
      profile(
        rule("kill", "ERRNO", argument(0, "EQ", 999), #", "errnoRet": 5"#) + ","
          + rule("kill", "ERRNO", argument(1, "EQ", 10), #", "errnoRet": 5"#)),
      "kill -0 1 && echo 0; kill -0 999 2>&1 | grep -c Input/output; kill -10 1 2>&1 | grep -c Input/output",
      is: "0\n1\n1"),
    Case("killing the process", profile(rule(mkdir, "KILL_PROCESS")), "exec mkdir /x", is: "", code: 159),
    Case("a trap", profile(rule(mkdir, "TRAP")), "mkdir /x; echo $?", is: "159"),
    Case("logging allows", profile(rule(mkdir, "LOG")), "mkdir /x && ls -d /x", is: "/x"),
    Case(
      "tracing without a tracer", profile(rule(mkdir, "TRACE")), "mkdir /x 2>&1",
      is: "mkdir: can't create directory '/x': Function not implemented", code: 1),
    Case(
      "calls that this kernel does not know are no fault", profile(rule("no_such_call mkdir", "ERRNO")),
      "grep ^Seccomp: /proc/self/status", is: "Seccomp:\t2"),
    Case(
      "without no_new_privs, and without the capability that loading it took",
      profile(rule(chmod, "ERRNO")) + "| .process.noNewPrivileges = false",
      "grep -e ^Seccomp: -e ^NoNewPrivs: /proc/self/status; grep -c 'CapEff:.*00000000000004eb' /proc/self/status",
      is: "NoNewPrivs:\t0\nSeccomp:\t2\n1"),
    Case(
      "without no_new_privs, for a user",
      profile(rule(chmod, "ERRNO"))
        + #"| .process.noNewPrivileges = false | .process.user = {"uid": 1000, "gid": 1000}"#,
      "grep -e ^Seccomp: -e ^CapEff: /proc/self/status", is: "CapEff:\t0000000000000000\nSeccomp:\t2"),
    Case("no profile, no filter", "grep ^Seccomp: /proc/self/status", is: "Seccomp:\t0"),
  ]

  @Test("filters", arguments: filters) func filters(_ entry: Case) throws { try entry.check() }

  @Test("exec has the filter too") func exec() throws {
    try withBundle(.flat, profile(rule(mkdir, "ERRNO", "", #", "errnoRet": 28"#))) { bundle in
      try bundle.start()
      try #expect(bundle.exec("mkdir", "/x").errors.contains("No space left"))
    }
  }

  // MARK: - The agent

  private func notify(_ socket: String) -> String {
    profile(rule(mkdir, "NOTIFY"), #""listenerPath": "\#(socket)", "listenerMetadata": "for the agent","#)
  }

  /// A listener that is closed answers for itself: ENOSYS, so that nothing has to be said over it here.
  @Test("an agent gets the listener and the state", arguments: [false, true]) func agent(_ exec: Bool) throws {
    try withBundle { bundle in
      let listener = try Listener("\(bundle.directory)/agent")
      try bundle.edit(notify(listener.path) + #"| .annotations = {"a": "b"}"#)
      let script = "mkdir /x 2>&1 | sed 's/.*: //'"
      var asked: Host.Child
      if exec {
        try bundle.start()
        _ = try listener.receive()
        asked = try bundle.spawn("exec", "--pid-file", "\(bundle.directory)/pid", bundle.id, "sh", "-c", script)
      } else {
        try bundle.script(script)
        asked = try bundle.spawn(
          "run", "--pid-file", "\(bundle.directory)/pid", "--bundle", bundle.directory, bundle.id)
      }
      var message: Listener.Message? = try listener.receive()
      let text = message?.text ?? ""
      #expect(message?.handle.target == "anon_inode:seccomp notify")
      #expect(message?.isLast == true, "one state for a connection")
      #expect(
        try Host.must("jq", "-rc", "[.fds[0], .metadata, .state.id, .state.bundle, .state.annotations.a]", input: text)
          == "[\"seccompFd\",\"for the agent\",\"\(bundle.id)\",\"\(bundle.directory)\",\"b\"]\n")
      // The pid as the agent sees it, which is that of the process with the filter.
      try Host.wait(for: "the pid file") { Host.exists("\(bundle.directory)/pid") }
      let pid = Host.read("\(bundle.directory)/pid")
      #expect(try Host.must("jq", "-r", ".pid", input: text) == pid + "\n")
      message = nil
      let outcome = try asked.wait()
      #expect(outcome.output == "Function not implemented\n", "\(outcome)")
    }
  }

  @Test("an agent that is not there", .disabled(if: Host.isControl)) func noAgent() throws {
    try withBundle { bundle in
      try bundle.edit(notify("\(bundle.directory)/nobody"))
      let outcome = try bundle.sh("echo ran")
      #expect(outcome.code == 1 && outcome.output == "", "\(outcome)")
      #expect(outcome.errors.contains("/nobody") && outcome.lines.count <= 1, "\(outcome)")
    }
  }

  static let wrong: [Case] = [
    Case("an action", profile(rule(mkdir, "NOPE")), "true", is: "SCMP_ACT_NOPE"),
    Case("an operator", profile(rule(mkdir, "ERRNO", argument(0, "NOPE", 1))), "true", is: "SCMP_CMP_NOPE"),
    Case("an argument's index", profile(rule(mkdir, "ERRNO", argument(6, "EQ", 1))), "true", is: "index"),
    Case("no listener", profile(rule(mkdir, "NOTIFY")), "true", is: "listenerPath"),
    Case("a flag", profile("", #""flags": ["SECCOMP_FILTER_FLAG_NOPE"],"#), "true", is: "SECCOMP_FILTER_FLAG_NOPE"),
    Case("an errno", profile(rule(mkdir, "ERRNO", "", #", "errnoRet": 5000"#)), "true", is: "errnoRet"),
  ]

  @Test("a profile that cannot be kept is refused", .disabled(if: Host.isControl), arguments: wrong)
  func wrong(_ entry: Case) throws {
    try withBundle(.flat, entry.edit) { bundle in
      let outcome = try bundle.sh("echo ran")
      #expect(outcome.code == 1 && outcome.output == "" && outcome.errors.contains(entry.output), "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "one line: \(outcome)")
    }
  }

  @Test(
    "Docker's default profile refuses a user namespace, which the machine allows",
    .disabled(if: Host.isOffline, "no Debian mirror can be reached"))
  func docker() throws {
    let profile = Host.temporaryDirectory("profile")
    defer { Host.remove(profile) }
    try Host.must(Host.fixture("docker-profile"), "\(profile)/docker.json")
    let script = "unshare -U true 2>&1 && echo made; date +%Y >/dev/null && echo fine"
    try withBundle { bundle in
      let outcome = try bundle.sh(script)
      #expect(outcome.lines == ["made", "fine"], "\(outcome)")
    }
    try withBundle(options: ["--seccomp", "\(profile)/docker.json"]) { bundle in
      let outcome = try bundle.sh(script)
      #expect(outcome.lines == ["unshare: unshare(0x10000000): Operation not permitted", "fine"], "\(outcome)")
    }
  }
}
