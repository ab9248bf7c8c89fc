/// What an image runs on: `linux/amd64`, `linux/arm64/v8` (image-spec image-index.md).
public struct Platform: Sendable, Hashable, CustomStringConvertible {
  public var os: String
  public var architecture: String
  public var variant: String?

  public init(os: String = "linux", architecture: String, variant: String? = nil) {
    self.os = os
    self.architecture = architecture
    self.variant = variant
  }

  /// `os/architecture[/variant]`, or an architecture alone, as `docker --platform` takes it.
  public init?(parsing text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    self =
      parts.count == 1
      ? Platform(architecture: parts[0])
      : Platform(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
    normalize()
  }

  /// The machine that this program was built for.
  public static var host: Platform {
    #if arch(arm64)
    Platform(architecture: "arm64", variant: "v8")
    #else
    Platform(architecture: "amd64")
    #endif
  }

  /// The names of uname(2) stand for Go's; arm64 without a variant is v8.
  private mutating func normalize() {
    switch architecture {
    case "x86_64", "x86-64": architecture = "amd64"
    case "aarch64": architecture = "arm64"
    default: break
    }
    if architecture == "arm64", variant == "8" { variant = "v8" }
  }

  /// Whether an image for `other` runs where this is wanted.
  public func accepts(_ other: Platform) -> Bool {
    var (mine, theirs) = (self, other)
    mine.normalize()
    theirs.normalize()
    guard mine.os == theirs.os, mine.architecture == theirs.architecture else { return false }
    let fallback = mine.architecture == "arm64" ? "v8" : nil
    return (mine.variant ?? fallback) == (theirs.variant ?? fallback) || mine.variant == nil
  }

  public var description: String { "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }
}
