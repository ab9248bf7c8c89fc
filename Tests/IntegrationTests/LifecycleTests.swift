import Foundation
import Glibc
import Testing

extension Integration {
  /// create, start, exec, kill, pause, delete: a container's life in steps.
  @Suite struct Lifecycle {}
}

extension Integration.Lifecycle {
  @Test("created, running, stopped, gone") func steps() throws {
    try withBundle { bundle in
      try bundle.script("echo started > /dev/null; while :; do sleep 0.1; done")
      try bundle.must("create", "--bundle", bundle.directory, "--pid-file", "\(bundle.directory)/pid", bundle.id)
      #expect(try bundle.state(".status") == "created")
      let pid = Host.read("\(bundle.directory)/pid")
      #expect(try bundle.state(".pid") == pid)
      try bundle.must("start", bundle.id)
      #expect(try bundle.state(".status") == "running")
      #expect(try bundle.command("start", bundle.id).code == 1)
      #expect(try bundle.command("delete", bundle.id).code == 1)
      #expect(try bundle.must("list", "--quiet") == bundle.id + "\n")
      try bundle.must("kill", bundle.id, "KILL")
      try bundle.waitUntilStopped()
      let late = try bundle.command("kill", bundle.id, "TERM")
      #expect(late.code == 1 && late.errors.contains("container not running"), "\(late)")
      try bundle.must("delete", bundle.id)
      let gone = try bundle.command("state", bundle.id)
      #expect(gone.code == 1 && gone.errors.contains("does not exist"), "\(gone)")
    }
  }

  @Test("a state directory with a longer path than a socket's name") func longRoot() throws {
    try withBundle { bundle in
      let root = "\(bundle.directory)/\(String(repeating: "r", count: 120))"
      func command(_ arguments: String...) throws {
        let outcome = try Host.run([Host.program, "--root", root] + arguments)
        #expect(outcome.code == 0, "\(outcome)")
      }
      try command("create", "--bundle", bundle.directory, bundle.id)
      try command("start", bundle.id)
      try command("delete", "--force", bundle.id)
    }
  }

  @Test("an id is taken once") func taken() throws {
    try withBundle { bundle in
      try bundle.start()
      let again = try bundle.command("create", "--bundle", bundle.directory, bundle.id)
      #expect(again.code == 1 && again.errors.contains("already exists"), "\(again)")
      #expect(try bundle.state(".status") == "running")
    }
  }

  @Test("paused processes stand still, and exec says so", .disabled(if: Host.isControl)) func pause() throws {
    try withBundle { bundle in
      try bundle.start()
      try bundle.must("pause", bundle.id)
      #expect(try bundle.state(".status") == "paused")
      #expect(try bundle.exec("true").code == 255)
      try bundle.must("resume", bundle.id)
      #expect(try bundle.exec("true").code == 0)
    }
  }

  @Test("delete --force of nothing is no error") func nothing() throws {
    try withBundle { bundle in
      let forced = try bundle.command("delete", "--force", "never-was")
      let plain = try bundle.command("delete", "never-was")
      #expect(forced.code == 0 && plain.code == 1)
    }
  }

  @Test("exec: ids, environment, directory, exit code") func exec() throws {
    try withBundle { bundle in
      try bundle.start()
      let outcome = try bundle.command(
        "exec", "--user", "1000:1000", "--env", "X=y", "--cwd", "/tmp", bundle.id, "sh", "-c",
        "id -u; echo $X; pwd; exit 9")
      #expect(outcome.lines == ["1000", "y", "/tmp"] && outcome.code == 9, "\(outcome)")
      #expect(try bundle.exec("sh", "-c", "kill -9 $$").code == 137)
      #expect(try bundle.exec("cat", input: "through\n").output == "through\n")
    }
  }

