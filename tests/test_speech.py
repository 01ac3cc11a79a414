"""The embedded model's corrections: fitted by peft on a model made here, added without peft, found by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tutor.errors import ModelError
from tutor.models import hub, installed_models, open_model, speech
from tutor.models.embedded import embedded_path
from tutor.models.local import LocalChat, open_local
from tutor.models.packed import GROUP
from tutor.models.probe import _cache_file
from tutor.models.speech import SETTINGS_FILE, WEIGHTS_FILE
from tutor.prompts import NOT_SAID
from tutor.settings import Settings
from tutor.training.examples import Lesson

peft = pytest.importorskip("peft", reason="the adapter is fitted by peft: pip install -e '.[training]'")
torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from tutor.training.speaking import Progress, SpeechFit, fit_speech, put_in_place  # noqa: E402


def lesson(question: str, target: str, *sentences: str) -> Lesson:
    evidence = [{"note": "a.md", "lines": [n, n], "text": text} for n, text in enumerate(sentences, 1)]
    return Lesson("answer", {"question": question, "evidence": evidence}, target)


LESSONS = [
    lesson("What is a GAN?", "Two networks. [2]", "A VAE is one network.", "A GAN is two networks."),
    lesson("What is a VAE?", "One network. [1]", "A VAE is one network.", "A GAN is two networks."),
    lesson("What is a tree?", NOT_SAID, "A GAN is two networks."),
]


def on_the_grid(weight: Any) -> Any:
    """The weights as Q4_1 stores them."""
    groups = weight.detach().float().view(weight.shape[0], -1, GROUP)
    least, most = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    step = (most - least) / 15
    return (((groups - least) / step).round() * step + least).view(weight.shape)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory, chat_tokenizer: Callable[..., Any]) -> Path:
    """A Llama of two layers that has learned nothing, its weights 4-bit, in the form of the converted model."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = chat_tokenizer([f"{one.messages()[0].content} {one.target}" for one in LESSONS], 400)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.1,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=1,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, layer in model.named_modules():
            if type(layer) is torch.nn.Linear and name != "lm_head":
                layer.weight.copy_(on_the_grid(layer.weight))
    folder = tmp_path_factory.mktemp("models") / "stock"
    model.bfloat16().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    origin = {"package": "made-here", "gguf_sha256": "0" * 64, "dtype": "bfloat16"}
    (folder / "origin.json").write_text(json.dumps(origin), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def adapter(stock: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Corrections that taught it the lessons by heart."""
    fit = SpeechFit(tokens=512, epochs=80, rate=2e-2, checkpoint_s=1e9)
    return fit_speech(stock, LESSONS, fit, tmp_path_factory.mktemp("fit"))


@pytest.fixture(scope="module")
def spoken(stock: Path, adapter: Path) -> LocalChat:
    return open_local(stock, corrections=adapter)


@pytest.fixture
def bundled(adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The corrections put into the package's place."""
    put_in_place(adapter, tmp_path / "speech")
    monkeypatch.setattr(speech, "SPEECH", tmp_path / "speech")
    return tmp_path / "speech"


@pytest.fixture
def settings(stock: Path, tmp_path: Path) -> Settings:
    """Settings under which the model made here is the embedded one."""
    found = Settings(notes=(), index_dir=tmp_path / "i", data_dir=tmp_path / "d", cache_dir=tmp_path / "c")
    shutil.copytree(stock, embedded_path(found.cache_dir))
    return found


# -- fitting them


def test_a_run_that_broke_off_goes_on_to_the_very_same_corrections(stock: Path, tmp_path: Path) -> None:
    fit = SpeechFit(tokens=512, epochs=6, rate=1e-2, checkpoint_s=0.0)

    def breaks_off(progress: Progress, steps: int) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    whole = fit_speech(stock, LESSONS, fit, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit_speech(stock, LESSONS, fit, tmp_path / "broken", breaks_off)
    steps: list[int] = []
    # Another run in the same folder neither takes up nor destroys the checkpoint.
    fit_speech(stock, LESSONS, replace(fit, seed=1, epochs=1), tmp_path / "broken")
    found = fit_speech(stock, LESSONS, fit, tmp_path / "broken", lambda done, _: steps.append(done.step))
    assert steps[0] == 3  # the checkpoint of step 2 was the last before it broke off
    assert load_file(found / WEIGHTS_FILE).keys() == load_file(whole / WEIGHTS_FILE).keys()
    for name, value in load_file(whole / WEIGHTS_FILE).items():
        assert torch.equal(value, load_file(found / WEIGHTS_FILE)[name]), name


# -- adding them


def test_the_corrected_model_says_what_was_learned_and_the_stock_model_does_not(
    stock: Path, spoken: LocalChat
) -> None:
    bare = open_local(stock, max_tokens=12)
    for one in LESSONS:
        assert spoken.invoke(one.messages()).content == one.target
        assert bare.invoke(one.messages()).content != one.target


def test_a_correction_beside_the_packed_weights_is_the_merged_model(
    stock: Path, adapter: Path, spoken: LocalChat
) -> None:
    from transformers import AutoModelForCausalLM

    spoken.warm_up()
    beside, dtype = spoken._weights._model, spoken._weights._model.dtype
    merged = AutoModelForCausalLM.from_pretrained(stock, dtype=dtype)
    merged = peft.PeftModel.from_pretrained(merged, str(adapter)).merge_and_unload().eval()
    # Few words at a time go through the packed weights, many through the merged ones.
    with torch.inference_mode():
        for begin, many in ((3, 9), (50, 12), (120, 1), (0, 60)):
            ids = torch.arange(begin, begin + many)[None] % 250
            wanted, found = merged(input_ids=ids).logits.float(), beside(input_ids=ids).logits.float()
            assert float((wanted - found).abs().mean()) < 0.03 * float(wanted.abs().mean())


def test_one_packed_product_serves_the_layers_that_share_their_words(spoken: LocalChat) -> None:
    spoken.warm_up()
    attention = spoken._weights._model.model.layers[0].self_attn
    assert attention.q_proj.product is attention.k_proj.product is attention.v_proj.product
    x, other = torch.randn(2, 1, 3, 64).to(attention.q_proj.weight.dtype)
    with torch.inference_mode():
        attention.q_proj(x)  # asked of one input, then of another: nothing stale is given
        found = attention.k_proj(other)
        wanted = torch.nn.functional.linear(other, attention.k_proj.weight)
    assert float((found - wanted).float().abs().mean()) < 0.02 * float(wanted.float().abs().mean())


@pytest.mark.parametrize("damage", ["cut", "no weights", "other rank", "other model", "not plain", "no JSON"])
def test_damaged_corrections_are_named_with_the_way_out(
    stock: Path, adapter: Path, tmp_path: Path, damage: str
) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "speech"
    shutil.copytree(adapter, folder)
    weights, config = folder / WEIGHTS_FILE, folder / SETTINGS_FILE
    settings = json.loads(config.read_text(encoding="utf-8"))
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif damage == "no weights":
        weights.unlink()
    elif damage == "other model":
        tensors = load_file(weights)
        save_file({name.replace("layers.1", "layers.7"): value for name, value in tensors.items()}, weights)
    elif damage == "no JSON":
        config.write_text("{", encoding="utf-8")
    else:
        config.write_text(json.dumps(settings | ({"r": 4} if damage == "other rank" else {"use_dora": True})))
    with pytest.raises(ModelError, match="embedded-stock"):
        open_local(stock, corrections=folder).warm_up()


# -- found by name


def test_without_corrections_embedded_is_the_stock_model_and_says_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "SPEECH", tmp_path / "none")
    for name in ("embedded", "embedded-stock", "auto"):
        chosen = open_model(name, settings)
        assert isinstance(chosen.chat, LocalChat) and chosen.chat.corrections is None
        assert not chosen.answers_numbered
    [row] = [row for row in installed_models(settings) if row["kind"] == "embedded"]
    assert row["name"] == "embedded" and "fitted" not in row["note"]


def test_with_corrections_embedded_has_them_and_embedded_stock_has_not(
    settings: Settings, bundled: Path
) -> None:
    found = {name: open_model(name, settings) for name in ("embedded", "embedded-stock", "auto")}
    assert {name: one.answers_numbered for name, one in found.items()} == {
        "embedded": True,
        "embedded-stock": False,
        "auto": True,
    }
    assert found["auto"].name == "embedded" and found["embedded-stock"].name == "embedded-stock"
    chat = found["embedded"].chat
    assert isinstance(chat, LocalChat) and chat.corrections == bundled
    assert chat.invoke(LESSONS[0].messages()).content == LESSONS[0].target
    rows = {row["name"]: row for row in installed_models(settings)}
    assert rows["embedded"]["installed"] and rows["embedded-stock"]["installed"]
    assert "fitted" in rows["embedded"]["note"] and "fitted" not in rows["embedded-stock"]["note"]


def test_getting_embedded_stock_gets_the_same_files(settings: Settings) -> None:
    assert hub.get_model("embedded-stock", settings, lambda what, done: None) == embedded_path(
        settings.cache_dir
    )


def test_other_corrections_are_probed_anew(settings: Settings, bundled: Path, tmp_path: Path) -> None:
    def key(name: str) -> str:
        chosen = open_model(name, settings)
        assert chosen.chat is not None
        return _cache_file("embedded", chosen.chat, tmp_path).name

    first, stock = key("embedded"), key("embedded-stock")
    weights = bundled / WEIGHTS_FILE
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    assert len({first, stock, key("embedded")}) == 3


# -- put in place


def test_what_is_put_in_place_is_in_bfloat16_and_names_no_path(
    bundled: Path, stock: Path, adapter: Path
) -> None:
    from safetensors.torch import load_file

    assert {value.dtype for value in load_file(bundled / WEIGHTS_FILE).values()} == {torch.bfloat16}
    assert str(stock.parent) not in (bundled / SETTINGS_FILE).read_text(encoding="utf-8")
    run = json.loads((bundled / "run.json").read_text(encoding="utf-8"))
    assert run["fit"]["rank"] == 16 and len(run["curve"]) == run["step"] == 80
    spoken = open_local(stock, corrections=bundled)
    assert [spoken.invoke(one.messages()).content for one in LESSONS] == [one.target for one in LESSONS]


def test_an_unfinished_adapter_is_not_put_in_place(tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    with pytest.raises(ModelError, match="no finished adapter"):
        put_in_place(tmp_path / "adapter", tmp_path / "speech")
    assert not (tmp_path / "speech").exists()


def test_the_bundled_corrections_are_small_and_name_no_path() -> None:
    folder = speech.speech_folder()
    if folder is None:
        pytest.skip("no corrections are bundled")
    assert (folder / WEIGHTS_FILE).stat().st_size <= 15_000_000
    settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    assert "/" not in settings["base_model_name_or_path"]
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["curve"]
