import Glibc
import NIOCore
import OCI
import Testing

@testable import Registry

@Suite(.enabled(if: DockerRegistry.isInstalled, "docker-registry is not installed"))
struct RoundTripTests {
  @Test("what is pushed is what the registry stores, and what is pulled")
  func roundTrip() async throws {
    let (registry, image) = (try await DockerRegistry(), SampleImage(layerSize: 3 << 20))
    let reference = try Reference(parsing: "\(registry.host)/team/app:1")
    try await withClient { client in
      #expect(try await client.resolve(reference) == nil)
      #expect(try await image.push(client, to: reference) == [.uploaded, .uploaded])
      #expect(registry.stored(image.manifest.config.digest) == image.config)
      #expect(registry.stored(image.manifest.layers[0].digest) == image.layer)
      #expect(registry.stored(image.digest) == image.bytes)

      for wanted in [reference, reference.with(digest: image.digest)] {
        let fetched = try await client.manifest(wanted)
        #expect(fetched.bytes == image.bytes)
        #expect(fetched.digest == image.digest)
        #expect(fetched.mediaType == .manifest)
        #expect(fetched.document == .manifest(image.manifest))
        #expect(try await client.resolve(wanted) == fetched.descriptor)
      }
      #expect(try await client.bytes(image.manifest.config, of: reference) == image.config)
      #expect(try await client.bytes(image.manifest.layers[0], of: reference) == image.layer)
      #expect(try await image.push(client, to: reference.with(tag: "2")) == [.existed, .existed])
      #expect(try await client.tags(reference).sorted() == ["1", "2"])
    }
  }

  @Test("a blob is fetched from an offset on")
  func offset() async throws {
    let (registry, image) = (try await DockerRegistry(), SampleImage(layerSize: 1 << 20))
    let (reference, layer) = (try Reference(parsing: "\(registry.host)/app"), image.manifest.layers[0])
    try await withClient { client in
      try await image.push(client, to: reference)
      for offset in [0, 1, 300_000, (1 << 20) - 1, 1 << 20] {
        let bytes = try await client.bytes(layer, of: reference, from: Int64(offset))
        #expect(bytes.elementsEqual(image.layer[offset...]), "from \(offset)")
      }
      _ = await message { _ = try await client.bytes(layer, of: reference, from: (1 << 20) + 1) }
    }
  }

  @Test("what another repository has is mounted, not sent")
  func mount() async throws {
    let (registry, image) = (try await DockerRegistry(), SampleImage(layerSize: 1 << 20))
    let first = try Reference(parsing: "\(registry.host)/first")
    let second = try Reference(parsing: "\(registry.host)/second")
    try await withClient { client in
      try await image.push(client, to: first)
      #expect(try await client.hasBlob(image.manifest.layers[0].digest, in: first))
      #expect(try await !client.hasBlob(image.manifest.layers[0].digest, in: second))
      #expect(try await client.mountBlob(image.manifest.config.digest, from: "first", into: second))
      let missing = Digest(sha256: [UInt8](repeating: 7, count: 32))
      #expect(try await !client.mountBlob(missing, from: "first", into: second))
      let outcomes = try await image.push(client, to: second, mountingFrom: ["nothing", "first"])
      #expect(outcomes == [.existed, .mounted(from: "first")])
      #expect(try await client.bytes(image.manifest.layers[0], of: second) == image.layer)
    }
  }

  @Test("a large blob goes in chunks, an empty one as well", arguments: [0, 1, (1 << 20) - 1, 5 << 20, (5 << 20) + 7])
  func chunks(size: Int) async throws {
    let (registry, image) = (try await DockerRegistry(), SampleImage(layerSize: size))
    let reference = try Reference(parsing: "\(registry.host)/app")
    try await withClient(.test { $0.uploadChunk = 1 << 20 }) { client in
      try await image.push(client, to: reference)
      #expect(registry.stored(image.manifest.layers[0].digest) == image.layer)
      #expect(try await client.bytes(image.manifest.layers[0], of: reference) == image.layer)
    }
  }

