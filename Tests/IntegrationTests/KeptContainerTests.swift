import Foundation
import Glibc
import Testing

extension Integration {
  @Suite("Containers of images that are kept", .enabled(if: !Host.isControl, "runc knows no images"))
  struct KeptContainers {
    @Test("A container stays with what it wrote, and starts again")
    func again() throws {
      try withStore { store in
        let script = "echo run >> /data/log; wc -l < /data/log; exit $(wc -l < /data/log)"
        let first = try store.command("run", "--name", "box", "--image", "tour", "sh", "-c", script)
        #expect(first.code == 1 && first.output == "1\n", "\(first)")
        #expect(try store.record("box", ".exitCode") == "1")
        #expect(try store.must("wait", "box") == "1\n")
        let second = try store.command("start", "--attach", "box")
        #expect(second.code == 2 && second.output == "2\n", "\(second)")
        #expect(try store.must("list").contains("stopped"))
        // The files that are mounted over the image's are not in the layer.
        let upper = "\(store.store)/kept/box/layer/upper"
        let written = try FileManager.default.subpathsOfDirectory(atPath: upper).sorted()
        #expect(written == ["data", "data/log"], "\(written)")
        #expect(try store.must("rm", "box") == "box\n")
        #expect(!Host.exists(upper))
      }
    }

