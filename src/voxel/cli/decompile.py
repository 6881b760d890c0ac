"""`voxel decompile`: what a .blend file holds, as readable Python that makes it again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from voxel.cli.options import JsonOption, path_of

if TYPE_CHECKING:
    from voxel.blender import Blender
    from voxel.bpycode import Written
    from voxel.records.scene import Scene

PathsArgument = Annotated[
    list[Path], typer.Argument(metavar="PATH...", parser=path_of, help=".blend files, or folders of them.")
]
OutputOption = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="DIR", parser=path_of, help="Write NAME.py files here, not to stdout."),
]
ObjectOption = Annotated[
    list[str] | None, typer.Option("--object", metavar="NAME", help="This object alone, with all that it needs.")
]
MaterialOption = Annotated[
    list[str] | None, typer.Option("--material", metavar="NAME", help="This material alone, with all that it needs.")
]
RoleOption = Annotated[
    str | None,
    typer.Option("--role", metavar="ROLE", help="The part of builder, texture, render or animation, who work in turn."),
]
VerifyOption = Annotated[bool, typer.Option("--verify", help="Run the script in boxed Blender and compare the scenes.")]
RenderOption = Annotated[
    bool,
    typer.Option("--render", help="Write NAME.png: a picture of the file beside one of what the script makes."),
]
VersionsOption = Annotated[
    list[str] | None,
    typer.Option("--blender", metavar="VERSION", help="Which Blender; the first one loads, each one verifies."),
]

_PICTURE = (480, 360)
_GAP = 4
_SAMPLES = 32
_Q = "[\"']"
_FILE = re.compile(
    f"^Error: |Loading {_Q}the file{_Q} failed: |Failed to read blend file {_Q}the file{_Q}: | in file {_Q}the file{_Q}"
)
_TOKEN = re.compile(r"\w+|[^\w\s]")


class Class(msgspec.Struct, kw_only=True):
    """Fidelity of one kind of datablock."""

    total: int = 0
    exact: int = 0
    skipped: dict[str, int] = {}
    """Reason → count of the datablocks that did not come back whole."""


class Decompiled(msgspec.Struct, kw_only=True):
    """One line of `voxel decompile --json`."""

    path: str
    script: str
    """The file that was written, or the source itself without `--output`."""
    tokens: int
    """Words and signs."""
    verified: bool | None
    """None without `--verify`; else whether each Blender ran it and whatever is not skipped came back."""
    fidelity: dict[str, Class]
    picture: str | None = None
    """With `--render`, the PNG that shows the file on the left and what the script makes on the right."""


def command(
    paths: PathsArgument,
    output: OutputOption = None,
    object_name: ObjectOption = None,
    material: MaterialOption = None,
    role: RoleOption = None,
    verify: VerifyOption = False,
    render: RenderOption = False,
    blender: VersionsOption = None,
    json: JsonOption = False,
) -> int:
    """Write .blend files as readable Blender Python. Exit 0: done; 1: a file could not be read or verified."""
    from voxel.blender import Blender
    from voxel.bpycode import ROLE_ORDER, stages_of, write_all, write_roles
    from voxel.errors import BadInput, UsageError
    from voxel.records.scene import Scene
    from voxel.stages.command import say
    from voxel.stages.writing import write_atomic

    files = list(_files(paths))
    if not files:
        raise UsageError("no .blend file is there")
    if role is not None and role not in ROLE_ORDER:
        raise UsageError(f"--role is one of {', '.join(ROLE_ORDER)}")
    roots = [("objects", name) for name in object_name or []] + [("materials", name) for name in material or []]
    bad = False
    with ExitStack() as stack:
        versions: list[str | None] = list(dict.fromkeys(blender)) if blender else [None]
        running = [stack.enter_context(Blender(version)) for version in versions]
        for path, stem in files:
            try:
                scene = Scene.from_json(running[0].load(path))
            except BadInput as error:
                say(f"{path}: {_without_path(str(error), path)}")
                bad = True
                continue
            scene = _part(scene, roots, path)
            scripts = write_roles(scene, role) if role else [write_all(scene)]
            written = scripts[-1]
            made = stages_of(scene, role)[-1] if role else scene.plain()
            opaque = {item.path: item.reason for item in scene.opaque}
            whole = path if role is None else None
            verified, fidelity = _verified(running if verify else [], made, opaque, scripts, whole)
            bad = bad or verified is False
            target = None if output is None else output / f"{stem}.py"
            if target is not None:
                write_atomic(target, written.source.encode())
            picture = None
            if render:
                picture = (target or Path(Path(stem).name)).with_suffix(".png")
                try:
                    write_atomic(picture, _pictures(running[0], path, written.source, material or []))
                except BadInput as error:
                    say(f"{path}: {_without_path(str(error), path)}")
                    bad, picture = True, None
            line = Decompiled(
                path=str(path),
                script=written.source if target is None else str(target),
                tokens=len(_TOKEN.findall(written.source)),
                verified=verified,
                fidelity=fidelity,
                picture=None if picture is None else str(picture),
            )
            if json:
                typer.echo(msgspec.json.encode(line).decode())
            elif target is not None:
                typer.echo(_sentences(line, written, f"{path} -> {target}"))
            else:
                typer.echo(written.source, nl=False)
                if picture is not None:
                    say(f"pictures: {picture}")
                if verify:
                    typer.echo(_sentences(line, written, str(path)), err=True)
                else:
                    for item in written.skipped:
                        say(f"not written: {item.path}: {item.reason}")
    return int(bad)


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Each file with the name that its script gets."""
    from voxel.errors import UsageError

    for path in paths:
        if path.is_dir():
            for found in sorted(path.rglob("*.blend")):
                yield found, str(found.relative_to(path).with_suffix(""))
        elif path.exists():
            yield path, path.stem
        else:
            raise UsageError(f"{path} is not there")


