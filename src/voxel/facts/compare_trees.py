"""Node trees as graphs: the same whatever their nodes are called and wherever they lie.

Nodes get colours from what they are, then from the colours of those they are linked with, until nothing changes (the
refinement of Weisfeiler and Leman); nodes that still look alike are told apart one pair at a time. Colours hold values
first (rounded); where no match comes out, only kinds and choices; at last only types, so that a changed value is
reported as such and not as another graph.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from voxel.facts.compare_values import Difference, distance, is_number, value_differences

Json = Mapping[str, Any]
Colours = dict[str, int]
COMPARED = ("props", "tree", "items")
EdgeKey = tuple[str, int, str, int, int, bool]


def tree_differences(one: Json, other: Json, path: str) -> tuple[list[Difference], dict[str, str]]:
    """Differences between two trees (as plain values), and the names of `one`'s nodes in `other`."""
    found = []
    if one["type"] != other["type"]:
        found.append(Difference(path=f"{path}.type", expected=one["type"], found=other["type"]))
    found += value_differences(_interface(one), _interface(other), f"{path}.interface")
    first, second = Graph(one), Graph(other)
    mapping = match(first, second)
    if mapping is None:
        missing, extra = Counter(first.types()), Counter(second.types())
        for kind in sorted((missing | extra).keys()):
            if missing[kind] != extra[kind]:
                where = f"{path}.nodes[{kind}]"
                found.append(Difference(path=where, expected=missing[kind], found=extra[kind]))
        mapping = closest(first, second)
    for name, node in first.nodes.items():
        if name in mapping:
            found += node_differences(node, second.nodes[mapping[name]], f'{path}.nodes["{name}"]')
    found += link_differences(first, second, mapping, path)
    return found, mapping


def _interface(tree: Json) -> list[dict[str, Any]]:
    """Sockets and panels without their identifiers, and without RNA types, which `socket_type` and `props` decide."""
    names = ("identifier", "type")
    return [{key: value for key, value in item.items() if key not in names} for item in tree.get("interface", ())]


class Graph:
    """A tree's nodes by name, without frames, and its links as edges between socket indices."""

    def __init__(self, tree: Json) -> None:
        self.nodes: dict[str, Json] = {node["name"]: node for node in tree["nodes"] if node["type"] != "NodeFrame"}
        self.edges: list[EdgeKey] = []
        targets = Counter((link["to"]["node"], link["to"]["index"]) for link in tree["links"])
        seen: Counter[tuple[str, int]] = Counter()
        for link in tree["links"]:
            start, end = link["from"], link["to"]
            target = (end["node"], end["index"])
            seen[target] += 1
            place = seen[target] if targets[target] > 1 else 0
            if start["node"] in self.nodes and end["node"] in self.nodes:
                self.edges.append(
                    (start["node"], start["index"], end["node"], end["index"], place, bool(link.get("muted")))
                )
        self.neighbours: dict[str, list[tuple[tuple[Any, ...], str]]] = defaultdict(list)
        for source, output, sink, entry, place, muted in self.edges:
            self.neighbours[source].append((("to", output, entry, place, muted), sink))
            self.neighbours[sink].append((("from", output, entry, place, muted), source))
        for name, node in self.nodes.items():
            if node.get("paired") in self.nodes:
                self.neighbours[name].append((("zone",), node["paired"]))
                self.neighbours[node["paired"]].append((("zone end",), name))

    def types(self) -> list[str]:
        return [node["type"] for node in self.nodes.values()]

    def refine(self, colours: Colours) -> Colours:
        """The colours with what their neighbours say, repeated until no class splits."""
        count = len(set(colours.values()))
        while True:
            colours = {
                name: hash((colour, tuple(sorted((label, colours[to]) for label, to in self.neighbours[name]))))
                for name, colour in colours.items()
            }
            classes = len(set(colours.values()))
            if classes == count:
                return colours
            count = classes


def match(first: Graph, second: Graph) -> dict[str, str] | None:
    """The nodes of `second` that those of `first` are, or None when the graphs differ in shape."""
    if Counter(first.types()) != Counter(second.types()) or len(first.edges) != len(second.edges):
        return None
    for look in (_values, _choices, _type):
        mapping = _match(first, second, look)
        if mapping is not None:
            return mapping
    return None


