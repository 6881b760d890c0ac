"""Which licences may be used: a policy of allowed and denied SPDX identifiers.

A policy file is TOML:

    allow = ["MIT", "CC-BY-SA-4.0"]     # replaces the default list; "*" allows every licence that is not denied
    deny = ["CC-BY-4.0"]                # always wins
    unknown = "allow"                   # files without a licence that could be recognised; default "deny"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from voxel.errors import UsageError

PERMISSIVE = (
    "0BSD",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC-BY-2.0",
    "CC-BY-2.5",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "NCSA",
    "PostgreSQL",
    "Unlicense",
    "WTFPL",
    "Zlib",
)
"""Used unless a policy says otherwise: permissive code licences, CC0 and plain CC-BY."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What may be used."""

    allow: frozenset[str] = frozenset(PERMISSIVE)
    """SPDX identifiers; `*` stands for every known licence."""
    deny: frozenset[str] = frozenset()
    """SPDX identifiers; stronger than `allow`."""
    unknown: Literal["allow", "deny"] = "deny"
    """What happens to a file whose licence is not known."""

    def refusal(self, license: str, *, vouched: bool = False) -> str:
        """Why a file under this SPDX expression may not be used; empty when it may.

        With `OR` one allowed side is enough, with `AND` each must be. `vouched` licences, which whoever described the
        file calls permissive, need not be on the allow list.
        """
        if not license:
            return "" if self.unknown == "allow" else "no licence is known"
        if any(all(self._allows(part, vouched) for part in _parts(side, "AND")) for side in _parts(license, "OR")):
            return ""
        return f"the licence {license} is not allowed by the policy"

    def _allows(self, identifier: str, vouched: bool) -> bool:
        if identifier in self.deny:
            return False
        return vouched or "*" in self.allow or identifier in self.allow


@lru_cache(maxsize=1000)
def _parts(expression: str, word: str) -> tuple[str, ...]:
    return tuple(part.strip(" ()") for part in re.split(rf"\s+{word}\s+", expression))


def read_policy(path: Path) -> Policy:
    """The policy in a TOML file. UsageError names every problem of it, each as `reason @ file $.key[3]`."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the policy {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the policy {path} is not TOML: {error}") from error
    problems = [f"{reason} @ {path} {place}" for reason, place in _problems(given)]
    if problems:
        raise UsageError("; ".join(problems))
    lists = {key: frozenset(given[key]) for key in ("allow", "deny") if key in given}
    return Policy(**lists, unknown=given.get("unknown", "deny"))


def _problems(given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in given.items():
        if key in ("allow", "deny"):
            if not isinstance(value, list):
                yield "expected a list of SPDX identifiers", f"$.{key}"
                continue
            for index, item in enumerate(value):
                starred = item == "*" and key == "allow"
                if not starred and not (isinstance(item, str) and _IDENTIFIER.fullmatch(item)):
                    yield f"{item!r} is not an SPDX identifier", f"$.{key}[{index}]"
        elif key == "unknown":
            if value not in ("allow", "deny"):
                yield f'expected "allow" or "deny", found {value!r}', "$.unknown"
        else:
            yield "unknown key (known: allow, deny, unknown)", f"$.{key}"
