import Foundation
import Glibc
import Testing

extension Integration {
  /// Terminals: relayed by a foreground run, or handed over by socket.
  @Suite struct Terminals {}
}

extension Integration.Terminals {
  static let terminal = ".process.terminal = true"

  /// Runs swiftcr on a terminal of its own, as `script` of util-linux makes one, with a size that the script sets.
  ///
  /// - Parameter keys: what is typed once the container has said that it is ready, in printf(1)'s notation.
  private func onTerminal(_ bundle: Bundle, _ command: String, keys: String = "") throws -> Outcome {
    let output = "\(bundle.directory)/terminal"
    let outcome = try Host.run([
      "sh", "-c",
      """
      type() { n=0; until grep -q ready $1 || test $((n += 1)) -gt 500; do sleep 0.02; done; printf "$2"; }
      test -z "$2" && exec script -qefc "$3" /dev/null < /dev/null > $1
      type "$1" "$2" | script -qefc "$3" /dev/null > $1
      """, "sh", output, keys,
      "stty rows 33 columns 77 -echo; exec \(Host.program) --root \(bundle.state) \(command)",
    ])
    return Outcome(code: outcome.code, output: Host.read(output), errors: outcome.errors)
  }

  @Test("run: size, session and exit code") func foreground() throws {
    try withBundle(.flat, Self.terminal) { bundle in
      try bundle.script("tty; stty size; test -t 0 && test -t 2 && ps -o tty,pid,comm; exit 9")
      let outcome = try onTerminal(bundle, "run --bundle \(bundle.directory) \(bundle.id)")
      #expect(outcome.output.contains("/dev/pts/0\r\n33 77\r\n"), "\(outcome)")
      #expect(outcome.output.contains("136,0"), "the controlling terminal: \(outcome)")
      #expect(outcome.code == 9, "\(outcome)")
    }
  }

