"""Facts as something a person would ask for.

The wording is varied by a seed that comes from the facts' own content, so the same facts are always asked for in the
same words. Whatever the wording, every fact is said, and nothing else is.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from voxel.facts.fact import Fact
from voxel.facts.voice import link_form, linked, voiced
from voxel.facts.words import listed

_MAKE = {
    "objects": (
        "Add", "Create", "Make", "I need", "Place", "Add", "Could you add", "Please create", "We need", "I'd like",
        "Put in", "Give me", "Can you make",
    ),
    "materials": ("Create", "Make", "Set up", "I need", "Build", "I want", "Please make", "I'd like", "We need"),
    "worlds": ("Create", "Set up", "Make", "I need"),
    "node_groups": ("Build", "Create", "Make", "Write", "I need"),
    "modifiers": ("Add", "Put", "Add", "Please add"),
    "constraints": ("Add", "Put", "Please add"),
    "": ("Add", "Create", "Make"),
}  # fmt: skip
_NAME_FIRST = ("On {anchor}, {orders}.", "For {anchor}: {orders}.", "{Anchor}: {orders}.")
_CHANGE = (*_NAME_FIRST, "{Orders} on {anchor}.", "{Orders} on {anchor}.", "Please {orders} on {anchor}.")
_SCENE = (
    "{Orders}.",
    "Please {orders}.",
    "In the scene settings, {orders}.",
    "{Orders} for this scene.",
    "Settings: {orders}.",
)
_CHANGE_ONE = (*_CHANGE, "Could you {orders} on {anchor}?", "Can you {orders} on {anchor}?")
_POLITE = ("Please", "Could", "Can", "I ", "I'", "We", "Give")
"""Said once; a list of such sentences is a machine's."""
_ORDERS = ("{Orders}.", "{Orders}.", "{Orders}.", "{Orders}, please.", "Can you {orders}?", "I want you to {orders}.")
_ONE_BREATH = 140
"""Longer orders are no questions."""
_OPENERS = ("Quick one. ", "Hi! ", "Small job. ")
_OPENED = 0.08
"""The share of instructions that begin with a word of their own."""
_ITS = re.compile(r"\{its:([^}]*)\}")
_THERE = "ShaderNodeBsdfPrincipled"
_SETS = "set {its:"
"""How orders begin that say a value, as details do."""
_PARENTED = re.compile(r'(?:Can you |I want you to )?[Pp]arent the [a-z ]+ ("[^"]*") to ("[^"]*")(?:, please)?[.?]$')
_LIST_FROM = 6
"""So many details of one thing are asked for as a list now and then, and from twice as many on always."""


def ask(facts: Sequence[Fact], seed: str) -> str:
    """The instruction for these facts."""
    chance = random.Random(seed)
    form = link_form(chance)
    facts = [fact._replace(order=linked(fact.order, form)) for fact in facts]
    groups: dict[tuple[str, ...], list[Fact]] = {}
    for fact in facts:
        groups.setdefault(_home(fact, facts), []).append(fact)
    sentences: list[str] = []
    verbs: dict[str, str] = {}
    for group, members in groups.items():
        sentences.append(_sentence(group, members, chance, verbs, is_new=_is_new(group, facts)))
    sentences = _parented_together(_named_once(sentences, list(groups.values())))
    text = sentences[0]
    for sentence in sentences[1:]:
        text += ("\n" if "\n" in sentence or "\n" in text.rpartition(". ")[2] else " ") + sentence
    if chance.random() < _OPENED:
        text = chance.choice(_OPENERS) + text
    return voiced(text, chance)


def _named_once(sentences: Sequence[str], members: Sequence[Sequence[Fact]]) -> list[str]:
    """Sentences about nodes of one block after another: from the second on, whose nodes they are is known."""
    said: list[str] = []
    before: tuple[str, ...] = ()
    for sentence, facts in zip(sentences, members, strict=True):
        group, anchor = facts[0].group, facts[0].anchor
        block = group[1:3] if group[0] == "node" else ()
        owner = anchor.partition(" node of ")[2]
        if block and block == before and owner and not any(fact.make for fact in facts):
            sentence = sentence.replace(f" node of {owner}", " node")
        said.append(sentence)
        before = block
    return said


def _parented_together(sentences: Sequence[str]) -> list[str]:
    """ "Parent "A" and "B" to "C"." for a sentence each."""
    said: list[str] = []
    family: list[str] = []
    for sentence, after in zip(sentences, [*sentences[1:], ""], strict=True):
        found, follows = _PARENTED.match(sentence), _PARENTED.match(after)
        if found is None:
            said.append(sentence)
            continue
        family.append(found[1])
        if follows is None or follows[2] != found[2]:
            said.append(f"Parent {listed(family)} to {found[2]}." if len(family) > 1 else sentence)
            family = []
    return said


