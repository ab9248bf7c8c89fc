/// What is said of containers of images, in docker's words.
extension CommandTable {
  static let imageContainerCommands: [Command] = [
    Command(
      name: "rm", group: .containers, summary: "remove containers that have stopped, and what they wrote",
      positionals: [Positional(name: "container-id", variadic: true, candidates: .containers)],
      options: [Option("force", "f", "kill containers that run")]),
    Command(
      name: "stop", group: .containers, summary: "ask containers to stop, and kill them if they do not",
      details: """
        The signal is the image's, TERM if it names none.
        """,
      positionals: [Positional(name: "container-id", variadic: true, candidates: .containers)],
      options: [Option("time", "t", .number("SECONDS", 0...1_000_000), "seconds to wait (default: 10)")]),
    Command(
      name: "bundle", group: .containers, summary: "make a bundle of an image",
      details: """
        The directory, which must be empty or not there, gets a config.json that names the image's layers: for run, \
        create and plan with --bundle. As long as it is there, the store keeps what it needs of the image.
        """,
      positionals: [Positional(name: "image"), Positional(name: "directory")] + command,
      options: place + processOptions + rightsOptions, endsOptionsAtPositional: true, clustersFlags: true),
  ]

  /// The command line of a container of an image.
  static let command = [
    Positional(name: "command", required: false), Positional(name: "args", required: false, variadic: true),
  ]

  static let imageOptions: [Option] =
    [
      Option("image", nil, .text("REF"), in: .image, "run a container of this image"),
      Option("name", nil, .text("ID"), in: .image, "the container's id (default: 12 random digits)"),
      Option("rm", in: .image, "remove the container when it exits"),
      Option("interactive", "i", in: .image, "keep standard input; without it, there is none"),
    ] + place + processOptions + rightsOptions + [
      Option(
        "publish", "p", .text("PORTS"), repeats: true, in: .image,
        "not possible: join a network namespace, or the host's")
    ]

  /// Which image, and from where.
  private static let place: [Option] = [
    Option("platform", nil, .text("OS/ARCH"), in: .image, "which image of several (default: this machine's)"),
    Option(
      "pull", nil, .choice(["missing", "always", "never"]), in: .image,
      "when to pull the image (default: missing)"),
  ]

  private static let processOptions: [Option] = [
    Option("entrypoint", nil, .text("PROGRAM"), in: .image, "instead of the image's entrypoint and command"),
    Option(
      "env", "e", .text("NAME[=VALUE]"), repeats: true, in: .image,
      "set an environment variable, or pass it on; may be given many times"),
    Option(
      "env-file", nil, .path("FILE"), repeats: true, in: .image, "a file of NAME=VALUE lines; may be given many times"),
    Option("workdir", "w", .path("PATH"), in: .image, "the working directory, in the container"),
    Option("user", "u", .text("USER[:GROUP]"), in: .image, "names or ids (default: the image's)"),
    Option("tty", "t", in: .image, "give the process a terminal"),
    Option("hostname", nil, .text("NAME"), in: .image, "the host's name inside (default: the id)"),
    Option(
      "volume", "v", .text("HOST:PATH[:ro]"), repeats: true, in: .image,
      "a file or directory of the host; may be given many times"),
    Option(
      "tmpfs", nil, .text("PATH[:OPTIONS]"), repeats: true, in: .image,
      "a file system in memory; may be given many times"),
    Option("read-only", in: .image, "nothing of the image can be changed"),
    Option(
      "network", nil, .text("none|host|PATH"), in: .image,
      "none (default): loopback alone; host; or a namespace's path"),
  ]

  private static let rightsOptions: [Option] = [
    Option("memory", "m", .size("SIZE"), in: .image, "limit of memory, with as much swap again"),
    Option("cpus", nil, .text("N"), in: .image, "limit of processors, such as 1.5"),
    Option("pids-limit", nil, .number("N", -1...Int(Int32.max)), in: .image, "limit of processes; -1 and 0 are none"),
    Option("privileged", in: .image, "all capabilities and devices, and nothing masked: as root on the host"),
    Option("cap-add", nil, .text("NAME"), repeats: true, in: .image, "add a capability, or ALL"),
    Option("cap-drop", nil, .text("NAME"), repeats: true, in: .image, "drop a capability, or ALL"),
    Option(
      "security-opt", nil, .text("OPTION"), repeats: true, in: .image,
      "no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE, label=type:TYPE"),
  ]
}
