import OCI
import Testing

@Suite struct ManifestTests {
  private static let digest = "sha256:" + String(repeating: "0", count: 64)
  private static let blob = #"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\#(digest)","size":2}"#
  private static let layer =
    #"{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"\#(digest)","size":3,"urls":["http://x"]}"#

  private func load(_ text: String, as type: MediaType? = nil) throws -> ManifestDocument {
    try ManifestDocument.load(Array(text.utf8), mediaType: type)
  }

  @Test func readsAManifest() throws {
    let text = #"{"schemaVersion":2,"config":\#(Self.blob),"layers":[\#(Self.layer)],"annotations":{"a":"b"}}"#
    guard case .manifest(let manifest) = try load(text) else {
      Issue.record("no manifest")
      return
    }
    #expect(manifest.layers.count == 1 && manifest.layers[0].size == 3 && manifest.annotations == ["a": "b"])
    guard case .manifest(let again) = try load(manifest.json.text()) else {
      Issue.record("no manifest")
      return
    }
    #expect(again.config == manifest.config && again.layers == manifest.layers)
  }

  @Test(arguments: [
    (#"{"schemaVersion":2}"#, nil, "config: required"),
    (#"{"schemaVersion":1,"fsLayers":[]}"#, nil, "schema 1"),
    (#"{"schemaVersion":2,"config":\#(blob),"layers":[],"manifests":[]}"#, nil, "a manifest and an index"),
    (
      #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","config":\#(blob),"layers":[]}"#, nil,
      "an index with config or layers"
    ),
    (
      #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#, MediaType.manifest,
      "announced as"
    ),
    (#"{"schemaVersion":2,"mediaType":"text/html","config":\#(blob),"layers":[]}"#, nil, "unknown media type"),
    (#"{"schemaVersion":2,"config":{"mediaType":"x","digest":"../x","size":2},"layers":[]}"#, nil, "invalid digest"),
    (#"{"schemaVersion":2,"config":{"mediaType":"x","digest":"\#(digest)","size":-1},"layers":[]}"#, nil, "a size"),
    ("<html>", nil, "not valid JSON"),
  ])
  func refuses(text: String, type: MediaType?, reason: String) {
    let error = #expect(throws: SpecFaults.self) { try load(text, as: type) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test func choosesThePlatform() throws {
    func entry(_ name: String, _ platform: Platform?) throws -> ContentDescriptor {
      ContentDescriptor(
        .manifest, try #require(Digest(hex: String(repeating: name, count: 64))), size: 1, platform: platform)
    }
    let index = ImageIndex(manifests: [
      try entry("1", Platform(os: "unknown", architecture: "unknown")), try entry("2", Platform(architecture: "arm64")),
      try entry("3", Platform(architecture: "amd64", variant: "v3")), try entry("4", Platform(architecture: "amd64")),
    ])
    #expect(index.manifest(for: Platform(architecture: "amd64"))?.digest.hex.first == "4")
    #expect(index.manifest(for: Platform(architecture: "arm64", variant: "v8"))?.digest.hex.first == "2")
    #expect(index.manifest(for: Platform(architecture: "riscv64")) == nil)
  }

  @Test(arguments: [
    ("application/vnd.oci.image.layer.v1.tar+gzip", nil), ("application/vnd.docker.image.rootfs.diff.tar.gzip", nil),
    ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "encrypted"),
    ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "foreign"),
    ("application/vnd.oci.image.layer.nondistributable.v1.tar", "foreign"), ("text/plain", "unknown"),
  ])
  func layers(type: String, fault: String?) {
    let found = MediaType(type).layerFault
    #expect(fault == nil ? found == nil : found?.contains(fault ?? "") == true)
  }
}

@Suite struct ImageConfigTests {
  @Test func keepsWhatItDoesNotKnow() throws {
    let text = #"""
      {"created":"2026-01-02T03:04:05Z","architecture":"amd64","os":"linux","os.version":"1","moby.x":[1],
       "config":{"User":"a:b","Env":["A=b"],"Cmd":["sh"],"Labels":{"l":"m"},"ExposedPorts":{"80/tcp":{}},"Healthcheck":{"Test":["NONE"]},"Odd":true},
       "rootfs":{"type":"layers","diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000000"]},
       "history":[{"created_by":"a"},{"created_by":"b","empty_layer":true}]}
      """#
    let config = try ImageConfig.load(Array(text.utf8))
    #expect(config.defaults.user == "a:b" && config.defaults.exposedPorts == ["80/tcp"] && config.diffIDs.count == 1)
    #expect(config.history.map(\.isEmptyLayer) == [false, true])
    let again = config.json
    #expect(again["os.version"]?.string == "1" && again["moby.x"]?[0] == .integer(1))
    #expect(again["config"]?["Odd"] == .bool(true) && again["config"]?["Healthcheck"]?["Test"]?[0]?.string == "NONE")
    #expect(try ImageConfig.load(again.bytes()) == config)
  }

  @Test func needsLayers() {
    #expect(throws: SpecFaults.self) { try ImageConfig.load(Array(#"{"architecture":"amd64","os":"linux"}"#.utf8)) }
  }
}
