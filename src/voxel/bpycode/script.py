"""The script under way: its paragraphs, its variables, and which datablocks exist at each point of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from voxel.bpycode import layout
from voxel.bpycode.layout import INDENT, Doc, before, call, join, lines, quote
from voxel.bpycode.names import Names
from voxel.bpycode.paths import node_names
from voxel.bpycode.tidy import tidied, without_single_move
from voxel.bpycode.versions import NEW
from voxel.records.data_names import was_chosen

Json = dict[str, Any]
Id = tuple[str, str]

FALLBACKS = {
    "meshes": "mesh", "objects": "obj", "materials": "material", "node_groups": "group", "collections": "collection",
    "lights": "light", "cameras": "camera", "worlds": "world", "images": "image", "textures": "texture",
    "curves": "curve", "armatures": "armature", "actions": "action", "scenes": "scene", "lattices": "lattice",
    "metaballs": "metaball", "particles": "particles", "texts": "text", "fonts": "font", "volumes": "volume",
    "speakers": "speaker", "lightprobes": "probe", "linestyles": "linestyle",
}  # fmt: skip


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the Scene holds and the script does not make: its path as in bpy, and why."""

    path: str
    reason: str


class NotYetError(Exception):
    """A value needs a datablock that the script makes further on."""

    def __init__(self, needed: Id) -> None:
        super().__init__(f"{needed[0]}[{needed[1]!r}]")
        self.needed = needed


class NowhereError(Exception):
    """A value needs a datablock that is neither in the Scene nor in the file."""

    def __init__(self, needed: Id) -> None:
        super().__init__(f"refers to bpy.data.{needed[0]}[{quote(needed[1])}], which the scene does not hold")


def identity(value: Any) -> Id | None:
    """The datablock that a value refers to."""
    if isinstance(value, dict) and "$id" in value:
        collection, name = value["$id"]
        return collection, name
    return None


def collect_references(what: Any, found: set[Id]) -> None:
    """Add every datablock that a value points to, at any depth."""
    needed = identity(what)
    if needed is not None:
        found.add(needed)
    elif isinstance(what, dict):
        for part in what.values():
            collect_references(part, found)
    elif isinstance(what, list):
        for part in what:
            if isinstance(part, dict | list):
                collect_references(part, found)


