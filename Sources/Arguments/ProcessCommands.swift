/// The commands about the processes of a running container.
extension CommandTable {
  static let processCommands: [Command] = [
    Command(
      name: "exec", group: .processes, summary: "run a further process in a container",
      details: """
        The process is described by a file (--process) or by a command with its arguments; the container's own \
        process is the model for what is not given. Options end at the container's id.
        """,
      positionals: [
        container, Positional(name: "command", required: false),
        Positional(name: "args", required: false, variadic: true),
      ],
      options: execOptions + streams, endsOptionsAtPositional: true),
    Command(
      name: "ps", group: .processes, summary: "list the processes of a container",
      details: "The options after the container's id are those of ps(1).",
      positionals: [container, Positional(name: "ps options", required: false, variadic: true)],
      options: [listFormat], endsOptionsAtPositional: true),
    Command(
      name: "mounts", group: .processes, summary: "add mounts to a running container, or remove them",
      details: """
        The file has mounts as in config.json: an array, or an object with a member "mounts"; - is standard input. \
        What cannot be mounted leaves the container as it was.
        """,
      positionals: [
        Positional(name: "add|remove", candidates: .words(["add", "remove"])), container, Positional(name: "file"),
      ]),
    Command(
      name: "pause", group: .processes, summary: "freeze all processes of a container",
      positionals: [container]),
    Command(
      name: "resume", group: .processes, summary: "let the processes of a paused container go on",
      positionals: [container]),
  ]

  static let listFormat = Option("format", "f", .choice(["table", "json"]), "form of the list (default: table)")

  private static let execOptions: [Option] = [
    Option("process", "p", .path("FILE"), in: .process, "a file with the process as JSON, as in config.json"),
    Option("tty", "t", in: .process, "give the process a terminal"),
    Option("cwd", nil, .path("PATH"), in: .process, "the working directory, in the container"),
    Option(
      "env", "e", .text("NAME=VALUE"), repeats: true, in: .process,
      "set an environment variable; may be given many times"),
    Option("detach", "d", in: .process, "return when the process runs, and leave it running"),
    Option(
      "cgroup", nil, .text("[CONTROLLER:]PATH"), repeats: true, in: .process,
      "a cgroup below the container's, which exists; may be given many times"),
    Option("ignore-paused", in: .process, "wait in a paused container instead of failing"),
    Option("user", "u", .text("UID[:GID]"), in: .security, "user and group id of the process, as numbers"),
    Option(
      "additional-gids", "g", .number("GID", 0...4_294_967_294), repeats: true, in: .security,
      "a supplementary group id; may be given many times"),
    Option(
      "cap", "c", .text("CAPABILITY"), repeats: true, in: .security,
      "add a capability; may be given many times"),
    Option("no-new-privs", in: .security, "set no_new_privs for the process"),
    Option("apparmor", nil, .text("PROFILE"), in: .security, "the AppArmor profile of the process"),
    Option("process-label", nil, .text("LABEL"), in: .security, "the SELinux label of the process"),
    pidFile,
  ]
}
