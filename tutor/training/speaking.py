"""The fit of the chat model's adapter: LoRA through peft, on packed rows, the loss on the answers alone.

Several examples share a row; attention is computed within each alone, so that nothing is computed for padding. On a
processor the weights are float32: products of matrices take half the time there that they take in bfloat16. A run is
resumed from its last checkpoint; seed, data hash, settings and the curve lie with the adapter.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tutor.errors import ModelError
from tutor.models.embedded import SMOLLM2
from tutor.models.speech import RUN_FILE, SETTINGS_FILE, SPEECH, WEIGHTS_FILE, read_corrections
from tutor.training.examples import IN_USE, Lesson

_PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
_CLIP = 1.0
_WITHIN = "within each example"
# The weight in the loss of a token that chooses: the first one (a number, or that the notes do not say it), each
# number, and the end. The rest is mostly copied, and would drown these few.
_CHOICE = 4.0
_MARK = re.compile(r"\[\d{1,2}\]")


@dataclass(frozen=True)
class SpeechFit:
    """How the adapter is fitted.

    Attributes:
        rank: of the corrections; `alpha / rank` scales them (arXiv 2106.09685).
        tokens: of one packed row.
        rows: per step.
        epochs: how often the examples of the jobs in use are learned from; all others are once in a run.
        rate: the highest learning rate, reached after `warm_up` of the steps, then falling as a cosine to 0.
        checkpoint_s: seconds between checkpoints.
    """

    rank: int = 16
    alpha: int = 32
    tokens: int = 1024
    rows: int = 1
    epochs: int = 3
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


# The tokens of an example, and the weight of each in the loss: 0 where nothing is learned.
Encoded = tuple[list[int], list[float]]


def encoded(lesson: Lesson, tokenizer: Any) -> Encoded:
    """An example as tokens and weights; of the prompt nothing is learned."""
    from langchain_core.messages import convert_to_openai_messages

    messages = convert_to_openai_messages(lesson.messages())
    prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    asked = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    told = tokenizer(
        lesson.target + tokenizer.eos_token, add_special_tokens=False, return_offsets_mapping=True
    )
    chosen = [found.span() for found in _MARK.finditer(lesson.target)]
    chosen += [(0, 1), (len(lesson.target), len(lesson.target) + 1)]
    weights = [
        _CHOICE if any(start < end and begin < stop for start, stop in chosen) else 1.0
        for begin, end in told["offset_mapping"]
    ]
    return [*asked, *told["input_ids"]], [0.0] * len(asked) + weights


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


def tensors_of(row: Sequence[Encoded]) -> dict[str, Any]:
    """A row as what the model takes: tokens and positions [1, n], and the lengths of its examples."""
    import torch

    ids = torch.tensor([[token for tokens, _ in row for token in tokens]])
    positions = torch.tensor([[place for tokens, _ in row for place in range(len(tokens))]])
    return {"input_ids": ids, "position_ids": positions, "lengths": [len(tokens) for tokens, _ in row]}


def attention_within(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    mask: Any,
    *,
    scaling: float,
    lengths: Sequence[int],
    **_: Any,
) -> tuple[Any, None]:
    """Causal attention within each example of a row alone, as transformers calls it.

    Args:
        query: [1, heads, n, d]; `key` and `value` [1, groups, n, d].
        lengths: of the examples, n in all.

    Returns:
        [1, n, heads, d], and no weights.
    """
    import torch

    apart = (whole.split(list(lengths), dim=2) for whole in (query, key, value))
    found = [
        torch.nn.functional.scaled_dot_product_attention(
            q, k, v, is_causal=True, scale=scaling, enable_gqa=True
        )
        for q, k, v in zip(*apart, strict=True)
    ]
    return torch.cat(found, dim=2).transpose(1, 2), None


def data_hash(lessons: Sequence[Lesson]) -> str:
    """SHA-256 of the examples, hexadecimal."""
    told = json.dumps([asdict(one) for one in lessons], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def steps_of(often: Sequence[Encoded], once: Sequence[Encoded], fit: SpeechFit) -> list[list[list[Encoded]]]:
    """The rows of each step of the whole run, the same for the same seed.

    Args:
        often: learned from in each epoch; of `once` each epoch has its share.
    """
    rng = random.Random(fit.seed)
    rest = list(once)
    rng.shuffle(rest)
    rows = [
        row
        for epoch in range(fit.epochs)
        for row in packed([*often, *rest[epoch :: fit.epochs]], fit.tokens, rng)
    ]
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
    """Fits the adapter and writes it into a folder; goes on from the checkpoint of the same run there.

    Args:
        base: the folder of the converted weights.
        folder: where checkpoint and adapter lie.
        told: called after each step with how far the run is, and the number of steps.

    Returns:
        The folder of the finished adapter, in peft's format.
    """
    import torch

    tokenizer, model, device = _begun(base, fit)
    often, once = (
        [encoded(one, tokenizer) for one in lessons if (one.job in IN_USE) is in_use]
        for in_use in (True, False)
    )
    steps = steps_of(often, once, fit)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    # bfloat16, on an accelerator, has 8 bits of precision: the small steps at the end of a run would be lost in it.
    finer = [weight.detach().float() for weight in weights]
    adam = torch.optim.AdamW(finer, lr=fit.rate, weight_decay=0.0)
    progress = Progress(data_hash(lessons))
    checkpoint = folder / f"checkpoint-{_run_hash(base, fit, progress.data)}.pt"
    folder.mkdir(parents=True, exist_ok=True)
    _resume(checkpoint, progress, finer, adam)
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
            _save(checkpoint, progress, finer, adam)
            saved = clock()
    _save(checkpoint, progress, finer, adam)
    return _finished(model, folder / "adapter", fit, progress)


def _begun(base: Path, fit: SpeechFit) -> tuple[Any, Any, Any]:
    """The tokenizer, the model with fresh corrections, and the device."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AttentionInterface, AutoModelForCausalLM, AutoTokenizer

    AttentionInterface.register(_WITHIN, attention_within)
    torch.manual_seed(fit.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = AutoTokenizer.from_pretrained(str(base), local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(
        str(base),
        local_files_only=True,
        dtype="float32" if device.type == "cpu" else "bfloat16",
        attn_implementation=_WITHIN,
    )
    lora = LoraConfig(
        r=fit.rank, lora_alpha=fit.alpha, target_modules=_PROJECTIONS, lora_dropout=0.0, task_type="CAUSAL_LM"
    )
    return tokenizer, get_peft_model(model, lora, autocast_adapter_dtype=False).to(device).train(), device


def _loss_of(model: Any, rows: Sequence[Sequence[Encoded]], device: Any) -> float:
    """The mean loss over all weight of the rows, in nats; leaves its gradients in the model's weights."""
    learned = sum(weight for row in rows for _, weights in row for weight in weights)
    total = 0.0
    for row in rows:
        loss = _loss(model, row, device) / learned
        loss.backward()
        total += float(loss.detach())
    return total


def _round(finer: Sequence[Any], weights: Sequence[Any]) -> None:
    import torch

    with torch.no_grad():
        for fine, weight in zip(finer, weights, strict=True):
            weight.copy_(fine)


def _loss(model: Any, row: Sequence[Encoded], device: Any) -> Any:
    """The weighted sum of the tokens' cross-entropies; the vocabulary is computed for learned ones alone."""
    import torch

    values = tensors_of(row)
    ids, positions = values["input_ids"].to(device), values["position_ids"].to(device)
    weights = torch.tensor([weight for _, some in row for weight in some], device=device)[1:]
    places = weights.nonzero()[:, 0]
    inner = model.get_base_model()
    hidden = inner.model(input_ids=ids, position_ids=positions, lengths=values["lengths"])
    logits = inner.lm_head(hidden.last_hidden_state[0, places]).float()
    losses = torch.nn.functional.cross_entropy(logits, ids[0, 1:][places], reduction="none")
    return (losses * weights[places]).sum()


def _run_hash(base: Path, fit: SpeechFit, data: str) -> str:
    """Names a run by all that it depends on: another's checkpoint is neither taken up nor overwritten."""
    told = json.dumps([base.name, asdict(fit), data, _CHOICE], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _save(path: Path, progress: Progress, weights: Sequence[Any], adam: Any) -> None:
    import torch

    new = path.with_suffix(".new")
    state = {"progress": asdict(progress), "weights": [w.detach() for w in weights]}
    torch.save({**state, "adam": adam.state_dict()}, new)
    new.replace(path)


def _resume(path: Path, progress: Progress, weights: Sequence[Any], adam: Any) -> None:
    """Takes up a checkpoint, if there is one; it may have been written on another device."""
    import torch

    if not path.is_file():
        return
    state = torch.load(path, weights_only=True, map_location="cpu")
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
