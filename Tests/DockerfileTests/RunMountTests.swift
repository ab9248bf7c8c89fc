import Testing

@testable import Dockerfile

@Suite struct RunMountTests {
  private static func mount(_ kind: RunMount.Kind, _ change: (inout RunMount) -> Void) -> RunMount {
    var mount = RunMount(kind)
    mount.isReadOnly = kind != .cache && kind != .tmpfs
    change(&mount)
    return mount
  }

  @Test(
    arguments: [
      ("target=/a", mount(.bind) { $0.target = "/a" }),
      (
        "type=bind,dst=/a,src=b,from=c,rw",
        mount(.bind) {
          ($0.target, $0.source, $0.from, $0.isReadOnly) = ("/a", "b", "c", false)
        }
      ),
      ("destination=/a,source=b,readwrite=false", mount(.bind) { ($0.target, $0.source) = ("/a", "b") }),
      ("type=cache,target=/a", mount(.cache) { $0.target = "/a" }),
      (
        "type=cache,target=/a,id=i,ro,sharing=locked,mode=0700,uid=1,gid=2",
        mount(.cache) {
          ($0.target, $0.id, $0.isReadOnly, $0.sharing) = ("/a", "i", true, .locked)
          ($0.mode, $0.uid, $0.gid) = (0o700, 1, 2)
        }
      ),
      (
        "type=cache,target=/a,from=b,source=c,sharing=private,readonly=true",
        mount(.cache) {
          ($0.target, $0.from, $0.source, $0.sharing, $0.isReadOnly) = ("/a", "b", "c", .private, true)
        }
      ),
      ("TYPE=Tmpfs,target=/a,size=1.5k", mount(.tmpfs) { ($0.target, $0.size) = ("/a", 1536) }),
      (
        "type=secret,id=s,env=E,required",
        mount(.secret) {
          ($0.id, $0.environment, $0.isRequired) = ("s", "E", true)
        }
      ),
      ("type=secret,target=/s,required=false,mode=400", mount(.secret) { ($0.target, $0.mode) = ("/s", 0o400) }),
      ("type=ssh", mount(.ssh) { _ in }),
      (
        "type=ssh,id=k,target=/a,required=1",
        mount(.ssh) {
          ($0.id, $0.target, $0.isRequired) = ("k", "/a", true)
        }
      ),
      (#""target=/a,b",source=c"#, mount(.bind) { ($0.target, $0.source) = ("/a,b", "c") }),
      (#""target=/a""b""#, mount(.bind) { $0.target = "/a\"b" }),
      // Known when variables are: kept as they are until then.
      ("type=cache,target=$t,uid=$u", mount(.cache) { $0.target = "$t" }),
    ] as [(String, RunMount)])
  func mounts(text: String, mount: RunMount) throws {
    var expected = mount
    expected.text = text
    #expect(try RunMount(parsing: text) { _ in nil } == expected)
  }

  @Test func variables() throws {
    let mount = try RunMount(parsing: "type=$k,target=/$t,uid=$u,size=1") { _ in nil }
    #expect(mount.target == "/$t")
    let values = ["$k": "tmpfs", "/$t": "/x", "$u": "7", "1": "1"]
    let reason = #expect(throws: DockerfileError.self) {
      try mount.expanded { text throws(DockerfileError) in values[text] ?? text }
    }?.reason
    #expect(reason?.contains("uid does not go with type=tmpfs") == true)
    let cache = try RunMount(parsing: "type=cache,target=$t,mode=$m") { _ in nil }
    let expanded = try cache.expanded { text throws(DockerfileError) in
      ["$m": "711", "$t": "/x"][text] ?? text
    }
    #expect(expanded.mode == 0o711)
    #expect(expanded.target == "/x")
  }

  @Test(arguments: [
    ("tipe=bind", "no option \"tipe\"; did you mean type?"), ("type=bnd", "did you mean bind?"),
    ("type=secret", "a secret needs an id or a target"), ("type=secret,id=a,source=b", "id and source are the same"),
    ("type=secret,id=a,from=b", "from does not go with type=secret"), ("target", "expected target=VALUE"),
    ("type=bind,size=1", "size does not go with type=bind"), ("type=bind,required", "required does not go with"),
    ("type=tmpfs,mode=1", "mode does not go with"), ("type=ssh,sharing=shared", "sharing does not go with"),
    ("type=cache,mode=8", "expected an octal number"), ("type=cache,uid=-1", "expected a number"),
    ("type=cache,sharing=share", "did you mean shared?"), ("type=tmpfs,size=x", "expected a size"),
    ("ro=maybe", "expected true or false"), ("from=$a", "from takes no variables"),
    (#"target="/a""#, "around a whole field only"), (#""target=/a"#, "around a whole field only"),
  ])
  func faults(text: String, reason: String) {
    let error = #expect(throws: DockerfileError.self) { try RunMount(parsing: text) { _ in nil } }
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
  }
}
