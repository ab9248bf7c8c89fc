/// The commands on images and their layers, in docker's words. The program `swiftcr-image` carries them out.
extension CommandTable {
  static let imageCommands = withClusters(transferCommands + [buildCommand] + storeCommands + containerLayerCommands)

  /// `-af` is `-a -f`, as with docker.
  private static func withClusters(_ commands: [Command]) -> [Command] {
    commands.map { command in
      var command = command
      command.clustersFlags = true
      return command
    }
  }

  private static let transferCommands: [Command] = [
    Command(
      name: "pull", group: .images, summary: "fetch an image from a registry",
      details: """
        Layers that are here already are not fetched again. What was interrupted goes on where it stopped.
        """,
      positionals: [Positional(name: "image", variadic: true)],
      options: [
        platform, Option("all-platforms", "fetch the image for every platform that it is for"), tlsVerify, quiet,
      ]),
    Command(
      name: "push", group: .images, summary: "send an image to a registry",
      positionals: [image, Positional(name: "destination", required: false)],
      options: [platform, tlsVerify, quiet]),
    Command(
      name: "login", group: .images, summary: "store credentials for a registry",
      positionals: [Positional(name: "registry", required: false)],
      options: [
        Option("username", "u", .text("NAME"), "the user's name"),
        Option("password", "p", .text("PASSWORD"), "the password: others may see it in the list of processes"),
        Option("password-stdin", "read the password from standard input"), tlsVerify,
      ]),
    Command(
      name: "logout", group: .images, summary: "forget the credentials for a registry",
      positionals: [Positional(name: "registry", required: false)]),
  ]

  private static let storeCommands: [Command] = [
    Command(
      name: "images", group: .images, summary: "list the images",
      positionals: [Positional(name: "image", required: false)],
      options: [
        Option("all", "a", "also images without a name"), Option("digests", "show the digests of manifests"),
        noTruncation,
        Option("quiet", "q", "print the ids only"), format,
      ]),
    Command(
      name: "rmi", group: .images, summary: "remove images",
      details: "A name goes; with its last name, the image; with the image, the layers that nothing else has.",
      positionals: [Positional(name: "image", variadic: true)],
      options: [Option("force", "f", "also an image with several names, by its id; none is no error")]),
    Command(
      name: "tag", group: .images, summary: "give an image another name",
      positionals: [image, Positional(name: "name")]),
    Command(
      name: "history", group: .images, summary: "show the steps that made an image",
      positionals: [image], options: [platform, noTruncation, Option("quiet", "q", "print the ids only"), format]),
    Command(
      name: "inspect", group: .images, summary: "print what is known of images and containers, as JSON",
      positionals: [Positional(name: "name", variadic: true)], options: [platform]),
    Command(
      name: "load", group: .images, summary: "store the images of an archive or an OCI layout",
      details: """
        The archive is docker's or an OCI layout's, as it is or compressed; also a directory with a layout.
        """,
      options: [Option("input", "i", .path("FILE"), "read from FILE instead of standard input"), quiet]),
    Command(
      name: "save", group: .images, summary: "write images to an archive",
      positionals: [Positional(name: "image", variadic: true)],
      options: [
        Option("output", "o", .path("FILE"), "write to FILE instead of standard output"),
        Option(
          "format", nil, .choice(["docker-archive", "oci-archive", "oci-dir"]), "form of the archive, or a directory"),
        platform,
      ]),
    Command(
      name: "import", group: .images, summary: "make an image of one layer from an archive of files",
      positionals: [Positional(name: "file"), Positional(name: "name", required: false)],
      options: [change, message, platform]),
    Command(
      name: "df", group: .images, summary: "show what images, layers and containers take on disk",
      options: [Option("verbose", "v", "one line for each image, layer and container"), format]),
    Command(
      name: "prune", group: .images, summary: "remove images without a name, and all that nothing uses",
      options: [
        Option("all", "a", "also images that no container uses"), Option("force", "f", "do not ask"),
      ]),
    Command(
      name: "image-verify", group: .images, summary: "check every stored byte against its digest",
      options: [Option("repair", "make layers again from their blobs, and drop what cannot be saved")]),
    Command(
      name: "image-squash", group: .images, summary: "make an image of one layer from all layers of another",
      positionals: [image, Positional(name: "name", required: false)], options: [message]),
    Command(
      name: "image-tree", group: .images, summary: "show images as stacks of layers",
      positionals: [Positional(name: "image", required: false, variadic: true)],
      options: [Option("svg", nil, .path("FILE"), "draw a picture instead")]),
    Command(
      name: "layer-ls", group: .images, summary: "list the unpacked layers",
      positionals: [Positional(name: "image", required: false)], options: [noTruncation, format]),
    Command(
      name: "layer-which", group: .images, summary: "tell which layer a file of an image comes from",
      positionals: [image, Positional(name: "path")], options: [format]),
    Command(
      name: "layer-diff", group: .images, summary: "compare two layers, or two images",
      positionals: [Positional(name: "one"), Positional(name: "other")], options: [format]),
  ]

