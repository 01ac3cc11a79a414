"""Model and tokenizer of one folder, loaded by transformers, and the one thread in which they work.

That thread is the lock that keeps two answers from running at the same time: loading and answering are jobs
that wait for one another.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutor.errors import ModelError
from tutor.models.constrained import json_processor
from tutor.models.packed import pack_linears
from tutor.models.speech import correct

PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message.role | capitalize }}: {{ message.content }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
PLAIN_STOPS = ("\nUser:", "\nSystem:")
POLL_S = 0.1
RUN_ERRORS = (RuntimeError, ValueError, LookupError, MemoryError)
# A damaged or strange config.json ends in any of these.
LOAD_ERRORS = (*RUN_ERRORS, TypeError, AttributeError, OSError, ImportError)


@dataclass
class Job:
    """One answer to be made, and the queue on which its text arrives: the prompt, then words, then None."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None
    max_tokens: int
    temperature: float
    seed: int | None
    lookup_tokens: int
    logits_processor: Any
    cancel: threading.Event
    json_schema: dict[str, Any] | None = None
    closed: threading.Event = field(default_factory=threading.Event)
    texts: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)
    prompt: str = ""
    dropped: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    prompt_tokens: int = 0
    answer_tokens: int = 0

    def put(self, text: str | None) -> None:
        self.texts.put(text)

    def is_over(self) -> bool:
        return self.cancel.is_set() or self.closed.is_set()

    def received(self) -> Iterator[str]:
        """The texts as they come, until the end or until somebody stops the job, also while it waits."""
        while not self.is_over():
            try:
                text = self.texts.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if text is None:
                return
            yield text


