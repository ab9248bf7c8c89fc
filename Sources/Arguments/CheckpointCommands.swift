/// The commands that put a container on disk and bring it back. Engines ask with `checkpoint --help` whether there are
/// such commands.
extension CommandTable {
  static let checkpointCommands: [Command] = [
    Command(
      name: "checkpoint", group: .containers, summary: "save a running container to disk",
      details: """
        CRIU 4 has to be there. The container has stopped afterwards unless it is left running; its state and its \
        layer wait for "swiftcr restore" under the same id until "swiftcr delete". If it fails, the container goes on.
        """,
      positionals: [container],
      options: images + [
        Option("parent-path", nil, .path("DIR"), "images of an earlier --pre-dump, relative to --image-path"),
        Option("leave-running", "let the container go on afterwards"),
        Option("pre-dump", "save the memory only, and let the container go on"),
        Option("page-server", nil, .text("ADDRESS:PORT"), "send the memory to a page server"),
        Option("lazy-pages", "serve the memory later, page by page"),
        Option(
          "status-fd", nil, .number("FD", -1...Int(Int32.max)),
          "write a byte to this descriptor when lazy pages are ready"),
        Option("link-remap", "link files back that were removed while open"),
        Option("tcp-skip-in-flight", "leave out TCP connections that are being made"),
      ] + criu),
    Command(
      name: "restore", group: .containers, summary: "bring a container back from disk",
      details: """
        The images are those of "swiftcr checkpoint". Bind mounts are those of the bundle's config.json. A container \
        with layers comes back under its own id, before it is deleted.
        """,
      positionals: [newContainer],
      options: [bundle] + images + [
        Option("detach", "d", "return when the container runs, and leave it running"),
        Option("no-pivot", "move the root instead of pivot_root, for a host root that is a ramdisk"),
        noSubreaper,
        Option("lazy-pages", "bring the memory back later, page by page"),
        Option("lsm-profile", nil, .text("TYPE:NAME"), "another AppArmor or SELinux profile"),
        Option("lsm-mount-context", nil, .text("CONTEXT"), "another SELinux context for mounts"),
        Option(
          "console-socket", nil, .path("SOCKET"), in: .streams,
          "send the terminal's master to this AF_UNIX socket"),
        pidFile,
      ] + criu),
  ]

  private static let images: [Option] = [
    Option("image-path", nil, .path("DIR"), "directory of the images"),
    Option("work-path", nil, .path("DIR"), "directory for CRIU's files and logs"),
  ]

  private static let criu: [Option] = [
    Option("criu", nil, .path("FILE"), "the program to use (default: criu, from PATH)"),
    Option("tcp-established", "allow open TCP connections"),
    Option("ext-unix-sk", "allow UNIX sockets that lead out of the container"),
    Option("shell-job", "allow a container on the terminal of a shell"),
    Option("file-locks", "save and restore file locks"),
    Option("manage-cgroups-mode", nil, .choice(["soft", "full", "strict", "ignore"]), "what to do with cgroups"),
    Option("empty-ns", nil, .text("KIND"), repeats: true, "make a namespace, and restore nothing in it"),
    Option("auto-dedup", "remove memory from parent images that a newer one has"),
  ]
}