def _home(fact: Fact, facts: Sequence[Fact]) -> tuple[str, ...]:
    """Values of a node that is the only one of its kind are said together with the node itself."""
    group = fact.group
    if group[0] != "node":
        return group
    tree = ("tree", *group[1:3])
    is_new = any(other.make and other.group[:4] == group[:4] for other in facts)
    return tree if is_new else group


def _is_new(group: tuple[str, ...], facts: Sequence[Fact]) -> bool:
    """Whether the block that a group of nodes, links or bones belongs to is new as well, or has just been named."""
    if group[0] == "links" and any(
        fact.make and fact.group[0] == "node" and fact.group[1:3] == group[1:3] for fact in facts
    ):
        return True
    return any(fact.make and fact.group == group[1:3] for fact in facts)


def _sentence(
    group: tuple[str, ...], members: list[Fact], chance: random.Random, verbs: dict[str, str], *, is_new: bool
) -> str:
    if group[0] == "tree":
        return _tree(members, chance, is_new=is_new)
    if group[0] == "links":
        return _links(members, chance, is_new=is_new)
    if group[0] == "bones":
        return "It has these bones:" + "".join(f"\n- {fact.attribute}" for fact in members)
    if group[0] == "interface":
        if len(members) == 1:
            return f"Its interface has {members[0].attribute}."
        return f"Its interface has {listed([fact.attribute for fact in members])}."
    if group[0] == "splines" and is_new:
        return f"It has {members[0].attribute}."
    made = [fact for fact in members if fact.make]
    if made:
        return _making(group, made[0], [fact for fact in members if not fact.make], chance, verbs)
    return _changing(members, chance, verbs)


def _making(group: tuple[str, ...], made: Fact, rest: list[Fact], chance: random.Random, verbs: dict[str, str]) -> str:
    kind = group[2] if len(group) > 2 else group[0]
    again = kind in verbs
    choices = [one for one in _MAKE.get(kind, _MAKE[""]) if not (verbs and one.startswith(_POLITE))]
    verb = verbs.setdefault(kind, chance.choice(choices))
    if again and verb.startswith(_POLITE):
        verb = verbs[kind] = "Also add"
    question = verb.startswith(("Could", "Can"))
    if verb == "Put" and " on " not in made.make:
        verb = "Add"
    nouns = _once([_detail(fact) for fact in rest if fact.value])
    places = _once([fact.attribute for fact in rest if fact.attribute])
    orders = _once([_plain(fact.order) for fact in rest if fact.order and not fact.attribute])
    count = len(nouns) + len(places)
    if count >= _LIST_FROM * 2 or (count >= _LIST_FROM and chance.random() < 0.5):
        lines = "".join(f"\n- {part}" for part in [*places, *nouns, *orders])
        return f"{verb} {made.make}:{lines}"
    text = f"{verb} {made.make}"
    if chance.random() < 0.5 and places:
        text += ", ".join(["", *places]) if len(places) > 1 else f" {places[0]}"
        text += f"{',' if len(places) > 1 else ''} with {listed(nouns)}" if nouns else ""
    else:
        text += f" with {listed(nouns)}" if nouns else ""
        text += (
            "".join(f", {place}" for place in places)
            if nouns or len(places) > 1
            else "".join(f" {place}" for place in places)
        )
    text += "?" if question else "."
    if orders:
        text += (
            f" {_capital(listed(orders))}."
            if len(orders) == 1
            else " " + " ".join(f"{_capital(order)}." for order in orders)
        )
    return text


def _changing(members: list[Fact], chance: random.Random, verbs: dict[str, str]) -> str:
    anchor = members[0].anchor
    orders = _once([_order(fact) for fact in members])
    if len(orders) >= _LIST_FROM * 2 or (len(orders) >= _LIST_FROM and chance.random() < 0.5):
        lines = "".join(f"\n- {_detail(fact) if fact.value else _plain(fact.order)}" for fact in _each_once(members))
        return f"{chance.choice(('Change', 'Adjust', 'Set up', 'Configure'))} {anchor}:{lines}"
    if all(fact.order for fact in members):
        said = listed([_named(orders[0], anchor), *(_plain(order) for order in orders[1:])])
        forms: Sequence[str] = _ORDERS if len(said) <= _ONE_BREATH else _ORDERS[:1]
        return _one_of(forms, chance, verbs).format(orders=said, Orders=_capital(said))
    joined = _joined(members)
    if anchor == "the scene":
        return _one_of(_SCENE, chance, verbs).format(orders=joined, Orders=_capital(joined))
    # "move it" has to come after the name
    forms = _NAME_FIRST if any(fact.order for fact in members) else _CHANGE if len(orders) > 2 else _CHANGE_ONE
    form = _one_of(forms, chance, verbs)
    return form.format(anchor=anchor, Anchor=_capital(anchor), orders=joined, Orders=_capital(joined))


