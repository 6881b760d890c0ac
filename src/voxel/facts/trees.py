"""What a node tree has and had not, as facts.

Nodes are known by type; where a type occurs more than once its nodes are numbered in the words ("Noise Texture 2").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from voxel.facts import words
from voxel.facts.fact import Fact
from voxel.facts.lookup import Json, flat, reference, same
from voxel.records.example import Link, Node, Ref, Socket

_PLUMBING = frozenset(("NodeFrame", "NodeReroute"))
_ORDINAL = {"": "", "_001": "second ", "_002": "third ", "_003": "fourth ", "_004": "fifth "}
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_OUTPUT = "outputs."
_COUNTED = frozenset(("Value", "Vector", "Shader"))
"""Sockets of one name that a node shows beside one another; others (A, Min …) are variants of which one is shown."""
_PARTS_OF_COLOR = {
    "HSV": {"Red": "Hue", "Green": "Saturation", "Blue": "Value"},
    "HSL": {"Red": "Hue", "Green": "Saturation", "Blue": "Lightness"},
}
"""What Blender shows for the sockets of Combine and Separate Color in their other modes."""
_GIVEN = {
    ("ShaderNodeBsdfPrincipled", "ShaderNodeOutputMaterial"), ("ShaderNodeBackground", "ShaderNodeOutputWorld"),
}  # fmt: skip
"""Links that every new material and world has already."""
_LABELS = {"fac": "factor"}
_COUNTS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def socket_key(end: Mapping[str, Any]) -> str:
    """How checks name a socket: what is shown when that is unique on its side of the node, else the identifier."""
    return str(end["label"]) if end.get("unique") else str(end["socket"])


def same_socket(one: str, other: str) -> bool:
    """Whether two socket names mean the same in any supported Blender (`Fac` is now `Factor`)."""
    first, second = one.lower(), other.lower()
    return _LABELS.get(first, first) == _LABELS.get(second, second)


def values_of(node: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A node's own input values and properties, by the names that checks use."""
    inputs = {socket_key(i): i["value"] for i in node.get("inputs", []) if i.get("value") is not None}
    props = flat(node.get("props", {}))
    # what a Value or an RGB node gives is set on its output
    props |= {f"{_OUTPUT}{o['label']}": o["value"] for o in node.get("outputs", []) if o.get("value") is not None}
    if "tree" in node and node["tree"] is not None:
        props["node_tree"] = node["tree"]
    return inputs, props


def matching(nodes: list[Json], check: Node) -> int:
    """How many nodes have the type and at least the values of `check`."""
    return sum(_matches(node, check) for node in nodes if node["type"] == check.type)


def _matches(node: Json, check: Node) -> bool:
    inputs, props = values_of(node)
    for key, expected in check.inputs.items():
        if not any(same_socket(key, name) and same(expected, given) for name, given in inputs.items()):
            return False
    return all(key in props and same(expected, props[key]) for key, expected in check.props.items())


def link_ends(tree: Mapping[str, Any]) -> Counter[tuple[tuple[str, str], tuple[str, str]]]:
    """The links of a tree by the types and sockets at their ends; reroutes are followed to where they come from."""
    types = {node["name"]: node["type"] for node in tree.get("nodes", [])}
    return Counter(
        ((types[a["node"]], socket_key(a)), (types[b["node"]], socket_key(b))) for a, b in _real_links(tree, types)
    )


def _real_links(tree: Mapping[str, Any], types: Mapping[str, str]) -> list[tuple[Json, Json]]:
    source_of = {
        link["to"]["node"]: link["from"]
        for link in tree.get("links", [])
        if types.get(link["to"]["node"]) == "NodeReroute"
    }
    found: list[tuple[Json, Json]] = []
    for link in tree.get("links", []):
        start, end = link["from"], link["to"]
        if end["node"] not in types or types[end["node"]] in _PLUMBING:
            continue
        seen: set[str] = set()
        while types.get(start["node"]) == "NodeReroute" and start["node"] in source_of and start["node"] not in seen:
            seen.add(start["node"])
            start = source_of[start["node"]]
        if types.get(start["node"], "NodeReroute") not in _PLUMBING:
            found.append((start, end))
    return found