def _match(first: Graph, second: Graph, look: Callable[[Json], int]) -> dict[str, str] | None:
    ours = first.refine({name: look(node) for name, node in first.nodes.items()})
    theirs = second.refine({name: look(node) for name, node in second.nodes.items()})
    step = 0
    while True:
        if Counter(ours.values()) != Counter(theirs.values()):
            return None
        classes: dict[int, list[str]] = defaultdict(list)
        for name, colour in ours.items():
            classes[colour].append(name)
        crowded = min((names for names in classes.values() if len(names) > 1), key=len, default=None)
        if crowded is None:
            by_colour = {colour: name for name, colour in theirs.items()}
            return {name: by_colour[colour] for name, colour in ours.items()}
        step += 1
        alike = [name for name, colour in theirs.items() if colour == ours[crowded[0]]]
        alike.sort(key=lambda name: (node_distance(first.nodes[crowded[0]], second.nodes[name]), name != crowded[0]))
        told = first.refine({**ours, crowded[0]: hash(("told apart", step))})
        for name in alike:
            candidate = second.refine({**theirs, name: hash(("told apart", step))})
            if Counter(told.values()) == Counter(candidate.values()):
                ours, theirs = told, candidate
                break
        else:
            return None


def _values(node: Json) -> int:
    parts = [node["type"], *(_frozen(node.get(part), rounded=True) for part in COMPARED)]
    return hash((*parts, _frozen([_by_index(node.get(side)) for side in ("inputs", "outputs")], rounded=True)))


def _choices(node: Json) -> int:
    return hash((node["type"], *(_frozen(node.get(part), rounded=False) for part in COMPARED)))


def _type(node: Json) -> int:
    return hash(node["type"])


def _frozen(value: Any, *, rounded: bool) -> Any:
    """A value as something that can be hashed; numbers rounded, or left out."""
    if isinstance(value, Mapping):
        return tuple((key, _frozen(value[key], rounded=rounded)) for key in sorted(value))
    if isinstance(value, list):
        return tuple(_frozen(item, rounded=rounded) for item in value)
    if is_number(value):
        return f"{value:.3g}" if rounded else "number"
    return value


def closest(first: Graph, second: Graph) -> dict[str, str]:
    """A guess at which node is which, for a report on graphs that do not match: by type, then by fewest differences."""
    pairs = sorted(
        (node_distance(node, twin), name != other, name, other)
        for name, node in first.nodes.items()
        for other, twin in second.nodes.items()
        if node["type"] == twin["type"]
    )
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    for _, _, name, other in pairs:
        if name not in mapping and other not in taken:
            mapping[name] = other
            taken.add(other)
    return mapping


def _by_index(values: Any) -> dict[str, Any]:
    return {str(value["index"]): value["value"] for value in values or ()}


def node_distance(one: Json, other: Json) -> int:
    return sum(distance(one.get(part), other.get(part)) for part in COMPARED) + distance(
        _by_index(one.get("inputs")), _by_index(other.get("inputs"))
    )


def node_differences(one: Json, other: Json, path: str) -> list[Difference]:
    found: list[Difference] = []
    for part in COMPARED:
        found += value_differences(one.get(part), other.get(part), f"{path}.{part}")
    for side in ("inputs", "outputs"):
        found += value_differences(_by_index(one.get(side)), _by_index(other.get(side)), f"{path}.{side}")
    return found


def link_differences(first: Graph, second: Graph, mapping: Mapping[str, str], path: str) -> list[Difference]:
    """Links that only one of the trees has, under the mapping of nodes."""
    ours: Counter[EdgeKey] = Counter(
        (mapping.get(start, ""), output, mapping.get(end, ""), entry, place, muted)
        for start, output, end, entry, place, muted in first.edges
    )
    theirs: Counter[EdgeKey] = Counter(second.edges)
    lost, extra = (ours - theirs).elements(), (theirs - ours).elements()
    found = [Difference(path=f"{path}.links", expected=_said(edge), found=None) for edge in lost]
    found += [Difference(path=f"{path}.links", expected=None, found=_said(edge)) for edge in extra]
    back = {new: old for old, new in mapping.items()}
    for name, node in first.nodes.items():
        paired = second.nodes[mapping[name]].get("paired") if name in mapping else None
        if name in mapping and node.get("paired") != back.get(str(paired)):
            found.append(Difference(path=f'{path}.nodes["{name}"].paired', expected=node.get("paired"), found=paired))
    return found


def _said(edge: tuple[Any, ...]) -> str:
    return f"{edge[0]}.outputs[{edge[1]}] -> {edge[2]}.inputs[{edge[3]}]"
