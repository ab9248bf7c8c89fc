/// The commands that tell about containers and the program, and those that are about the host.
extension CommandTable {
  static let informationCommands: [Command] = [
    Command(
      name: "state", group: .information, summary: "print the state of a container as JSON",
      positionals: [container]),
    Command(
      name: "list", group: .information, summary: "list the containers",
      options: [listFormat, Option("quiet", "q", "print the ids only")]),
    Command(
      name: "plan", group: .information, summary: "print the steps that make a container, and do none of them",
      options: [bundle, layer, Option("json", "print the steps as JSON")]),
    Command(
      name: "features", group: .information, summary: "print what this runtime and host can do, as JSON"),
    Command(name: "version", group: .information, summary: "print the version"),
    Command(
      name: "help", group: .information, summary: "print help for the program or for a command",
      positionals: [Positional(name: "command", required: false, candidates: .commands)]),
  ]

  static let hostCommands: [Command] = [
    Command(
      name: "spec", group: .host, summary: "write a config.json to start from",
      options: [
        bundle, Option("rootless", "for a container that needs no privilege"),
      ]),
    Command(
      name: "purge", group: .host, summary: "remove caches, and what crashed or rebooted containers left",
      details: "Containers that still exist, and what they use, are left alone."),
    Command(
      name: "man", group: .host, summary: "print a manual page, of the program or of a command",
      details: """
        The page is written for man(1): swiftcr man run | man -l -
        """,
      positionals: [Positional(name: "command", required: false, candidates: .commands)]),
    Command(
      name: "completion", group: .host, summary: "print a completion script for a shell",
      details: """
        For bash, add this line to ~/.bashrc:
        source <(swiftcr completion bash)
        """,
      positionals: [Positional(name: "shell", candidates: .words(["bash", "zsh", "fish"]))]),
  ]
}
