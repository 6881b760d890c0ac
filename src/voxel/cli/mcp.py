"""`voxel mcp`: Voxel's tools for agents, over the Model Context Protocol on standard input and output."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxel.cli.options import BlenderOption, path_of

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from voxel.blender import Blender, Schema

MOST_FOUND = 20
"""Entries of one look-up."""
MOST_LINES = 200
"""Differences of one look-up."""
MOST_CODE = 60_000
"""Letters of a script that is handed back."""
_SIDE = (64, 768)
_TOLD = (
    "Tools for writing Blender Python. Look names up with api_lookup before you use one that you are not sure of, and "
    "run every script with check_script before you hand it to the user or to a running Blender: it says line by line "
    "what this version of Blender does not know, and what to write instead. Scripts run in a box, in an empty scene."
)


def command(
    blender: BlenderOption = None,
    root: Annotated[
        Path,
        typer.Option(
            "--root",
            metavar="DIR",
            parser=path_of,
            help="decompile and render open .blend files below this folder only.",
        ),
    ] = Path(),
) -> int:
    """Tools for agents (check_script, api_lookup, decompile, render) as an MCP server on stdin and stdout."""
    from voxel.errors import MissingExtra

    try:
        import mcp.server.mcpserver  # noqa: F401
    except ImportError as error:
        raise MissingExtra("the MCP server", "mcp") from error
    with Tools(blender, root) as tools:
        server(tools).run("stdio")
    return 0


class Tools:
    """What the tools do; each method is one. A context manager: Blenders stay warm between calls."""

    def __init__(self, default: str | None, root: Path) -> None:
        """`default` is the version that is meant where a call names none."""
        self._default = default
        self._root = root.resolve()
        self._stack = ExitStack()
        self._running: dict[str, Blender] = {}
        self._schemas: dict[str, Schema] = {}
        # calls may come in several at once; a Blender answers one at a time
        self._lock = threading.Lock()

    def __enter__(self) -> Tools:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def check_script(self, code: str, blender: str = "", timeout: float = 30) -> dict[str, Any]:
        """Runs a script in an empty scene. The answer is a line of `voxel check --json`."""
        import msgspec

        from voxel.blender import check

        with self._lock:
            found = check(code, blender=self._blender(blender), timeout=min(timeout, 120))
        told: dict[str, Any] = msgspec.to_builtins(found)
        del told["path"]
        return told

    def api_lookup(self, name: str, blender: str = "", compare_with: str = "") -> dict[str, Any]:
        """Entries of the schema with that name, else those that hold it, else near names; or the differences."""
        from voxel.blender.nearest import nearest
        from voxel.blender.schema import differences
        from voxel.cli.blender import found_in

        with self._lock:
            known = self._schema(blender)
            if compare_with:
                other = self._schema(compare_with)
                lines = [
                    f"{kind} {line}"
                    for kind, changed in differences(known, other).items()
                    for line in changed
                    if name.lower() in line.lower()
                ]
                return {
                    "from": known.version, "to": other.version, "changes": lines[:MOST_LINES], "all": len(lines),
                    "legend": "- gone, + new, ~ changed",
                }  # fmt: skip
        found = found_in(known, name)
        told: dict[str, Any] = {
            "blender": known.version,
            "found": [{"kind": kind, "name": key, **facts} for kind, key, facts in found[:MOST_FOUND]],
            "all": len(found),
        }
        if not found:
            owners = known.paths.get(name.rpartition(".")[2], [])
            told["property_of"] = owners[:MOST_FOUND]
            told["near"] = nearest(name, [*known.operators, *known.types, *known.nodes])
        return told

    def decompile(self, path: str, material: str = "", blender: str = "") -> str:
        """The script that makes what a .blend file, or one material of it, holds."""
        from voxel.bpycode import write_all
        from voxel.errors import UsageError
        from voxel.records.scene import Scene

        with self._lock:
            scene = Scene.from_json(self._blender(blender).load(self._inside(path)))
        if material:
            there = scene.blocks.get("materials", {})
            if material not in there:
                raise UsageError(f"no material {material!r}; there are: {', '.join(list(there)[:30]) or 'none'}")
            scene = scene.subset([("materials", material)])
        written = write_all(scene)
        if len(written.source) > MOST_CODE:
            raise UsageError(
                f"the script has {len(written.source)} letters, more than {MOST_CODE}; ask for one material, or write "
                f"it to a file: voxel decompile {path} -o DIR"
            )
        left = "".join(f"# not written: {item.path}: {item.reason}\n" for item in written.skipped)
        return written.source + left

    def render(self, code: str = "", path: str = "", material: str = "", size: int = 256, blender: str = "") -> bytes:
        """A PNG of what a script makes, or of a .blend file."""
        from voxel.errors import UsageError

        if bool(code) == bool(path):
            raise UsageError("give either code or path")
        side = min(max(size, _SIDE[0]), _SIDE[1])
        source = code or self._inside(path)
        with self._lock:
            return self._blender(blender).render(source, size=(side, side), material=material).png

    def _inside(self, path: str) -> Path:
        from voxel.errors import UsageError

        found = (self._root / path).resolve()
        if not found.is_relative_to(self._root):
            raise UsageError(f"{path} does not lie below {self._root}; start the server with another --root")
        return found

    def _blender(self, version: str) -> Blender:
        from voxel.blender import Blender
        from voxel.blender.runtimes import find

        runtime = find(version or self._default)
        if runtime.version not in self._running:
            self._running[runtime.version] = self._stack.enter_context(Blender(runtime))
        return self._running[runtime.version]

    def _schema(self, version: str) -> Schema:
        from voxel.blender import schema
        from voxel.blender.runtimes import find

        runtime = find(version or self._default)
        if runtime.version not in self._schemas:
            self._schemas[runtime.version] = schema(runtime, self._running.get(runtime.version))
        return self._schemas[runtime.version]


def server(tools: Tools) -> MCPServer[None]:
    """The tools with the words that agents choose them by."""
    from mcp.server.mcpserver import Image, MCPServer

    from voxel import __version__

    made: MCPServer[None] = MCPServer("voxel", instructions=_TOLD, version=__version__, log_level="WARNING")

    @made.tool(structured_output=False)
    def check_script(code: str, blender: str = "", timeout: float = 30) -> str:
        """Run a Blender Python script in boxed Blender, in an empty scene, and grade it.

        Says whether it passed, and for each error the line, the message and what to write instead in this version.
        `blender` is a version such as 4.5 or 5.0 (default: the server's); take the one the user runs. `timeout` is in
        seconds, at most 120.
        """
        return _json(lambda: tools.check_script(code, blender, timeout))

    @made.tool(structured_output=False)
    def api_lookup(name: str, blender: str = "", compare_with: str = "") -> str:
        """Look up an operator, a type or a node of Blender's Python API: parameters, defaults, enum items, sockets.

        `name` is such as mesh.primitive_cube_add, SubsurfModifier, ShaderNodeBsdfPrincipled, or part of a name. With
        `compare_with`, another installed version, the answer is what changed from `blender` to that one.
        """
        return _json(lambda: tools.api_lookup(name, blender, compare_with))

    @made.tool(structured_output=False)
    def decompile(path: str, material: str = "", blender: str = "") -> str:
        """Write what a .blend file holds, or one material of it, as readable Python that makes it again."""
        return str(_told(lambda: tools.decompile(path, material, blender)))

    @made.tool(structured_output=False)
    def render(code: str = "", path: str = "", material: str = "", size: int = 256, blender: str = "") -> Any:
        """A small picture of what a script makes (`code`), or of a .blend file (`path`).

        Scenes without camera or light are framed and lit. `material` shows that material on a sphere. `size` is the
        side in pixels, 64 to 768.
        """
        return Image(data=_told(lambda: tools.render(code, path, material, size, blender)), format="png")

    return made


def _json(call: Any) -> str:
    import msgspec

    return msgspec.json.encode(_told(call)).decode()


def _told(call: Any) -> Any:
    """What a tool gives; an expected failure becomes the tool's error, in one line that says what mends it."""
    from mcp.server.mcpserver.exceptions import ToolError

    from voxel.errors import VoxelError

    try:
        return call()
    except VoxelError as error:
        raise ToolError(str(error)) from error
