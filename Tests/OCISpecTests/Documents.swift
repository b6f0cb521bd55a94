/// A valid configuration that uses every member which runtime-spec 1.3 has for Linux, in the order
/// in which this module writes them. (But for `scheduler.priority`, which excludes `deadline`.)
let completeConfig = #"""
    {
      "ociVersion": "1.3.0",
      "process": {
        "terminal": true,
        "consoleSize": {"height": 25, "width": 80},
        "user": {"uid": 1000, "gid": 1001, "umask": 18, "additionalGids": [5, 6], "username": "joe"},
        "args": ["sh", "-c", "echo \"hello\"\n"],
        "env": ["PATH=/usr/bin:/bin", "TERM=xterm", "EMPTY="],
        "cwd": "/home/joe",
        "capabilities": {
          "bounding": ["CAP_KILL", "CAP_CHOWN"],
          "effective": ["CAP_KILL"],
          "inheritable": ["CAP_CHOWN"],
          "permitted": ["CAP_KILL", "CAP_CHOWN"],
          "ambient": ["CAP_CHOWN"]
        },
        "rlimits": [
          {"type": "RLIMIT_NOFILE", "hard": 4096, "soft": 1024},
          {"type": "RLIMIT_CORE", "hard": 18446744073709551615, "soft": 0}
        ],
        "noNewPrivileges": true,
        "apparmorProfile": "docker-default",
        "oomScoreAdj": -500,
        "scheduler": {
          "policy": "SCHED_DEADLINE", "nice": 5, "flags": ["SCHED_FLAG_RECLAIM"],
          "runtime": 10000000, "deadline": 20000000, "period": 30000000
        },
        "selinuxLabel": "system_u:system_r:container_t:s0",
        "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 4},
        "execCPUAffinity": {"initial": "0-1", "final": "2,3"}
      },
      "root": {"path": "rootfs", "readonly": true},
      "hostname": "box",
      "domainname": "example.org",
      "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {
          "destination": "/data", "type": "none", "source": "/srv/data", "options": ["rbind", "ro"],
          "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
          "gidMappings": [{"containerID": 0, "hostID": 200000, "size": 65536}]
        }
      ],
      "hooks": {
        "prestart": [{"path": "/bin/a"}],
        "createRuntime": [{"path": "/bin/b", "args": ["b", "1"], "env": ["K=V"], "timeout": 5}],
        "createContainer": [{"path": "/bin/c"}],
        "startContainer": [{"path": "/bin/d"}],
        "poststart": [{"path": "/bin/e"}],
        "poststop": [{"path": "/bin/f"}]
      },
      "annotations": {"a": "", "org.example/owner": "me"},
      "linux": {
        "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
        "gidMappings": [{"containerID": 0, "hostID": 200000, "size": 65536}],
        "sysctl": {"kernel.shmmax": "1", "net.ipv4.ip_forward": "1"},
        "resources": {
          "devices": [
            {"allow": false, "access": "rwm"},
            {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"}
          ],
          "memory": {
            "limit": 536870912, "reservation": 268435456, "swap": 1073741824, "kernel": -1, "kernelTCP": -1,
            "swappiness": 60, "disableOOMKiller": false, "useHierarchy": true, "checkBeforeUpdate": true
          },
          "cpu": {
            "shares": 1024, "quota": 50000, "burst": 1000, "period": 100000, "realtimeRuntime": 950000,
            "realtimePeriod": 1000000, "cpus": "0-3", "mems": "0", "idle": 0
          },
          "pids": {"limit": 100},
          "blockIO": {
            "weight": 500, "leafWeight": 300,
            "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 300}],
            "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 600}],
            "throttleWriteBpsDevice": [{"major": 8, "minor": 1, "rate": 601}],
            "throttleReadIOPSDevice": [{"major": 8, "minor": 2, "rate": 602}],
            "throttleWriteIOPSDevice": [{"major": 8, "minor": 3, "rate": 603}]
          },
          "hugepageLimits": [{"pageSize": "2MB", "limit": 209715200}],
          "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
          "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}},
          "unified": {"io.max": "259:0 rbps=2097152", "memory.high": "1073741824"}
        },
        "cgroupsPath": "/swiftlet/box",
        "namespaces": [
          {"type": "pid", "path": "/proc/1234/ns/pid"},
          {"type": "network"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"},
          {"type": "user"}, {"type": "cgroup"}, {"type": "time"}
        ],
        "devices": [
          {
            "path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 0, "gid": 0
          },
          {"path": "/dev/pipe", "type": "p"}
        ],
        "netDevices": {"eth1": {"name": "container_eth1"}, "ens4": {}},
        "seccomp": {
          "defaultAction": "SCMP_ACT_ERRNO",
          "defaultErrnoRet": 38,
          "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
          "flags": ["SECCOMP_FILTER_FLAG_LOG"],
          "listenerPath": "/run/agent.sock",
          "listenerMetadata": "box",
          "syscalls": [
            {"names": ["read", "write", "clock_nanosleep_time64"], "action": "SCMP_ACT_ALLOW"},
            {
              "names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
              "args": [
                {
                  "index": 0, "value": 2114060288, "valueTwo": 18446744073709551615,
                  "op": "SCMP_CMP_MASKED_EQ"
                }
              ]
            }
          ]
        },
        "rootfsPropagation": "slave",
        "maskedPaths": ["/proc/kcore"],
        "readonlyPaths": ["/proc/sys"],
        "mountLabel": "system_u:object_r:container_file_t:s0",
        "intelRdt": {
          "closID": "guaranteed", "schemata": ["L3:0=7f0;1=1f", "MB:0=20;1=70"],
          "l3CacheSchema": "L3:0=7f0;1=1f", "memBwSchema": "MB:0=20;1=70", "enableMonitoring": true
        },
        "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0-1", "flags": ["MPOL_F_STATIC_NODES"]},
        "personality": {"domain": "LINUX32"},
        "timeOffsets": {
          "boottime": {"secs": 10, "nanosecs": 50}, "monotonic": {"secs": -172800, "nanosecs": 7}
        }
      }
    }
    """#

/// The smallest configuration that can be started, members in the order of this module.
let smallConfig = #"""
    {
      "ociVersion": "1.0.2",
      "process": {"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/"},
      "root": {"path": "rootfs"}
    }
    """#

/// What `runc spec` of runc 1.1.5 writes.
let runcExample = #"""
    {
      "ociVersion": "1.0.2-dev",
      "process": {
        "terminal": true,
        "user": {"uid": 0, "gid": 0},
        "args": ["sh"],
        "env": [
          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          "TERM=xterm"
        ],
        "cwd": "/",
        "capabilities": {
          "bounding": [
            "CAP_AUDIT_WRITE", "CAP_KILL",
            "CAP_NET_BIND_SERVICE"
          ],
          "effective": [
            "CAP_AUDIT_WRITE", "CAP_KILL",
            "CAP_NET_BIND_SERVICE"
          ],
          "permitted": [
            "CAP_AUDIT_WRITE", "CAP_KILL",
            "CAP_NET_BIND_SERVICE"
          ]
        },
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        "noNewPrivileges": true
      },
      "root": {"path": "rootfs", "readonly": true},
      "hostname": "runc",
      "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {
          "destination": "/dev",
          "type": "tmpfs",
          "source": "tmpfs",
          "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]
        },
        {
          "destination": "/dev/pts",
          "type": "devpts",
          "source": "devpts",
          "options": [
            "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
            "gid=5"
          ]
        },
        {
          "destination": "/dev/shm",
          "type": "tmpfs",
          "source": "shm",
          "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]
        },
        {
          "destination": "/dev/mqueue",
          "type": "mqueue",
          "source": "mqueue",
          "options": ["nosuid", "noexec", "nodev"]
        },
        {
          "destination": "/sys",
          "type": "sysfs",
          "source": "sysfs",
          "options": ["nosuid", "noexec", "nodev", "ro"]
        },
        {
          "destination": "/sys/fs/cgroup",
          "type": "cgroup",
          "source": "cgroup",
          "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]
        }
      ],
      "linux": {
        "resources": {"devices": [{"allow": false, "access": "rwm"}]},
        "namespaces": [
          {"type": "pid"},
          {"type": "network"},
          {"type": "ipc"},
          {"type": "uts"},
          {"type": "mount"}
        ],
        "maskedPaths": [
          "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
          "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
          "/proc/sched_debug", "/sys/firmware", "/proc/scsi"
        ],
        "readonlyPaths": [
          "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
          "/proc/sysrq-trigger"
        ]
      }
    }
    """#

/// Of what `runc spec --rootless` writes for user 1000 of group 100, the parts that differ: the mounts
/// and the section for Linux.
let runcRootlessMounts = #"""
    [
      {"destination": "/proc", "type": "proc", "source": "proc"},
      {
        "destination": "/dev",
        "type": "tmpfs",
        "source": "tmpfs",
        "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]
      },
      {
        "destination": "/dev/pts",
        "type": "devpts",
        "source": "devpts",
        "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
      },
      {
        "destination": "/dev/shm",
        "type": "tmpfs",
        "source": "shm",
        "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]
      },
      {
        "destination": "/dev/mqueue",
        "type": "mqueue",
        "source": "mqueue",
        "options": ["nosuid", "noexec", "nodev"]
      },
      {
        "destination": "/sys",
        "type": "none",
        "source": "/sys",
        "options": ["rbind", "nosuid", "noexec", "nodev", "ro"]
      },
      {
        "destination": "/sys/fs/cgroup",
        "type": "cgroup",
        "source": "cgroup",
        "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]
      }
    ]
    """#

let runcRootlessLinux = #"""
    {
      "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}],
      "gidMappings": [{"containerID": 0, "hostID": 100, "size": 1}],
      "namespaces": [
        {"type": "pid"},
        {"type": "ipc"},
        {"type": "uts"},
        {"type": "mount"},
        {"type": "user"}
      ],
      "maskedPaths": [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/sys/firmware", "/proc/scsi"
      ],
      "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
    }
    """#
