/// The commands that make, start and remove containers.
extension CommandTable {
  static let containerCommands: [Command] = [
    Command(
      name: "run", group: .containers, summary: "create a container, start it and wait for its exit",
      details: """
        A bundle is a directory with a config.json and, unless layers are given, a root filesystem. The exit code is \
        the one of the container's process.
        With layers, the container runs on a stack of directories with a fresh, throw-away layer on top, which goes \
        when the container goes.
        With --image, the container is of an image of the store, which is pulled if it is not there; what follows its \
        options is the command. Without --rm it stays when it has stopped: for diff, commit, start and rm. Exit codes \
        are 125 for an error of swiftcr, 126 and 127 for a command that cannot be executed or is not there, else the \
        command's.
        """,
      positionals: [newContainer],
      options: [bundle, layer]
        + [
          Option("detach", "d", "return when the container runs, and leave it running"),
          Option("keep", "keep the container's state after its exit"),
          Option("keep-layer", nil, .path("DIR"), "make the throw-away layer in DIR, and leave it there"),
        ] + imageOptions + isolation + streams + [pidFile, noSubreaper],
      variant: CommandVariant(
        option: "image", positionals: command, endsOptionsAtPositional: true,
        excludes: ["bundle", "layer", "keep", "keep-layer"],
        group: .image),
      clustersFlags: true),
    Command(
      name: "create", group: .containers, summary: "create a container without starting it",
      details: """
        Everything is set up but the container's process, which waits for "swiftcr start".
        """,
      positionals: [newContainer],
      options: [bundle, layer] + isolation + streams + [pidFile, noSubreaper]),
    Command(
      name: "start", group: .containers, summary: "start the process of a created container",
      details: """
        A stopped container of an image starts again, with what it had written.
        """,
      positionals: [container],
      options: [Option("attach", "a", "wait for its exit, with its output here")]),
    Command(
      name: "kill", group: .containers, summary: "send a signal to a container's process",
      details: """
        The signal is a name, with or without SIG, or a number; TERM is the default.
        """,
      positionals: [container, Positional(name: "signal", required: false, candidates: .signals)],
      options: [Option("all", "a", "send the signal to every process of the container")]),
    Command(
      name: "wait", group: .containers, summary: "wait until a container ends, and print its exit code",
      details: """
        Anybody may wait, not only the container's parent. That needs Linux 6.15; on others the code is known only if \
        the parent has not taken it yet.
        """,
      positionals: [container]),
    Command(
      name: "delete", group: .containers, summary: "remove a container that has exited, and all that it held",
      positionals: [container],
      options: [
        Option("force", "f", "kill the container first if it runs; no such container is no error")
      ]),
  ]

  static let container = Positional(name: "container-id", candidates: .containers)
  static let newContainer = Positional(name: "container-id")

  static let bundle = Option(
    "bundle", "b", .path("DIR"), "the bundle's directory (default: the current directory)")
  static let layer = Option(
    "layer", nil, .path("DIR"), repeats: true,
    "a layer of the root filesystem, bottom first; may be given many times")
  static let pidFile = Option("pid-file", nil, .path("FILE"), in: .engine, "write the process id to FILE")

  static let noSubreaper = Option("no-subreaper", in: .engine, "do not become the parent of the container's orphans")

  /// What `run`, `create` and `exec` do with descriptors.
  static let streams: [Option] = [
    Option(
      "console-socket", nil, .path("SOCKET"), in: .streams,
      "send the terminal's master to this AF_UNIX socket"),
    Option(
      "pidfd-socket", nil, .path("SOCKET"), in: .streams,
      "send a pidfd of the process to this AF_UNIX socket"),
    Option(
      "preserve-fds", nil, .number("N", 0...1024), in: .streams,
      "pass N descriptors more, from 3 + $LISTEN_FDS on (default: 0)"),
  ]

  private static let isolation: [Option] = [
    Option("no-new-keyring", in: .security, "keep the caller's session keyring"),
    Option(
      "no-pivot", in: .security, "move the root instead of pivot_root, for a host root that is a ramdisk"),
  ]
}
