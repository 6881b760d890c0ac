"""Pictures: of scripts, of files, of materials; of what hangs, breaks or shows nothing."""

from __future__ import annotations

import os
import signal
import struct
from pathlib import Path

import numpy as np
import psutil
import pytest

from voxel.blender import Blender, Picture, Runtime
from voxel.errors import BadInput, UsageError

MONKEY = "import bpy\nbpy.ops.mesh.primitive_monkey_add()\n"
GLOWING = """
import bpy
material = bpy.data.materials.new("Glow")
material.use_nodes = True
tree = material.node_tree
tree.nodes.clear()
light = tree.nodes.new("ShaderNodeEmission")
light.inputs["Color"].default_value = ({red}, 0.25, 0.0, 1.0)
light.inputs["Strength"].default_value = 2.0
tree.links.new(light.outputs[0], tree.nodes.new("ShaderNodeOutputMaterial").inputs[0])
"""


def floats(picture: Picture) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Rows from the lowest up, columns, RGBA."""
    width, height = picture.size
    return np.frombuffer(picture.pixels, np.float32).reshape(height, width, 4)


def test_a_script_without_camera_and_light_is_framed_and_lit(series: Runtime) -> None:
    with Blender(series) as blender:
        picture = blender.render(MONKEY, size=(48, 32), samples=4, pixels=True)
        again = blender.render(MONKEY, size=(48, 32), samples=4, pixels=True)
    assert picture.png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", picture.png[16:24]) == (48, 32)
    assert (picture.visible, picture.added, picture.verdict) == (1, ("camera", "light"), "passed")
    assert picture.pixels == again.pixels
    image = floats(picture)[:, :, :3].mean(axis=2)
    corner, middle = image[0, 0], image[8:24, 16:32]
    assert abs(middle - corner).max() > 0.05, "the monkey stands out from the grey around it"


def test_a_scene_with_camera_and_light_is_left_as_it_is(blender: Blender) -> None:
    source = MONKEY + (
        "bpy.ops.object.camera_add(location=(0, -5, 0), rotation=(1.5708, 0, 0))\n"
        "bpy.context.scene.camera = bpy.context.object\nbpy.ops.object.light_add(type='SUN')\n"
    )
    assert blender.render(source, size=(16, 16), samples=1).added == ()


def test_a_material_is_shown_on_a_sphere_in_linear_light(series: Runtime) -> None:
    with Blender(series) as blender:
        picture = blender.render(GLOWING.format(red=0.5), size=(32, 32), samples=8, material="Glow", pixels=True)
    assert floats(picture)[16, 16].tolist() == pytest.approx([1.0, 0.5, 0.0, 1.0], abs=1e-4)


SKY = """
import bpy
world = bpy.data.worlds.new("Sky")
world.use_nodes = True
tree = world.node_tree
sky = tree.nodes.new("ShaderNodeTexSky")
sky.sky_type = {kind!r}
tree.links.new(sky.outputs[0], tree.nodes["Background"].inputs["Color"])
world.cycles.sampling_method = "MANUAL"
world.cycles.sample_map_resolution = {resolution}
"""


def test_a_world_looks_the_same_whatever_map_its_light_is_taken_from(series: Runtime) -> None:
    """And a map of thousands of pixels, which took 3 s, is not made for it."""
    kind = "HOSEK_WILKIE" if series.series == "4.5" else "MULTIPLE_SCATTERING"
    with Blender(series) as blender:
        small, large = (
            blender.render(SKY.format(kind=kind, resolution=size), size=(32, 32), samples=8, world="Sky", pixels=True)
            for size in (64, 4096)
        )
    assert small.pixels == large.pixels
    assert floats(small)[:, :, :3].std() > 0.05


def test_what_an_image_shows_is_seen_on_the_sphere_of_a_material(blender: Blender) -> None:
    """The sphere has a UV map, so that a picture's columns lie side by side on it."""
    stripes = """
import bpy
image = bpy.data.images.new("Stripes", 8, 1)
image.pixels = [1, 0, 0, 1, 0, 0, 1, 1] * 4
image.pack()
material = bpy.data.materials.new("Stripes")
material.use_nodes = True
tree = material.node_tree
texture = tree.nodes.new("ShaderNodeTexImage")
texture.image = image
tree.links.new(texture.outputs[0], tree.nodes["Principled BSDF"].inputs["Base Color"])
"""
    image = floats(blender.render(stripes, size=(32, 32), samples=8, material="Stripes", pixels=True))
    red, blue = image[:, :, 0] - image[:, :, 2] > 0.1, image[:, :, 2] - image[:, :, 0] > 0.1
    assert min(red.sum(), blue.sum()) > 40, "some 230 pixels show the sphere"


def test_nothing_to_see_is_a_grey_sphere(blender: Blender) -> None:
    picture = blender.render("import bpy\n", size=(16, 16), samples=1)
    assert (picture.visible, picture.added) == (0, ("sphere", "camera", "light"))


def test_a_file_is_rendered_without_a_script(blender: Blender, tmp_path: Path) -> None:
    path = tmp_path / "monkey.blend"
    path.write_bytes(blender.make(MONKEY))
    whole = blender.render(path, size=(24, 24), samples=2, pixels=True)
    assert whole.pixels == blender.render(MONKEY, size=(24, 24), samples=2, pixels=True).pixels


def test_scripts_that_fail_are_rendered_as_far_as_they_came(blender: Blender) -> None:
    picture = blender.render(MONKEY + "bpy.nothing()\n", size=(16, 16), samples=1)
    assert (picture.visible, picture.verdict) == (1, "failed")


def test_what_cannot_be_rendered_says_why(blender: Blender, tmp_path: Path) -> None:
    broken = tmp_path / "broken.blend"
    broken.write_bytes(blender.make(MONKEY)[:5000])
    with pytest.raises(BadInput, match=r"cannot be rendered: .*broken\.blend"):
        blender.render(broken)
    with pytest.raises(BadInput, match="no material 'Gold'"):
        blender.render(MONKEY, material="Gold")
    with pytest.raises(BadInput, match="no scene to render"):
        blender.render("import os\nos._exit(0)\n")
    with pytest.raises(UsageError, match="1 to 4096 pixels"):
        blender.render(MONKEY, size=(0, 10))


def test_a_picture_that_takes_too_long_is_given_up_and_the_next_one_is_made() -> None:
    with Blender() as blender:
        with pytest.raises(BadInput, match="longer than 1 s to render"):
            blender.render(MONKEY, size=(4096, 4096), samples=4096, timeout=1)
        assert blender.render(MONKEY, size=(16, 16), samples=1).visible == 1


def test_a_killed_renderer_is_replaced_and_none_is_left_behind() -> None:
    before = set(psutil.Process().children())
    with Blender() as blender:
        blender.render(MONKEY, size=(16, 16), samples=1)
        renderer = next(one for one in set(psutil.Process().children()) - before if one.pid != blender.pid)
        os.kill(renderer.pid, signal.SIGKILL)
        assert blender.render(MONKEY, size=(16, 16), samples=1).visible == 1
        family = set(psutil.Process().children()) - before
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert (len(gone), alive) == (2, [])
