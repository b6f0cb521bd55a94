"""Which functions of a program are entered, in the order of their first calls."""

import glob
import os
import re
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
FIXTURES = os.path.join(PROJECT, ".fixtures")


def output_of(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Tracer:
    """Runs a program, built with its symbols, and collects `order`, the names of what it enters."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.order = []
        self.start, self.end = self._text_section()
        self.names = self._functions()
        self.entered, self.addresses = os.path.join(folder, "entered"), os.path.join(folder, "addresses")
        subprocess.run(["cc", "-O2", "-o", self.entered, os.path.join(HERE, "entered.c")], check=True)
        with open(self.addresses, "w") as stream:
            stream.write("\n".join(f"{address:x}" for address in self.names))

    def _text_section(self):
        for line in output_of("readelf", "-SW", self.program).splitlines():
            fields = line.replace("[ ", "[").split()
            if len(fields) > 5 and fields[1] == ".text":
                start = int(fields[3], 16)
                return start, start + int(fields[5], 16)
        sys.exit(f"{self.program} has no text")

    def _functions(self):
        """The names at each address. The trampoline is left alone: the program copies it."""
        names = {}
        for line in output_of("nm", "--defined-only", self.program).splitlines():
            fields = line.split()
            if len(fields) != 3 or fields[1] not in "tTwWi" or "trampoline" in fields[2]:
                continue
            address = int(fields[0], 16)
            if self.start <= address < self.end:
                names.setdefault(address, []).append(fields[2])
        return names

    def command(self, found):
        """The words that trace the program whose words follow, and write what it enters to the file `found`."""
        return [self.entered, f"{self.start:x}", f"{self.end:x}", self.addresses, found, self.program]

    def trace(self, *words, environment=None):
        found = os.path.join(self.folder, "found")
        subprocess.run([*self.command(found), *words], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, **(environment or {})))
        for part in self.parts(found):
            self.add(part)

    def parts(self, found):
        """The addresses in the file `found`, in as many lists as it was begun anew."""
        with open(found) as stream:
            return [[int(line, 16) for line in part.split()] for part in stream.read().split("-")]

    def add(self, addresses):
        known = set(self.order)
        for address in addresses:
            for name in self.names[address]:
                if name not in known:
                    known.add(name)
                    self.order.append(name)

    def put_divided_first(self):
        """Whole files move with what is not divided into sections of functions: these lie behind the others, or what
        is divided would be scattered among them."""
        with open(self.program + ".product/Objects.LinkFileList") as stream:
            objects = shlex.split(stream.read())
        toolchain = os.path.dirname(os.path.dirname(os.path.realpath(shutil.which("swift"))))
        objects += glob.glob(os.path.join(toolchain, "lib", "swift_static", "linux", "*.a"))
        known, undivided = set(self.order), set()
        symbol = re.compile(r"[0-9a-f]+ .{7} \.text\t[0-9a-f]+ (?:\.hidden )?(.*)$")
        for first in range(0, len(objects), 200):
            for line in output_of("objdump", "-t", *objects[first:first + 200]).splitlines():
                found = symbol.match(line)
                if found and found.group(1) in known:
                    undivided.add(found.group(1))
        self.order.sort(key=lambda name: name in undivided)

    def write(self, output):
        with open(output, "w") as stream:
            stream.write("\n".join(self.order) + "\n")
        print(f"{len(self.order)} functions")
