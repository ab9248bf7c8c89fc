import Foundation
import Glibc
import Testing

extension Integration {
  @Suite("run --image", .enabled(if: !Host.isControl, "runc knows no images")) struct ImageRun {
    @Test("The image's own command, in a container of its own")
    func plain() throws {
      try withStore { store in
        let outcome = try store.command("run", "--rm", "--image", "tour")
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome)")
        #expect(outcome.output.hasPrefix("hello from layer 2, and this container is "), "\(outcome)")
        // By a full name, and by the beginning of its id.
        #expect(try store.command("run", "--rm", "--image", "docker.io/library/tour:latest").code == 0)
        let id = try #require(try FileManager.default.contentsOfDirectory(atPath: "\(store.store)/stacks").first)
        #expect(try store.command("run", "--rm", "--image", String(id.prefix(12))).code == 0)
      }
    }

    @Test("What follows the options is the command, dashes and all")
    func command() throws {
      try withStore { store in
        let outcome = try store.command("run", "--rm", "--image", "tour", "ls", "-l", "--", "/app")
        #expect(outcome.code == 0 && outcome.output.contains("hello"), "\(outcome)")
        let echo = try store.command("run", "--rm", "--image", "tour", "--entrypoint", "echo", "--", "-e", "--rm")
        #expect(echo.output == "--rm\n", "\(echo)")
      }
    }

