import OCI
import Testing

@Suite struct ReferenceTests {
  private static let digest = "sha256:" + String(repeating: "ab", count: 32)

  @Test(arguments: [
    ("debian", "docker.io/library/debian:latest", "debian:latest"),
    ("debian:12", "docker.io/library/debian:12", "debian:12"),
    ("docker.io/debian", "docker.io/library/debian:latest", "debian:latest"),
    ("index.docker.io/library/debian", "docker.io/library/debian:latest", "debian:latest"),
    ("user/app", "docker.io/user/app:latest", "user/app:latest"),
    ("library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
    ("localhost/app:1", "localhost/app:1", "localhost/app:1"),
    ("localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"),
    ("Host/app", "Host/app:latest", "Host/app:latest"),
    ("[::1]:5000/a/b:v1.0-rc_1", "[::1]:5000/a/b:v1.0-rc_1", "[::1]:5000/a/b:v1.0-rc_1"),
    ("r.example.com/a__b/c--d/e.f", "r.example.com/a__b/c--d/e.f:latest", "r.example.com/a__b/c--d/e.f:latest"),
    ("debian@" + digest, "docker.io/library/debian@" + digest, "debian@" + digest),
    ("h:1/a:t@" + digest, "h:1/a:t@" + digest, "h:1/a:t@" + digest),
  ])
  func parses(text: String, full: String, familiar: String) throws {
    let reference = try Reference(parsing: text)
    #expect(reference.description == full)
    #expect(reference.familiar == familiar)
    #expect(try Reference(parsing: full) == reference)
  }

  @Test(arguments: [
    ("", "it is empty"),
    ("Debian", "must be in lower case"),
    ("debian:", "the tag"),
    ("debian:-x", "the tag"),
    ("debian:" + String(repeating: "x", count: 129), "the tag"),
    ("a//b", "is no repository"),
    ("a/../b", "is no repository"),
    ("a_", "is no repository"),
    ("a___b", "is no repository"),
    ("a..b/c", "is no registry's host"),
    ("-h.com/a", "is no registry's host"),
    ("h:port/a", "is no registry's host"),
    ("a@sha256:12", "invalid digest"),
    ("a@md5:" + String(repeating: "a", count: 32), "invalid digest"),
    (String(repeating: "ab", count: 32), "64 hexadecimal digits are an image's id"),
    ("r.io/" + String(repeating: "a", count: 260), "longer than 255 bytes"),
    ("a\nb", "is no repository"),
  ])
  func refuses(text: String, reason: String) {
    let error = #expect(throws: InvalidReference.self) { try Reference(parsing: text) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("\n") == false)
  }

  @Test func namesOfOthersInTheSameRepository() throws {
    let reference = try Reference(parsing: "localhost/app:1")
    #expect(reference.with(tag: "2").description == "localhost/app:2")
    #expect(reference.with(digest: try Digest(validating: Self.digest)).description == "localhost/app@\(Self.digest)")
  }
}

@Suite struct DigestTests {
  @Test func knowsItsBytes() throws {
    let digest = Digest(sha256: (0..<32).map { UInt8($0 * 7) })
    #expect(digest.bytes == (0..<32).map { UInt8($0 * 7) })
    #expect(try Digest(validating: digest.description) == digest)
    #expect(digest.short == "00070e151c23")
  }

  @Test(arguments: [
    "", "sha256", "sha256:", "sha256:" + String(repeating: "A", count: 64),
    "sha256:" + String(repeating: "a", count: 63),
    "sha512:" + String(repeating: "a", count: 64), "sha256:../../etc/passwd" + String(repeating: "a", count: 48),
    "SHA256:" + String(repeating: "a", count: 64),
  ])
  func refuses(text: String) {
    #expect(throws: InvalidDigest.self) { try Digest(validating: text) }
  }
}

@Suite struct PlatformTests {
  @Test(arguments: [
    ("linux/amd64", "linux/amd64", true), ("amd64", "linux/amd64", true), ("linux/x86_64", "linux/amd64", true),
    ("linux/arm64", "linux/arm64/v8", true), ("linux/arm64/v8", "linux/arm64", true),
    ("linux/arm/v7", "linux/arm/v6", false), ("linux/arm64", "linux/amd64", false),
    ("windows/amd64", "linux/amd64", false),
  ])
  func accepts(wanted: String, offered: String, fits: Bool) throws {
    let (one, other) = (try #require(Platform(parsing: wanted)), try #require(Platform(parsing: offered)))
    #expect(one.accepts(other) == fits)
  }

  @Test(arguments: ["", "linux/", "/amd64", "a/b/c/d"])
  func refuses(text: String) { #expect(Platform(parsing: text) == nil) }
}
