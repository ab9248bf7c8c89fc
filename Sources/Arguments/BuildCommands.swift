/// `build`, with the options of docker's.
extension CommandTable {
  static let buildCommand = Command(
    name: "build", group: .images, summary: "build an image from a Dockerfile",
    details: """
      The context is the directory that COPY takes files from; - reads an archive of one, or a Dockerfile, from standard \
      input. Every RUN is a container on the layers so far; each step that changes files makes a layer. RUN has the host's \
      network unless --network says otherwise.
      """,
    positionals: [Positional(name: "context")],
    options: [
      Option("tag", "t", .text("NAME[:TAG]"), repeats: true, "a name for the image; may be given many times"),
      Option("file", "f", .path("FILE"), "the Dockerfile (default: CONTEXT/Dockerfile)"),
      Option("build-arg", nil, .text("NAME[=VALUE]"), repeats: true, "a value for an ARG; may be given many times"),
      Option("target", nil, .text("STAGE"), "build this stage (default: the last one)"),
      Option("label", nil, .text("KEY=VALUE"), repeats: true, "a label for the image; may be given many times"),
      platform,
      Option("pull", "look for newer base images"),
      Option("no-cache", "carry out every step"),
      Option(
        "build-context", nil, .text("NAME=PLACE"), repeats: true, "a directory, oci-layout://DIR or docker-image://REF"),
      Option(
        "secret", nil, .text("SECRET"), repeats: true, "for RUN --mount=type=secret: id=ID,src=FILE or id=ID,env=NAME"),
      Option(
        "ssh", nil, .text("ID[=SOCKET]"), repeats: true, "the agent for RUN --mount=type=ssh (default: $SSH_AUTH_SOCK)"),
      Option("network", nil, .choice(["default", "host", "none"]), "network of RUN (default: the host's)"),
      Option("add-host", nil, .text("NAME:ADDRESS"), repeats: true, "a line for /etc/hosts in RUN"),
      Option("allow", nil, .text("RIGHT"), repeats: true, "security.insecure: RUN may ask for all rights"),
      Option("output", "o", .text("PLACE"), "where the result goes: type=local, tar, oci or docker, and dest=PATH"),
      Option(
        "cache-from", nil, .text("PLACE"), repeats: true,
        "steps made elsewhere: type=local,src=DIR or type=registry,ref=NAME"),
      Option(
        "cache-to", nil, .text("PLACE"), repeats: true,
        "where to keep the steps: type=local,dest=DIR or type=registry,ref=NAME"),
      Option("iidfile", nil, .path("FILE"), "write the image's id to FILE"),
      Option("metadata-file", nil, .path("FILE"), "write what was built to FILE, as JSON"),
      Option(
        "progress", nil, .choice(["auto", "plain", "tty", "classic"]),
        "how the steps are shown; classic is docker's older form"),
      Option("quiet", "q", "print the image's id only"),
      Option("check", "check the Dockerfile, and build nothing"),
      Option("debug-shell", "where a RUN fails, open a shell in the files before it; wants a terminal"),
      Option("explain-cache", "tell why the first step of each stage was not in the cache"),
      Option(
        "tls-verify", nil, .choice(["true", "false"]), "whether a registry's certificate must be valid (default: true)"),
    ])
}