class LocalWeights:
    """Model and tokenizer of one folder, and the one thread in which they work.

    Args:
        folder: config, tokenizer and safetensors.
        source: the model's name in messages.
        device: `auto` for the accelerator where there is one, else a torch device name.
        corrections: the folder of corrections that are added to the weights, or none.
    """

    def __init__(
        self, folder: Path, source: str, device: str = "auto", corrections: Path | None = None
    ) -> None:
        self.folder = folder
        self.corrections = corrections
        self.source = source
        self.device = device
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chat-model")
        self._model: Any = None
        self._tokenizer: Any = None

    def load(self) -> None:
        """Loads tokenizer and weights; does nothing when they are loaded."""
        if self._model is not None:
            return
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoTokenizer

        accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        device = (accelerator or torch.device("cpu")) if self.device == "auto" else torch.device(self.device)
        try:
            # Code from a model's folder never runs, and pickled weights are never read.
            safe: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
            self._tokenizer = AutoTokenizer.from_pretrained(str(self.folder), **safe)
            model = (
                AutoModelForCausalLM.from_pretrained(
                    str(self.folder), use_safetensors=True, dtype=self._dtype(device.type), **safe
                )
                .to(device)
                .eval()
            )
            if self._was_four_bit():
                pack_linears(model)
            if self.corrections is not None:
                correct(model, self.corrections)
            self._model = model
        except (*LOAD_ERRORS, SafetensorError) as error:
            raise ModelError(
                f"The model {self.source} does not load ({first_line(error)})",
                "Choose another model (`tutor models` lists them) or get this one again.",
            ) from error

    def _was_four_bit(self) -> bool:
        """Whether the folder was converted from a GGUF file of 4-bit weights, as its origin says."""
        try:
            origin = json.loads((self.folder / "origin.json").read_text(encoding="utf-8"))
            return bool(origin["dtype"] == "bfloat16" and origin["gguf_sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def run(self, job: Job) -> None:
        """Makes one answer; puts the prompt and then the words on the job's queue."""
        if job.is_over():
            return
        self.load()
        import torch
        from transformers import StoppingCriteriaList, TextIteratorStreamer

        inputs = self._encode(job)
        marks = {token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special}
        job.dropped = tuple(sorted(marks | set(self._tokenizer.all_special_tokens)))
        job.put(job.prompt)
        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=False)
        streamer.text_queue = job.texts

        def must_stop(ids: Any, scores: Any, **_: Any) -> Any:
            return torch.full((ids.shape[0],), job.is_over(), dtype=torch.bool, device=ids.device)

        try:
            with torch.inference_mode(), torch.random.fork_rng(enabled=job.temperature > 0):
                if job.temperature > 0:
                    torch.manual_seed(torch.seed() if job.seed is None else job.seed)
                output = self._model.generate(
                    **inputs,
                    **self._decoding(job),
                    streamer=streamer,
                    max_new_tokens=job.max_tokens,
                    stopping_criteria=StoppingCriteriaList([must_stop]),
                )
        except RUN_ERRORS as error:
            raise ModelError(
                f"The model {self.source} failed while answering ({first_line(error)})",
                "Ask again with a shorter question, or choose a smaller model (`tutor models` lists them).",
            ) from error
        job.answer_tokens = int(output.shape[1]) - job.prompt_tokens

    def _encode(self, job: Job) -> Any:
        """The prompt as tensors [1, tokens]; fills the job's prompt text and its length."""
        import jinja2

        options: dict[str, Any] = {"tools": job.tools, "add_generation_prompt": True, "tokenize": False}
        options["enable_thinking"] = False  # read by the templates of models that can think
        if not self._tokenizer.chat_template:
            options["chat_template"] = PLAIN_TEMPLATE
            job.stops = PLAIN_STOPS
        try:
            try:
                prompt = self._tokenizer.apply_chat_template(job.messages, **options)
            except jinja2.TemplateError:  # some templates refuse a system message
                prompt = self._tokenizer.apply_chat_template(_system_merged(job.messages), **options)
        except (jinja2.TemplateError, ValueError, TypeError, KeyError) as error:
            raise ModelError(
                f"The chat template of {self.source} refuses the conversation ({first_line(error)})",
                "Choose another model (`tutor models` lists them).",
            ) from error
        inputs = self._tokenizer(
            prompt, add_special_tokens=False, return_tensors="pt", return_token_type_ids=False
        )
        job.prompt, job.prompt_tokens = prompt, int(inputs["input_ids"].shape[1])
        context = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        if context and job.prompt_tokens + job.max_tokens > context:
            raise ModelError(
                f"The question with its notes is too long for {self.source}: {job.prompt_tokens} tokens and "
                f"{job.max_tokens} for the answer, of {context} that fit",
                "Ask a shorter question or start a new chat.",
            )
        return inputs.to(self._model.device)

    def _decoding(self, job: Job) -> dict[str, Any]:
        """Greedy or sampled, without the repetition penalty and sampling values that checkpoints bring."""
        if job.temperature > 0:
            how: dict[str, Any] = {"do_sample": True, "temperature": job.temperature}
        else:
            how = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        if job.json_schema is not None:
            how["logits_processor"] = [json_processor(self._tokenizer, self._width, job.json_schema)]
        elif job.logits_processor is not None:
            how["logits_processor"] = job.logits_processor
        elif job.lookup_tokens and not getattr(self._model, "_is_stateful", False):
            how["prompt_lookup_num_tokens"] = job.lookup_tokens
        if self._tokenizer.pad_token_id is None:
            how["pad_token_id"] = self._tokenizer.eos_token_id
        return how | {"repetition_penalty": 1.0}

    @property
    def _width(self) -> int:
        return int(self._model.get_output_embeddings().weight.shape[0])

    def _dtype(self, device_type: str) -> Any:
        """bfloat16 where the device computes in it; on other CPUs float32 is faster, if memory holds it."""
        import psutil  # type: ignore[import-untyped]
        import torch

        can = torch.cpu.get_capabilities()
        if device_type != "cpu" or any(can.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16")):
            return torch.bfloat16
        size = sum(path.stat().st_size for path in self.folder.glob("*.safetensors"))
        return torch.float32 if 2.5 * size < psutil.virtual_memory().available else torch.bfloat16


def missing_file(folder: Path) -> str:
    """What a model folder lacks to be loaded, in words; empty when nothing."""
    if not (folder / "config.json").is_file():
        return "config.json"
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        return "tokenizer.json"
    if (folder / "model.safetensors").is_file():
        return ""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return "model.safetensors (weights in other formats are not read, because they can run code)"
    try:
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError):
        return f"a readable {index.name}"
    return next((shard for shard in sorted(shards) if not (folder / shard).is_file()), "")


def _system_merged(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conversation with the system's words at the head of the first user message."""
    system = "\n\n".join(str(m["content"]) for m in messages if m["role"] == "system")
    rest = [dict(m) for m in messages if m["role"] != "system"]
    first = next((m for m in rest if m["role"] == "user"), None)
    if system and first is not None:
        first["content"] = f"{system}\n\n{first['content']}"
    return rest


def first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