  /// The commands on containers of images that need the store's tools.
  private static let containerLayerCommands: [Command] = [
    Command(
      name: "commit", group: .images, summary: "make an image from a container's layer",
      details: "The container is paused meanwhile.",
      positionals: [container, Positional(name: "name", required: false)],
      options: [
        Option("author", "a", .text("NAME"), "who made it"), change, message,
        Option("no-pause", "let the container go on"),
      ]),
    Command(
      name: "cp", group: .images, summary: "copy files between a container and the host",
      details: """
        One of the two is CONTAINER:PATH. A directory that is there gets what is copied as an entry of its own, or, if the \
        source ends with /., what is in it; a name that is not there is given to the copy. - is an archive on standard \
        input, to be unpacked in a directory, or on standard output.
        The container may run or not; what is copied into it is in its layer, and in its volumes.
        """,
      positionals: [Positional(name: "source"), Positional(name: "destination")],
      options: [
        Option("archive", "a", "keep the owners; without it, files are root's there, or the caller's here"),
        Option("follow-link", "L", "copy what a symbolic link leads to instead of the link"),
        Option("quiet", "q", "print nothing"),
      ]),
    Command(
      name: "diff", group: .images, summary: "list what a container has changed", positionals: [container],
      options: [format]),
    Command(
      name: "export", group: .images, summary: "write a container's files to an archive", positionals: [container],
      options: [Option("output", "o", .path("FILE"), "write to FILE instead of standard output")]),
  ]

  /// Words that stand before a command: `swiftcr image pull` is `swiftcr pull`.
  static func command(_ first: String, _ second: String) -> Command? {
    guard ["image", "layer"].contains(first) else { return nil }
    if let command = command("\(first)-\(second)") { return command }
    guard first == "image" else { return nil }
    let name = ["ls": "images", "list": "images", "rm": "rmi", "remove": "rmi"][second] ?? second
    return imageCommands.first { $0.name == name }
  }

  static let image = Positional(name: "image")
  static let platform = Option(
    "platform", nil, .text("OS/ARCH"), "the platform, if an image is for several (default: this machine's)")
  private static let format = Option("format", nil, .choice(["table", "json"]), "form of the output (default: table)")
  private static let noTruncation = Option("no-trunc", "print ids and commands in full")
  private static let quiet = Option("quiet", "q", "no progress, the image's id or digest only")
  private static let tlsVerify = Option(
    "tls-verify", nil, .choice(["true", "false"]), "whether the registry's certificate must be valid (default: true)")
  private static let change = Option(
    "change", "c", .text("INSTRUCTION"), repeats: true, "a Dockerfile's instruction to apply, such as 'ENV A=b'")
  private static let message = Option("message", "m", .text("TEXT"), "a comment for the image's history")
}
