# Turns an engine's seccomp profile (Docker's, Podman's) into config.json's linux.seccomp, for a container with Docker's
# default capabilities on this machine's architecture: what the profile gives to other capabilities is left out.
def default_caps: [
  "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
  "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"];
def has_caps: (.caps // []) - default_caps | length == 0;
def meets: has_caps and ((.arches // [$arch]) | index($arch) != null);
def excluded: (.caps // [] | any(. as $cap | default_caps | index($cap) != null))
  or (.arches // [] | index($arch) != null);
{
  defaultAction, defaultErrnoRet,
  architectures: (.archMap // [] | map(select(.architecture == $native) | [.architecture] + (.subArchitectures // []))
    | add),
  syscalls: [.syscalls[] | select((.includes // {}) | meets) | select((.excludes // {}) | excluded | not)
    | {names, action, args, errnoRet} | with_entries(select(.value != null))]
} | with_entries(select(.value != null))
