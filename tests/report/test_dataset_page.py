"""The dataset's page, as a browser shows it: real pictures, four looks, nothing from outside."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from voxel.cli.main import main
from voxel.errors import SetupError
from voxel.records.example import DroppedCandidate, Example, Exists, Provenance
from voxel.report.coverage import coverage
from voxel.report.dataset import dataset_page
from voxel.report.gallery import chosen
from voxel.stages import DataDir

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CUBE = """import bpy

bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0.5))
cube = bpy.context.object
bevel = cube.modifiers.new("Bevel", "BEVEL")
"""
BROKEN = "import bpy\n\nbpy.ops.mesh.primitive_no_such_thing_add()\n"


def example(number: int, role: Any = "builder", category: str = "mesh", completion: str = CUBE) -> Example:
    return Example(
        id=f"{number:016x}",
        role=role,
        category=category,
        difficulty="easy",
        instruction=f'Make cube {number} <script>alert(1)</script> with "ümlauts" and {"averylongword" * 9}.',
        context="import bpy\n" if number % 2 else "",
        completion=completion,
        checks=(Exists(of=("objects", "Cube")),),
        quality=0.8,
        tokens=100 + number,
        blender=("4.5", "5.0") if number % 3 else ("4.5",),
        provenance=Provenance(source="folder", repo="o/a", path="a & b.blend", license="MIT", attribution="Ann <a>"),
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    held = DataDir(tmp_path_factory.mktemp("report")).create()
    encode = msgspec.json.encode
    train = [example(n, "render" if n % 2 else "builder", f"kind{n % 4}") for n in range(30)]
    (held.datasets / "train.jsonl").write_bytes(b"".join(encode(one) + b"\n" for one in train))
    (held.datasets / "val.jsonl").write_bytes(b"")
    (held.datasets / "test.jsonl").write_bytes(encode(example(50, "texture", "nodes", BROKEN)) + b"\n")
    drop = DroppedCandidate(
        id="d" * 16, role="builder", category="mesh", reason="duplicate: the same as 0123456789abcdef but for names",
        instruction="x", completion="", provenance=Provenance(source="folder"),
    )  # fmt: skip
    (held.datasets / "dropped.jsonl").write_bytes((encode(drop) + b"\n") * 3)
    return held


@pytest.fixture(scope="module")
def page(data: DataDir) -> Path:
    return dataset_page(data, pictures=3)


def test_the_page_tells_the_true_numbers_and_escapes_what_it_shows(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.search(r"<b>31</b><span>examples", text)
    assert "<dt>duplicate</dt>" in text
    assert "duplicate: the same as … but for names" in text
    assert "<dt>BEVEL</dt>" in text
    assert "<dt>mesh.primitive_cube_add</dt>" in text
    assert "Ann &lt;a&gt;" in text
    assert "<script" not in text
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", text)


def test_each_card_has_its_picture_or_says_why_not(page: Path, data: DataDir) -> None:
    text = page.read_text("utf-8")
    assert text.count('src="data:image/png;base64,') == 3  # what fails is rendered as far as it came
    assert len(list((data.reports / "pictures").glob("*.png"))) == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_in_a_browser_nothing_overflows_or_fails(browser: Browser, page: Path, width: int, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    shown = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(page.as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    assert shown.evaluate("[...document.images].map(i => i.naturalWidth)") == [480, 480, 480]
    light = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light == {"light": "rgb(250, 249, 247)", "dark": "rgb(22, 23, 26)"}[scheme]
    shown.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    wide = (
        "[...document.querySelectorAll('.card, .panel, .figure')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    )
    assert shown.evaluate(wide) == 0
    assert said == []
    assert {url for url in asked if not url.startswith("data:")} == {page.as_uri()}
    context.close()


def test_the_gallery_goes_through_roles_and_categories_in_turn() -> None:
    examples = [example(n, role, f"c{n % 3}") for n in range(12) for role in ("builder", "render")]
    shown = chosen(examples, 6)
    assert [(one.role, one.category) for one in shown] == [
        (role, f"c{n}") for n in range(3) for role in ("builder", "render")
    ]


def test_coverage_counts_an_example_once_for_each_thing() -> None:
    code = (
        'nodes.new("ShaderNodeTexNoise")\nnodes.new(type="ShaderNodeTexNoise")\nbpy.data.lights.new("L", type="SUN")\n'
    )
    found = coverage([code, code, '{"objects": []}', "not python ("])
    assert found["shader nodes"] == {"ShaderNodeTexNoise": 2}
    assert found["lights"] == {"SUN": 2}
    assert found["data"] == {"lights": 2}
    assert not found["operators"]


def test_the_command_prints_the_path_and_takes_another(
    data: DataDir, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = tmp_path / "deep" / "page.html"
    words = [
        "report",
        "dataset",
        "--data-dir",
        str(data.root),
        "-o",
        str(wanted),
        "--pictures",
        "0",
        "--json",
        "--quiet",
    ]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == {"path": str(wanted)}
    assert "Gallery" in wanted.read_text("utf-8")


def test_without_a_dataset_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="voxel build"):
        dataset_page(DataDir(tmp_path))