  @Test("connections that are cut do not stop a push or a pull", arguments: [64 << 20, 1 << 20])
  func cuts(uploadChunk: Int64) async throws {
    let (registry, image) = (try await DockerRegistry(), SampleImage(layerSize: 8 << 20))
    let proxy = try CuttingProxy(to: registry.port, after: 1_500_000)
    let reference = try Reference(parsing: "127.0.0.1:\(proxy.port)/app")
    try await withClient(.test { $0.uploadChunk = uploadChunk }) { client in
      try await image.push(client, to: reference)
      #expect(registry.stored(image.manifest.layers[0].digest) == image.layer)
      let cuts = proxy.cuts
      #expect(cuts > 0)
      #expect(try await client.bytes(image.manifest.layers[0], of: reference) == image.layer)
      #expect(proxy.cuts > cuts + 3)
    }
  }

  @Test("what has the image as subject is found under a tag where the registry has no list of referrers")
  func referrers() async throws {
    let (registry, image) = (try await DockerRegistry(), SampleImage(layerSize: 100))
    let reference = try Reference(parsing: "\(registry.host)/app")
    try await withClient { client in
      try await image.push(client, to: reference)
      #expect(try await client.referrers(of: reference.with(digest: image.digest)).isEmpty)
      for name in ["one", "two", "two"] {
        var signature = image.manifest
        signature.subject = .init(.manifest, image.digest, size: Int64(image.bytes.count))
        signature.artifactType = "application/x-\(name)"
        signature.annotations = ["name": name]
        let bytes = signature.json.bytes()
        let digest = RegistryClient.digest(of: bytes, .sha256)
        let pushed = try await client.pushManifest(bytes, .manifest, to: reference.with(digest: digest))
        #expect(pushed == PushedManifest(digest: digest, listsSubject: false))
      }
      let found = try await client.referrers(of: reference.with(digest: image.digest))
      #expect(found.map(\.annotations) == [["name": "one"], ["name": "two"]])
      let two = try await client.referrers(
        of: reference.with(digest: image.digest), artifactType: "application/x-two")
      #expect(two.map(\.artifactType) == ["application/x-two"])
    }
  }

  @Test("what is missing is said in one line, with the registry's reason")
  func missing() async throws {
    let registry = try await DockerRegistry()
    let reference = try Reference(parsing: "\(registry.host)/app:1")
    try await withClient { client in
      let said = await message { _ = try await client.manifest(reference) }
      #expect(said == "get manifest of \(reference): not found (404): MANIFEST_UNKNOWN \"manifest unknown\"")
      let blob = ContentDescriptor(.layer, Digest(sha256: [UInt8](repeating: 1, count: 32)), size: 5)
      let blobSaid = await message { _ = try await client.bytes(blob, of: reference) }
      #expect(blobSaid.hasPrefix("get \(blob.digest) of \(reference): not found (404): BLOB_UNKNOWN"))
    }
  }

  @Test("nobody listens: no retries, and a plain word")
  func refused() async throws {
    let port = try Listener.freePort()
    let said = await message {
      try await withClient { client in
        _ = try await client.manifest(Reference(parsing: "127.0.0.1:\(port)/app"))
      }
    }
    #expect(said == "get manifest of 127.0.0.1:\(port)/app:latest: connection refused")
  }

  @Test("a mirror that has the image serves it, others are passed over; a push goes past all mirrors")
  func mirrors() async throws {
    let (own, mirror) = (try await DockerRegistry(), try await DockerRegistry())
    let (image, dead) = (SampleImage(layerSize: 1000), try Listener.freePort())
    let reference = try Reference(parsing: "registry.example/team/app:1")
    let rules = [
      RegistryRule(
        "registry.example", location: own.host,
        mirrors: [.init("127.0.0.1:\(dead)/dead"), .init("\(mirror.host)/copy/of")])
    ]
    try await withClient { client in
      let said = await message {
        try await withClient(.test { $0.rules = rules }) { _ = try await $0.manifest(reference) }
      }
      #expect(said.contains("(mirrors: 127.0.0.1:\(dead): "))
      #expect(said.contains("connection refused; \(mirror.host): not found"))
      try await image.push(client, to: Reference(parsing: "\(mirror.host)/copy/of/team/app:1"))
    }
    try await withClient(.test { $0.rules = rules }) { client in
      let fetched = try await client.manifest(reference)
      #expect(fetched.bytes == image.bytes)
      #expect(try await client.bytes(image.manifest.layers[0], of: reference) == image.layer)
      #expect(own.stored(image.digest) == nil)
      #expect(try await image.push(client, to: reference) == [.uploaded, .uploaded])
      #expect(own.stored(image.digest) == image.bytes)
    }
  }
}
