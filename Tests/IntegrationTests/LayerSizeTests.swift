import Foundation
import Glibc
import Testing

extension Integration {
  /// A size limit for a container layer on disk.
  @Suite(.disabled(if: Host.isControl, "only swiftcr knows layers")) struct LayerSize {}
}

extension Integration.LayerSize {
  static let fill = "dd if=/dev/zero of=/big bs=65536 count=160 2>&1 | grep -c 'No space left'; echo on"

  /// The loop devices whose file is a container's layer of this bundle.
  private func devices(of bundle: Bundle) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/sys/block").filter { name in
      Host.read("/sys/block/\(name)/loop/backing_file").contains(bundle.id)
    }
  }

  /// With its own loop devices looked at too: the last user may let go a moment after the container's end.
  private func withLimit(
    _ options: [String] = [], size: String = "4m", _ body: (Bundle) throws -> Void
  ) throws {
    try withBundle(.layers, options: ["--size", size] + options) { bundle in
      try body(bundle)
      try bundle.must("delete", "--force", bundle.id)
      try Host.wait(for: "no loop device of \(bundle.id)") { try devices(of: bundle).isEmpty }
    }
  }

  @Test("a full layer is the container's own problem", arguments: [[], ["--userns"]], ["", "5.15"])
  func full(_ options: [String], _ kernel: String) throws {
    try withLimit(options) { bundle in
      try bundle.script("\(Self.fill); stat -c %u:%g /; rm /big; echo again > /small && cat /small")
      let outcome = try bundle.run(environment: kernel.isEmpty ? [:] : ["SWIFTCR_KERNEL": kernel])
      #expect(outcome.code == 0 && outcome.lines == ["1", "on", "0:0", "again"], "\(outcome)")
    }
  }

  @Test("below the limit there is room") func room() throws {
    try withLimit(size: "64m") { bundle in
      let outcome = try bundle.sh("dd if=/dev/zero of=/big bs=65536 count=160 2>/dev/null && wc -c < /big")
      #expect(outcome.output == "10485760\n", "\(outcome)")
    }
  }

  @Test("two containers have a limit each") func each() throws {
    try withLimit { first in
      try first.start()
      #expect(try devices(of: first).count == 1)
      try withLimit { second in
        try second.start()
        #expect(try first.exec("sh", "-c", Self.fill).lines == ["1", "on"])
        #expect(try second.exec("sh", "-c", "echo mine > /small && cat /small").output == "mine\n")
      }
    }
  }

  @Test("the mount does not show on the host, and create with delete leaves nothing") func created() throws {
    try withLimit { bundle in
      try bundle.must("create", "--bundle", bundle.directory, bundle.id)
      #expect(try devices(of: bundle).count == 1)
      #expect(!Host.read("/proc/self/mountinfo").contains("containers/\(bundle.id)"))
    }
  }

  /// Killed in whatever step it is once the layer's directory, its image, its loop device or its mount is there.
  @Test(
    "a runtime killed on the way leaves nothing after delete",
    arguments: ["directory", "image", "device", "created"])
  func killed(_ moment: String) throws {
    try withLimit { bundle in
      try bundle.script("sleep 60")
      let child = try bundle.spawn("create", "--bundle", bundle.directory, bundle.id)
      let containers = "/var/lib/swiftcr/containers"
      try Host.wait(for: moment) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: containers)) ?? []
        guard let own = names.first(where: { $0.hasPrefix(bundle.id) }) else { return false }
        return switch moment {
        case "directory": true
        case "image": Host.exists("\(containers)/\(own)/image")
        case "device": try !devices(of: bundle).isEmpty
        default: (try? bundle.state(".status")) == "created"
        }
      }
      _ = Glibc.kill(child.pid, SIGKILL)
      _ = try child.wait()
    }
  }

  @Test(
    "a size that cannot be",
    arguments: [
      ("64k", "65536 bytes: on disk it is at least 1048576"), ("17179869183g", "at most 9223372036854775807"),
      ("8000000000m", "file too large"),
    ])
  func bounds(_ size: String, _ says: String) throws {
    try withLimit(size: size) { bundle in
      let outcome = try bundle.run()
      #expect(outcome.code == 1 && outcome.errors.contains(says), "\(outcome)")
    }
  }

  @Test("the least size has room for a file") func least() throws {
    try withLimit(size: "1m") { bundle in
      let outcome = try bundle.sh("dd if=/dev/zero of=/file bs=1024 count=256 2>/dev/null && echo fits; \(Self.fill)")
      #expect(outcome.lines == ["fits", "1", "on"], "\(outcome)")
    }
  }

  @Test("without mkfs.ext4") func noProgram() throws {
    try withLimit { bundle in
      let outcome = try bundle.run(environment: ["PATH": "/nonexistent"])
      #expect(outcome.code != 0, "\(outcome)")
      #expect(outcome.errors.contains("install e2fsprogs") && outcome.lines.isEmpty, "\(outcome)")
    }
  }
}
