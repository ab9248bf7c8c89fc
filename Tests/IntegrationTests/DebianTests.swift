import Testing

extension Integration {
  /// A distribution's own root file system, in layers.
  @Suite(.disabled(if: Host.isControl, "only swiftcr knows layers")) struct Debian {
    /// Made once, by mmdebstrap: three layers.
    private static let chain: String = {
      let path = Host.temporaryDirectory("debian")
      // A busy machine takes more than a minute to unpack a hundred packages.
      do { try Host.must(Host.fixture("debian"), "\(path)/layers", timeout: 600) } catch { Issue.record(error) }
      return path
    }()
  }
}

extension Integration.Debian {
  /// One test: what is made for it takes a minute, and goes with it.
  @Test(
    "bash, apt-get and python3 from layers, with Docker's profile, mapped or not",
    .disabled(if: Host.isOffline, "no Debian mirror can be reached"))
  func debian() throws {
    defer { Host.remove(Self.chain) }
    let profile = "\(Self.chain)/profile.json"
    try Host.must(Host.fixture("docker-profile"), profile)
    for options in [[], ["--userns"]] {
      try withBundle(.layers, options: ["--layers", "\(Self.chain)/layers", "--seccomp", profile] + options) { bundle in
        try bundle.arguments([
          "/bin/bash", "-c",
          """
          echo ${BASH_VERSION%%.*}; apt-get --version | head -n 1 | cut -d' ' -f1; python3 -c 'print(6 * 7)'
          cat /etc/motd; ls /etc/issue 2>/dev/null; stat -c %U:%G /etc/shadow
          unshare -U true 2>&1; grep ^Seccomp: /proc/self/status
          """,
        ])
        let outcome = try bundle.run()
        #expect(
          outcome.lines == [
            "5", "apt", "42", "Debian, in three layers", "root:shadow",
            "unshare: unshare failed: Operation not permitted", "Seccomp:\t2",
          ], "\(outcome)")
      }
    }
  }
}
