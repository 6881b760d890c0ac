"""The gate: is the challenger really better than what serves the role now?"""

from __future__ import annotations

from typing import NamedTuple

from voxel.records import METRICS_VERSION, EvalReport, paired_interval

MIN_GAIN = 0.20
"""How much better, relative to the champion, `overall` has to be."""
MIN_EXAMPLES = 30
"""Below this many examples no claim about a model is made."""


class Rule(NamedTuple):
    """One row of the gate's table."""

    rule: str
    ok: bool
    detail: str


class GateDecision(NamedTuple):
    """Passed only when every rule holds."""

    rules: tuple[Rule, ...]

    @property
    def passed(self) -> bool:
        return all(rule.ok for rule in self.rules)

    @property
    def reason(self) -> str:
        """The rules that failed, or what was shown, in one line."""
        failed = [f"{rule.rule}: {rule.detail}" for rule in self.rules if not rule.ok]
        return "; ".join(failed) if failed else "; ".join(rule.detail for rule in self.rules)


def decide(challenger: EvalReport, champion: EvalReport | None, *, min_gain: float = MIN_GAIN) -> GateDecision:
    """Compares two reports on the same examples.

    `min_gain` is relative: 0.2 asks for an `overall` at least 1.2 times the champion's. Without a champion only the
    rules about the report itself apply.
    """
    rules = [
        Rule(
            "metrics",
            challenger.metrics_version == METRICS_VERSION,
            f"measured with metrics version {challenger.metrics_version}, this is version {METRICS_VERSION}",
        ),
        Rule(
            "examples",
            challenger.n >= MIN_EXAMPLES,
            f"{challenger.n} examples, at least {MIN_EXAMPLES} are needed",
        ),
    ]
    if champion is None:
        return GateDecision((*rules, Rule("champion", True, f"nothing serves {challenger.role} yet")))
    same = challenger.comparable_with(champion)
    rules.append(
        Rule(
            "comparable",
            same,
            "same examples, metrics and Blender"
            if same
            else "the champion was measured on other examples, metrics or Blender: evaluate both again",
        )
    )
    if same:
        rules += _compare(challenger, champion, min_gain)
    return GateDecision(tuple(rules))


def _compare(challenger: EvalReport, champion: EvalReport, min_gain: float) -> list[Rule]:
    gain = challenger.overall - champion.overall
    needed = min_gain * champion.overall
    ids = sorted(champion.by_example)
    low, high = paired_interval([champion.by_example[i] for i in ids], [challenger.by_example[i] for i in ids])
    return [
        Rule(
            "gain",
            gain >= needed,
            f"overall {champion.overall:.3f} -> {challenger.overall:.3f} ({gain:+.3f}, {needed:+.3f} is needed)",
        ),
        Rule("noise", low > 0, f"95 % interval of the gain {low:+.3f} to {high:+.3f}"),
        Rule(
            "api",
            challenger.blender_api >= champion.blender_api,
            f"blender_api {champion.blender_api:.3f} -> {challenger.blender_api:.3f}",
        ),
    ]