def tree_facts(
    of: Ref, after: Mapping[str, Any], before: Mapping[str, Any] | None, subject: str, units: Mapping[str, str]
) -> list[Fact]:
    """Facts of one tree; `subject` is the block in words ("the material "Wood"")."""
    nodes = [node for node in after.get("nodes", []) if node["type"] not in _PLUMBING]
    old = {node["name"]: node for node in (before or {}).get("nodes", [])}
    called = _handles(nodes, old)
    facts = _sockets(of, after, before, subject, units)
    counts, counts_before = Counter(n["type"] for n in nodes), Counter(n["type"] for n in old.values())
    said: set[str] = set()
    for node in nodes:
        kind = node["type"]
        if kind not in said and counts[kind] != counts_before[kind] and node["name"] not in old:
            said.add(kind)
            check = Node(of=of, type=kind, count=counts[kind])
            if not _implied(node, before):
                facts.append(
                    Fact(check, ("node", *of, kind), subject, make=_make(kind, counts[kind], counts_before[kind]))
                )
        facts += _node_values(of, node, old.get(node["name"]), nodes, called, units, subject)
    return facts + _links(of, after, before, subject, called)


def _implied(node: Json, before: Mapping[str, Any] | None) -> bool:
    """The output node of a new tree needs no words of its own: the links name it, or it is there anyway."""
    return before is None and node["type"].endswith(
        ("NodeGroupInput", "NodeGroupOutput", "OutputMaterial", "OutputWorld")
    )


def _make(kind: str, count: int, before: int) -> str:
    name = words.type_name(kind)
    if count - before == 1:
        return f"{words.article(name)} {name} node"
    return f"{_COUNTS.get(count - before, str(count - before))} {name} nodes"


def _handles(nodes: list[Json], old: Mapping[str, Any]) -> dict[str, str]:
    plain = {node["name"]: _kind_name(node) for node in nodes}
    there, added = ({name for key, name in plain.items() if (key in old) == known} for known in (True, False))
    for key, name in plain.items():
        if name in there and name in added:
            plain[key] = f"{'existing' if key in old else 'new'} {name}"
    counts = Counter(plain.values())
    numbers: Counter[str] = Counter()
    called: dict[str, str] = {}
    for node in nodes:
        name = plain[node["name"]]
        numbers[name] += 1
        called[node["name"]] = name if counts[name] == 1 else f"{name} {numbers[name]}"
    return called


def _kind_name(node: Json) -> str:
    group = reference(node.get("tree"))
    if node["type"].endswith("NodeGroup") and group is not None:
        return f"{words.quoted(group[1])} group"
    return words.type_name(node["type"])


def _node_values(
    of: Ref,
    node: Json,
    old: Json | None,
    nodes: list[Json],
    called: Mapping[str, str],
    units: Mapping[str, str],
    subject: str,
) -> list[Fact]:
    inputs, props = values_of(node)
    if old is not None:
        old_inputs, old_props = values_of(old)
        inputs = {k: v for k, v in inputs.items() if k not in old_inputs or not same(v, old_inputs[k])}
        props = {k: v for k, v in props.items() if k not in old_props or not same(v, old_props[k])}
    handle, kind = called[node["name"]], node["type"]
    alone = sum(n["type"] == kind for n in nodes) == 1
    facts: list[Fact] = []
    pieces: list[tuple[dict[str, Any], dict[str, Any]]] = [({k: v}, {}) for k, v in inputs.items()] + [
        ({}, {k: v}) for k, v in props.items()
    ]
    if not alone and pieces:
        pieces = [(inputs, props)]
    for some_inputs, some_props in pieces:
        check = Node(of=of, type=kind, inputs=some_inputs, props=some_props)
        count = matching(nodes, check)
        check = Node(of=of, type=kind, inputs=some_inputs, props=some_props, count=count)
        labels = {socket_key(i): i for i in node.get("inputs", [])}
        stated = [
            (_socket_words(labels[k], node), words.socket_value(kind, labels[k]["label"], v))
            for k, v in some_inputs.items()
        ]
        stated += [_prop_words(node, k, v, units) for k, v in some_props.items()]
        group, anchor = ("node", *of, kind, node["name"]), f"{_said(handle)} node of {subject}"
        first = Fact(check, group, anchor, noun=stated[0][0], value=stated[0][1])
        facts.append(first)
        facts += [Fact(check, group, anchor, noun=noun, value=value) for noun, value in stated[1:]]
    return facts


