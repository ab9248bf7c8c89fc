internal import Arguments
internal import Glibc
internal import OCI
internal import Registry

/// `login` and `logout`.
extension ImageCommand {
  func login() async throws -> Int32 {
    let domain = try domain()
    guard let user = try values.value("username") ?? ask("Username: ", isSecret: false), !user.isEmpty else {
      throw UsageError("login: a user's name is needed: --username NAME")
    }
    let password: String?
    if values.flag("password-stdin") {
      password = readLine(strippingNewline: true)
    } else if let given = values.value("password") {
      log.warning("--password shows the password to everybody on this host: --password-stdin does not")
      password = given
    } else {
      password = try ask("Password: ", isSecret: true)
    }
    guard let password, !password.isEmpty else { throw UsageError("login: a password is needed") }
    try await withClient { client in
      try await client.login(domain, .password(user: user, password: password))
    }
    return Output.print("Login Succeeded\n")
  }

  func logout() async throws -> Int32 {
    let domain = try domain()
    let wasKnown = try await Credentials(environment: Self.environment).logout(domain)
    return Output.print(wasKnown ? "Removing login credentials for \(domain)\n" : "Not logged in to \(domain)\n")
  }

  /// As references have it.
  private func domain() throws -> String {
    guard var text = argument(0) else { return Reference.defaultDomain }
    for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = String(text.dropFirst(scheme.count)) }
    if let slash = text.firstIndex(of: "/") { text = String(text[..<slash]) }
    // A name with this host must be one.
    let reference = try Reference(parsing: "\(text)/x")
    return reference.domain == text || text == "index.docker.io" ? reference.domain : text
  }

  /// Asks on the terminal; a secret is not shown.
  private func ask(_ prompt: String, isSecret: Bool) throws -> String? {
    guard isatty(STDIN_FILENO) == 1 else {
      throw UsageError("login: no terminal to ask on: give --username and --password-stdin")
    }
    Output.print(prompt)
    var shown = termios()
    tcgetattr(STDIN_FILENO, &shown)
    if isSecret {
      var hidden = shown
      hidden.c_lflag &= ~tcflag_t(ECHO)
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
    }
    defer {
      if isSecret {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
        Output.print("\n")
      }
    }
    return readLine(strippingNewline: true)
  }
}
