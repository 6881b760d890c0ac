"""Base and adapter as one model: safetensors always, GGUF where llama.cpp's converter is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from voxel.errors import BadInput

CONVERTERS = ("convert_hf_to_gguf.py", "convert-hf-to-gguf")
"""Names under which llama.cpp's converter is found on PATH."""


def export_merged(base: Path, adapter: Path, target: Path) -> list[str]:
    """Writes the merged model to `target` in the base's own precision; returns what was done, a line each.

    BadInput when the adapter does not fit the base.
    """
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    made = target.with_name(f".{target.name}.part")
    shutil.rmtree(made, ignore_errors=True)
    try:
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)
    except (ValueError, RuntimeError, OSError) as error:
        raise BadInput(f"{adapter} is no adapter of {base}: {' '.join(str(error).split())[:200]}") from error
    model.merge_and_unload().save_pretrained(made)
    AutoTokenizer.from_pretrained(adapter).save_pretrained(made)
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    done = [f"merged into {target}"]
    converter = next((found for name in CONVERTERS if (found := shutil.which(name))), None)
    if converter is None:
        return [*done, "no GGUF was written: llama.cpp's convert_hf_to_gguf.py is not on PATH"]
    file = target / "model.gguf"
    ran = subprocess.run([converter, str(target), "--outfile", str(file)], capture_output=True, text=True, check=False)
    if ran.returncode:
        last = (ran.stderr.strip().splitlines() or ["no reason given"])[-1]
        return [*done, f"the GGUF converter failed: {last}"]
    return [*done, f"converted into {file}"]
