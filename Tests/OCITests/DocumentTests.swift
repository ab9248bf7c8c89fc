import Testing

@testable import OCI

@Suite("Layers in annotations")
struct LayerRequestTests {
  @Test("Nothing is asked for")
  func none() throws {
    #expect(try LayerRequest.load(annotations: [:]) == nil)
    #expect(try LayerRequest.load(annotations: ["io.swiftcr.layerx": "1", "org.example": "x"]) == nil)
  }

  @Test("Everything is asked for")
  func complete() throws {
    let request = try LayerRequest.load(annotations: [
      "io.swiftcr.layers": #"["/a", "b/c", "../d"]"#, "io.swiftcr.layer.upper": "tmpfs", "io.swiftcr.layer.size": "64m",
      "io.swiftcr.layer.volatile": "false",
    ])
    #expect(request?.directories == ["/a", "b/c", "../d"])
    #expect(request?.upper == .tmpfs && request?.size == 67_108_864 && request?.volatile == false)
    let plain = try LayerRequest.load(annotations: ["io.swiftcr.layers": #"["/a"]"#])
    #expect(plain == LayerRequest(directories: ["/a"]))
    #expect(plain?.upper == .disk && plain?.size == nil && plain?.volatile == nil)
    // The command line may name the layers.
    #expect(try LayerRequest.load(annotations: ["io.swiftcr.layer.upper": "disk"])?.directories == [])
  }

  @Test(
    "Wrong values",
    arguments: [
      (
        "io.swiftcr.layers", "/a",
        "expected a JSON array of directories: line 1, column 1: expected a value, found \"/\""
      ),
      ("io.swiftcr.layers", "\"/a\"", "expected a JSON array of directories"),
      ("io.swiftcr.layers", "[1]", "expected a JSON array of directories"),
      ("io.swiftcr.layers", "[]", "expected 1 to 500 directories, found 0"),
      ("io.swiftcr.layers", #"[""]"#, "not a directory's path: \"\""),
      ("io.swiftcr.layers", #"["/a\u0000b"]"#, "not a directory's path: \"/a\\u0000b\""),
      ("io.swiftcr.layers", #"["/a", "/b", "/a"]"#, "\"/a\" comes twice"),
      ("io.swiftcr.layer.upper", "ram", "expected disk or tmpfs, found \"ram\""),
      ("io.swiftcr.layer.upper", "", "expected disk or tmpfs, found \"\""),
      ("io.swiftcr.layer.volatile", "True", "expected true or false, found \"True\""),
      (
        "io.swiftcr.layer.sise", "1",
        "unknown: expected one of io.swiftcr.layer.upper, io.swiftcr.layer.size, io.swiftcr.layer.volatile"
      ),
    ])
  func wrong(key: String, value: String, reason: String) {
    let error = #expect(throws: SpecFaults.self) { try LayerRequest.load(annotations: [key: value]) }
    #expect(error?.faults == [Fault(keyPath: "annotations[\"\(key)\"]", reason: reason)])
  }

  @Test("501 layers are too many, 500 are not; all faults come at once")
  func bounds() throws {
    func layers(_ count: Int) -> String {
      JSON.strings((0..<count).map { "/l/\($0)" }).text()
    }
    #expect(try LayerRequest.load(annotations: ["io.swiftcr.layers": layers(500)])?.directories.count == 500)
    let error = #expect(throws: SpecFaults.self) {
      try LayerRequest.load(annotations: [
        "io.swiftcr.layers": layers(501), "io.swiftcr.layer.size": "0", "io.swiftcr.layer.upper": "x",
      ])
    }
    #expect(error?.faults.count == 3)
    #expect(throws: SpecFaults.self) {
      try LayerRequest.load(annotations: ["io.swiftcr.layers": "[\"/\(String(repeating: "x", count: 4095))\"]"])
    }
  }

  @Test(
    "Sizes",
    arguments: [
      ("1", 1), ("65536", 65536), ("64k", 65536), ("64K", 65536), ("10M", 10 << 20), ("2g", 2 << 30),
      ("18446744073709551615", .max), ("17179869183g", 17_179_869_183 << 30), ("", nil), ("0", nil), ("0k", nil),
      ("k", nil), ("-1", nil),
      ("+1", nil), ("1.5g", nil), ("1 k", nil), ("1kb", nil), ("1t", nil), ("0x10", nil), ("18446744073709551616", nil),
      ("17179869184g", nil), ("１", nil), ("1\n", nil),
    ] as [(String, UInt64?)])
  func sizes(text: String, expected: UInt64?) {
    #expect(LayerRequest.size(text) == expected)
  }
}

@Suite("Container ids")
struct ContainerIDTests {
  @Test(
    "Names that are taken",
    arguments: ["a", "0", "_", "-", "+", "a.b", "a..b", "A_b-c+d.9", "a.", String(repeating: "x", count: 250)])
  func taken(id: String) throws {
    #expect(try ContainerID(validating: id).value == id)
  }

  @Test(
    "Names that are refused",
    arguments: [
      "", ".", "..", ".a", "a/b", "/a", "../a", "a b", "a\n", "a\u{0}", "é", "a:b", "a@b", "a\\b", "a%2f", "*", "~",
      String(repeating: "x", count: 251), "\u{212A}",
    ])
  func refused(id: String) {
    let error = #expect(throws: InvalidContainerID.self) { try ContainerID(validating: id) }
    #expect(error?.description.hasPrefix("invalid container ID format: \"") == true)
    #expect(error?.description.contains("\n") == false)
  }

  @Test("The wording is runc's")
  func wording() {
    let error = #expect(throws: InvalidContainerID.self) { try ContainerID(validating: "a/b") }
    #expect(error?.description == #"invalid container ID format: "a/b""#)
  }
}

@Suite("State")
struct ContainerStateTests {
  private let state = ContainerState(
    id: "box", status: .running, pid: 4242, bundle: "/b", annotations: ["b": "<2>", "a": "1"], rootfs: "/b/rootfs",
    created: Timestamp(seconds: 1_709_251_199, nanoseconds: 120_000_000), owner: "root")

  @Test("`state` prints runc's fields in runc's order")
  func printed() {
    let expected = #"""
      {
        "ociVersion": "1.3.0",
        "id": "box",
        "pid": 4242,
        "status": "running",
        "bundle": "/b",
        "rootfs": "/b/rootfs",
        "created": "2024-02-29T23:59:59.12Z",
        "annotations": {
          "a": "1",
          "b": "\u003c2\u003e"
        },
        "owner": "root"
      }
      """#
    #expect(state.json.text(indent: "  ") == expected)
  }

  @Test("A stopped container has the process 0, and none for hooks")
  func stopped() {
    var state = state
    state.status = .stopped
    state.annotations = [:]
    #expect(state.json["pid"] == .integer(0))
    #expect(state.json["annotations"] == nil)
    #expect(state.hookJSON.text() == #"{"ociVersion":"1.3.0","id":"box","status":"stopped","bundle":"/b"}"#)
  }

  @Test("Hooks and seccomp agents get the specification's fields")
  func hooks() {
    let hook =
      #"{"ociVersion":"1.3.0","id":"box","status":"running","pid":4242,"bundle":"/b","#
      + #""annotations":{"a":"1","b":"\u003c2\u003e"}}"#
    #expect(state.hookJSON.text() == hook)
    #expect(
      state.seccompJSON(processID: 7, metadata: "m").text()
        == #"{"ociVersion":"1.3.0","fds":["seccompFd"],"pid":7,"metadata":"m","state":\#(hook)}"#)
  }

  @Test(
    "Moments, as `date -u -d @N` has them",
    arguments: [
      (0, 0, "1970-01-01T00:00:00Z"), (951_782_399, 0, "2000-02-28T23:59:59Z"),
      (951_782_400, 1, "2000-02-29T00:00:00.000000001Z"),
      (951_868_800, 999_999_999, "2000-03-01T00:00:00.999999999Z"),
      (1_735_689_599, 500_000_000, "2024-12-31T23:59:59.5Z"),
      (4_107_542_400, 0, "2100-03-01T00:00:00Z"), (4_107_542_399, 0, "2100-02-28T23:59:59Z"),
      (-1, 0, "1969-12-31T23:59:59Z"),
      (-2_203_891_200, 0, "1900-03-01T00:00:00Z"), (253_402_300_799, 0, "9999-12-31T23:59:59Z"),
    ] as [(Int64, UInt32, String)])
  func moments(seconds: Int64, nanoseconds: UInt32, expected: String) {
    #expect(Timestamp(seconds: seconds, nanoseconds: nanoseconds).description == expected)
  }
}

@Suite("Features")
struct FeaturesTests {
  @Test("What is unknown is left out, what is known is said")
  func document() throws {
    var features = Features()
    let plain = features.json
    #expect(plain.members?.map(\.key) == ["ociVersionMin", "ociVersionMax", "hooks", "linux"])
    #expect(plain["linux"]?.members?.map(\.key) == ["namespaces", "capabilities"])
    #expect(plain["linux"]?["namespaces"]?.elements?.compactMap(\.string).first == "cgroup")

    features.mountOptions = ["ro"]
    features.annotations = ["b": "2", "a": "1"]
    features.potentiallyUnsafeConfigAnnotations = ["io.swiftcr.layer."]
    features.linux.cgroup = .init(v1: true, v2: true, systemd: true, systemdUser: false, rdma: true)
    features.linux.seccomp = .init()
    features.linux.seccomp?.archs = ["SCMP_ARCH_X86_64"]
    features.linux.apparmor = true
    features.linux.selinux = true
    features.linux.intelRdt = false
    features.linux.memoryPolicyModes = SpecNames.memoryPolicyModes
    features.linux.idmapMounts = true
    features.linux.netDevices = true
    let json = features.json
    #expect(
      json.members?.map(\.key) == [
        "ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations",
        "potentiallyUnsafeConfigAnnotations",
      ])
    #expect(
      json["linux"]?.members?.map(\.key) == [
        "namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "memoryPolicy",
        "mountExtensions", "netDevices",
      ])
    #expect(json["linux"]?["mountExtensions"]?.text() == #"{"idmap":{"enabled":true}}"#)
    #expect(json["linux"]?["intelRdt"]?.text() == #"{"enabled":false}"#)
    #expect(
      json["linux"]?["cgroup"]?.text() == #"{"v1":true,"v2":true,"systemd":true,"systemdUser":false,"rdma":true}"#)
    #expect(json["linux"]?["seccomp"]?["archs"]?.text() == #"["SCMP_ARCH_X86_64"]"#)
    #expect(json["annotations"]?.text() == #"{"a":"1","b":"2"}"#)
  }
}
