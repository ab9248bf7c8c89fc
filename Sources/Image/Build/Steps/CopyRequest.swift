internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// What a COPY says, its values expanded.
struct CopySettings {
  /// As they are written, perhaps with wildcards.
  var sources: [String] = []
  var excluded: [String] = []
  var keepsParents = false
  /// Files that are written in the Dockerfile.
  var documents: [(name: String, bytes: [UInt8])] = []
  /// Absolute.
  var destination: String
  /// It is a directory, whether it is there or not.
  var wantsDirectory: Bool
  var owner: CopyOwner?
  var mode: FileModeChange?
  /// A layer that does not depend on the files below, but for which directories there are to lie in.
  var isLinked: Bool
  /// Of a linked layer: which of the directories on its way are not there below.
  var missingParents: Digest?
  /// A directory that is made has its source's mode and owner: a mount is the directory itself.
  var keepsTop = false

  /// - Parameter files: what the step lies on.
  func describe(in key: inout StepKey, files: Digest) {
    if !isLinked || owner?.isNamed == true { key.add("files", files.hex) }
    if let missingParents { key.add("missing", missingParents.hex) }
    key.add("destination", destination + (wantsDirectory ? "/" : ""))
    key.add("owner", owner?.text ?? "")
    key.add("mode", mode?.text ?? "")
    key.add("linked", isLinked ? "yes" : "no")
    for document in documents {
      key.add("document \(document.name)", ImageLibrary.digest(of: document.bytes).hex)
    }
  }

  /// What finds the sources in a tree; the tree's files together with this stand for what is found.
  func describeSearch(in key: inout StepKey, files: Digest) {
    key.add("files", files.hex)
    key.add("sources", sources)
    key.add("excluded", excluded)
    key.add("parents", keepsParents ? "yes" : "no")
    key.add("owner", owner == nil ? "kept" : "given")
  }
}

/// A COPY whose sources were found.
struct CopyRequest {
  var settings: CopySettings
  var matches: [SourceMatch]
  /// Sources that are archives and are to be unpacked, by their place among the matches.
  var unpacked: Set<Int> = []

  init(_ settings: CopySettings, _ matches: [SourceMatch]) { (self.settings, self.matches) = (settings, matches) }

  func describeMatches(in key: inout StepKey) {
    for (index, match) in matches.enumerated() {
      if match.identity != nil { key.add("excluded", settings.excluded) }
      if unpacked.contains(index) { key.add("unpacked", "\(index)") }
      Self.describe(match, keepsOwners: settings.owner == nil, in: &key)
    }
  }

  /// What one source is: names, modes, owners if they stay, contents. Times are left out.
  static func describe(_ match: SourceMatch, keepsOwners: Bool, in key: inout StepKey) {
    let keepsOwners = keepsOwners && !match.tree.isContext
    if let identity = match.identity { return key.add("source", identity) }
    key.add("source", String(decoding: match.name, as: UTF8.self))
    for entry in match.parents + match.entries {
      // The context's own directory is nothing that is copied.
      if entry.path.isEmpty, match.tree.isContext { continue }
      let owner = keepsOwners ? " \(entry.status.st_uid):\(entry.status.st_gid)" : ""
      key.add(
        "file \(String(decoding: entry.path, as: UTF8.self))",
        "\(String(entry.status.st_mode, radix: 8))\(owner) \(entry.digest.hex)")
    }
  }
}

/// `--chown`.
struct CopyOwner: Sendable {
  let text: String

  /// Whether the image's accounts have to be asked.
  var isNamed: Bool {
    !text.split(separator: ":", omittingEmptySubsequences: false).allSatisfy { UInt32($0) != nil }
  }

  /// A user without a group has the group of the same number, as docker has it.
  func ids(_ accounts: () throws(ImageError) -> Accounts) throws(ImageError) -> (uid: UInt32, gid: UInt32) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    if let uid = UInt32(parts[0]) {
      if parts.count == 1 { return (uid, uid) }
      if let gid = UInt32(parts[1]) { return (uid, gid) }
    }
    do {
      let accounts = try accounts()
      let identity = try accounts.identity(of: text)
      return (identity.uid, identity.gid)
    } catch {
      throw ImageError("--chown=\(text): \(error)")
    }
  }
}
