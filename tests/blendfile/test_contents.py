"""What is read from a file that Blender wrote is what Blender was told to put there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voxel.blendfile import (
    BlendFile,
    BlendFileError,
    BlendPath,
    Pointer,
    Struct,
    Structs,
    Unread,
    coordinates,
    inventory,
    preview,
    properties,
    text,
    thumbnail,
)

SCENE = """
import os
folder = {folder!r}
mesh = bpy.data.meshes.new("Tri")
mesh.from_pydata([(0, 0, 0), (1.5, 0, 0), (0, -2, 0.25)], [], [(0, 1, 2)])
thing = bpy.data.objects.new("Thing", mesh)
bpy.context.scene.collection.objects.link(thing)
thing["label"] = "größe"
thing["whole"] = 7
thing["real"] = 0.1
thing["yes"] = True
thing["row"] = [1.0, 2.5, -3.0]
thing["counts"] = [1, 2, 3]
thing["tree"] = {{"leaf": 1, "branch": {{"leaf": "x"}}}}
thing["many"] = [{{"a": 1}}, {{"a": 2}}]
thing["friend"] = thing
thing.modifiers.new("s", "SUBSURF")
thing.modifiers.new("a", "ARRAY")
words = bpy.data.texts.new("run.py")
words.write("import bpy\\n\\nprint('hé')\\n")
words.use_fake_user = True
image = bpy.data.images.new("wood", 4, 4)
image.filepath_raw = "//textures/wood.png"
image.source = "FILE"
image.use_fake_user = True
material = bpy.data.materials.new("Mat")
material.use_nodes = True
material.use_fake_user = True
mesh.materials.append(None)
mesh.materials.append(material)
group = bpy.data.node_groups.new("Group", "GeometryNodeTree")
group.nodes.new("GeometryNodeMeshCube")
group.use_fake_user = True
"""


def made_with(blender: Callable[[str], None], folder: Path, more: str = "") -> Path:
    path = folder / "made.blend"
    save = f"bpy.ops.wm.save_as_mainfile(filepath={str(path)!r}, compress=True, relative_remap=False)\n"
    blender(SCENE.format(folder=str(folder)) + more + save)
    return path


@pytest.fixture(scope="module")
def made(blender: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_with(blender, tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def opened(made: Path) -> BlendFile:
    return BlendFile(made)


def only(file: BlendFile, code: str, name: str) -> Struct:
    return next(one for one in file.ids(code) if one.text("id.name") == code + name)


def test_the_inventory(made: Path) -> None:
    found = inventory(made)
    assert found.compression == "zstd"
    assert found.version == 405
    assert found.objects == {"Thing": "MESH"}
    assert found.meshes == {"Tri": 3}
    assert found.modifiers == {"Thing": ["SUBSURF", "ARRAY"]}
    assert found.materials == {"Mat": ["ShaderNodeBsdfPrincipled", "ShaderNodeOutputMaterial"]}
    assert found.node_groups == {"Group": ["GeometryNodeMeshCube"]}
    assert found.texts == ["run.py"]
    paths = {one.owner: (one.kind, one.path.raw, one.packed) for one in found.external}
    assert paths["IMwood"] == ("image", b"//textures/wood.png", False)
    assert found.counts["objects"] == found.counts["meshes"] == found.counts["texts"] == 1
    assert not found.startup


def test_coordinates(opened: BlendFile) -> None:
    found = coordinates(only(opened, "ME", "Tri"))
    assert found.dtype == np.float32
    assert found.tolist() == [[0, 0, 0], [1.5, 0, 0], [0, -2, 0.25]]
    assert not found.flags.writeable
    assert not found.flags.owndata


def test_custom_properties(opened: BlendFile) -> None:
    thing = only(opened, "OB", "Thing")
    found = properties(thing)
    row, counts, friend = found.pop("row"), found.pop("counts"), found.pop("friend")
    assert found == {
        "label": "größe",
        "whole": 7,
        "real": 0.1,
        "yes": True,
        "tree": {"leaf": 1, "branch": {"leaf": "x"}},
        "many": [{"a": 1}, {"a": 2}],
    }
    assert found["yes"] is True
    assert isinstance(row, np.ndarray)
    assert isinstance(counts, np.ndarray)
    assert (row.tolist(), row.dtype) == ([1.0, 2.5, -3.0], np.float64)
    assert (counts.tolist(), counts.dtype) == ([1, 2, 3], np.int32)
    assert friend == thing


def test_texts(opened: BlendFile) -> None:
    assert text(only(opened, "TX", "run.py")) == "import bpy\n\nprint('hé')\n"


def test_pointers_lists_and_arrays(opened: BlendFile) -> None:
    thing = only(opened, "OB", "Thing")
    mesh = thing.follow("data")
    assert mesh == only(opened, "ME", "Tri")
    assert isinstance(thing["data"], Pointer)
    assert [one.type.name for one in thing.list("modifiers")] == ["SubsurfModifierData", "ArrayModifierData"]
    assert [one.text("modifier.name") for one in thing.list("modifiers")] == ["s", "a"]
    assert mesh is not None
    materials = mesh.pointers("mat")
    assert materials[0] is None
    assert materials[1] == only(opened, "MA", "Mat")
    scale = thing["size"]
    assert isinstance(scale, np.ndarray)
    assert scale.tolist() == [1, 1, 1]
    assert thing.number("type") == 1
    assert isinstance(thing["id"], Struct)
    assert "id.name" in thing
    assert "id.nonsense" not in thing
    assert thing.get("nonsense") is None
    for wrong in (lambda: thing["nonsense"], lambda: thing.text("type"), lambda: thing.number("data")):
        with pytest.raises(KeyError):
            wrong()


def test_preview_and_thumbnail(blender: Callable[[str], None], tmp_path: Path) -> None:
    more = (
        "picture = thing.preview_ensure()\n"
        "picture.image_size = (2, 1)\n"
        "picture.image_pixels_float = [1, 0, 0, 1, 0, 0, 1, 0]\n"
    )
    file = BlendFile(made_with(blender, tmp_path, more))
    picture = preview(only(file, "OB", "Thing"))
    assert picture is not None
    assert picture.pixels.tolist() == [[[255, 0, 0, 255], [0, 0, 255, 0]]]
    assert preview(only(file, "ME", "Tri")) is None
    assert thumbnail(file) is None


def test_the_thumbnail_of_a_file(forge: Any) -> None:
    for endian in ("little", "big"):
        made = forge(endian=endian)
        made.block("TEST", made.number(2) + made.number(1) + bytes(range(8))).object("A", 0)
        picture = thumbnail(BlendFile(made.file()))
        assert picture is not None
        assert picture.pixels.tolist() == [[[0, 1, 2, 3], [4, 5, 6, 7]]]
    made = forge().block("TEST", (900).to_bytes(4, "little") * 2 + bytes(8)).object("A", 0)
    assert thumbnail(BlendFile(made.file())) is None


@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize("pointer_size", [4, 8])
def test_coordinates_of_old_meshes_of_every_layout(forge: Any, endian: str, pointer_size: int) -> None:
    corners = [(0.0, 0.5, 1.0), (-2.0, 3.0, 0.25)]
    file = BlendFile(forge(endian=endian, pointer_size=pointer_size, version=240).mesh("Old", corners).file())
    found = coordinates(next(file.ids("ME")))
    assert [tuple(corner) for corner in found.tolist()] == corners
    assert found.base is not None


def test_a_field_that_cannot_be_read_is_a_value_of_its_own(forge: Any) -> None:
    made = forge()
    size = made.size_of("Odd")
    numbers = np.arange(6, dtype="<f4").tobytes()
    made.block("OD", bytes(16) + numbers + made.pointer(5) + made.pointer(1) + made.pointer(2), struct="Odd")
    odd = next(BlendFile(made.file()).ids("OD"))
    assert size == 16 + 24 + 8 + 16
    assert odd["turn"] == Unread("quaternion", 16)
    assert odd["call"] == Pointer(5)
    matrix, many = odd["mat"], odd["many"]
    assert isinstance(matrix, np.ndarray)
    assert isinstance(many, np.ndarray)
    assert matrix.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert many.tolist() == [1, 2]
    assert list(odd) == ["turn", "mat", "call", "many"]


def test_columns_are_views_over_all_structs_of_a_block(forge: Any) -> None:
    file = BlendFile(forge().mesh("M", [(1, 2, 3), (4, 5, 6)]).file())
    vertices = next(file.ids("ME")).follow_all("mvert")
    assert isinstance(vertices, Structs)
    assert len(vertices) == 2
    column = vertices.column("co")
    assert column.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert column.strides == (20, 4)
    assert [vertex.number("flag") for vertex in vertices] == [0, 0]
    with pytest.raises(IndexError):
        vertices[2]
    with pytest.raises(KeyError):
        vertices.column("nonsense")


def test_a_block_too_short_for_its_struct(forge: Any) -> None:
    file = BlendFile(forge().block("ME", bytes(8), struct="Mesh").file())
    with pytest.raises(BlendFileError, match="too short for Mesh"):
        next(file.ids("ME"))


def test_paths_are_not_local_paths_until_resolved() -> None:
    path = BlendPath(b"//..\\tex\\a\xff.png")
    assert path.relative
    assert path.text == "//..\\tex\\a\\xff.png"
    assert path.resolve(Path("/project")) == Path("/project/../tex/a\udcff.png")
    assert BlendPath(b"/abs/b.png").resolve(Path("/project")) == Path("/abs/b.png")


def test_linked_libraries_and_packed_files(blender: Callable[[str], None], tmp_path: Path) -> None:
    library = made_with(blender, tmp_path)
    path = tmp_path / "user.blend"
    blender(
        f"with bpy.data.libraries.load({str(library)!r}, link=True, relative=False) as (source, target):\n"
        "    target.objects = ['Thing']\n"
        "bpy.context.scene.collection.objects.link(target.objects[0])\n"
        "image = bpy.data.images.new('inside', 4, 4); image.use_fake_user = True\n"
        f"image.filepath_raw = {str(tmp_path / 'inside.png')!r}; image.file_format = 'PNG'; image.save()\n"
        "image.source = 'FILE'; image.pack(); assert image.packed_file\n"
        f"bpy.ops.wm.save_as_mainfile(filepath={str(path)!r}, relative_remap=False)\n"
    )
    found = inventory(path)
    assert [one.text for one in found.libraries] == [str(library)]
    assert found.objects == {}
    assert found.counts["linked"] >= 1
    assert found.counts["libraries"] == 1
    assert {one.owner: one.packed for one in found.external}["IMinside"]


@pytest.mark.corpus
def test_coordinates_of_the_corpus_equal_blender(corpus: Path, tmp_path: Path, blender: Callable[[str], None]) -> None:
    wanted = [
        "assimp__assimp/test__models__BLEND__yxa_1.blend",
        "assimp__assimp/test__models__BLEND__Suzanne_248.blend",
        "lukebitts__blend/examples__blend_files__2_80.blend",
        "KhronosGroup__glTF-Blender-IO/tests__scenes__01_dispersion.blend",
        "armory3d__armory_examples/navmesh__navmesh.blend",
    ]
    blender(
        "import numpy as np\n"
        f"for number, path in enumerate({[str(corpus / name) for name in wanted]!r}):\n"
        "    bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)\n"
        "    found = {}\n"
        "    for mesh in bpy.data.meshes:\n"
        "        if mesh.library is None:\n"
        "            found[mesh.name] = np.empty(len(mesh.vertices) * 3, np.float32)\n"
        "            mesh.vertices.foreach_get('co', found[mesh.name])\n"
        f"    np.savez({str(tmp_path)!r} + f'/{{number}}.npz', **found)\n"
    )
    for number, name in enumerate(wanted):
        said = np.load(tmp_path / f"{number}.npz")
        ours = {mesh.text("id.name")[2:]: coordinates(mesh) for mesh in BlendFile(corpus / name).ids("ME")}
        assert ours.keys() == set(said.files)
        assert ours
        for mesh, corners in ours.items():
            assert np.array_equal(corners.reshape(-1), said[mesh]), (name, mesh)
