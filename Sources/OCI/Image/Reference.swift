/// The name of an image: a repository of a registry, and a tag or a digest of it (distribution-spec; the grammar is that
/// of docker's `distribution/reference`).
public struct Reference: Sendable, Hashable, CustomStringConvertible {
  /// Host and perhaps port: `docker.io`, `localhost:5000`, `[::1]:5000`.
  public var domain: String
  /// Such as `library/debian`.
  public var path: String
  /// `latest` when neither a tag nor a digest was given; `nil` with a digest alone.
  public var tag: String?
  public var digest: Digest?

  public static let defaultDomain = "docker.io"
  private static let officialPrefix = "library/"
  private static let longestName = 255
  private static let longestTag = 128

  /// Reads what people write: `debian`, `user/app:1.0`, `host:5000/a/b@sha256:…`.
  public init(parsing text: String) throws(InvalidReference) {
    func invalid(_ reason: String) -> InvalidReference { InvalidReference(text: text, reason: reason) }
    guard !text.isEmpty else { throw invalid("it is empty") }
    var rest = text[...]
    if let at = rest.firstIndex(of: "@") {
      do { digest = try Digest(validating: rest[rest.index(after: at)...]) } catch { throw invalid("\(error)") }
      rest = rest[..<at]
    }
    let slash = rest.lastIndex(of: "/") ?? rest.startIndex
    if let colon = rest[slash...].lastIndex(of: ":") {
      let tag = String(rest[rest.index(after: colon)...])
      guard Self.isTag(tag) else {
        throw invalid("the tag \(quoted(tag)) is not 1 to \(Self.longestTag) of A-Z a-z 0-9 _ . -, the first no . or -")
      }
      self.tag = tag
      rest = rest[..<colon]
    }
    if tag == nil, digest == nil { tag = "latest" }
    (domain, path) = Self.split(rest)
    guard Self.isDomain(domain) else { throw invalid("\(quoted(domain)) is no registry's host") }
    if let upper = path.utf8.first(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) {
      throw invalid("the repository must be in lower case, found \(quoted(String(UnicodeScalar(upper))))")
    }
    guard Self.isPath(path) else {
      throw invalid("\(quoted(path)) is no repository: expected a-z 0-9, with . _ __ or - between, and / between parts")
    }
    guard repository.utf8.count <= Self.longestName else { throw invalid("longer than \(Self.longestName) bytes") }
    if digest == nil, path.hasPrefix(Self.officialPrefix), path.utf8.count == 64 + Self.officialPrefix.utf8.count,
      Digest(hex: String(path.dropFirst(Self.officialPrefix.utf8.count))) != nil
    {
      throw invalid("64 hexadecimal digits are an image's id, not a name")
    }
  }

  /// The first part is a host if it looks like one: it has a dot, a port or a capital letter, or is `localhost`.
  private static func split(_ name: Substring) -> (domain: String, path: String) {
    if let slash = name.firstIndex(of: "/") {
      let first = name[..<slash]
      let hasMark = first.utf8.contains {
        $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
      }
      if hasMark || first == "localhost" {
        let domain = first == "index.docker.io" ? defaultDomain : String(first)
        let path = String(name[name.index(after: slash)...])
        return (domain, domain == defaultDomain && !path.contains("/") ? officialPrefix + path : path)
      }
      return (defaultDomain, String(name))
    }
    return (defaultDomain, officialPrefix + name)
  }

  /// The registry's host and the repository, without tag or digest.
  public var repository: String { "\(domain)/\(path)" }

  /// In full: `docker.io/library/debian:latest`.
  public var description: String {
    repository + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
  }

  /// The repository as docker shows it: without what is the default.
  public var familiarName: String {
    guard domain == Self.defaultDomain else { return repository }
    guard path.hasPrefix(Self.officialPrefix), !path.dropFirst(Self.officialPrefix.utf8.count).contains("/") else {
      return path
    }
    return String(path.dropFirst(Self.officialPrefix.utf8.count))
  }

  /// As docker shows it: `debian:latest`.
  public var familiar: String {
    familiarName + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
  }

  /// The same repository by tag alone.
  public func with(tag: String) -> Reference {
    var reference = self
    (reference.tag, reference.digest) = (tag, nil)
    return reference
  }

  /// The same repository by digest alone.
  public func with(digest: Digest) -> Reference {
    var reference = self
    (reference.tag, reference.digest) = (nil, digest)
    return reference
  }
}

/// A text that names no image.
public struct InvalidReference: Error, Sendable, Equatable, CustomStringConvertible {
  public let text: String
  public let reason: String

  public var description: String { "invalid reference \(quoted(text)): \(reason)" }
}