    @Test("Environment, directory, user, names of the host")
    func process() throws {
      try withStore { store in
        let outcome = try store.sh(
          "-e", "A=b c", "-e", "PASSED", "-e", "FROM=line", "-u", "user:audio", "-w", "/tmp/new", "--hostname", "box",
          script: "id; pwd; echo $A,$PASSED,$FROM,$HOME,$HOSTNAME; hostname; cat /etc/hostname; grep -c . /etc/hosts",
          environment: ["PASSED": "on"])
        #expect(outcome.code == 0, "\(outcome)")
        #expect(
          outcome.lines == [
            "uid=1000(user) gid=29(audio) groups=29(audio)", "/tmp/new", "b c,on,line,/home/user,box", "box", "box",
            "6",
          ], "\(outcome)")
        let groups = try store.sh("-u", "1000", script: "id -G")
        #expect(groups.output == "1000 29\n", "\(groups)")
        let nobody = try store.sh("-u", "nobody2", script: "true")
        #expect(nobody.code == 125 && nobody.errors.contains("unable to find user nobody2: no matching entries"))
      }
    }

    @Test("Mounts: volumes, memory, a root that is read-only, and files of its own")
    func mounts() throws {
      try withStore { store in
        let host = "\(store.directory)/host"
        try FileManager.default.createDirectory(atPath: host, withIntermediateDirectories: false)
        Host.write("of the host\n", to: "\(host)/file")
        let outcome = try store.sh(
          "-v", "\(host):/in", "-v", "\(host):/fixed:ro", "-v", "\(store.directory)/made:/made", "--tmpfs",
          "/scratch:size=64k", "--read-only",
          script: """
            cat /in/file; echo new > /in/new; touch /fixed/x 2>/dev/null || echo fixed
            touch /x 2>/dev/null || echo read-only; touch /etc/hosts 2>/dev/null || echo hosts; touch /scratch/x
            touch /dev/shm/x && head -c 100000 /dev/zero 2>/dev/null > /scratch/big || echo full
            """)
        #expect(outcome.lines == ["of the host", "fixed", "read-only", "hosts", "full"], "\(outcome)")
        #expect(Host.read("\(host)/new") == "new\n" && Host.exists("\(store.directory)/made"))
        let bad = try store.sh("-v", "name:/x", script: "true")
        #expect(bad.code == 125 && bad.errors.contains("named volumes are not kept here"), "\(bad)")
      }
    }

    @Test("Docker's rights: capabilities, the filter, what is hidden")
    func rights() throws {
      try withStore { store in
        let status = "grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'"
        let plain = try store.sh(script: status + "; cat /proc/keys | wc -c; ls /sys/firmware | wc -l; unshare -m true")
        #expect(
          plain.lines.prefix(6) == [
            "CapEff:00000000a80425fb", "CapBnd:00000000a80425fb", "NoNewPrivs:0", "Seccomp:2", "0", "0",
          ], "\(plain)")
        #expect(plain.code != 0 && plain.errors.contains("Operation not permitted"), "\(plain)")
        let admin = try store.sh("--cap-add", "SYS_ADMIN", script: "unshare -m true")
        #expect(admin.code == 0, "\(admin)")
        let bare = try store.sh(
          "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined",
          script: status)
        #expect(
          bare.lines == ["CapEff:0000000000000000", "CapBnd:0000000000000000", "NoNewPrivs:1", "Seccomp:0"], "\(bare)")
        let user = try store.sh("-u", "1000", script: status)
        #expect(user.lines.prefix(2) == ["CapEff:0000000000000000", "CapBnd:00000000a80425fb"], "\(user)")
        Host.write(
          #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}"#,
          to: "\(store.directory)/filter")
        let filtered = try store.sh("--security-opt", "seccomp=\(store.directory)/filter", script: "mkdir /x")
        #expect(filtered.code == 1 && filtered.errors.contains("Operation not permitted"), "\(filtered)")
      }
    }

    @Test("Networks: none with a loopback interface, the host's, one that is joined")
    func network() throws {
      try withStore { store in
        let names = "ip -o link | wc -l; ip -o addr show lo | grep -c 127.0.0.1; readlink /proc/self/ns/net"
        let none = try store.sh(script: names)
        #expect(none.lines.prefix(2) == ["1", "1"], "\(none)")
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        #expect(none.lines.last != own)
        let host = try store.sh("--network", "host", script: "readlink /proc/self/ns/net; hostname")
        let name = try Host.must("hostname").trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(host.lines == [own, name], "\(host)")
        let joined = try store.sh("--network", "/proc/self/ns/net", script: "readlink /proc/self/ns/net")
        #expect(joined.output == own + "\n", "\(joined)")
        let ports = try store.sh("-p", "80:80", script: "true")
        #expect(ports.code == 125 && ports.errors.contains("ports are not forwarded"), "\(ports)")
      }
    }

    @Test("Limits reach the cgroup")
    func limits() throws {
      try withStore { store in
        let outcome = try store.sh(
          "-m", "64m", "--cpus", "0.5", "--pids-limit", "50",
          script: "cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes pids.max pids/pids.max 2>/dev/null")
        #expect(outcome.lines == ["67108864", "50"], "\(outcome)")
        let small = try store.sh("-m", "1m", script: "true")
        #expect(small.code == 125 && small.errors.contains("Minimum memory limit allowed is 6MB"), "\(small)")
      }
    }

    @Test("Standard input only with --interactive; a terminal must be one")
    func streams() throws {
      try withStore { store in
        let without = try store.command("run", "--rm", "--image", "tour", "cat", input: "ignored")
        #expect(without.code == 0 && without.output.isEmpty, "\(without)")
        let with = try store.command("run", "--rm", "-i", "--image", "tour", "cat", input: "passed on")
        #expect(with.output == "passed on", "\(with)")
        let terminal = try store.command("run", "--rm", "-it", "--image", "tour", "tty")
        #expect(terminal.code == 125 && terminal.errors.contains("the input device is not a TTY"), "\(terminal)")
        let alone = try store.command("run", "--rm", "-t", "--image", "tour", "tty")
        #expect(alone.code == 0 && alone.output.hasPrefix("/dev/pts/"), "\(alone)")
      }
    }

    @Test("Exit codes are docker's")
    func codes() throws {
      try withStore { store in
        let ends: [([String], Int32)] = [
          (["sh", "-c", "exit 3"], 3), (["no-such-program"], 127),
          (["/etc/passwd"], 126), (["--cap-add", "fly", "true"], 125),
        ]
        for (arguments, code) in ends {
          let outcome = try Host.run(store.line(["run", "--rm", "--image", "tour"] + arguments))
          #expect(outcome.code == code, "\(arguments): \(outcome)")
        }
        #expect(try store.command("run", "--image", "no/such:image", "--pull", "never", "true").code == 125)
      }
    }

    @Test("An image that is not there is pulled by the program beside this one")
    func pull() throws {
      try withStore { store in
        // Stands for swiftcr-image: puts the store in place, and says what it was asked for.
        let place = "\(store.directory)/bin"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: Host.program, toPath: "\(place)/swiftcr")
        Host.write(
          "#!/bin/sh\necho \"$@\" >&2\nmv \(store.store)/hidden.json \(store.store)/index.json\n",
          to: "\(place)/swiftcr-image")
        chmod("\(place)/swiftcr-image", 0o755)
        rename("\(store.store)/index.json", "\(store.store)/hidden.json")
        let line =
          ["\(place)/swiftcr"] + store.line([]).dropFirst() + ["run", "--rm", "--image", "tour", "echo", "there"]
        let outcome = try Host.run(line)
        #expect(outcome.code == 0 && outcome.output == "there\n", "\(outcome)")
        #expect(
          outcome.errors == "Unable to find image 'tour:latest' locally\n--store \(store.store) pull tour\n",
          "\(outcome)")
        #expect(try Host.run(line).errors.isEmpty, "pulled once")
      }
    }

    @Test("A bundle of an image runs as one")
    func bundle() throws {
      try withStore { store in
        let directory = "\(store.directory)/bundle"
        try store.must("bundle", "-e", "A=b", "tour", directory, "sh", "-c", "echo $A; cat /etc/hostname")
        let id = "it-\(getpid())-bundle"
        let outcome = try store.command("run", "--bundle", directory, id)
        #expect(outcome.code == 0 && outcome.output == "b\ntour\n", "\(outcome)")
        #expect(try store.must("plan", "--bundle", directory).contains("load seccomp filter"))
        let leases = try FileManager.default.contentsOfDirectory(atPath: "\(store.store)/leases")
        #expect(leases.count == 1 && Host.read("\(store.store)/leases/\(leases[0])").contains("\"uses\":[\"blobs/"))
        let again = try store.command("bundle", "tour", directory)
        #expect(again.code == 1 && again.errors.contains("is not empty"), "\(again)")
      }
    }
  }
}