def _part(scene: Scene, roots: list[tuple[str, str]], path: Path) -> Scene:
    from voxel.errors import UsageError

    for collection, name in roots:
        there = scene.blocks.get(collection, {})
        if name not in there:
            known = ", ".join(list(there)[:12]) or "none"
            raise UsageError(f"{path} has no {collection.removesuffix('s')} {name!r}; it has: {known}")
    return scene.subset(roots) if roots else scene


def _verified(
    running: Sequence[Blender],
    scene: dict[str, Any],
    opaque: dict[str, str],
    scripts: Sequence[Written],
    whole: Path | None,
) -> tuple[bool | None, dict[str, Class]]:
    """Whether each Blender makes the scene from its scripts, and the fidelity that the worst one shows.

    `whole` is the file, where the scripts make all that its shapes depend on; then these are compared as well.
    """
    if not running:
        return None, {}
    worst: dict[str, Class] | None = None
    good = True
    lost = opaque | {item.path: item.reason for written in scripts for item in written.skipped}
    for one in running:
        run = one.run(*[written.source for written in scripts], timeout=120)
        failure = None
        if run.verdict != "passed":
            failure = f"{run.verdict}: {run.errors[0].message}" if run.errors else run.verdict
        back = msgspec.json.decode(run.scene) if run.scene is not None else None
        fidelity, unnamed = _compare(scene, back, lost, failure)
        if whole is not None and failure is None:
            shapes, unlike = _shapes(one, scene, whole, scripts, lost)
            fidelity |= {"evaluated geometry": shapes} if shapes.total else {}
            unnamed += unlike
        good = good and failure is None and not unnamed
        exact = sum(item.exact for item in fidelity.values())
        if worst is None or exact < sum(item.exact for item in worst.values()):
            worst = fidelity
    return good, worst or {}