  @Test(
    "run: what is typed", arguments: [(#"\003"#, "interrupted"), (#"two\r\004"#, "two")])
  func keys(_ keys: String, _ answer: String) throws {
    try withBundle(.flat, Self.terminal) { bundle in
      try bundle.script("trap 'echo interrupted' INT; stty -echo; echo ready; cat; echo ended")
      let outcome = try onTerminal(bundle, "run --bundle \(bundle.directory) \(bundle.id)", keys: keys)
      #expect(outcome.output == "ready\r\n\(answer)\r\nended\r\n" && outcome.code == 0, "\(outcome)")
    }
  }

  @Test("exec --tty: size and exit code") func exec() throws {
    try withBundle { bundle in
      try bundle.start()
      let outcome = try onTerminal(
        bundle, "exec --tty \(bundle.id) sh -c 'stty size; readlink /proc/self/fd/0; exit 4'")
      #expect(outcome.output.contains("33 77\r\n/dev/pts/"), "\(outcome)")
      #expect(outcome.code == 4, "\(outcome)")
    }
  }

  @Test("consoleSize", .disabled(if: Host.isControl)) func size() throws {
    try withBundle(.flat, Self.terminal, #".process.consoleSize = {"width": 101, "height": 41}"#) { bundle in
      let listener = try Listener("\(bundle.directory)/console")
      try bundle.script("stty size")
      try bundle.must("create", "--bundle", bundle.directory, "--console-socket", listener.path, bundle.id)
      let master = try listener.receive().handle
      try bundle.must("start", bundle.id)
      #expect(try master.read(until: "\n").hasPrefix("41 101"))
    }
  }

  @Test("a console socket: create and start, run --detach", arguments: [["create"], ["run", "--detach"]])
  func socket(_ command: [String]) throws {
    try withBundle(.flat, Self.terminal) { bundle in
      let listener = try Listener("\(bundle.directory)/console")
      try bundle.script("test -t 1 && stty -echo && echo ready && read x && echo got $x && ls -l /dev/console")
      let made = try Host.run(
        [Host.program, "--root", bundle.state] + command + [
          "--bundle", bundle.directory, "--console-socket", listener.path, bundle.id,
        ])
      #expect(made.code == 0 && made.output.isEmpty, "\(made)")
      let master = try listener.receive().handle
      if command == ["create"] { try bundle.must("start", bundle.id) }
      _ = try master.read(until: "ready")
      master.write("this\n")
      let rest = try master.read()
      #expect(rest.contains("got this") && rest.contains("136,"), "\(rest)")
    }
  }

  @Test("exec --detach with a console socket") func execSocket() throws {
    try withBundle { bundle in
      try bundle.start()
      let listener = try Listener("\(bundle.directory)/console")
      let made = try bundle.command(
        "exec", "--tty", "--detach", "--console-socket", listener.path, bundle.id, "sh", "-c", "tty; read x; echo $x")
      #expect(made.code == 0, "\(made)")
      let master = try listener.receive().handle
      _ = try master.read(until: "/dev/pts/")
      master.write("over\n")
      #expect(try master.read().contains("over"))
    }
  }

  @Test("a terminal that nobody would have, and a socket that nobody listens at") func refused() throws {
    try withBundle(.flat, Self.terminal) { bundle in
      let alone = try bundle.command("create", "--bundle", bundle.directory, bundle.id)
      #expect(alone.code == 1 && alone.errors.contains("without setting console socket"), "\(alone)")
      let nobody = try bundle.command(
        "create", "--bundle", bundle.directory, "--console-socket", "\(bundle.directory)/nobody", bundle.id)
      #expect(nobody.code == 1 && nobody.errors.contains("nobody"), "\(nobody)")
      try bundle.edit(".process.terminal = false")
      let useless = try bundle.command(
        "create", "--bundle", bundle.directory, "--console-socket", "\(bundle.directory)/nobody", bundle.id)
      #expect(useless.code == 1 && useless.errors.contains("cannot use console socket"), "\(useless)")
      #expect(try bundle.must("list", "--quiet") == "")
    }
  }

  @Test("--pidfd-socket gives a pidfd of the process", .disabled(if: Host.isControl, "runc 1.2 has it")) func pidfd()
    throws
  {
    try withBundle { bundle in
      let listener = try Listener("\(bundle.directory)/pidfd")
      try bundle.script("while :; do sleep 0.1; done")
      try bundle.must("create", "--bundle", bundle.directory, "--pidfd-socket", listener.path, bundle.id)
      let handle = try listener.receive().handle
      let pid = try bundle.pid
      #expect(handle.target == "anon_inode:[pidfd]" && handle.information("Pid") == "\(pid)")
      try bundle.must("start", bundle.id)
      try bundle.must(
        "exec", "--detach", "--pidfd-socket", listener.path, "--pid-file", "\(bundle.directory)/pid", bundle.id,
        "sleep",
        "100")
      #expect(try listener.receive().handle.information("Pid") == Host.read("\(bundle.directory)/pid"))
    }
  }

  @Test("--preserve-fds passes just so many") func preserved() throws {
    try withBundle { bundle in
      let files = (0..<3).map { number in
        let path = "\(bundle.directory)/file\(number)"
        Host.write("file \(number)\n", to: path)
        return Handle(open(path, O_RDONLY | O_CLOEXEC))
      }
      let descriptors: [Int32: Int32] = [3: files[0].fd, 4: files[1].fd, 5: files[2].fd]
      try bundle.script("cat <&3; cat <&4; cat <&5")
      let run = try bundle.run("--preserve-fds", "2", descriptors: descriptors)
      #expect(run.lines == ["file 0", "file 1"] && run.errors.contains("5"), "\(run)")
      let missing = try bundle.run("--preserve-fds", "9", descriptors: descriptors)
      #expect(missing.code == 1 && missing.output.isEmpty, "\(missing)")
    }
  }
}
