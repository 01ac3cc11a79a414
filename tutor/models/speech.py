"""The corrections that teach the embedded model to answer from numbered sentences: where they lie, and adding them.

They are low-rank matrices for each linear layer (LoRA, arXiv 2106.09685: W + alpha / r * B A), in the files that peft
writes and `tutor.training` fits. Adding them is one product a layer, so that peft is not needed to answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tutor.errors import ModelError
from tutor.models.packed import correct_linears

SPEECH = Path(__file__).parent / "speech"
SETTINGS_FILE, WEIGHTS_FILE, RUN_FILE = "adapter_config.json", "adapter_model.safetensors", "run.json"
_NEEDED_FILES = (SETTINGS_FILE, WEIGHTS_FILE)
_BEFORE = "base_model.model."
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"


def speech_folder() -> Path | None:
    """The folder of the bundled corrections; None where they are not there."""
    return SPEECH if all((SPEECH / name).is_file() for name in _NEEDED_FILES) else None


def correct(model: Any, folder: Path) -> None:
    """Adds the corrections of a folder to a model, in place.

    Raises:
        ModelError: the files are damaged, or of another model.
    """
    from safetensors import SafetensorError

    try:
        corrections = read_corrections(folder)
        linears = {name for name, layer in model.named_modules() if hasattr(layer, "weight")}
        if strange := sorted(set(corrections) - linears):
            raise LookupError(f"the model has no layer {strange[0]}")
        correct_linears(model, corrections)
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, SafetensorError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"The corrections in {folder} do not fit the embedded model ({lines[0][:200]})",
            "Install the tutor again, or choose `embedded-stock`, the model without them.",
        ) from error


def read_corrections(folder: Path) -> dict[str, tuple[Any, Any]]:
    """Layer's name -> (down [rank, inputs], up [outputs, rank]) in float32, `up` scaled by alpha / rank.

    Raises:
        OSError, ValueError, LookupError, SafetensorError: the files are not what peft writes for plain LoRA.
    """
    from safetensors.torch import load_file

    settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    rank, alpha = settings["r"], settings["lora_alpha"]
    unknown = [
        name for name in ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern") if settings.get(name)
    ]
    if settings["peft_type"] != "LORA" or unknown or settings.get("bias", "none") != "none":
        raise ValueError("they are not plain LoRA")
    tensors = load_file(folder / WEIGHTS_FILE)
    names = sorted(name.removesuffix(_DOWN) for name in tensors if name.endswith(_DOWN))
    if not names or len(tensors) != 2 * len(names):
        raise ValueError("matrices are missing")
    found = {}
    for name in names:
        down, up = tensors[name + _DOWN].float(), tensors[name + _UP].float()
        if down.shape[0] != rank or up.shape[1] != rank:
            raise ValueError(f"{name} is not of rank {rank}")
        found[name.removeprefix(_BEFORE)] = (down, up * (alpha / rank))
    return found
