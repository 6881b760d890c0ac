from __future__ import annotations

import ast
import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from voxel.training.dataset_builder.likeness import likeness

SCRIPTS = [
    "import bpy\n",
    'import bpy\ncube = bpy.data.objects["Cube"]\ncube.location = (1, -2.5, 3e-05)\ncube.name = "Box"\n',
    "for i, (a, b) in enumerate(((1, True), (2, None))):\n    table[f'{a!r:>{b}}'] = [*a, not b, -1j, b'x', ...]\n",
    "def f(x, *y, z=1, **w) -> int:\n    return {'Cube': x, **w, 'k': u'Cube'} if x else lambda q: q[1:2, ::3]\n",
    "with a as b, c:\n    try:\n        x: int = 3\n    except (E, F) as e:\n        raise G from e\n",
]
NAMES = ["Cube", "Box"]


class Renamed(ast.NodeTransformer):
    """The same by means of the standard library, slowly."""

    def __init__(self, numbers: bool) -> None:
        self.numbers, self.known = numbers, dict[str, str]()

    def called(self, kind: str, name: str) -> str:
        return self.known.setdefault(f"{kind}:{name}", f"{kind}{len(self.known)}")

    def visit_Name(self, node: ast.Name) -> ast.Name:
        own = ("bpy", "True", "False", "None", "range", "math", "radians", "Vector", "enumerate", "zip")
        return node if node.id in own else ast.Name(id=self.called("v", node.id), ctx=node.ctx)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str) and node.value in NAMES:
            return ast.Constant(self.called("n", node.value))
        if not self.numbers and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            return ast.Constant(0)
        return node


@given(st.lists(st.sampled_from(SCRIPTS), max_size=4), st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_hashes_are_those_of_the_dumped_trees_with_names_and_numbers_taken_out(
    context: list[str], completion: list[str]
) -> None:
    sources = "".join(context), "".join(completion)
    for numbers, found in zip((True, False), likeness(*sources, NAMES), strict=True):
        renamed = Renamed(numbers)
        dumped = "\0".join(ast.dump(renamed.visit(ast.parse(source))) for source in sources)
        assert found == hashlib.sha256(dumped.encode()).hexdigest()[:16]