  @Test(
    "a security label that cannot be had ends run and exec", .disabled(if: Host.isControl),
    arguments: ["apparmor", "process-label"])
  func label(_ option: String) throws {
    try withBundle { bundle in
      let property = option == "apparmor" ? "apparmorProfile" : "selinuxLabel"
      try bundle.start("touch /started; while :; do sleep 0.1; done")
      let outcome = try bundle.command("exec", "--\(option)", "no-such-label", bundle.id, "touch", "/executed")
      #expect(outcome.code == 255 && outcome.errors.contains("no-such-label: "), "\(outcome)")
      #expect(!Host.exists("\(bundle.rootfs)/executed"))
      try bundle.must("delete", "--force", bundle.id)
      try bundle.edit(".process.\(property) = \"no-such-label\"")
      let run = try bundle.sh("touch /ran")
      #expect(run.code == 1 && run.errors.contains("no-such-label: ") && !Host.exists("\(bundle.rootfs)/ran"), "\(run)")
    }
  }

  @Test("exec is in the container's cgroup and namespaces") func execPlace() throws {
    try withBundle { bundle in
      try bundle.start()
      for kind in ["mnt", "pid", "net", "ipc", "uts", "cgroup"] {
        let outcome = try bundle.exec(
          "sh", "-c", "readlink /proc/self/ns/\(kind); readlink /proc/1/ns/\(kind)")
        #expect(outcome.lines.count == 2 && Set(outcome.lines).count == 1, "\(kind): \(outcome)")
      }
      let own = try bundle.exec("cat", "/proc/self/cgroup")
      let first = try bundle.exec("cat", "/proc/1/cgroup")
      #expect(first.code == 0 && first.output == own.output, "\(own)\(first)")
    }
  }

  @Test("exec with a process file") func processFile() throws {
    try withBundle { bundle in
      try bundle.start()
      let file = "\(bundle.directory)/process.json"
      Host.write(
        #"{"args":["/bin/sh","-c","id -u; umask"],"cwd":"/","env":["PATH=/bin"],"user":{"uid":7,"gid":8,"umask":7}}"#,
        to: file)
      let outcome = try bundle.command("exec", "--process", file, bundle.id)
      #expect(outcome.lines == ["7", "0007"], "\(outcome)")
    }
  }

  @Test("start reports a program that vanished after create", .disabled(if: Host.isControl)) func vanished() throws {
    try withBundle { bundle in
      try bundle.arguments(["/tool"])
      try Host.must("cp", "\(bundle.rootfs)/bin/busybox", "\(bundle.rootfs)/tool")
      try bundle.must("create", "--bundle", bundle.directory, bundle.id)
      Host.remove("\(bundle.rootfs)/tool")
      let outcome = try bundle.command("start", bundle.id)
      #expect(outcome.code == 1 && outcome.errors.contains("no such file"), "\(outcome)")
    }
  }

  @Test("hooks run in order, with the state on their standard input") func hooks() throws {
    try withBundle { bundle in
      let log = "\(bundle.directory)/log"
      func hook(_ name: String) -> String {
        #"[{"path":"/bin/sh","args":["sh","-c","echo \#(name) $(grep -o '\"id\":\"[^\"]*\"') >> \#(log)"]}]"#
      }
      try bundle.edit(
        ".hooks = {"
          + ["prestart", "createRuntime", "poststart", "poststop"].map { "\($0): \(hook($0))" }
          .joined(separator: ",") + "}")
      #expect(try bundle.run().code == 0)
      let id = "\"id\":\"\(bundle.id)\""
      #expect(
        Host.read(log).split(separator: "\n").map(String.init)
          == ["prestart", "createRuntime", "poststart", "poststop"].map { "\($0) \(id)" })
    }
  }

  @Test("a foreground run can be paused and deleted by others") func foreground() throws {
    try withBundle { bundle in
      try bundle.script("while :; do sleep 0.1; done")
      let run = try bundle.spawn("run", "--bundle", bundle.directory, bundle.id)
      try Host.wait(for: "running") { try bundle.command("state", bundle.id).output.contains("running") }
      try bundle.must("pause", bundle.id)
      try bundle.must("resume", bundle.id)
      try bundle.must("delete", "--force", bundle.id)
      #expect(try run.wait().code == 137)
    }
  }
}
