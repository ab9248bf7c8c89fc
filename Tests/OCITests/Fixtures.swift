@testable import OCI

/// A configuration in which every property of the model has a value.
let completeConfig = #"""
  {
    "ociVersion": "1.3.0",
    "future": {"ignored": [1]},
    "root": {"path": "rootfs", "readonly": true, "future": 1},
    "hostname": "box", "domainname": "example.org",
    "process": {
      "terminal": true, "consoleSize": {"height": 24, "width": 80}, "cwd": "/work",
      "env": ["PATH=/bin", "NOEQUALS", ""], "args": ["sh", "-c", "true", ""],
      "user": {"uid": 1000, "gid": 1001, "umask": 18, "additionalGids": [5, 4294967294], "username": "ignored"},
      "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 18446744073709551615}],
      "capabilities": {
        "bounding": ["CAP_KILL"], "effective": ["CAP_CHOWN"], "inheritable": [], "permitted": ["CAP_BPF"],
        "ambient": ["CAP_SYSLOG"]
      },
      "noNewPrivileges": true, "oomScoreAdj": -17, "apparmorProfile": "profile", "selinuxLabel": "label",
      "scheduler": {
        "policy": "SCHED_DEADLINE", "nice": 0, "flags": ["SCHED_FLAG_RESET_ON_FORK"], "runtime": 1, "deadline": 2,
        "period": 3
      },
      "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 4},
      "execCPUAffinity": {"initial": "7", "final": "0-3,7"}
    },
    "mounts": [
      {"destination": "/proc", "type": "proc", "source": "proc"},
      {
        "destination": "data", "source": "/srv", "options": ["rbind", "ro"],
        "uidMappings": [{"containerID": 0, "hostID": 7, "size": 1}],
        "gidMappings": [{"containerID": 0, "hostID": 8, "size": 1}]
      }
    ],
    "hooks": {
      "prestart": [{"path": "/a", "args": ["a", "b"], "env": ["X=1"], "timeout": 5}],
      "createRuntime": [{"path": "/b"}], "createContainer": [{"path": "/c"}], "startContainer": [{"path": "/d"}],
      "poststart": [{"path": "/e"}], "poststop": [{"path": "/f"}]
    },
    "annotations": {"org.example": "yes"},
    "linux": {
      "namespaces": [
        {"type": "pid"}, {"type": "network", "path": "/proc/1/ns/net"}, {"type": "mount"}, {"type": "ipc"},
        {"type": "uts", "path": ""}, {"type": "user"}, {"type": "cgroup"}, {"type": "time"}
      ],
      "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
      "gidMappings": [
        {"containerID": 0, "hostID": 100000, "size": 10}, {"containerID": 10, "hostID": 200000, "size": 10}
      ],
      "timeOffsets": {"monotonic": {"secs": -5, "nanosecs": 1}, "boottime": {}},
      "devices": [
        {"type": "c", "path": "/dev/x", "major": 1, "minor": 3, "fileMode": 438, "uid": 0, "gid": 5},
        {"type": "p", "path": "/dev/fifo"}
      ],
      "cgroupsPath": "/group/box",
      "rootfsPropagation": "rslave", "mountLabel": "label", "personality": {"domain": "LINUX32", "flags": []},
      "sysctl": {"net.ipv4.ip_forward": "1", "kernel/shmmax": "9"},
      "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
      "netDevices": {"eth0": {"name": "in0"}, "eth1": {}},
      "memoryPolicy": {"mode": "MPOL_INTERLEAVE", "nodes": "0-1", "flags": ["MPOL_F_STATIC_NODES"]},
      "intelRdt": {
        "closID": "id", "schemata": ["L3:0=f"], "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20",
        "enableMonitoring": true
      },
      "seccomp": {
        "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86_64"],
        "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/run/agent", "listenerMetadata": "meta",
        "syscalls": [
          {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
          {
            "names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38,
            "args": [{"index": 0, "value": 18446744073709551615, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ"}]
          }
        ]
      },
      "resources": {
        "devices": [
          {"allow": false, "access": "rwm"}, {"allow": true, "type": "", "major": -1},
          {"allow": true, "type": "c", "major": 1, "minor": 3, "access": "r"}
        ],
        "memory": {
          "limit": 1e9, "reservation": -1, "swap": 2000000000, "kernel": 4, "kernelTCP": 5, "swappiness": 60,
          "disableOOMKiller": true, "useHierarchy": false, "checkBeforeUpdate": true
        },
        "cpu": {
          "shares": 1024, "quota": -1, "burst": 7, "period": 100000, "realtimeRuntime": 8, "realtimePeriod": 9,
          "idle": 1, "cpus": "0-2,7", "mems": "0"
        },
        "pids": {"limit": 100},
        "blockIO": {
          "weight": 500, "leafWeight": 300, "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 2}],
          "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1}],
          "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 2}],
          "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 3}],
          "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 4}]
        },
        "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}],
        "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
        "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}},
        "unified": {"memory.high": "max"}
      }
    }
  }
  """#

/// The smallest configuration that is taken, with `members` in place of or beside its own.
func minimalConfig(_ members: String...) -> String {
  let own = [
    ("ociVersion", #""ociVersion": "1.0.2""#), ("root", #""root": {"path": "rootfs"}"#),
    ("process", #""process": {"cwd": "/", "args": ["sh"]}"#),
  ]
  let kept = own.filter { name, _ in !members.contains { $0.hasPrefix("\"\(name)\"") } }.map(\.1)
  return "{" + (kept + members).joined(separator: ", ") + "}"
}

/// The lines of what is wrong with a configuration; empty when it is taken.
func faults(_ config: String) -> [String] {
  do {
    _ = try Spec.load(Array(config.utf8))
    return []
  } catch {
    return error.lines
  }
}

/// The same for a process.json.
func processFaults(_ process: String) -> [String] {
  do {
    _ = try Process.load(Array(process.utf8))
    return []
  } catch {
    return error.lines
  }
}

/// The same for an update's resources.
func resourcesFaults(_ resources: String) -> [String] {
  do {
    _ = try Resources.load(Array(resources.utf8))
    return []
  } catch {
    return error.lines
  }
}
