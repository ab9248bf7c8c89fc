internal import Arguments
internal import Glibc
internal import Image
internal import Kernel

/// `cp`.
extension ImageCommand {
  func copy() throws -> Int32 {
    var options = ContainerCopy.Options()
    options.keepsOwners = values.flag("archive")
    options.followsLink = values.flag("follow-link")
    let (source, destination) = (CopySide(argument(0) ?? ""), CopySide(argument(1) ?? ""))
    let copy = ContainerCopy(try library(), options)
    let bytes: UInt64
    switch (source, destination) {
    case (.container(let id, let path), .host("-")):
      guard isatty(STDOUT_FILENO) != 1 else {
        throw UsageError("cp: standard output is a terminal: name a directory, or use > file")
      }
      try copy.fromContainer(id, path, toArchive: STDOUT_FILENO)
      return 0
    case (.container(let id, let path), .host(let place)): bytes = try copy.fromContainer(id, path, to: place)
    case (.host("-"), .container(let id, let path)):
      // A duplicate: the descriptor is not ours to close.
      let input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
      guard input >= 0 else { throw SystemError("read", "standard input") }
      bytes = try copy.toContainer(archive: Descriptor(adopting: input), id, path)
    case (.host(let place), .container(let id, let path)): bytes = try copy.toContainer(place, id, path)
    case (.container, .container): throw UsageError("cp: copying between containers is not supported")
    case (.host, .host): throw UsageError("cp: one of the two must be CONTAINER:PATH")
    }
    // As docker's: standard output is for archives.
    if !values.flag("quiet") {
      let line = Array("Successfully copied \(HumanText.size(bytes)) to \(printable(argument(1) ?? ""))\n".utf8)
      write(STDERR_FILENO, line, line.count)
    }
    return 0
  }
}

/// One of the two arguments of `cp`.
private enum CopySide: Equatable {
  case host(String)
  case container(String, String)

  /// A path that begins with a slash or a dot is the host's, whatever else is in it.
  init(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if text.hasPrefix("/") || text.hasPrefix(".") || parts.count < 2 || parts[0].isEmpty {
      self = .host(text)
    } else {
      self = .container(parts[0], parts[1])
    }
  }
}
