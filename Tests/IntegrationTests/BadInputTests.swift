import Foundation
import Testing

extension Integration {
  /// Whatever is wrong: one clear line, an exit code that is not 0, and nothing left (which `withBundle` checks).
  @Suite struct BadInput {}
}

/// An edit of config.json that makes it wrong, and what the error must say.
struct Fault: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var edit: String
  var says: String
  var code: Int32 = 1

  init(_ name: String, _ edit: String, _ says: String, code: Int32 = 1) {
    (testDescription, self.edit, self.says, self.code) = (name, edit, says, code)
  }
}

extension Integration.BadInput {
  static let faults: [Fault] = [
    Fault(
      "a missing program", #".process.args = ["nope"]"#, #"exec: "nope": executable file not found in $PATH"#, code: 127
    ),
    Fault(
      "a missing path", #".process.args = ["/nope"]"#, #"exec: "/nope": stat /nope: no such file or directory"#,
      code: 127),
    Fault(
      "a program that is not executable", #".process.args = ["/etc/passwd"]"#,
      #"exec: "/etc/passwd": permission denied"#, code: 126),
    Fault("a directory as program", #".process.args = ["/etc"]"#, #"exec: "/etc": is a directory"#, code: 126),
    Fault("a root that does not exist", #".root.path = "nowhere""#, "nowhere: source: no such file or directory"),
    Fault(
      "a wrong type", #".linux.resources.memory.limit = "lots""#,
      #"linux.resources.memory.limit: expected an integer, found "lots""#),
    Fault("a namespace that is a file", #".linux.namespaces[0].path = "/etc/passwd""#, "/etc/passwd is not a"),
    Fault(
      "a namespace of another kind", #"(.linux.namespaces[] | select(.type == "pid")).path = "/proc/self/ns/net""#,
      "is not a pid namespace"),
    Fault(
      "a hook that fails", #".hooks.createRuntime = [{"path":"/bin/false"}]"#, "error running createRuntime hook #0"),
    Fault(
      "a hook that hangs", #".hooks.prestart = [{"path":"/bin/sleep","args":["sleep","60"],"timeout":1}]"#,
      "ran past specified timeout of 1.0s"),
    Fault(
      "a hook in the container that fails", #".hooks.createContainer = [{"path":"/bin/false"}]"#,
      "createContainer hook #0 /bin/false: exit status 1"),
    Fault("a hook that is not there", #".hooks.createRuntime = [{"path":"/no/hook"}]"#, "no such file or directory"),
    Fault(
      "a mount inside /proc", #".mounts += [{"destination":"/proc/self/attr","type":"tmpfs","source":"tmpfs"}]"#,
      "inside /proc"),
    Fault(
      "a bind source that is missing",
      #".mounts += [{"destination":"/x","type":"bind","source":"/no","options":["bind"]}]"#,
      "source: no such file or directory"),
    Fault(
      "an option that a file system refuses",
      #".mounts += [{"destination":"/x","type":"tmpfs","source":"tmpfs","options":["bogus=1"]}]"#, "bogus"),
    Fault("a working directory that is a file", #".process.cwd = "/etc/passwd""#, "not a directory"),
    Fault("a working directory that leads out", #".process.cwd = "/proc/self/fd/4""#, "/proc/self/fd/4"),
    Fault("a label without SELinux", #".linux.mountLabel = "u:r:t:s0:c1,c2""#, "context"),
    Fault("a cgroup that cannot be made", #".linux.cgroupsPath = "/""#, "cgroup"),
  ]

  @Test("config.json", .disabled(if: Host.isControl), arguments: faults) func fault(_ fault: Fault) throws {
    try withBundle(.flat, fault.edit) { bundle in
      for command in ["run", "create"] {
        let outcome = try bundle.command(command, "--bundle", bundle.directory, bundle.id)
        #expect(outcome.code == fault.code, "\(command): \(outcome)")
        #expect(outcome.errors.contains(fault.says), "\(command): \(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "one line: \(outcome)")
        #expect(try bundle.command("state", bundle.id).code == 1)
      }
    }
  }

  @Test("container ids", arguments: ["../x", "", ".", "..", "a/b", String(repeating: "x", count: 2000), "a b"])
  func ids(_ id: String) throws {
    try withBundle { bundle in
      let outcome = try bundle.command("run", "--bundle", bundle.directory, id)
      #expect(outcome.code == 1, "\(outcome)")
      #expect(!Host.exists("\(bundle.directory)/x"))
    }
  }

  @Test("layers", .disabled(if: Host.isControl)) func layers() throws {
    try withBundle(.layers) { bundle in
      for (layer, says) in [
        ("/etc/passwd", "layer /etc/passwd is not a directory"), ("/no/layer", "/no/layer: no such file"),
      ] {
        let outcome = try bundle.run("--layer", "\(Bundle.layers)/1", "--layer", layer)
        #expect(outcome.code == 1 && outcome.errors.contains(says), "\(outcome)")
      }
    }
  }

  @Test("a bundle without config.json") func noConfiguration() throws {
    try withBundle { bundle in
      Host.remove(bundle.configuration)
      let outcome = try bundle.run()
      #expect(outcome.code == 1 && outcome.errors.contains("config.json"), "\(outcome)")
    }
  }
}
