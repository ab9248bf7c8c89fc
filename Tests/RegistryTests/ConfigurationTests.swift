import OCI
import Testing

@testable import Registry

struct ConfigurationTests {
  private let scratch = Scratch()

  private func configuration(_ text: String) throws -> RegistryConfiguration {
    var configuration = RegistryConfiguration()
    try configuration.add(file: scratch.write(text, to: "registries.conf"))
    return configuration
  }

  /// `HOST/REPOSITORY`, with `!` behind insecure ones.
  private func places(_ configuration: RegistryConfiguration, _ reference: String) throws -> [String] {
    try configuration.sources(of: Reference(parsing: reference)).map {
      "\($0.host)/\($0.repository)" + ($0.isInsecure ? "!" : "")
    }
  }

  @Test("without a file: the registry itself; only this machine may be without TLS")
  func defaults() throws {
    let configuration = RegistryConfiguration()
    #expect(try places(configuration, "debian") == ["registry-1.docker.io/library/debian"])
    #expect(try places(configuration, "quay.io/a/b:1") == ["quay.io/a/b"])
    for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"] {
      #expect(try places(configuration, "\(host)/a") == ["\(host)/a!"])
    }
    for host in ["127.0.0.1.example.com", "localhost.example.com", "10.0.0.1:5000", "[::2]:5000"] {
      #expect(try places(configuration, "\(host)/a") == ["\(host)/a"])
    }
    var open = configuration
    open.verifiesTLS = false
    #expect(try places(open, "quay.io/a/b") == ["quay.io/a/b!"])
  }

  @Test("prefixes, locations and mirrors, as containers-registries.conf(5) has them")
  func rules() throws {
    let configuration = try configuration(
      """
      unqualified-search-registries = ["docker.io"]
      short-name-mode = "enforcing"
      [[registry]]
      prefix = "example.com/foo"
      insecure = true
      location = "internal.example.net:5000/bar"
      [[registry.mirror]]
      location = "mirror-0.local/mirror-for-foo"
      [[registry.mirror]]
      location = "mirror-1.local/mirrors/foo/"
      insecure = true
      pull-from-mirror = "digest-only"
      [[registry]]
      location = "docker.io"
      [[registry.mirror]]
      location = "127.0.0.1:5001"
      [[registry]]
      prefix = "*.wild.example"
      location = "wild.local/all"
      [[registry]]
      location = "blocked.example"
      blocked = true
      [[registry]]
      location = "localhost:7000"
      insecure = false
      """)
    let digest = Digest(sha256: [UInt8](repeating: 1, count: 32))
    let foo = ["mirror-0.local/mirror-for-foo/app", "internal.example.net:5000/bar/app!"]
    #expect(try places(configuration, "example.com/foo/app:1") == foo)
    #expect(
      try places(configuration, "example.com/foo/app@\(digest)") == [foo[0], "mirror-1.local/mirrors/foo/app!", foo[1]])
    #expect(try places(configuration, "example.com/foobar:1") == ["example.com/foobar"])
    #expect(try places(configuration, "example.com:5000/foo/app") == ["example.com:5000/foo/app"])
    #expect(
      try places(configuration, "debian") == ["127.0.0.1:5001/library/debian!", "registry-1.docker.io/library/debian"])
    #expect(try places(configuration, "a.b.wild.example/x/y") == ["wild.local/all/x/y"])
    #expect(try places(configuration, "wild.example/x/y") == ["wild.example/x/y"])
    #expect(try places(configuration, "localhost:7000/x") == ["localhost:7000/x"])
    let target = try configuration.target(of: Reference(parsing: "debian"))
    #expect(target.host == "registry-1.docker.io" && target.domain == "docker.io")
    #expect(throws: RegistryError.self) { try places(configuration, "blocked.example/a") }
  }

  @Test("a later file takes the place of rules for the same prefix")
  func dropIns() throws {
    var configuration = try configuration(
      "[[registry]]\nlocation = \"a.example\"\n[[registry]]\nlocation = \"b.example\"\n")
    let more = scratch.write("[[registry]]\nlocation = \"a.example\"\ninsecure = true\n", to: "more.conf")
    try configuration.add(file: more)
    #expect(configuration.rules.map(\.prefix) == ["b.example", "a.example"])
    #expect(try places(configuration, "a.example/x") == ["a.example/x!"])
    #expect(try configuration.add(file: "/nowhere/x", mayBeMissing: true) == false)
    #expect(throws: RegistryError.self) { try configuration.add(file: "/nowhere/x") }
  }

  @Test(
    "files that are wrong, and where",
    arguments: [
      ("[[registry]]\nlocation = \n", ": line 2: "),
      ("[registries.search]\nregistries = []\n", "version 1 of the format"),
      ("[[registry]]\ninsecure = true\n", ": registry 1: neither prefix nor location"),
      ("[[registry]]\nlocation = 7\n", ": registry 1: location: expected a string"),
      ("[[registry]]\nlocation = \"https://a.example\"\n", "expected a host, without https://"),
      ("[[registry]]\nlocation = \"a\"\ninsecure = \"yes\"\n", ": registry 1: insecure: expected true or false"),
      ("[[registry]]\nlocation = \"a\"\n[[registry.mirror]]\n", ": registry 1, mirror 1: no location"),
      (
        "[[registry]]\nlocation = \"a\"\n[[registry.mirror]]\nlocation = \"b\"\npull-from-mirror = \"x\"\n",
        "expected all, digest-only or tag-only, found \"x\""
      ),
    ])
  func faults(text: String, reason: String) async throws {
    let said = await message { _ = try configuration(text) }
    #expect(said.hasPrefix("\(scratch.path)/registries.conf: ") && said.contains(reason), "\(said)")
    #expect(!said.contains("\n"))
  }

  @Test("a location that makes no name")
  func badLocation() async throws {
    let configuration = try configuration("[[registry]]\nprefix = \"a.example\"\nlocation = \"nohost/x\"\n")
    let said = await message { _ = try places(configuration, "a.example/app") }
    #expect(said == "a.example/app:latest: the location \"nohost/x\" in registries.conf makes no name")
  }

  @Test(
    "who goes through a proxy",
    arguments: [
      ("https://registry.example/", "secure:3128"), ("http://registry.example/", "plain:80"),
      ("https://localhost/", ""),
      ("http://127.0.0.1:5000/", ""), ("https://direct.example/", ""), ("https://sub.direct.example/", ""),
      ("https://notdirect.example/", "secure:3128"), ("https://dot.example/", "secure:3128"),
      ("https://sub.dot.example/", ""), ("https://10.1.2.3/", ""), ("https://11.1.2.3/", "secure:3128"),
      ("https://port.example:8443/", ""), ("https://port.example/", "secure:3128"),
    ])
  func proxies(address: String, wanted: String) throws {
    let settings = ProxySettings(environment: [
      "https_proxy": "http://us%65r:p%40ss@secure:3128/", "HTTP_PROXY": "plain",
      "NO_PROXY": "direct.example, .dot.example,10.0.0.0/8,port.example:8443",
    ])
    let proxy = settings.proxy(for: try #require(WebAddress(address)).origin)
    #expect(proxy.map { "\($0.host):\($0.port)" } ?? "" == wanted)
    if wanted.hasPrefix("secure") { #expect(proxy?.user == "user" && proxy?.password == "p@ss") }
  }

  @Test("no proxy for anybody, and proxies that are none")
  func oddProxies() throws {
    let origin = try #require(WebAddress("https://registry.example/")).origin
    #expect(ProxySettings(environment: ["HTTPS_PROXY": "p:1", "NO_PROXY": "*"]).proxy(for: origin) == nil)
    #expect(ProxySettings(environment: ["HTTPS_PROXY": ""]).proxy(for: origin) == nil)
    #expect(ProxySettings(environment: ["HTTPS_PROXY": "socks5://s"]).proxy(for: origin)?.port == 1080)
    for text in ["https://u:secret@p", "http://u:secret@p:x"] {
      let proxy = ProxySettings(environment: ["HTTPS_PROXY": text]).proxy(for: origin)
      #expect(proxy?.fault?.hasPrefix("HTTPS_PROXY: ") == true && proxy?.fault?.contains("secret") == false)
    }
  }
}
