"""Properties that only Blender's version upgrade writes: they differ in old files though nobody set them."""

from __future__ import annotations

NOISE = frozenset(
    """
    Material.alpha_threshold Material.use_transparent_shadow Light.sun_shadow_jitter_overblur
    SunLight.shadow_jitter_overblur Light.transmission_factor Light.shadow_buffer_clip_start
    """.split()
)
