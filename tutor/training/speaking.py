"""The fit of the chat model's adapter: LoRA through peft, on packed rows, the loss on the answers alone.

Several examples share a row; each sees only itself (a block-diagonal causal mask, positions from 0), so that nothing
is computed for padding. A run is resumed from its last checkpoint; seed, data hash, settings and the curve lie with
the adapter.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tutor.errors import ModelError
from tutor.models.embedded import SMOLLM2
from tutor.models.speech import RUN_FILE, SETTINGS_FILE, SPEECH, WEIGHTS_FILE, read_corrections
from tutor.training.examples import Lesson

_PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
_IGNORED = -100
_CLIP = 1.0


@dataclass(frozen=True)
class SpeechFit:
    """How the adapter is fitted.

    Attributes:
        rank: of the corrections; `alpha / rank` scales them (arXiv 2106.09685).
        tokens: of one packed row.
        rows: per step.
        rate: the highest learning rate, reached after `warm_up` of the steps, then falling as a cosine to 0.
        checkpoint_s: seconds between checkpoints.
    """

    rank: int = 16
    alpha: int = 32
    tokens: int = 1024
    rows: int = 1
    epochs: int = 1
    rate: float = 8e-4
    warm_up: float = 0.05
    seed: int = 0
    checkpoint_s: float = 180.0


@dataclass
class Progress:
    """How far a run has come; kept with each checkpoint."""

    data: str
    step: int = 0
    seconds: float = 0.0
    curve: list[tuple[int, float]] = field(default_factory=list)


# The tokens of an example, and the labels: `_IGNORED` where nothing is learned.
Encoded = tuple[list[int], list[int]]


def encoded(lesson: Lesson, tokenizer: Any) -> Encoded:
    """An example as tokens and labels; of the prompt nothing is learned."""
    from langchain_core.messages import convert_to_openai_messages

    messages = convert_to_openai_messages(lesson.messages())
    prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    asked = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    said = tokenizer(lesson.target + tokenizer.eos_token, add_special_tokens=False)["input_ids"]
    return [*asked, *said], [_IGNORED] * len(asked) + said


def packed(examples: Sequence[Encoded], tokens: int, rng: random.Random) -> list[list[Encoded]]:
    """Examples in rows of at most so many tokens, in random order: first fit over shuffled examples.

    An example longer than a row is left out: cut off, it would teach to cut off.
    """
    order = [one for one in examples if len(one[0]) <= tokens]
    rng.shuffle(order)
    rows: list[list[Encoded]] = []
    free: list[int] = []
    for one in order:
        place = next((n for n, left in enumerate(free) if left >= len(one[0])), None)
        if place is None:
            rows.append([])
            free.append(tokens)
            place = len(rows) - 1
        rows[place].append(one)
        free[place] -= len(one[0])
    rng.shuffle(rows)
    return rows


def tensors_of(row: Sequence[Encoded], dtype: Any) -> dict[str, Any]:
    """A row as what the model takes: tokens, positions and labels [1, n], the mask [1, 1, n, n] (0 seen, least not)."""
    import torch

    ids = torch.tensor([[token for tokens, _ in row for token in tokens]])
    labels = torch.tensor([[label for _, labels in row for label in labels]])
    positions = torch.tensor([[place for tokens, _ in row for place in range(len(tokens))]])
    owner = torch.tensor([number for number, (tokens, _) in enumerate(row) for _ in tokens])
    seen = (owner[:, None] == owner[None, :]).tril()
    mask = torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
    return {"input_ids": ids, "labels": labels, "position_ids": positions, "attention_mask": mask[None, None]}


def data_hash(lessons: Sequence[Lesson]) -> str:
    """SHA-256 of the examples, hexadecimal."""
    told = json.dumps([asdict(one) for one in lessons], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def steps_of(examples: Sequence[Encoded], fit: SpeechFit) -> list[list[list[Encoded]]]:
    """The rows of each step of the whole run, the same for the same seed."""
    rng = random.Random(fit.seed)
    rows = [row for _ in range(fit.epochs) for row in packed(examples, fit.tokens, rng)]
    return [rows[begin : begin + fit.rows] for begin in range(0, len(rows), fit.rows)]


def rate_at(step: int, steps: int, fit: SpeechFit) -> float:
    """The learning rate of a step: a linear rise, then half a cosine down to 0."""
    rising = max(1, round(fit.warm_up * steps))
    if step < rising:
        return fit.rate * (step + 1) / rising
    return fit.rate * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def fit_speech(
    base: Path,
    lessons: Sequence[Lesson],
    fit: SpeechFit,
    folder: Path,
    told: Callable[[Progress, int], None] = lambda progress, steps: None,
    clock: Callable[[], float] = time.monotonic,
) -> Path:
    """Fits the adapter and writes it into a folder; goes on from the checkpoint there, if it is of the same run.

    Args:
        base: the folder of the converted weights.
        folder: where checkpoint and adapter lie.
        told: called after each step with how far the run is, and the number of steps.

    Returns:
        The folder of the finished adapter, in peft's format.
    """
    import torch

    tokenizer, model, device = _begun(base, fit)
    examples = [encoded(one, tokenizer) for one in lessons]
    steps = steps_of(examples, fit)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    # bfloat16 has 8 bits of precision: the small steps at the end of a run would be lost in it.
    finer = [weight.detach().float() for weight in weights]
    adam = torch.optim.AdamW(finer, lr=fit.rate, weight_decay=0.0)
    progress = Progress(data_hash(lessons))
    checkpoint = folder / "checkpoint.pt"
    folder.mkdir(parents=True, exist_ok=True)
    _resume(checkpoint, fit, progress, finer, adam)
    _round(finer, weights)
    began = saved = clock()
    done_s = progress.seconds
    for number in range(progress.step, len(steps)):
        for group in adam.param_groups:
            group["lr"] = rate_at(number, len(steps), fit)
        loss = _loss_of(model, steps[number], device)
        for fine, weight in zip(finer, weights, strict=True):
            fine.grad, weight.grad = weight.grad.float(), None
        torch.nn.utils.clip_grad_norm_(finer, _CLIP)
        adam.step()
        _round(finer, weights)
        progress.step, progress.seconds = number + 1, done_s + clock() - began
        progress.curve.append((number + 1, round(loss, 4)))
        told(progress, len(steps))
        if clock() - saved >= fit.checkpoint_s:
            _save(checkpoint, fit, progress, finer, adam)
            saved = clock()
    _save(checkpoint, fit, progress, finer, adam)
    return _finished(model, folder / "adapter", fit, progress)


def _begun(base: Path, fit: SpeechFit) -> tuple[Any, Any, Any]:
    """The tokenizer, the model with fresh corrections in bfloat16, and the device."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(fit.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = AutoTokenizer.from_pretrained(str(base), local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(str(base), local_files_only=True, dtype="bfloat16")
    lora = LoraConfig(
        r=fit.rank, lora_alpha=fit.alpha, target_modules=_PROJECTIONS, lora_dropout=0.0, task_type="CAUSAL_LM"
    )
    return tokenizer, get_peft_model(model, lora, autocast_adapter_dtype=False).to(device).train(), device


