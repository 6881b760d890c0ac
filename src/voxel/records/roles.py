"""The five agent roles that models are trained for."""

from __future__ import annotations

from typing import Literal

Role = Literal["concept", "builder", "texture", "render", "animation"]
ROLES: tuple[Role, ...] = ("concept", "builder", "texture", "render", "animation")