def _socket_words(socket: Mapping[str, Any], node: Json) -> str:
    label = str(socket["label"]) or "unnamed input"
    if node["type"].endswith("eColor") and label in _PARTS_OF_COLOR["HSV"]:
        return _PARTS_OF_COLOR.get(node["props"].get("mode", "RGB"), {}).get(label, label)
    if socket.get("unique") or label not in _COUNTED:
        return label
    ending = next((e for e in _ORDINAL if e and str(socket["socket"]).endswith(e)), "")
    first = "first " if not ending and str(socket["socket"]) == label else ""
    return f"{_ORDINAL[ending] or first}{label}"


def _prop_words(node: Json, path: str, value: Any, units: Mapping[str, str]) -> tuple[str, str]:
    steps, _, last = path.rpartition(".")
    kind = node["type"]
    if path.startswith(_OUTPUT):
        return last, words.socket_value(kind, last, value)
    if path == "node_tree":
        return "group", words.value(units, kind, path, value)
    if "elements[" in steps:
        place = int(steps.rpartition("[")[2].rstrip("]"))
        noun = f"stop {place + 1} {'color' if last == 'color' else last}"
        shown = words.color(value) if last == "color" else words.value(units, "ColorRampElement", last, value)
        return noun, shown
    if "[" in steps:
        raise words.Unsayable("curves of a node")
    inner = "ColorRamp" if steps == "color_ramp" else kind
    noun = words.noun(inner, last)
    if steps == "color_ramp":
        noun = f"ramp {noun}"
    return noun, words.value(units, inner, last, value)


def _links(
    of: Ref, after: Mapping[str, Any], before: Mapping[str, Any] | None, subject: str, called: Mapping[str, str]
) -> list[Fact]:
    nodes = {node["name"]: node for node in after.get("nodes", [])}
    types = {name: node["type"] for name, node in nodes.items()}
    ends = link_ends(after)
    old = link_ends(before) if before else Counter()
    known = (
        {_spelled(a, b) for a, b in _real_links(before, {n["name"]: n["type"] for n in before["nodes"]})}
        if before
        else set()
    )
    facts: list[Fact] = []
    for start, end in _real_links(after, types):
        pair = ((types[start["node"]], socket_key(start)), (types[end["node"]], socket_key(end)))
        if _spelled(start, end) in known or ends[pair] == old[pair]:
            continue
        if before is None and (pair[0][0], pair[1][0]) in _GIVEN and pair[1][1] == "Surface":
            continue
        check = Link(of=of, source=pair[0], target=pair[1], count=ends[pair])
        output, given = _socket_words(start, nodes[start["node"]]), _socket_words(end, nodes[end["node"]])
        words_from, words_to = f"{called[start['node']]} ({output})", f"{called[end['node']]} ({given})"
        order = f"{{link:{output}|{_the(called, start)}|{given}|{_the(called, end)}}}"
        facts.append(Fact(check, ("links", *of), subject, order=order, attribute=f"{words_from} → {words_to}"))
    return facts


def _spelled(start: Json, end: Json) -> tuple[str, str, str, str]:
    return start["node"], start["socket"], end["node"], end["socket"]


def _the(called: Mapping[str, str], end: Json) -> str:
    return _said(called[end["node"]])


def _said(handle: str) -> str:
    """A node within a sentence: "the second Math", not "the Math 2"."""
    name, _, number = handle.rpartition(" ")
    place = int(number) if name and number.isdecimal() else 0
    return f"the {_PLACES[place - 1]} {name}" if 0 < place <= len(_PLACES) else f"the {handle}"


def _sockets(
    of: Ref, after: Mapping[str, Any], before: Mapping[str, Any] | None, subject: str, units: Mapping[str, str]
) -> list[Fact]:
    known = {(i["name"], i.get("in_out")) for i in (before or {}).get("interface", [])}
    facts: list[Fact] = []
    for item in after.get("interface", []):
        if item["item"] != "SOCKET":
            continue
        if (item["name"], item["in_out"]) in known:
            continue
        props = {k: v for k, v in flat(item.get("props", {})).items() if k != "attribute_domain"}
        kind = item["socket_type"]
        check = Socket(of=of, name=item["name"], in_out=item["in_out"], type=kind, props=props)
        plain = words.spaced(kind.removeprefix("NodeSocket")).lower()
        text = f"{words.article(plain)} {plain} {item['in_out'].lower()} {words.quoted(item['name'])}"
        stated = [f"{words.noun(kind, k)} {words.value(units, kind, k, v)}" for k, v in props.items()]
        if stated:
            text += f" ({', '.join(stated)})"
        facts.append(Fact(check, ("interface", *of), subject, attribute=text, order=f"add {text} to {{its:interface}}"))
    return facts