def _compare(
    scene: dict[str, Any], back: dict[str, Any] | None, lost: dict[str, str], failure: str | None
) -> tuple[dict[str, Class], int]:
    """Fidelity by kind of datablock, and how many differ without being named as skipped."""
    from voxel.facts.compare import block_differences
    from voxel.facts.compare_names import with_names_of

    if back is not None:
        back = dict(with_names_of(scene, back))
    result: dict[str, Class] = {}
    unnamed = 0
    for collection, blocks in scene["blocks"].items():
        reasons: Counter[str] = Counter()
        exact = 0
        for name, block in blocks.items():
            same_scene = back is not None and (collection, name) == ("scenes", scene["active_scene"])
            wanted = back["active_scene"] if same_scene and back is not None else name
            other = None if back is None else back["blocks"].get(collection, {}).get(wanted)
            found = [] if other is None else block_differences(block, other, f'{collection}["{name}"]')
            if other is not None and not found:
                exact += 1
                continue
            where = f'{collection}["{name}"]'
            named = next((why for path, why in lost.items() if path.startswith(where)), None)
            unnamed += named is None
            reasons[named or failure or (str(found[0]) if found else "is not there")] += 1
        result[collection] = Class(total=len(blocks), exact=exact, skipped=dict(reasons))
    return result, unnamed


def _shapes(
    blender: Blender, scene: dict[str, Any], path: Path, scripts: Sequence[Written], lost: dict[str, str]
) -> tuple[Class, int]:
    """What Blender evaluates of the file and of what the scripts make, object by object; as `_compare`."""
    from voxel.facts.compare_effects import lost_below, same_effect

    with TemporaryDirectory() as folder:
        made = Path(folder, "made.blend")
        made.write_bytes(blender.make("\n".join(written.source for written in scripts)))
        ours = msgspec.json.decode(blender.load(made, result="effects"))["mesh"]
    theirs = msgspec.json.decode(blender.load(path, result="effects"))["mesh"]
    reasons: Counter[str] = Counter()
    names = [name for name in scene["blocks"].get("objects", {}) if name in theirs]
    unnamed = 0
    for name in names:
        if not same_effect(theirs[name], ours.get(name)):
            why = lost_below(scene, ("objects", name), lost)
            unnamed += why is None
            reasons[why or f'objects["{name}"] evaluates to another shape'] += 1
    return Class(total=len(names), exact=len(names) - sum(reasons.values()), skipped=dict(reasons)), unnamed


def _pictures(blender: Blender, path: Path, source: str, materials: Sequence[str]) -> bytes:
    """The file on the left, what the script makes on the right; a single material on a sphere."""
    only = materials[0] if len(materials) == 1 else ""
    left = blender.render(path, size=_PICTURE, samples=_SAMPLES, material=only)
    right = blender.render(source, size=_PICTURE, samples=_SAMPLES, material=only, timeout=120)
    return _side_by_side(left.png, right.png)


def _side_by_side(left: bytes, right: bytes) -> bytes:
    """Two pictures of _PICTURE as one PNG, with a clear gap between them."""
    from PIL import Image

    width, height = _PICTURE
    whole = Image.new("RGBA", (2 * width + _GAP, height))
    for place, picture in ((0, left), (width + _GAP, right)):
        whole.paste(Image.open(BytesIO(picture)), (place, 0))
    written = BytesIO()
    whole.save(written, "PNG")
    return written.getvalue()


def _without_path(reason: str, path: Path) -> str:
    """What Blender says of a file whose path the line names already; inside, its path was made `the file`."""
    reason = _FILE.sub("", reason.removesuffix(f": {path}"))
    for quoted in ('"the file"', "'the file'", "the file"):
        reason = reason.replace(quoted, "it")
    return reason


def _sentences(line: Decompiled, written: Written, name: str) -> str:
    words = [f"{name}  {line.tokens} tokens"]
    if line.verified is not None:
        words.append("  verified" if line.verified else "  NOT verified")
    for name, one in line.fidelity.items():
        words.append(f"  {name}: {one.exact} of {one.total}")
        words += [f"      {count}: {reason}" for reason, count in one.skipped.items()]
    if not line.fidelity:
        words += [f"  not written: {item.path}: {item.reason}" for item in written.skipped]
    if line.picture is not None:
        words.append(f"  pictures: {line.picture}")
    return "\n".join(words)
