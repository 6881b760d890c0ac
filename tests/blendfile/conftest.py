"""Files for the reader's tests: small ones forged byte by byte, and real ones made by Blender."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]

STRUCTS: dict[str, list[tuple[str, str]]] = {
    "Link": [("Link", "*next"), ("Link", "*prev")],
    "ListBase": [("void", "*first"), ("void", "*last")],
    "ID": [("void", "*next"), ("void", "*prev"), ("IDProperty", "*properties"), ("char", "name[24]")],
    "FileGlobal": [("short", "subversion"), ("short", "pad"), ("int", "flag")],
    "Object": [("ID", "id"), ("short", "type"), ("short", "pad[3]"), ("void", "*data"), ("ListBase", "modifiers")],
    "Mesh": [("ID", "id"), ("int", "totvert"), ("int", "pad"), ("MVert", "*mvert")],
    "MVert": [("float", "co[3]"), ("short", "no[3]"), ("char", "flag"), ("char", "pad")],
    "ModifierData": [("ModifierData", "*next"), ("ModifierData", "*prev"), ("int", "type"), ("int", "mode")],
    "Text": [("ID", "id"), ("ListBase", "lines")],
    "TextLine": [("TextLine", "*next"), ("TextLine", "*prev"), ("char", "*line"), ("int", "len"), ("int", "pad")],
    "Odd": [("quaternion", "turn"), ("float", "mat[2][3]"), ("int", "(*call)()"), ("void", "*many[2]")],
    "IDProperty": [
        ("IDProperty", "*next"),
        ("IDProperty", "*prev"),
        ("char", "type"),
        ("char", "subtype"),
        ("short", "flag"),
        ("int", "len"),
        ("char", "name[16]"),
        ("IDPropertyData", "data"),
    ],
    "IDPropertyData": [("void", "*pointer"), ("ListBase", "group"), ("int", "val"), ("int", "val2")],
}
PLAIN = {"char": 1, "short": 2, "int": 4, "float": 4, "double": 8, "void": 0, "quaternion": 16}


@dataclass(kw_only=True)
class Forge:
    """Writes a .blend file block by block, with a small DNA of its own."""

    pointer_size: int = 8
    endian: str = "little"
    version: int = 280
    sizes: dict[str, int] = field(default_factory=dict)
    """Sizes in TLEN that are to differ from the true ones."""
    structs: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: dict(STRUCTS))
    out: bytearray = field(default_factory=bytearray)

    def number(self, value: int, size: int = 4) -> bytes:
        return (value & ((1 << 8 * size) - 1)).to_bytes(size, self.endian)  # type: ignore[arg-type]

    def pointer(self, address: int) -> bytes:
        return self.number(address, self.pointer_size)

    @property
    def header(self) -> bytes:
        if self.version >= 500:
            return b"BLENDER17-01v%04d" % self.version
        bits = b"_" if self.pointer_size == 4 else b"-"
        return b"BLENDER" + bits + (b"v" if self.endian == "little" else b"V") + b"%03d" % self.version

    def size_of(self, name: str) -> int:
        if name in PLAIN:
            return PLAIN[name]
        return sum(self.field_size(*one) for one in self.structs[name])

    def field_size(self, type_name: str, name: str) -> int:
        size = self.pointer_size if name.startswith(("*", "(")) else self.size_of(type_name)
        for length in name.split("[")[1:]:
            size *= int(length.rstrip("]"))
        return size

    def id(self, name: str, properties: int = 0) -> bytes:
        return self.pointer(0) * 2 + self.pointer(properties) + name.encode().ljust(24, b"\0")

    def block(
        self,
        code: str,
        body: bytes = b"",
        *,
        struct: str = "Link",
        address: int = 0,
        count: int = 1,
        length: int | None = None,
        index: int | None = None,
    ) -> Forge:
        """Append a block. `length` and `index` are written in place of the true ones."""
        name = code.encode()
        if len(name) == 2:
            name = name + b"\0\0" if self.endian == "little" else b"\0\0" + name
        size = len(body) if length is None else length
        number = list(self.structs).index(struct) if index is None else index
        if self.version >= 500:
            head = name + self.number(number) + self.number(address, 8) + self.number(size, 8) + self.number(count, 8)
        else:
            head = name + self.number(size) + self.pointer(address) + self.number(number) + self.number(count)
        self.out += head + body
        return self

    def object(self, name: str, type_number: int, *, first_modifier: int = 0, address: int = 0) -> Forge:
        body = self.id(f"OB{name}") + self.number(type_number, 2) + bytes(6) + self.pointer(0)
        return self.block("OB", body + self.pointer(first_modifier) * 2, struct="Object", address=address)

    def modifier(self, address: int, following: int, kind: int) -> Forge:
        body = self.pointer(following) + self.pointer(0) + self.number(kind) + self.number(0)
        return self.block("DATA", body, struct="ModifierData", address=address)

    def mesh(self, name: str, vertices: list[tuple[float, float, float]], *, at: int = 0x900) -> Forge:
        import struct as packing

        order = "<" if self.endian == "little" else ">"
        body = self.id(f"ME{name}") + self.number(len(vertices)) + self.number(0) + self.pointer(at)
        self.block("ME", body, struct="Mesh", address=at - 1)
        raw = b"".join(packing.pack(order + "3f", *one) + bytes(8) for one in vertices)
        return self.block("DATA", raw, struct="MVert", address=at, count=len(vertices))

    def dna(self) -> bytes:
        types = [*PLAIN, *self.structs]
        names = sorted({name for fields in self.structs.values() for _, name in fields})
        out = bytearray(b"SDNANAME" + self.number(len(names)))
        out += b"".join(name.encode() + b"\0" for name in names)
        out += bytes(-len(out) % 4) + b"TYPE" + self.number(len(types))
        out += b"".join(name.encode() + b"\0" for name in types)
        out += bytes(-len(out) % 4) + b"TLEN"
        out += b"".join(self.number(self.sizes.get(name, self.size_of(name)), 2) for name in types)
        out += bytes(-len(out) % 4) + b"STRC" + self.number(len(self.structs))
        for struct, fields in self.structs.items():
            out += self.number(types.index(struct), 2) + self.number(len(fields), 2)
            for type_name, name in fields:
                out += self.number(types.index(type_name), 2) + self.number(names.index(name), 2)
        return bytes(out)

    def file(self, *, dna: bytes | None = None, end: bytes | None = None) -> bytes:
        """The file: header, what was appended, DNA, `ENDB`."""
        held = bytes(self.out)
        self.block("DNA1", self.dna() if dna is None else dna)
        self.block("ENDB")
        whole = self.header + bytes(self.out)
        self.out = bytearray(held)
        return whole if end is None else whole[: -len(self.block_head())] + end

    def block_head(self) -> bytes:
        return bytes(32 if self.version >= 500 else 16 + self.pointer_size)


@pytest.fixture
def forge() -> type[Forge]:
    """The class `Forge`: `forge(endian="big").object("Cube", 1).file()`."""
    return Forge


@pytest.fixture(scope="session")
def mutants() -> ModuleType:
    """The module `fuzz/blendfile_mutants.py`."""
    name = "blendfile_mutants"
    spec = importlib.util.spec_from_file_location(name, ROOT / "fuzz" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def blender() -> Callable[[str], None]:
    """Runs Python source in a Blender process of its own, with an empty scene."""

    def run(source: str) -> None:
        begin = "import bpy\nbpy.ops.wm.read_factory_settings(use_empty=True)\n"
        done = subprocess.run([sys.executable, "-c", begin + source], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture(scope="session")
def what_blender_finds() -> Callable[[list[Path]], list[dict[str, object]]]:
    """What Blender finds in each file, as `walk_in_blender.py` says."""

    def walk(paths: list[Path]) -> list[dict[str, object]]:
        script = Path(__file__).with_name("walk_in_blender.py")
        done = subprocess.run(
            [sys.executable, str(script)], input="\n".join(map(str, paths)), capture_output=True, text=True, timeout=600
        )
        said = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(said) == len(paths), done.stderr[-2000:]
        return said

    return walk
