from __future__ import annotations

import pytest

from voxel.cli.options import Engine, engine_name
from voxel.errors import UsageError


def test_an_address_goes_with_ray_and_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert engine_name(Engine.LOCAL, None) == "local"
    assert engine_name(Engine.RAY, None) == "ray"
    assert engine_name(Engine.RAY, "head:6379") == "ray:head:6379"
    with pytest.raises(UsageError, match="--ray-address goes with --engine ray"):
        engine_name(Engine.LOCAL, "head:6379")
    monkeypatch.setenv("RAY_ADDRESS", "other:6379")
    assert engine_name(Engine.LOCAL, None) == "local"
    assert engine_name(Engine.RAY, None) == "ray:other:6379"
    assert engine_name(Engine.RAY, "head:6379") == "ray:head:6379"