def _loss_of(model: Any, rows: Sequence[Sequence[Encoded]], device: Any) -> float:
    """The mean loss over all tokens of the rows that are learned, in nats; leaves its gradients in the weights."""
    import torch

    learned = sum(label != _IGNORED for row in rows for _, labels in row for label in labels)
    total = 0.0
    for row in rows:
        values = {name: value.to(device) for name, value in tensors_of(row, torch.bfloat16).items()}
        loss = _loss(model, values) / learned
        loss.backward()
        total += float(loss.detach())
    return total


def _round(finer: Sequence[Any], weights: Sequence[Any]) -> None:
    import torch

    with torch.no_grad():
        for fine, weight in zip(finer, weights, strict=True):
            weight.copy_(fine)


def _loss(model: Any, values: dict[str, Any]) -> Any:
    """The summed cross-entropy of the learned tokens; the vocabulary is computed for these alone."""
    import torch

    labels = values.pop("labels")[0, 1:]
    places = (labels != _IGNORED).nonzero()[:, 0]
    inner = model.get_base_model()
    hidden = inner.model(**values).last_hidden_state[0, places]
    return torch.nn.functional.cross_entropy(inner.lm_head(hidden).float(), labels[places], reduction="sum")


def _save(path: Path, fit: SpeechFit, progress: Progress, weights: Sequence[Any], adam: Any) -> None:
    import torch

    new = path.with_suffix(".new")
    state = {"fit": asdict(fit), "progress": asdict(progress), "weights": [w.detach() for w in weights]}
    torch.save({**state, "adam": adam.state_dict()}, new)
    new.replace(path)


def _resume(path: Path, fit: SpeechFit, progress: Progress, weights: Sequence[Any], adam: Any) -> None:
    """Takes up a checkpoint of the same data and settings; another's is left alone."""
    import torch

    if not path.is_file():
        return
    state = torch.load(path, weights_only=True)
    if state["fit"] != asdict(fit) or state["progress"]["data"] != progress.data:
        return
    with torch.no_grad():
        for weight, kept in zip(weights, state["weights"], strict=True):
            weight.copy_(kept)
    adam.load_state_dict(state["adam"])
    progress.step, progress.seconds = state["progress"]["step"], state["progress"]["seconds"]
    progress.curve = [(int(step), float(loss)) for step, loss in state["progress"]["curve"]]


def _finished(model: Any, folder: Path, fit: SpeechFit, progress: Progress) -> Path:
    model.save_pretrained(str(folder))
    record = {"fit": asdict(fit), **asdict(progress)}
    (folder / RUN_FILE).write_text(json.dumps(record) + "\n", encoding="utf-8")
    return folder


def put_in_place(adapter: Path, target: Path = SPEECH) -> None:
    """Copies a finished adapter into the package: its weights in bfloat16, its settings without this machine's paths.

    Raises:
        ModelError: the adapter is damaged, or no plain LoRA.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save_file

    try:
        read_corrections(adapter)
        settings = json.loads((adapter / SETTINGS_FILE).read_text(encoding="utf-8"))
        tensors = {
            name: value.to(torch.bfloat16) for name, value in load_file(adapter / WEIGHTS_FILE).items()
        }
        run = (adapter / RUN_FILE).read_text(encoding="utf-8")
    except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
        raise ModelError(f"{adapter} holds no finished adapter ({error})", "Fit it again.") from error
    settings["base_model_name_or_path"] = SMOLLM2.folder
    target.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target / WEIGHTS_FILE)
    (target / SETTINGS_FILE).write_text(
        json.dumps(settings, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    (target / RUN_FILE).write_text(run, encoding="utf-8")
