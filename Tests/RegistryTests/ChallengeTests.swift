import Testing

@testable import Registry

struct ChallengeTests {
  @Test("what registries send")
  func usual() {
    #expect(
      Challenge.parse(#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#)
        == [.bearer(realm: "https://auth.docker.io/token", service: "registry.docker.io", scopes: [])])
    #expect(
      Challenge.parse(#"bearer realm = "https://a/t", scope="repository:a/b:pull,push repository:c:pull" ,error="x""#)
        == [.bearer(realm: "https://a/t", service: nil, scopes: ["repository:a/b:pull,push", "repository:c:pull"])])
    #expect(Challenge.parse(#"Basic realm="basic-realm""#) == [.basic])
    #expect(Challenge.parse("BASIC") == [.basic])
    let escaped = Challenge.bearer(realm: #"https://a/"t""#, service: nil, scopes: [])
    #expect(Challenge.parse(#"Bearer realm="https://a/\"t\"""#) == [escaped])
  }

  @Test("several at once: the token is preferred, unknown schemes are passed over")
  func several() {
    let header = #"Negotiate, Digest realm="d", qop=auth, Basic realm="a, b", Bearer realm="https://a/t",service=s"#
    #expect(Challenge.parse(header) == [.basic, .bearer(realm: "https://a/t", service: "s", scopes: [])])
    #expect(Challenge.best(of: ["Basic realm=x", header]) == .bearer(realm: "https://a/t", service: "s", scopes: []))
    #expect(Challenge.best(of: ["Negotiate", "Basic realm=x"]) == .basic)
    #expect(Challenge.best(of: ["Negotiate"]) == nil)
    #expect(Challenge.best(of: []) == nil)
  }

  @Test(
    "what breaks the grammar says nothing",
    arguments: [
      "Bearer", "Bearer realm=", #"Bearer realm="x"#, #"Bearer realm="a",realm="b""#, #"Bearer realm="a"junk;"#, "=x",
      "\"", "Bearer service=s", "Bearer realm=\"a\u{1}b\"",
      "Basic " + (0..<40).map { "p\($0)=x" }.joined(separator: ","),
      "Basic realm=" + String(repeating: "x", count: 9000),
      (0..<40).map { _ in "Basic" }.joined(separator: ","),
    ])
  func broken(header: String) {
    #expect(Challenge.parse(header) == nil)
  }
}

struct WebAddressTests {
  private let base = WebAddress("https://host:5000/v2/a/blobs/uploads/1?state=x")

  @Test(
    "addresses in answers, against the address of the request",
    arguments: [
      ("https://Other.example/x?y=1#z", "https://other.example/x?y=1"), ("/v2/b", "https://host:5000/v2/b"),
      ("//cdn.example:443/x", "https://cdn.example/x"), ("2?state=y", "https://host:5000/v2/a/blobs/uploads/2?state=y"),
      ("?state=y", "https://host:5000/v2/a/blobs/uploads/1?state=y"), ("http://[::1]:80", "http://[::1]/"),
      ("HTTP://h?q", "http://h/?q"), ("/a:b", "https://host:5000/a:b"),
    ])
  func resolved(text: String, address: String) {
    #expect(WebAddress(text, relativeTo: base)?.description == address)
  }

  @Test(
    "what is no address of the web, or may be read in two ways",
    arguments: [
      "", "file:///etc/passwd", "ftp://h/x", "javascript:x", "https://", "https:///x", "https://user@h/x",
      "https://u:p@h/x", "https://h:0/", "https://h:99999/", "https://h:x/", "https://h\\@evil/", "https://h/a b",
      "https://h/\n", "https://h\u{e9}/", "https://[::1/", "https://h%2e/", "data:,x", "unix:/run/x", "http+unix://x/",
      "https://h/" + String(repeating: "a", count: 9000),
    ])
  func refused(text: String) {
    #expect(WebAddress(text, relativeTo: base) == nil)
  }

  @Test("the default port is no port")
  func ports() {
    #expect(Origin(isSecure: true, authority: "h:443") == Origin(isSecure: true, authority: "H"))
    #expect(Origin(isSecure: true, authority: "h")?.port == 443)
    #expect(Origin(isSecure: false, authority: "h")?.authority == "h")
    #expect(Origin(isSecure: false, authority: "[::1]:5000")?.description == "http://[::1]:5000")
  }

  @Test("parameters are escaped")
  func parameters() {
    let address = base?.adding("digest", "sha256:a b&c\u{e9}")
    #expect(address?.target == "/v2/a/blobs/uploads/1?state=x&digest=sha256%3Aa%20b%26c%C3%A9")
  }

  @Test(
    "ranges of content",
    arguments: [
      ("bytes 5-9/10", [5, 9, 10] as [Int64]), ("bytes 5-9/*", [5, 9]), ("bytes 5-9/9", []), ("bytes 9-5/10", []),
      ("bytes -5/10", []), ("5-9/10", []), ("bytes 5-9", []), ("bytes */10", []), ("bytes 5-9/x", []), ("", []),
    ])
  func ranges(text: String, values: [Int64]) {
    let range = ContentRange(text)
    #expect(range.map { [$0.first, $0.last] + ($0.total.map { [$0] } ?? []) } ?? [] == values)
  }
}
