"""Generated Dockerfiles, each built by swiftcr and by docker; files and configurations must be equal."""

import os
import shutil
import subprocess
import time

import features
import server
import tree
from builders import Failed
from deck import deal

SHOWN = 12
# From so many cases on it is of interest what they have.
COUNTED = 10


class Generated:
    """One of the `subjects`, in turn, builds the modern text, `oracle` the plain one."""

    def __init__(self, work, subjects, oracle):
        self.work, self.subjects, self.oracle = work, subjects, oracle
        self.counts = dict.fromkeys(features.wanted(), 0)
        self.failed = []
        self.seconds = {}
        self._words = self._prepare()

    def _prepare(self):
        """What stands between two @ in the texts."""
        secret, agent, git = (os.path.join(self.work, name) for name in ("secret", "agent", "repository.git"))
        with open(secret, "w") as file:
            file.write("a secret")
        # Ends with the sandbox.
        subprocess.run(["ssh-agent", "-a", agent], check=True, capture_output=True)
        return {"@PORT@": str(server.serve()), "@SECRET@": secret, "@AGENT@": agent, "@COMMIT@": server.repository(git),
                "@GIT@": "file://" + git}

    def check(self, seed, number):
        """Builds one case twice; prints what differs."""
        case = deal(seed, number)
        directory = os.path.join(self.work, "case")
        os.mkdir(directory)
        try:
            context = os.path.join(directory, "context")
            case.write_context(context)
            words = {**self._words, "@CONTEXT@": context}
            builders = {"oracle": self.oracle, "subject": self.subjects[number % len(self.subjects)]}
            texts = {name: _replaced(case.text(builder.language), words) for name, builder in builders.items()}
            try:
                images = [self._built(case, builder, name, texts[name], directory, words)
                          for name, builder in builders.items()]
                lines = tree.differences(*images, case.config)
            except Failed as error:
                lines = [str(error)]
            for name in features.found(case):
                self.counts[name] += 1
            if lines:
                self.failed.append(case.name)
                _show(case, texts, lines)
        finally:
            shutil.rmtree(directory)

    def _built(self, case, builder, name, text, directory, words):
        place = os.path.join(directory, name)
        os.mkdir(place)
        context = os.path.join(directory, "context")
        arguments = [_replaced(word, words) for word in getattr(case, builder.language + "_arguments")]
        ignored = os.path.join(context, ".dockerignore")
        # A third of the cases have the Dockerfile in the context, as most people do.
        inside = case.has_usual_place
        file = os.path.join(context if inside else place, "Dockerfile")
        _write(file, text)
        if case.ignored:
            rules = "\n".join(case.ignored) + "\n"
            _write(ignored if inside else file + ".dockerignore", rules)
            if not inside:
                # The other one wins.
                _write(ignored, "*\n")
        archive = os.path.join(directory, "image.tar")
        tag = f"localhost/{name}:{case.name.lower()}"
        begun = time.monotonic()
        try:
            builder.build(tag, context, *([] if inside else ["--file", file]), *arguments)
        finally:
            self.seconds[name] = self.seconds.get(name, 0) + time.monotonic() - begun
            if inside:
                os.unlink(file)
            if case.ignored:
                os.unlink(ignored)
        builder.save(tag, archive)
        built = tree.Image(archive)
        os.unlink(archive)
        builder.remove(tag)
        return built

    def report(self, cases):
        """Prints the counts; gives whether all is as it must be."""
        print(f"generated Dockerfiles: {cases}, of which {len(self.failed)} differ; "
              + ", ".join(f"{name} built for {seconds:.0f} s" for name, seconds in self.seconds.items()))
        if cases >= COUNTED:
            print("; ".join(f"{name}: {count}" for name, count in self.counts.items()))
        rare = [name for name, count in self.counts.items() if count < features.LEAST]
        if rare and cases >= 100:
            print(f"occurs less than {features.LEAST} times: " + ", ".join(rare))
            return False
        return not self.failed


def _show(case, texts, lines):
    seed, number = case.name.rsplit("-", 1)
    print(f"FAILED {case.name}: scripts/builds --seed {seed} --case {number}")
    for (name, text), arguments in zip(texts.items(), (case.plain_arguments, case.modern_arguments)):
        print(f"--- {name}, {' '.join(arguments)}")
        print(text, end="")
    print("--- differences")
    for line in lines[:SHOWN]:
        print(line)
    if len(lines) > SHOWN:
        print(f"… and {len(lines) - SHOWN} more")
    print(flush=True)


def _write(path, text):
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.write(text)


def _replaced(text, words):
    for word, value in words.items():
        text = text.replace(word, value)
    return text
