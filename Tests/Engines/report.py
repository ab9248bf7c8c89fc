"""What the results say: a summary for the terminal, a table for the documentation."""

RUNTIMES = ["swiftcr", "runc", "crun"]
MARKS = {"pass": "yes", "fail": "**no**", "skip": "skipped"}


def regressions(results):
    """The cases that swiftcr fails and that runc or crun passes, as (engine, case)."""
    found = []
    for (engine, case, runtime), (result, _) in results.items():
        if runtime == "swiftcr" and result == "fail":
            controls = [results.get((engine, case, other), ("", ""))[0] for other in ("runc", "crun")]
            if "pass" in controls or controls == ["", ""]:
                found.append((engine, case))
    return found


def summary(results, engine, runtime):
    marks = [result for key, (result, _) in results.items() if (key[0], key[2]) == (engine, runtime)]
    return f"{engine} with {runtime}: " + ", ".join(f"{marks.count(mark)} {mark}" for mark in MARKS if mark in marks)


def table(cases, results, in_machine):
    """The table as Markdown; what failed or was skipped has its reason below it."""
    command = "sudo scripts/engines --all " + ("--vm " if in_machine else "") + "--write"
    place = ("In a virtual machine with cgroup v2; [engines.md](engines.md) is without one." if in_machine
             else "[engines-vm.md](engines-vm.md) is the same in a virtual machine with cgroup v2.")
    lines = ["# Engines" + (", on cgroup v2" if in_machine else ""), "",
             "Real engines with swiftcr as their runtime, and Debian 12's runc and crun through the same cases as the",
             "control. `cri` is containerd's Kubernetes interface, called as kubelet calls it.",
             place, f"Written by `{command}`; the cases are in `Tests/Engines/cases/`.", ""]
    reasons = []
    for engine in dict.fromkeys(key[0] for key in results):
        lines += [f"## {engine}", "", "| case | swiftcr | runc | crun |", "|---|---|---|---|"]
        for case in cases:
            if engine not in case.engines.split():
                continue
            row = [results.get((engine, case.name, runtime), ("", None)) for runtime in RUNTIMES]
            lines.append(f"| {case.name} | " + " | ".join(MARKS.get(result, "not run") for result, _ in row) + " |")
            for runtime, (result, why) in zip(RUNTIMES, row):
                if why:
                    reasons.append(f"- {engine}, {case.name}, {runtime}: {result}: {' '.join(why.split())}")
        lines.append("")
    if reasons:
        lines += ["## Not passed, and why", ""] + reasons + [""]
    return "\n".join(lines)
