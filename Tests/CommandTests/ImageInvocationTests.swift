import Testing

@testable import Arguments

@Suite("Command lines of containers of images") struct ImageInvocationTests {
  private func values(_ words: String) throws -> OptionValues {
    guard case .command(_, let values) = try Invocation(parsing: words.split(separator: " ").map(String.init)).request
    else { throw UsageError("no command") }
    return values
  }

  private func refusal(_ words: String) -> String {
    do {
      _ = try values(words)
      return "none"
    } catch { return "\(error)" }
  }

  @Test func commandFollowsTheOptions() throws {
    let run = try values("run --image debian -e A=b -it ls -l -it / --rm")
    #expect(run.positionals == ["ls", "-l", "-it", "/", "--rm"])
    #expect(run.flag("interactive") && run.flag("tty") && !run.flag("rm") && run.values("env") == ["A=b"])
    #expect(try values("run --rm --image debian").positionals == [])
    #expect(try values("run --image debian --rm -- --version").positionals == ["--version"])
    // Where the image comes last of all, what was before it was no command of its own.
    #expect(try values("run -d --name box --image=debian sleep 1").positionals == ["sleep", "1"])
  }

  @Test func bundlesAreAsBefore() throws {
    let run = try values("run --bundle /b box --detach")
    #expect(run.positionals == ["box"] && run.flag("detach"))
    #expect(refusal("run") == "\"run\" requires exactly 1 argument(s)")
    #expect(refusal("run a b") == "\"run\" requires exactly 1 argument(s)")
  }

  @Test func optionsBelongToTheirForm() {
    #expect(refusal("run --env A=b box") == "--env needs --image")
    #expect(refusal("run --rm box") == "--rm needs --image")
    #expect(refusal("run --image i --bundle /b") == "--bundle and --image exclude each other")
    #expect(refusal("run --image i --layer /l") == "--layer and --image exclude each other")
  }

  @Test func clustersAreFlagsOnly() {
    #expect(refusal("run -ix --image i").hasPrefix("unknown option -ix"))
    #expect(refusal("run -ie A=b --image i").hasPrefix("unknown option -ie"))
    #expect(refusal("run --it --image i").hasPrefix("unknown option --it"))
    // runc's syntax has none.
    #expect(refusal("delete -fh box").hasPrefix("unknown option -fh"))
  }

  @Test func otherCommands() throws {
    #expect(try values("bundle -e A=b debian /d ls -l").positionals == ["debian", "/d", "ls", "-l"])
    #expect(refusal("bundle debian") == "\"bundle\" requires a minimum of 2 argument(s)")
    #expect(try values("rm a b -f").positionals == ["a", "b"])
    #expect(refusal("rm") == "\"rm\" requires a minimum of 1 argument(s)")
    #expect(try values("stop -t 3 a").integer("time") == 3)
    #expect(refusal("run --image i --pull sometimes").contains("missing, always or never"))
  }

  @Test func helpShowsBothForms() throws {
    let lines = Help.text(for: CommandTable.command("run")).split(separator: "\n").map(String.init)
    #expect(lines.contains("Usage: swiftcr run [options] <container-id>"))
    #expect(lines.contains("       swiftcr run --image REF [options] [command] [args...]"))
  }
}
