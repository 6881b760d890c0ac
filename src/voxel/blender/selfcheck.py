"""`self_check`: runs every published attack in the box and says which were held."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Iterable, Iterator

import msgspec

from voxel.blender import box
from voxel.blender.attacks import ATTACKS, Attack
from voxel.blender.grading import Run
from voxel.blender.runtimes import Runtime, find, runtimes_folder
from voxel.blender.server import Blender, Limits
from voxel.errors import BoxError, SetupError

OUTPUT = 64 << 10
PROBE_LIMITS = Limits(cpu=1.0, memory=1 << 30, file_size=64 << 20, threads=64, tmp=96 << 20)
SECONDS = 1.0


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One attack and whether the box held it."""

    check: str
    ok: bool
    detail: str


def self_check(
    runtime: Runtime | str | None = None,
    *,
    attacks: Iterable[Attack] = ATTACKS,
    lift: frozenset[str] = frozenset(),
    grace: float = 20.0,
) -> Iterator[Held]:
    """Runs the attacks, one result each. `lift` takes protections away, to show that the check notices.

    `grace` is how many seconds past its limit a box may stay silent before it counts as broken. Raises SetupError where
    there is no box.
    """
    if box.bwrap() is None:
        raise SetupError(box.missing())
    chosen = runtime if isinstance(runtime, Runtime) else find(runtime)
    groups: dict[frozenset[str], list[Attack]] = {}
    for attack in attacks:
        groups.setdefault(attack.lifted | lift, []).append(attack)
    with _bait() as names:
        for lifted, group in groups.items():
            blender = Blender(chosen, limits=PROBE_LIMITS, lift=sorted(lifted), grace=grace)
            try:
                for attack in group:
                    yield _held(blender, attack, names)
            finally:
                blender.close()


@contextlib.contextmanager
def _bait() -> Iterator[dict[str, object]]:
    """What attacks reach for: a listening port, a file of the caller, a variable of the caller's environment."""
    secret = secrets.token_hex(16)
    folder = runtimes_folder().parent
    folder.mkdir(parents=True, exist_ok=True)
    canary = folder / f"canary-{secret[:8]}"
    canary.write_text(secret)
    os.environ["VOXEL_CANARY"] = secret
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            yield {"secret": secret, "port": port, "host_pid": os.getpid(), "canary": str(canary)}
    finally:
        del os.environ["VOXEL_CANARY"]
        canary.unlink()


def _held(blender: Blender, attack: Attack, names: dict[str, object]) -> Held:
    script = attack.script
    for name, value in names.items():
        script = script.replace("{" + name + "!r}", repr(value)).replace("{" + name + "}", str(value))
    script = script.replace("{{", "{").replace("}}", "}")
    try:
        if attack.before:
            blender.run(attack.before, timeout=SECONDS, dump=False)
        run = blender.run(script, timeout=SECONDS, dump=bool(attack.truth), result="counts")
    except BoxError as error:
        return Held(check=attack.name, ok=False, detail=str(error))
    return Held(check=attack.name, ok=not (wrong := _wrong(attack, run)), detail=wrong or _why(attack, run))


def _wrong(attack: Attack, run: Run) -> str:
    """Why the attack got through; empty when it was held."""
    reached = [line for line in run.output.splitlines() if line.startswith("REACHED")]
    if reached:
        return f"got through: {reached[0]}"
    if run.verdict not in attack.verdicts:
        first = f": {run.errors[0].message}" if run.errors else ""
        return f"judged {run.verdict}{first}"
    if len(run.output) > OUTPUT:
        return f"{len(run.output)} bytes of output were kept"
    if attack.truth:
        counts = msgspec.json.decode(run.scene or b"{}")
        for kind, count in attack.truth:
            if counts.get(kind) != count:
                return f"the scene is said to hold {counts.get(kind)} {kind}, not {count}"
    return ""


def _why(attack: Attack, run: Run) -> str:
    held = [line for line in run.output.splitlines() if line.startswith("held")]
    return (held[0] if held else f"judged {run.verdict}") + f" ({attack.protection})"
