"""One generated Dockerfile with its context, written twice from one description.

`modern` is for swiftcr. `plain` says the same in the language that Debian's docker knows, whose front end is of 2020;
where it has no such instruction or flag, what it would have made lies ready in the context.
"""

import os
import random

BASE = "localhost/busybox"
# Times of files in contexts, archives and base images. What a build makes is newer.
OLD = 1_000_000_000


class Line:
    """One instruction in both languages; None where a language does without."""

    def __init__(self, modern, plain):
        self.modern, self.plain = modern, plain


class Stage:
    def __init__(self, name, base, flags=""):
        self.name, self.base, self.flags, self.lines = name, base, flags, []

    def both(self, text):
        self.lines.append(Line(text, text))

    def split(self, modern, plain):
        self.lines.append(Line(modern, plain))

    def text(self, language):
        texts = [getattr(line, language) for line in self.lines]
        return "\n".join([f"FROM {self.flags}{self.base} AS {self.name}",
                          *(text for text in texts if text is not None)])


class Case:
    """What fragments write to: the stage that is being written, stages before it, the context, the command line."""

    def __init__(self, seed, number):
        self.name = f"{seed}-{number}"
        self.random = random.Random(self.name)
        self.escape = "`" if number % 9 == 4 else "\\"
        self.head = [Line("# escape=`", "# escape=`")] if self.escape == "`" else []
        self.globals = []
        self.stages = [Stage("main", BASE)]
        self.context = {}
        self.ignored = []
        self.modern_arguments, self.plain_arguments = [], []
        # What the plain text has no word for.
        self.config = {}
        self.tag = ""
        # Beside what the text itself shows: features.py counts both.
        self.features = set()
        self.target = None
        # As editors of other systems write.
        self.has_returns, self.has_mark = number % 5 == 3, number % 11 == 6
        self.has_usual_place = self.random.random() < 0.33
        self._auxiliaries = 0

    # Text

    def both(self, text):
        self.stages[-1].both(text)

    def split(self, modern, plain):
        """`None` leaves a language out."""
        self.stages[-1].split(modern, plain)

    def joined(self, *lines):
        """One instruction over several lines."""
        return f" {self.escape}\n  ".join(lines)

    def auxiliary(self, base=BASE, name=None):
        """A stage before all that the main one is made of."""
        self._auxiliaries += 1
        stage = Stage(name or f"aux{self._auxiliaries}", base)
        first = next(index for index, stage in enumerate(self.stages) if stage.name.startswith("main"))
        self.stages.insert(first, stage)
        return stage

    def next_stage(self):
        """What follows is in a stage that begins with this one."""
        last = self.stages[-1].name
        self.stages.append(Stage(f"main{len(self.stages)}", last))

    def argument(self, name, value):
        self.arguments("--build-arg", f"{name}={value}")

    def arguments(self, *words):
        self.modern_arguments += words
        self.plain_arguments += words

    def feature(self, *names):
        self.features.update(names)

    def text(self, language):
        head = [getattr(line, language) for line in self.head + self.globals]
        text = "\n".join([*(line for line in head if line is not None),
                          *(stage.text(language) for stage in self.stages)]) + "\n"
        if self.has_returns and "<<" not in self._joined():
            text = text.replace("\n", "\r\n")
        return "\ufeff" + text if self.has_mark else text

    def _joined(self):
        return "".join(line.modern or "" for stage in self.stages for line in stage.lines)

    # Context

    def file(self, path, data=None, mode=None, owner=None):
        """A file of the fragment's own directory; gives its path in the context."""
        data = self.noise() if data is None else data
        mode = self.random.choice([0o644, 0o600, 0o755, 0o664, 0o440]) if mode is None else mode
        return self._entry(path, ("file", data if isinstance(data, bytes) else data.encode(), mode, owner))

    def files(self, *paths):
        for path in paths:
            self.file(path)

    def directory(self, path, mode=0o755):
        return self._entry(path, ("directory", None, mode, None))

    def symlink(self, path, target):
        return self._entry(path, ("symlink", target, 0o777, None))

    def link(self, path, target):
        return self._entry(path, ("link", f"{self.tag}/{target}", 0, None))

    def _entry(self, path, entry):
        path = f"{self.tag}/{path}"
        self.context[path] = (*entry, OLD + self.random.randrange(100_000_000))
        return path

    def noise(self):
        return self.random.randbytes(self.random.choice([0, 1, 7, 100, 5000]))

    def word(self):
        return "".join(self.random.choices("abcdefghijklmnop", k=self.random.randint(3, 8)))

    def write_context(self, directory):
        os.mkdir(directory)
        for path, (kind, data, mode, owner, time) in self.context.items():
            path = os.path.join(directory, path)
            os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
            if kind == "file":
                with open(path, "wb") as file:
                    file.write(data)
            elif kind == "directory":
                os.makedirs(path, exist_ok=True)
            elif kind == "symlink":
                os.symlink(data, path)
            elif kind == "link":
                os.link(os.path.join(directory, data), path)
                continue
            if owner:
                os.lchown(path, *owner)
            if kind != "symlink":
                os.chmod(path, mode)
            os.utime(path, (time, time), follow_symlinks=False)
        # Directories last: what is written in them changes their times.
        for parent, directories, _ in os.walk(directory):
            for name in directories:
                if not os.path.islink(os.path.join(parent, name)):
                    os.utime(os.path.join(parent, name), (OLD, OLD))

