import Foundation
import Glibc
import Testing

extension Integration {
  @Suite(
    "Layers that are file systems in files",
    .enabled(if: !Host.isControl, "runc knows no layers"),
    .enabled(if: Host.exists("/usr/bin/mkfs.erofs"), "mkfs.erofs is not installed"),
    .enabled(if: Host.isKernel(atLeast: 6, 12), "EROFS in a file takes Linux 6.12"))
  struct LayerFiles {
    /// Makes a file of the lowest layer, beside its directory.
    private func makeFile(_ store: TestStore) throws -> String {
      let stack = try #require(try FileManager.default.contentsOfDirectory(atPath: "\(store.store)/stacks").first)
      let path = "\(store.store)/stacks/\(stack)/stack.json"
      let lower = try Host.must("jq", "-j", ".lowers[0]", path)
      let file = lower.replacingOccurrences(of: "/root", with: "/layer.erofs")
      try Host.must("mkfs.erofs", "\(store.store)/\(file)", "\(store.store)/\(lower)")
      Host.write(try Host.must("jq", ".lowers[0] = \"\(file)\"", path), to: path)
      return "\(store.store)/\(file)"
    }

    @Test("A container reads and changes what is in one, and nothing of it shows on the host")
    func runs() throws {
      try withStore { store in
        let file = try makeFile(store)
        defer { Host.remove(file) }
        let script = "cat /etc/greeting /data/a; echo new > /data/a; cat /data/a; rm /data/kept/file; ls /data/kept"
        for environment in [[:], ["SWIFTCR_KERNEL": "5.15"]] {
          let outcome = try store.sh(script: script, environment: environment)
          #expect(outcome.code == 0, "\(outcome)")
          #expect(outcome.lines == ["hello from layer 2", "a, from layer 1", "new"], "\(environment): \(outcome)")
        }
        #expect(!Host.read("/proc/mounts").contains("erofs /tmp/swiftcr"))
      }
    }

    @Test("In a user namespace")
    func mapped() throws {
      try withStore { store in
        let file = try makeFile(store)
        defer { Host.remove(file) }
        let directory = "\(store.directory)/bundle"
        try store.must("bundle", "tour", directory, "sh", "-c", "stat -c %u /home/user/file /bin/busybox; rm /data/a")
        let maps = #"[{"containerID": 0, "hostID": 100000, "size": 65536}]"#
        let mapped = try Host.must(
          "jq",
          ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = \(maps) | .linux.gidMappings = \(maps)",
          "\(directory)/config.json")
        Host.write(mapped, to: "\(directory)/config.json")
        let outcome = try store.command("run", "--bundle", directory, "it-\(getpid())-mapped")
        #expect(outcome.code == 0 && outcome.output == "1000\n0\n", "\(outcome)")
      }
    }

    @Test("One that somebody else could have written is not mounted")
    func foreign() throws {
      try withStore { store in
        let file = try makeFile(store)
        defer { Host.remove(file) }
        let directory = (file as NSString).deletingLastPathComponent
        func refused(_ what: String) throws {
          let outcome = try store.sh(script: "true")
          #expect(
            outcome.code == 125 && outcome.errors.contains("must be root's alone to change"), "\(what): \(outcome)")
        }
        chmod(file, 0o666)
        try refused("writable by all")
        chmod(file, 0o644)
        chown(file, 1000, 0)
        try refused("somebody's")
        chown(file, 0, 0)
        chmod(directory, 0o775)
        try refused("in a directory of a group")
        chmod(directory, 0o755)
        #expect(try store.sh(script: "true").code == 0)
        rename(file, "\(store.directory)/moved")
        symlink("\(store.directory)/moved", file)
        let linked = try store.sh(script: "true")
        #expect(linked.code == 125 && linked.errors.contains("layer.erofs"), "\(linked)")
      }
    }
  }
}