    @Test("What the container needs of the store is in its record")
    func record() throws {
      try withStore { store in
        try store.must("run", "--name", "box", "--image", "tour", "true")
        let uses = try store.record("box", ".uses[]").split(separator: "\n").map(String.init)
        for use in uses { #expect(Host.exists("\(store.store)/\(use)"), "\(use)") }
        #expect(uses.filter { $0.hasPrefix("layers/") }.count == 3 && uses.contains { $0.hasPrefix("stacks/") })
        #expect(try store.record("box", ".image") == "tour")
        #expect(try store.record("box", ".command[]") == "true")
        try store.must("rm", "box")
      }
    }

    @Test("commit keeps how the container was run; --change has the last word")
    func commit() throws {
      try withEmptyStore { store in
        try store.make("image")
        let image = String(try store.must("load", "--quiet", "-i", store.layout).dropLast().suffix(71))
        let script = "echo $ADDED $FROM; pwd; busybox id -u"
        try store.must(
          "run", "--name", "box", "-e", "ADDED=yes", "-e", "FROM=run", "-w", "/etc", "-u", "7:8", "--entrypoint",
          "/bin/sh", "--image", image, "--", "-c", script)
        try store.must("commit", "box", "one")
        #expect(try store.must("run", "--rm", "--image", "one") == "yes run\n/etc\n7\n")
        try store.must("commit", "-c", "USER root", "-c", "CMD [\"-c\", \"busybox id -u\"]", "box", "two")
        #expect(try store.must("run", "--rm", "--image", "two") == "0\n")
      }
    }

    @Test("Errors of the command line: 125 for containers of images, as docker")
    func usage() throws {
      try withStore { store in
        for words in ["--image tour --nothing", "--image tour --memory x", "--image", "--image=tour -p 1"] {
          let line = words.split(separator: " ").map(String.init)
          let outcome = try Host.run(store.line(["run"] + line))
          #expect(outcome.code == 125, "\(line): \(outcome)")
        }
        #expect(try store.command("run", "--nothing", "--bundle", "/", "box").code == 1)
      }
    }

    @Test("--privileged: all capabilities, devices, and nothing masked")
    func privileged() throws {
      try withStore { store in
        let script = """
          grep CapEff /proc/self/status; grep Seccomp: /proc/self/status; echo x > /proc/sys/kernel/domainname && echo set
          test -c /dev/kmsg && head -c 0 /dev/kmsg && echo opened; wc -c < /proc/kcore > /tmp/size; mount -t tmpfs none /mnt
          """
        let plain = try store.sh(script: "mkdir -p /mnt /tmp; \(script); echo $?")
        #expect(plain.lines.last == "1" && !plain.output.contains("opened"), "\(plain)")
        let outcome = try store.sh("--privileged", script: "mkdir -p /mnt /tmp; \(script); echo $?")
        let own = Host.read("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("CapBnd") }
        #expect(outcome.lines.first?.suffix(16) == own?.suffix(16), "\(outcome)")
        let rest = outcome.lines.dropFirst().map { $0.filter { !$0.isWhitespace } }
        #expect(rest == ["Seccomp:0", "set", "opened", "0"], "\(outcome)")
      }
    }

    @Test("A name is one container's")
    func conflict() throws {
      try withStore { store in
        try store.must("run", "--name", "box", "--image", "tour", "true")
        let other = try store.command("run", "--name", "box", "--image", "tour", "true")
        #expect(other.code == 125 && other.errors.contains("Conflict. The container name \"/box\" is already in use"))
        // One that could not begin leaves its name free.
        #expect(try store.command("run", "--name", "other", "--image", "tour", "nothing").code == 127)
        #expect(try store.command("run", "--name", "other", "--image", "tour", "true").code == 0)
        let bad = try store.command("run", "--name", "../box", "--image", "tour", "true")
        #expect(bad.code == 125 && bad.errors.contains("invalid container ID format"))
        try store.must("rm", "box", "other")
      }
    }

    @Test("Of several runs of one name at once, one has it")
    func race() throws {
      try withStore { store in
        let children = try (0..<6).map { _ in
          try Host.spawn(store.line(["run", "-d", "--name", "box", "--image", "tour", "sleep", "1000"]))
        }
        let outcomes = try children.map { try $0.wait() }
        #expect(outcomes.count { $0.code == 0 } == 1, "\(outcomes)")
        for outcome in outcomes where outcome.code != 0 {
          #expect(outcome.code == 125 && outcome.errors.contains("Conflict"), "\(outcome)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(store.store)/making") == [])
        #expect(try store.command("exec", "box", "true").code == 0)
      }
    }

    @Test("Secrets of the environment are for nobody else to read")
    func secrets() throws {
      try withStore { store in
        try store.must("run", "-e", "PASSWORD=x", "--name", "box", "--image", "tour", "true")
        for file in ["config.json", "container.json"] {
          #expect(try Host.must("stat", "-c", "%a", "\(store.store)/kept/box/\(file)") == "600\n")
        }
      }
    }

    @Test("Detached: prints its id, runs, is asked to stop, and starts again")
    func detached() throws {
      try withStore { store in
        let script = "trap 'echo asked > /data/end; exit 0' TERM; echo up >> /data/up; while :; do sleep 0.05; done"
        #expect(try store.must("run", "-d", "--name", "box", "--image", "tour", "sh", "-c", script) == "box\n")
        try Host.wait(for: "the script to be there") {
          try store.command("exec", "box", "cat", "/data/up").output == "up\n"
        }
        let refused = try store.command("rm", "box")
        #expect(refused.code == 1 && refused.errors.contains("cannot remove container \"box\": container is running"))
        #expect(try store.command("start", "box").errors.contains("is already running"))
        try store.must("stop", "box")
        #expect(Host.read("\(store.store)/kept/box/layer/upper/data/end") == "asked\n")
        #expect(try store.must("list").contains("stopped"))
        try store.must("start", "box")
        try Host.wait(for: "the script to be there again") {
          try store.command("exec", "box", "cat", "/data/up").output == "up\nup\n"
        }
        try store.must("rm", "--force", "box")
        #expect(store.leftovers == [])
      }
    }

    @Test("One that does not listen is killed")
    func killed() throws {
      try withStore { store in
        try store.must(
          "run", "-d", "--name", "box", "--image", "tour", "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
        try store.must("stop", "--time", "0", "box")
        #expect(try store.must("list", "--quiet") == "box\n")
        try store.must("rm", "box")
      }
    }

    @Test("A --rm container whose swiftcr was killed goes with the next of its name, or with purge")
    func orphan() throws {
      try withStore { store in
        for next in [["run", "--rm", "--name", "box", "--image", "tour", "true"], ["delete", "box"]] {
          let child = try Host.spawn(
            store.line(["run", "--rm", "--name", "box", "--image", "tour", "sh", "-c", "while :; do sleep 0.05; done"]))
          try Host.wait(for: "the container") { try store.command("exec", "box", "true").code == 0 }
          kill(child.pid, SIGKILL)
          _ = try child.wait()
          // It runs on, and is no orphan as long as it does.
          let busy = try store.command("run", "--rm", "--name", "box", "--image", "tour", "true")
          #expect(busy.code == 125 && busy.errors.contains("Conflict"), "\(busy)")
          try store.must("kill", "box", "KILL")
          try Host.wait(for: "its end") { try store.must("list").contains("stopped") }
          let outcome = try Host.run(store.line(next))
          #expect(outcome.code == 0, "\(outcome)")
          #expect(store.leftovers == [], "\(next)")
        }
      }
    }

    @Test("rm --force of a container whose swiftcr waits for it")
    func forced() throws {
      try withStore { store in
        let child = try Host.spawn(
          store.line(["run", "--name", "box", "--image", "tour", "sh", "-c", "while :; do sleep 0.05; done"]))
        try Host.wait(for: "the container") { try store.command("exec", "box", "true").code == 0 }
        try store.must("rm", "--force", "box")
        #expect(try child.wait().code == 137)
        #expect(store.leftovers == [])
      }
    }

    @Test("A record that a power cut damaged")
    func damaged() throws {
      try withStore { store in
        try store.must("run", "--name", "box", "--image", "tour", "true")
        Host.write("", to: "\(store.store)/kept/box/container.json")
        let start = try store.command("start", "box")
        #expect(start.code == 1 && start.errors.contains("container box is damaged"), "\(start)")
        #expect(try store.must("list").contains("box"))
        #expect(try store.command("rm", "box").code == 1)
        #expect(try store.command("rm", "--force", "box").code == 0)
      }
    }

    @Test("Nothing that is not there can be removed, started or stopped")
    func missing() throws {
      try withStore { store in
        for command in ["rm", "stop"] {
          let outcome = try store.command(command, "box")
          #expect(outcome.code == 1 && outcome.errors.contains("No such container: box"), "\(outcome)")
        }
        #expect(try store.command("start", "box").errors.contains("container does not exist"))
        #expect(try store.command("rm", "../kept").code == 1)
      }
    }
  }
}
