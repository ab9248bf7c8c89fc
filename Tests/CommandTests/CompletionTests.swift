internal import Foundation
import Testing

@testable import Arguments

@Suite(.enabled(if: Subprocess.find("bash") != nil, "bash is not installed"))
struct BashCompletionTests {
  /// Each word of the line is an argument; what follows the last space is completed.
  @Test(arguments: [
    ("swiftcr r", "run rm restore rmi resume reclaim"),
    ("swiftcr sta", "start state"),
    ("swiftcr --lo", "--log --log-format"),
    ("swiftcr --log-format ", "text json"),
    // bash splits at the sign.
    ("swiftcr --log-format = j", "json"),
    ("swiftcr --log-format =", "text json"),
    ("swiftcr --debug sta", "start state"),
    ("swiftcr --root /r sta", "start state"),
    ("swiftcr --log-format json list -f ", "table json"),
    ("swiftcr list --format t", "table"),
    ("swiftcr list -format t", "table"),
    ("swiftcr run --no-p", "--no-pivot"),
    ("swiftcr run id --no-p", "--no-pivot"),
    ("swiftcr run --preserve-fds ", ""),
    ("swiftcr run ", ""),
    ("swiftcr start ", "box1 box2 $(touch${IFS}pwned) list --quiet"),
    ("swiftcr start b", "box1 box2"),
    ("swiftcr start $", "$(touch${IFS}pwned)"),
    ("swiftcr start box1 ", ""),
    ("swiftcr --root /r start l", ""),
    ("swiftcr --root /r start -", "--attach -a --help -h"),
    ("swiftcr --root /r start --", "--attach --help"),
    ("swiftcr --root=/r start x", ""),
    ("swiftcr kill box1 KI", "KILL"),
    ("swiftcr kill -a box1 US", "USR1 USR2"),
    ("swiftcr delete -f b", "box1 box2"),
    // Another command line begins: nothing of swiftcr's.
    ("swiftcr exec box1 ls --", ""),
    ("swiftcr exec -t b", "box1 box2"),
    ("swiftcr exec -e run b", "box1 box2"),
    ("swiftcr completion ", "bash zsh fish"),
    ("swiftcr help ru", "run"),
    ("swiftcr nosuch --", ""),
  ])
  func completes(line: String, expected: String) throws {
    let result = try complete(line, "unused")
    #expect(result.output == expected + "\n")
    #expect(result.errors.isEmpty)
  }

  @Test func asksWithTheRootOfTheLine() throws {
    #expect(try complete("swiftcr --root /r start -r", "").output == "\n")
    #expect(try complete("swiftcr --root /r start", "list").output == "--root /r list --quiet\n")
    #expect(try complete("swiftcr --root=/r start", "list").output == "--root=/r list --quiet\n")
    #expect(try complete("swiftcr --root = /r start", "list").output == "--root /r list --quiet\n")
  }

  @Test func offersDirectoriesAndFiles() throws {
    try withTemporaryDirectory { directory in
      let files = FileManager.default
      try files.createDirectory(atPath: directory + "/a b", withIntermediateDirectories: false)
      try files.createDirectory(atPath: directory + "/c", withIntermediateDirectories: false)
      try Data().write(to: URL(fileURLWithPath: directory + "/f"))
      let bundles = try complete("swiftcr run --bundle \(directory)/", "unused").output
      let (one, other) = (directory + "/a b", directory + "/c")
      #expect(["\(one) \(other)\n", "\(other) \(one)\n"].contains(bundles))
      #expect(try complete("swiftcr exec -p \(directory)/f", "unused").output == directory + "/f\n")
    }
  }

  @Test func everyOptionIsOffered() throws {
    for command in CommandTable.commands {
      let offered = try complete("swiftcr \(command.name) -", "unused").output.split { $0 == " " || $0 == "\n" }
      let expected = (command.options + [CommandTable.help]).flatMap(Completion.spellings)
      #expect(Set(offered.map(String.init)) == Set(expected), "\(command.name)")
    }
  }

  /// Runs the script's function as bash does. `swiftcr` is a function that lists what a hostile state directory could
  /// hold, and then what it was asked; with the query "list", only the latter is the answer.
  private func complete(_ line: String, _ query: String) throws -> Subprocess {
    var words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    if query == "list" { words.append("") }
    let script =
      Completion.script(for: "bash") + """
        set -u
        swiftcr() { printf '%s\\n' box1 box2 '$(touch${IFS}pwned)' "$*"; }
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _swiftcr
        if [[ $QUERY == list ]]; then COMPREPLY=("${COMPREPLY[@]:3}"); fi
        echo "${COMPREPLY[*]}"
        """
    let bash = try #require(Subprocess.find("bash"))
    return try Subprocess(bash, ["--norc", "-c", "QUERY=\(query);" + script, "bash"] + words)
  }
}

/// Shells that read a script without running it.
@Test(arguments: [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
func scriptsAreWellFormed(shell: String, option: String) throws {
  guard let path = Subprocess.find(shell) else { return }
  try withTemporaryDirectory { directory in
    let file = directory + "/script"
    try Completion.script(for: shell).write(toFile: file, atomically: false, encoding: .utf8)
    let result = try Subprocess(path, [option, file])
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
  }
}

/// zsh and fish are seldom installed where this runs: at least every option and command is in their scripts.
@Test(arguments: ["zsh", "fish"])
func scriptsHaveTheWholeTable(shell: String) {
  let script = Completion.script(for: shell)
  for command in CommandTable.commands {
    #expect(script.contains(shell == "fish" ? "--arguments \(command.name) " : "'\(command.name):"))
    for option in command.options {
      let form = shell == "fish" ? "--long-option \(option.long) " : ")--\(option.long)"
      #expect(script.contains(form) || script.contains("*--\(option.long)="), "\(command.name) --\(option.long)")
    }
  }
}

@Suite(.enabled(if: Subprocess.find("fish") != nil, "fish is not installed"))
struct FishCompletionTests {
  @Test(arguments: [
    ("swiftcr sta", "start state"), ("swiftcr --root /r sp", "spec"), ("swiftcr list -f ", "json table"),
    ("swiftcr kill ", "box1 box2"), ("swiftcr kill box1 KI", "KILL"), ("swiftcr run --bund", "--bundle"),
  ])
  func completes(line: String, expected: String) throws {
    let script =
      Completion.script(for: "fish") + """
        function swiftcr; printf '%s\\n' box1 box2; end
        complete -C \(Completion.singleQuoted(line))
        """
    let fish = try #require(Subprocess.find("fish"))
    let result = try Subprocess(fish, ["--no-config", "-c", script])
    let words = result.output.split(separator: "\n").compactMap { $0.split(separator: "\t").first }
    #expect(words.joined(separator: " ") == expected)
  }
}
