"""The evaluation's page: true numbers, the worst regressions first, four looks in a browser."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from tests.training.evaluation.questions import CUBE, LIGHT, examples  # noqa: E402

from voxel.cli.main import main  # noqa: E402
from voxel.errors import SetupError  # noqa: E402
from voxel.report.evaluation import evaluation_page  # noqa: E402
from voxel.stages import DataDir  # noqa: E402
from voxel.training.evaluation.naming import named  # noqa: E402
from voxel.training.evaluation.quality_metrics import QualityMetrics  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BEFORE = {
    "0000000000000001": CUBE,
    "0000000000000002": 'import bpy\n\nbpy.BoolBox("<script>alert(1)</script>' + "x" * 200 + '")\n',
}
AFTER = {"0000000000000001": "I cannot.", "0000000000000002": LIGHT}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    held = DataDir(tmp_path_factory.mktemp("evaluated")).create()
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in examples())
    (held.datasets / "test.jsonl").write_bytes(lines)
    metrics = QualityMetrics(held.root)
    runs = []
    for name, answers in (("before", BEFORE), ("after", AFTER)):
        path = held.root / f"{name}.jsonl"
        path.write_text("".join(json.dumps({"id": key, "answer": text}) + "\n" for key, text in answers.items()))
        runs.append(metrics.measure(named(str(path), held), metrics.examples(None, 10), workers=1))
    metrics.compare(runs)
    return held


@pytest.fixture(scope="module")
def page(data: DataDir) -> Path:
    return evaluation_page(data)


def test_before_and_after_stand_side_by_side_and_no_winner_is_made_of_noise(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"<td>Grade</td><td[^>]*>(.)</td><td[^>]*>(.)</td>", text) == [("C", "D")]
    assert re.findall(r"<td>Every fact holds</td><td[^>]*>(\d+%)</td><td[^>]*>(\d+%)</td>", text) == [("50%", "50%")]
    assert "No model is better than all others beyond the noise" in text
    assert "<script" not in text
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", text)


def test_the_worst_regression_comes_first_with_its_reference(page: Path) -> None:
    text = page.read_text("utf-8")
    first, second = text.index("Add a cube &#34;Box&#34;"), text.index("Set the power of &#34;Lamp&#34;")
    assert first < second
    # two references, two right answers, the broken one as far as it came; the refusal has no picture
    assert text.count('src="data:image/png;base64,') == 5
    assert text.count("No picture: the answer holds nothing to run") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_in_a_browser_nothing_overflows_or_fails(browser: Browser, page: Path, width: int, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    shown = context.new_page()
    said: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.goto(page.as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    shown.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    wide = "[...document.querySelectorAll('.card, .panel')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert shown.evaluate(wide) == 0
    assert shown.evaluate("document.querySelectorAll('svg.plot circle').length") == 1 + len(examples())
    assert said == []
    context.close()


def test_the_command_prints_the_path(data: DataDir, page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "evaluation", "--data-dir", str(data.root), "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out) == {"path": str(page)}


def test_without_an_evaluation_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="voxel evaluate"):
        evaluation_page(DataDir(tmp_path))