def _one_of(forms: Sequence[str], chance: random.Random, verbs: dict[str, str]) -> str:
    """A form that keeps politeness to the first sentence that has any."""
    form = chance.choice([one for one in forms if not (verbs and (one.startswith(_POLITE) or "please" in one))])
    verbs.setdefault("change", form)
    return form


def _joined(members: list[Fact]) -> str:
    """ "set A to 1 and B to 2, turn C on and move it to (0, 0, 1)"."""
    sets = _once(
        [f"{_the(fact.noun)} to {fact.value}" for fact in members if fact.value and fact.value not in ("on", "off")]
    )
    turned = [fact for fact in members if fact.order.startswith(_SETS)]
    sets += _once([_plain(fact.order).removeprefix("set ") for fact in turned])
    members = [fact for fact in members if fact not in turned]
    switches = _once([_order(fact) for fact in members if fact.value in ("on", "off")])
    orders = _once([_plain(fact.order) for fact in members if fact.order])
    parts = [f"set {listed(sets)}"] if sets else []
    return listed([*parts, *switches, *orders])


def _named(order: str, anchor: str) -> str:
    """`move {it} to …`, `set {its:scale} to …` with the thing's name."""
    return _ITS.sub(lambda found: f"the {found.group(1)} of {anchor}", order).replace("{it}", anchor)


def _plain(order: str) -> str:
    return _ITS.sub(lambda found: f"its {found.group(1)}", order).replace("{it}", "it")


def _links(members: list[Fact], chance: random.Random, *, is_new: bool) -> str:
    said = _once([fact.attribute for fact in members])
    where = "" if is_new else f" in {members[0].anchor}"
    if len(said) > 3 or (len(said) > 1 and chance.random() < 0.3):
        return f"{chance.choice(('Links', 'Connections', 'Connect'))}{where}:" + "".join(f"\n- {one}" for one in said)
    text = listed(_once([fact.order for fact in members]))
    return _capital(text if is_new else f"{where.strip()}, {text}") + "."


def _tree(members: list[Fact], chance: random.Random, *, is_new: bool) -> str:
    """New nodes with their values, in one sentence or as a list."""
    made = [fact for fact in members if fact.make]
    values = [fact for fact in members if not fact.make]
    if is_new and [fact.group[3] for fact in made] == [_THERE] and values:
        # a new material has this node already
        told = listed(_once([_order(fact).removeprefix("set ") for fact in values]))
        return chance.choice(("On its Principled BSDF, set {}.", "Set {} on its Principled BSDF.")).format(told)
    said: list[str] = []
    for fact in made:
        own = [other for other in members if not other.make and other.group[:4] == fact.group]
        owners = list(dict.fromkeys(other.group for other in own))
        if not own:
            said.append(fact.make)
        elif len(owners) == 1 and fact.make.startswith(("a ", "an ")):
            details = listed(_once([_detail(other) for other in own]))
            said.append(f"{fact.make} with {details}" if len(own) < 3 else f"{fact.make} ({details})")
        else:
            each = []
            for owner in owners:
                mine = [other for other in own if other.group == owner]
                which = mine[0].anchor.partition(" node of ")[0]
                each.append(f"{which} has {listed(_once([_detail(other) for other in mine]))}")
            said.append(f"{fact.make} ({'; '.join(each)})")
    if len(said) >= 5 or sum(len(s) for s in said) > 320:
        opener = "Its nodes:" if is_new else f"Add to the nodes of {members[0].anchor}:"
        return opener + "".join(f"\n- {part}" for part in said)
    if not is_new:
        return f"{chance.choice(('In', 'To'))} {made[0].anchor}, add {listed(said)}."
    several = ("Its nodes are",) if len(said) > 1 else ()
    opener = chance.choice(("Use", "Add", "In its node tree, put", "It has", *several))
    return f"{opener} {listed(said)}."


def _detail(fact: Fact) -> str:
    return f"{fact.noun} {fact.value}".strip()


def _order(fact: Fact) -> str:
    if fact.order:
        return fact.order
    if fact.value in ("on", "off"):
        return f"turn {fact.value} {fact.noun}"
    return f"set {_the(fact.noun)} to {fact.value}"


def _the(noun: str) -> str:
    """ "the power", but "Roughness" as sockets are called."""
    return noun if noun[:1].isupper() or noun.startswith(("a ", "an ", "its ", "input ", "stop ")) else f"the {noun}"


def _once(parts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(part for part in parts if part))


def _each_once(members: list[Fact]) -> list[Fact]:
    return list({(fact.noun, fact.value, fact.order): fact for fact in members}.values())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