class Script:
    """Collects the statements of one script. `after` and `before` are Scenes as plain JSON values."""

    def __init__(self, after: Json, before: Json) -> None:
        self.after = after
        self.before = before
        self.names = Names()
        self.skipped: list[Skipped] = []
        self.indent = 0
        self._paragraphs: list[list[str]] = [[]]
        self._heading: str | None = None
        self._headings: list[str] = []
        self._known: dict[Id, str] = {}
        self._waiting: list[Callable[[], None]] = []
        self._imports: set[str] = set()
        self._helpers: dict[str, list[str]] = {}
        self._named_nodes: set[str] | None = None
        self._in_view: set[str] | None = None
        self._references: set[Id] | None = None
        self._owners: dict[Id, Id] | None = None
        self._holders: dict[Id, list[str]] | None = None
        self.many_moves = False
        """Several objects have to leave the collection into which their operator put them."""
        self.wired: set[str] = set()
        self._claimed: set[Id] = set()
        self.called: dict[Id, str] = {}
        """Source of the names of datablocks that are made in a loop."""
        self.together = ""
        """What the datablocks of a loop are called together."""
        self.moved: set[str] = set()
        """Objects that were moved to another collection together, and that change in nothing else."""
        self.many: set[Id] = set()
        """Objects that stand for so many in a loop that operators would be slow."""
        self.stand_ins: dict[Id, Json] = {}
        """Blocks with columns in place of the values that differ, for the first of the datablocks of a loop."""
        self._condition: tuple[str, int, int] | None = None
        """The condition that was written last, and where its block ended."""

    # Text

    def paragraph(self, heading: str | None = None) -> None:
        """Start a new paragraph; the heading is written as a comment once something follows."""
        if self._paragraphs[-1]:
            self._paragraphs.append([])
        if heading is not None:
            self._heading = heading

    def no_heading(self) -> None:
        """Forget a heading under which nothing was written."""
        self._heading = None

    def add(self, new: Sequence[str]) -> None:
        """Add finished lines."""
        if not new:
            return
        if self._heading is not None:
            self.paragraph()
            self._headings.append(f"# {self._heading}")
            self._paragraphs[-1].append(f"# {self._heading}")
            self._heading = None
        self._paragraphs[-1] += new

    def do(self, statement: Doc) -> None:
        """Add an expression statement."""
        self.add(lines(statement, self.indent))

    def assign(self, target: str, value: Doc) -> None:
        """Add `target = value`."""
        self.add(layout.assignment(target, value, self.indent))

    def when(self, condition: str, target: str, value: Doc) -> None:
        """Add `if condition:` with an assignment; assignments under one condition that follow each other share it."""
        head = f"{' ' * self.indent}if {condition}:"
        last = self._paragraphs[-1]
        if self._condition != (head, id(last), len(last)):
            self.add([head])
        self.indent += INDENT
        self.assign(target, value)
        self.indent -= INDENT
        last = self._paragraphs[-1]
        self._condition = (head, id(last), len(last))

    def either(self, new_target: str, new_value: Doc, old_target: str, old_value: Doc) -> None:
        """Add an assignment for Blender 5.0 and another one for those before it."""
        self.when(NEW, new_target, new_value)
        self.add([f"{' ' * self.indent}else:"])
        self.indent += INDENT
        self.assign(old_target, old_value)
        self.indent -= INDENT

    def loop(self, targets: str, over: Doc) -> None:
        """Add `for targets in over:`; the caller indents what follows."""
        doc = before(f"for {targets} in ", over)
        closing = lines(doc, self.indent, 1)
        closing[-1] += ":"
        self.add(closing)

    def need(self, statement: str) -> None:
        """Import at the head of the script, such as `from math import radians`."""
        self._imports.add(statement)

    def helper(self, name: str, source: str) -> None:
        """Define a small function at the head of the script, once."""
        self._helpers.setdefault(name, source.strip("\n").split("\n"))

    def source(self) -> str:
        """The whole script."""
        paragraphs = without_single_move(self._paragraphs)
        if paragraphs is not self._paragraphs:
            self._helpers.pop("move_to", None)
        body = [paragraph for paragraph in tidied(paragraphs, self._headings) if paragraph]
        plain = sorted(line for line in self._imports if line.startswith("import") and line != "import bmesh")
        standard = [line for line in self._imports if line.startswith("from math ")]
        math_names = sorted(line.split(" import ")[1] for line in self._imports if line.startswith("from mathutils "))
        bmesh = ["import bmesh"] if "import bmesh" in self._imports else []
        third = [*bmesh, "import bpy", *([f"from mathutils import {', '.join(math_names)}"] if math_names else [])]
        head = [[*plain, *standard], third] if plain or standard else [third]
        if not self._helpers:
            return join([*head, *body])
        functions = ["\n".join(["", *function]) for function in self._helpers.values()]
        return join([*head, *[text.split("\n") for text in functions]]) + "\n\n" + join(body).lstrip("\n")

    # Datablocks

    def block(self, needed: Id) -> Json | None:
        """A datablock of the Scene that is to be reached."""
        found = self.stand_ins.get(needed) or self.after["blocks"].get(needed[0], {}).get(needed[1])
        return found if isinstance(found, dict) else None

    def old(self, needed: Id) -> Json | None:
        """A datablock as it was."""
        found = self.before["blocks"].get(needed[0], {}).get(needed[1])
        return found if isinstance(found, dict) else None

    def name(self, needed: Id, suffix: str = "") -> str:
        """A variable for a datablock."""
        hint = self.together if needed in self.called and self.together else needed[1]
        return self.names.take(hint, FALLBACKS.get(needed[0], "block"), suffix=suffix)

    def made(self, needed: Id, expression: str) -> None:
        """From here on, `expression` is the datablock."""
        self._known[needed] = expression

    def known(self, needed: Id) -> str | None:
        """The expression for a datablock that exists at this point; None when it does not yet."""
        expression = self._known.get(needed)
        if expression is None and self.old(needed) is not None:
            owner = self._owner(needed)
            if owner is not None:
                return f"{self.known(owner)}.data"
            return f"bpy.data.{needed[0]}[{quote(needed[1])}]"
        return expression

    def _owner(self, needed: Id) -> Id | None:
        """The object that a mesh, light or the like can be reached by: people know an object's name, not its data's."""
        if self._owners is None:
            objects = self.before["blocks"].get("objects", {})
            after = self.after["blocks"].get("objects", {})
            self._owners = {}
            for name in sorted(objects, reverse=True):
                data = identity(objects[name].get("data"))
                if data is not None and name in after:
                    self._owners[data] = ("objects", name)
        return self._owners.get(needed)

    def fetch(self, needed: Id, suffix: str = "") -> str:
        """A variable that holds a datablock which exists already."""
        expression = self.known(needed) or f"bpy.data.{needed[0]}[{quote(needed[1])}]"
        if expression.isidentifier():
            return expression
        owner = self._owner(needed)
        variable = self.name(needed if owner is None else (needed[0], owner[1]), suffix)
        self.assign(variable, expression)
        self.made(needed, variable)
        return variable

    def refer(self, needed: Id) -> str:
        """The expression for a datablock. Raises NotYetError or NowhereError when it is not there at this point."""
        expression = self.known(needed)
        if expression is not None:
            return expression
        if self.block(needed) is None:
            raise NowhereError(needed)
        raise NotYetError(needed)

    def ready(self, needed: Id) -> bool:
        """Whether a datablock exists at this point."""
        return self.known(needed) is not None

    # What has to wait, and what is lost

    def attempt(self, target: str, path: str, write: Callable[[], None]) -> None:
        """Run `write` now, or once the datablock that it needs exists; `target` is the variable that it writes to."""
        mark = [len(paragraph) for paragraph in self._paragraphs]
        try:
            write()
        except NotYetError:
            assert mark == [len(paragraph) for paragraph in self._paragraphs], "a statement was half written"
            self.names.keep(target)
            self._waiting.append(lambda: self.attempt(target, path, write))
        except NowhereError as absent:
            self.skip(path, str(absent))

    def resume(self) -> None:
        """Try again what waits for a datablock."""
        waiting, self._waiting = self._waiting, []
        for write in waiting:
            write()

    def finish(self) -> None:
        """What still waits is lost: name it."""
        self.resume()
        if self._waiting:
            self.skip("", f"{len(self._waiting)} references to datablocks that the script could not make")
            self._waiting.clear()

    def skip(self, path: str, reason: str) -> None:
        """Name something that the script does not make."""
        self.skipped.append(Skipped(path=path, reason=reason))

    def new(self, variable: str, needed: Id, *arguments: Doc, **keywords: Doc) -> None:
        """`variable = bpy.data.COLLECTION.new(name, …)`."""
        self.assign(variable, call(f"bpy.data.{needed[0]}.new", self.name_source(needed), *arguments, **keywords))
        self.made(needed, variable)

    def name_source(self, needed: Id) -> str:
        """The name of a datablock as source."""
        return self.called.get(needed) or quote(needed[1])

    def referenced(self, needed: Id) -> bool:
        """Whether anything in the Scene uses a datablock; one that nothing uses is not kept in a file by itself."""
        if self._references is None:
            found: set[Id] = set()
            collect_references(self.after["blocks"], found)
            for block in self.after["blocks"].get("scenes", {}).values():
                found |= {("objects", name) for name in block["root"]["objects"]}
                found |= {("collections", name) for name in block["root"]["children"]}
            for block in self.after["blocks"].get("collections", {}).values():
                found |= {("objects", name) for name in block["objects"]}
                found |= {("collections", name) for name in block["children"]}
            self._references = found
        return needed in self._references

    def holders(self, data: Id) -> list[str]:
        """Names of the objects that hold this data."""
        if self._holders is None:
            self._holders = defaultdict(list)
            for name, block in self.after["blocks"].get("objects", {}).items():
                held = identity(block.get("data"))
                if held is not None:
                    self._holders[held].append(name)
        return self._holders.get(data, [])

    def named_by_hand(self, data: Id) -> bool:
        """Whether somebody named this data; else Blender may call it what it likes."""
        return was_chosen(data[1], self.holders(data))

    def modern(self) -> bool:
        """Whether the Scene was dumped by Blender 5.0 or later."""
        return str(self.after.get("blender", "")) >= "5"

    def in_view(self, name: str) -> bool:
        """Whether an object is in the active scene, where operators reach it."""
        if self._in_view is None:
            scene = self.after["blocks"]["scenes"][self.after["active_scene"]]
            collections = self.after["blocks"].get("collections", {})
            self._in_view = set(scene["root"]["objects"])
            queue = list(scene["root"]["children"])
            excluded = {item for layer in scene.get("view_layers", [])[:1] for item in layer.get("excluded", [])}
            while queue:
                child = queue.pop()
                if child in collections and child not in excluded:
                    excluded.add(child)
                    self._in_view |= set(collections[child]["objects"])
                    queue += collections[child]["children"]
        return name in self._in_view

    def named_nodes(self) -> set[str]:
        """Names of nodes that animations speak of, and that nodes have to bear for that."""
        if self._named_nodes is None:
            found: set[str] = set()
            for action in self.after["blocks"].get("actions", {}).values():
                for curve in action.get("fcurves", []):
                    found.update(node_names(curve["path"]))
            for blocks in self.after["blocks"].values():
                for block in blocks.values():
                    for holder in (block, block.get("tree") or {}, block.get("shape_keys") or {}):
                        for driver in (holder.get("animation") or {}).get("drivers", []):
                            found.update(node_names(driver["path"]))
            self._named_nodes = found
        return self._named_nodes

    def claims(self, collection: str, name: str) -> bool:
        """Whether Blender would change this default name, because a datablock of that name is there already."""
        return (collection, name) in self._known or self.old((collection, name)) is not None

    def claim_once(self, needed: Id) -> bool:
        """True the first time that it is asked about a datablock."""
        first = needed not in self._claimed
        self._claimed.add(needed)
        return first
