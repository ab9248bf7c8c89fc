import Testing

@testable import Arguments

/// Every option that runc has, by command: engines and scripts give them, so each must be taken, with or without a value.
@Suite struct RuncFlagTests {
  /// Of runc 1.5 (man/*.8.md and the commands' sources), with what 1.1 and 1.2 had and later versions dropped. The
  /// program's own options are under the empty name. `b|bundle=` takes a value, `d|detach` does not.
  static let options: [(command: String, options: String)] = [
    (
      "",
      "debug log= log-format= root= criu= systemd-cgroup rootless= h|help v|version"
    ),
    (
      "checkpoint",
      """
      image-path= work-path= parent-path= leave-running tcp-established tcp-skip-in-flight link-remap ext-unix-sk \
      shell-job lazy-pages status-fd= page-server= file-locks pre-dump manage-cgroups-mode= empty-ns= auto-dedup
      """
    ),
    (
      "create",
      "b|bundle= console-socket= pidfd-socket= pid-file= no-pivot no-new-keyring preserve-fds="
    ),
    ("delete", "f|force"),
    ("events", "interval= stats"),
    (
      "exec",
      """
      console-socket= pidfd-socket= cwd= e|env= t|tty u|user= g|additional-gids= p|process= d|detach pid-file= \
      process-label= apparmor= no-new-privs c|cap= preserve-fds= cgroup= ignore-paused
      """
    ),
    ("features", ""),
    ("kill", "a|all"),
    ("list", "f|format= q|quiet"),
    ("pause", ""),
    ("ps", "f|format="),
    (
      "restore",
      """
      console-socket= image-path= work-path= tcp-established ext-unix-sk shell-job file-locks manage-cgroups-mode= \
      b|bundle= d|detach pid-file= no-subreaper no-pivot empty-ns= auto-dedup lazy-pages lsm-profile= \
      lsm-mount-context=
      """
    ),
    ("resume", ""),
    (
      "run",
      """
      b|bundle= console-socket= pidfd-socket= d|detach keep pid-file= no-subreaper no-pivot no-new-keyring \
      preserve-fds=
      """
    ),
    ("spec", "b|bundle= rootless"),
    ("start", ""),
    ("state", ""),
    (
      "update",
      """
      r|resources= blkio-weight= cpu-period= cpu-quota= cpu-burst= cpu-share= cpu-rt-period= cpu-rt-runtime= \
      cpuset-cpus= cpuset-mems= kernel-memory= kernel-memory-tcp= memory= cpu-idle= memory-reservation= memory-swap= \
      pids-limit= l3-cache-schema= mem-bw-schema=
      """
    ),
  ]

  @Test(arguments: options) func table(command: String, options: String) throws {
    let known = try Self.table(command)
    for word in options.split(whereSeparator: \.isWhitespace) {
      let takesValue = word.hasSuffix("=")
      let names = (takesValue ? word.dropLast() : word).split(separator: "|")
      let option = try #require(known.first { $0.long == names.last ?? "" }, "\(command) lacks --\(names.last ?? "")")
      #expect(option.takesValue == takesValue, "\(command) \(word)")
      if names.count == 2 { #expect(option.short.map(String.init) == String(names[0]), "\(command) \(word)") }
    }
  }

  /// The help of the runc that is installed, whichever version it is.
  @Test(.enabled(if: Subprocess.find("runc") != nil, "runc is not installed"), arguments: options.map(\.command))
  func installed(command: String) throws {
    let runc = try #require(Subprocess.find("runc"))
    let help = try Subprocess(runc, (command.isEmpty ? [] : [command]) + ["--help"]).output
    let known = try Self.table(command) + [CommandTable.help]
    var count = 0
    for line in help.split(separator: "\n") where line.hasPrefix("   --") {
      // `   --bundle value, -b value  path to …`
      let end = line.dropFirst(3).firstRange(of: "  ")?.lowerBound ?? line.endIndex
      let spellings = line[..<end].split(separator: ",").map { $0.split(separator: " ") }
      for spelling in spellings {
        let name = spelling[0].drop { $0 == "-" }
        let option = try #require(known.first { $0.answers(to: name) }, "\(command) lacks \(spelling[0])")
        #expect(option.takesValue == (spelling.count > 1), "\(command) \(spelling[0])")
        count += 1
      }
    }
    // runc's `start` has none but its help, which has no line of this form.
    #expect(count > 0 || known.count == 1 || command == "start", "nothing of runc's help was understood")
  }

  @Test func checkpointHasHelp() throws {
    for name in ["checkpoint", "restore"] {
      let command = try #require(CommandTable.command(name))
      #expect(Help.text(for: command).contains("--image-path"))
      guard case .help(let asked) = try Invocation(parsing: [name, "--help"]).request else {
        Issue.record("\(name) --help is no help")
        continue
      }
      #expect(asked?.name == name)
    }
  }

  private static func table(_ command: String) throws -> [Option] {
    command.isEmpty ? CommandTable.globals : try #require(CommandTable.command(command)).options
  }
}
