"""The checks of an installation: each is ok or names its remedy."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tutor.doctor
from tutor.doctor import Check, checks
from tutor.embedding import Embedding
from tutor.errors import EmbeddingError
from tutor.models import ChosenModel
from tutor.models.probe import capabilities
from tutor.settings import Settings, close_environment

NAMES = [
    "python", "packages", "embedding weights", "notes and index", "chat model", "model's abilities", "disk",
    "record folder", "accelerator", "offline",
]  # fmt: skip


def by_name(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in checks(settings)}


def test_a_sound_installation_passes_every_check(settings: Settings) -> None:
    close_environment()
    found = list(checks(settings))
    assert [check.name for check in found] == NAMES
    assert [check for check in found if not check.ok or check.remedy or not check.detail] == []
    assert found[3].detail.startswith("3 notes, ")
    assert set(found[0].to_contract()) == {"name", "ok", "detail", "remedy"}


def test_what_is_missing_is_named_with_its_remedy(unbuilt: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_weights(self: Embedding) -> str:
        raise EmbeddingError("The weights are gone", "Install them.")

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(Embedding, "fingerprint", property(no_weights))
    monkeypatch.setattr(tutor.doctor, "_PACKAGES", ("torch", "no_such_package_here"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=500 * 2**20))
    monkeypatch.setattr(tutor.doctor.os, "access", lambda path, mode: False)
    found = by_name(replace(unbuilt, model="no-such-model"))
    bad = {name: check.remedy for name, check in found.items() if not check.ok}
    assert set(bad) == set(NAMES) - {"python", "accelerator", "model's abilities"}
    assert all(bad.values())
    assert found["packages"].detail == "missing: no_such_package_here"
    assert "tutor index" in bad["notes and index"]
    assert "1500 MB" in bad["disk"]
    assert "HF_HUB_OFFLINE" in found["offline"].detail


def test_a_model_is_asked_what_it_can_do_once(
    settings: Settings, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = scripted("I know nothing.")
    monkeypatch.setattr(tutor.doctor, "open_model", lambda name, settings: ChosenModel("hf:a/b", chat, ""))
    found = by_name(settings)["model's abilities"]
    assert found.ok and not found.remedy
    assert found.detail == (
        "copies the notes: no, says what is not there: no, writes JSON: no, calls tools: no"
    )
    asked = len(chat._asked)
    assert by_name(settings)["model's abilities"] == found
    assert len(chat._asked) == asked > 0


def test_a_probe_that_only_ran_out_of_time_is_no_failed_check(
    settings: Settings, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, answers = scripted("I know nothing."), threading.Event()
    said = type(chat)._next
    monkeypatch.setattr(type(chat), "_next", lambda *asked: answers.wait() and said(*asked))
    monkeypatch.setattr(tutor.doctor, "open_model", lambda name, settings: ChosenModel("hf:a/b", chat, ""))
    monkeypatch.setattr(tutor.doctor, "capabilities", partial(capabilities, deadline_s=0.1))
    found = by_name(settings)["model's abilities"]
    assert found.ok and not found.remedy
    assert "no whole reply within" in found.detail and "asked again next time" in found.detail
    answers.set()
    monkeypatch.setattr(tutor.doctor, "capabilities", capabilities)
    assert by_name(settings)["model's abilities"].detail.startswith("copies the notes: no")


def test_a_server_that_is_silent_is_not_asked(settings: Settings) -> None:
    found = by_name(replace(settings, model="openai:m@http://127.0.0.1:9/v1"))["model's abilities"]
    assert not found.ok and "No answer from http://127.0.0.1:9/v1" in found.detail and found.remedy


def test_looking_makes_no_folder(unbuilt: Settings, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    list(checks(unbuilt))
    assert set(tmp_path.iterdir()) == before
