"""What each variant switches: on the prompts that are sent, and on the number of calls."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from tests.few_shot import by_shots, few_trained
from tests.synthetic import TEXTS, answer, example, of_role, prompt_of, splits, trained

from autodiff_engine.ablation import VARIANTS, applied, named
from autodiff_engine.config import load, parse
from autodiff_engine.dataset import Splits
from autodiff_engine.errors import ConfigError
from autodiff_engine.events import (
    Event,
    ExampleScored,
    FeedbackGiven,
    ProposalJudged,
    ProposalMade,
    StepFinished,
    StepStarted,
)
from autodiff_engine.llm import Call, ScriptedModel

BASE = '[task]\npipeline = "object_count"\n[data]\nsource = "generated:object_count"\n[models.task]\nmodel = "m"\n'


class Trained:
    """The synthetic task, trained as a variant does."""

    def __init__(self, model: ScriptedModel, events: list[Event]) -> None:
        self.model = model
        self.events = events

    @property
    def optimizer(self) -> list[Call]:
        return of_role(self.model, "optimizer")

    @property
    def backward(self) -> list[Call]:
        return of_role(self.model, "backward")

    def of(self, kind: type[Event]) -> list[Event]:
        return [each for each in self.events if isinstance(each, kind)]

    @property
    def judged(self) -> list[ProposalJudged]:
        return [each for each in self.events if isinstance(each, ProposalJudged)]

    @property
    def forward(self) -> list[ExampleScored]:
        return [each for each in self.events if isinstance(each, ExampleScored) and each.phase == "forward"]


async def run(name: str, data: Splits | None = None, *, steps: int = 3) -> Trained:
    (variant,) = named([name])
    model = ScriptedModel(answer)
    _, events = await trained(model, data, **{"max_steps": steps, **variant.settings})
    return Trained(model, events)


def easy_batches() -> Splits:
    """Training examples that the start prompts have right, validation examples that they have not."""
    easy = tuple(example(1, f"a{i}") for i in range(12))
    return Splits(easy, splits().val, splits().test, dropped=0, fingerprint="easy", source="easy")


async def test_full_is_the_config_as_it_is() -> None:
    assert named(["full"])[0].settings == {}
    full = await run("full")

    sent = [prompt_of(call) for call in full.optimizer]
    assert any("THE BEST VERSIONS SO FAR" in each for each in sent)
    assert any("VERSIONS TRIED IN THIS STEP" in each for each in sent)
    assert all("Techniques that help" in each and "FEEDBACK, each with" in each for each in sent)
    assert all("OTHER TEXTS SENT IN THE SAME CALL" in each for each in sent)
    failed = sum(each.score < 1 for each in full.forward)
    assert len(full.backward) == 2 * failed  # the loss, and one call for both texts


async def test_opro_sees_scores_alone_and_no_backward_call_is_made() -> None:
    opro = await run("opro")

    assert opro.backward == []
    assert opro.of(FeedbackGiven) == []
    assert {call.at.split("/")[-2] for call in opro.optimizer} == {text.name for text in TEXTS}
    for sent in map(prompt_of, opro.optimizer):
        assert "You get the scores of earlier versions" in sent
        assert "THE BEST VERSIONS SO FAR" in sent
        assert "puzzle" not in sent
        assert "FEEDBACK" not in sent


async def test_opro_with_data_sees_the_failed_examples_and_no_backward_call_is_made() -> None:
    opro = await run("opro-data")

    assert opro.backward == []
    for sent in map(prompt_of, opro.optimizer):
        assert "\nEXAMPLES\n1. question: puzzle a" in sent
        assert "answered: no\nexpected: yes\nscore: 0" in sent
        assert "answered: yes" not in sent
        assert "FEEDBACK" not in sent


async def test_without_techniques_only_their_block_is_left_out() -> None:
    plain = await run("no-techniques")

    assert plain.optimizer
    for sent in map(prompt_of, plain.optimizer):
        assert "Techniques that help" not in sent
        assert "FEEDBACK, each with the call that it is about" in sent


async def test_without_history_neither_the_best_nor_the_failed_versions_are_shown() -> None:
    forgetful = await run("no-history")

    assert max(each.k for each in forgetful.judged) > 1
    for sent in map(prompt_of, forgetful.optimizer):
        assert "THE BEST VERSIONS" not in sent
        assert "VERSIONS TRIED" not in sent


async def test_without_selection_what_is_right_costs_backward_calls_too() -> None:
    every = await run("no-selective")

    asked = Counter(call.at.split("/")[2] for call in every.backward if "/loss/" in call.at)
    assert asked == Counter(each.example for each in every.forward)
    assert any(each.score == 1 for each in every.forward)
    assert len(every.backward) == 2 * len(every.forward)


@pytest.mark.parametrize("peers", [True, False])
async def test_without_selection_what_is_right_is_never_said_to_be_wrong(peers: bool) -> None:
    model = ScriptedModel(lambda call: answer(call).replace("The answer is wrong.", "So it is."))
    _, events = await trained(model, max_steps=2, selective=False, peers=peers)

    scores = {f"{each.step}/{each.example}": each.score for each in Trained(model, events).forward}
    for call in of_role(model, "backward"):
        sent, place = prompt_of(call), re.sub(r"^(\d+)/backward/([^/]+)/.*", r"\1/\2", call.at)
        about_right = ("got an example right" in sent) or ("Why is the output right?" in sent)
        about_wrong = ("got an example wrong" in sent) or ("What is wrong with the output?" in sent)
        assert (about_right, about_wrong) == ((True, False) if scores[place] == 1 else (False, True))
        assert not about_right or not re.search(r"wrong|the error|NOT TO BLAME", sent.split("\nTEXTS\n")[0])
    for call in of_role(model, "optimizer"):
        assert "You get feedback from examples, those that the system got right among them, and the text." in prompt_of(
            call
        )


@pytest.mark.parametrize("name", ["no-selective", "textgrad"])
async def test_without_selection_a_perfect_batch_goes_on_and_is_not_carried(name: str) -> None:
    selective, every = await run("full", easy_batches(), steps=2), await run(name, easy_batches(), steps=2)

    assert {each.outcome for each in selective.of(StepFinished) if isinstance(each, StepFinished)} == {
        "nothing to learn"
    }
    assert selective.of(ProposalMade) == []
    assert every.judged
    assert all(each.validation is not None for each in every.judged if each.fate not in ("lint", "unusable"))
    assert [each.carried for each in every.of(StepStarted) if isinstance(each, StepStarted)] == [(), ()]


async def test_with_one_stage_every_proposal_goes_to_the_whole_validation_set() -> None:
    one = await run("one-stage")

    reached = [each for each in one.judged if each.fate not in ("lint", "unusable")]
    assert reached
    assert all(each.minibatch is None and each.validation is not None for each in reached)
    assert not [call for call in one.model.seen if ".minibatch" in call.at]
    assert {each.validation.n for each in reached if each.validation} == {len(splits().val)}


async def test_without_peers_each_text_costs_a_backward_call_that_shows_no_other() -> None:
    alone = await run("no-peers")

    failed = sum(each.score < 1 for each in alone.forward)
    assert len(alone.backward) == failed * (1 + len(TEXTS))
    for sent in (prompt_of(call) for call in alone.backward if "/loss/" not in call.at):
        assert sum(f"key: {text.name}\n" in sent for text in TEXTS) == 1
        assert sum(text.role in sent for text in TEXTS) == 1
    for call in alone.optimizer:
        sent, own = prompt_of(call), call.at.split("/")[-2]
        assert "OTHER TEXTS" not in sent
        assert [text.name for text in TEXTS if text.role in sent] == [own]


async def test_textgrad_makes_one_proposal_a_step_of_fresh_batches_and_judges_it_on_validation() -> None:
    textgrad = await run("textgrad")

    assert [each.k for each in textgrad.judged] == [1] * len(textgrad.of(StepFinished))
    assert all(each.minibatch is None for each in textgrad.judged)
    started = [each for each in textgrad.of(StepStarted) if isinstance(each, StepStarted)]
    assert [each.carried for each in started] == [()] * len(started)
    assert {len(each.batch) for each in started} == {4}
    assert len(textgrad.backward) == 2 * len(textgrad.forward)


@pytest.mark.parametrize("name", ["full", "opro", "opro-data", "textgrad"])
async def test_a_baseline_proposes_rewrites_alone_also_where_the_config_asks_for_demos(name: str) -> None:
    (variant,) = named([name])
    settings: dict[str, object] = {"demos": {"bootstrapped": 2, "raw": 2}, "max_steps": 4, **variant.settings}
    _, events = await few_trained(ScriptedModel(by_shots), splits(hardest=9), **settings)
    changed = [change.name for each in events if isinstance(each, ProposalMade) for change in each.changes]
    assert "task" in changed
    assert ("demos" in changed) == (name == "full")


def test_a_variant_beats_the_config_and_its_preset_and_changes_nothing_else() -> None:
    config = parse(tomllib.loads(f'{BASE}[trainer]\npreset = "paper"\nmax_steps = 2\n'))
    (textgrad,) = named(["textgrad"])

    changed = applied(config, textgrad, 7)

    trainer = changed.trainer
    assert (trainer.seed, trainer.max_proposals, trainer.selective, trainer.two_stage, trainer.carry) == (
        7, 1, False, False, False,
    )  # fmt: skip
    assert (config.trainer.seed, config.trainer.max_proposals) == (0, 5)
    kept = set(textgrad.settings) | {"seed"}
    assert trainer.model_dump(exclude=kept) == config.trainer.model_dump(exclude=kept)
    assert changed.model_copy(update={"trainer": config.trainer}) == config


def test_the_variants_are_those_of_the_method_and_all_by_default() -> None:
    assert [each.name for each in named([])] == [
        "full", "opro", "opro-data", "no-techniques", "no-history", "no-selective", "one-stage", "no-peers", "textgrad",
    ]  # fmt: skip
    assert [each.name for each in named(["textgrad", "full"])] == ["textgrad", "full"]
    config = parse(tomllib.loads(BASE))
    assert len({applied(config, each, 0).trainer.model_dump_json() for each in VARIANTS}) == len(VARIANTS)


def test_the_baseline_without_training_is_run_where_it_is_named_and_takes_no_step() -> None:
    (baseline,) = named(["few-shot"])
    config = parse(tomllib.loads(f"{BASE}[trainer]\ndemos = {{bootstrapped = 1, raw = 7}}\n"))

    trainer = applied(config, baseline, 3).trainer

    assert (trainer.max_steps, trainer.seed) == (0, 3)
    assert trainer.demos.model_dump() == {"bootstrapped": 1, "raw": 7, "start": 12, "teacher": False}
    assert baseline not in named([])


@pytest.mark.parametrize("name", ["opro", "opro-data", "textgrad"])
def test_a_baseline_starts_with_the_examples_that_the_config_asks_for(name: str) -> None:
    config = parse(tomllib.loads(f"{BASE}[trainer]\ndemos = {{start = 4}}\n"))
    demos = applied(config, named([name])[0], 0).trainer.demos
    assert (demos.start, demos.bootstrapped, demos.raw, demos.teacher) == (4, 0, 0, False)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["ful"], "--variants ful: no such variant; did you mean full?"),
        (["zzz"], "--variants zzz: no such variant; there are full, opro,"),
        (["full", "full"], "--variants full: is named twice"),
    ],
)
def test_a_wrong_name_says_the_nearest(names: list[str], says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        named(names)
    assert str(raised.value).startswith(says)
    assert "\n" not in str(raised.value)


def test_the_papers_preset_is_what_is_ablated_when_the_config_says_so(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(f'{BASE}[trainer]\npreset = "paper"\n', encoding="utf-8")
    config = load(tmp_path / "c.toml").config

    for variant in VARIANTS:
        ablated = applied(config, variant, 1)
        trainer = ablated.trainer
        assert (trainer.batch_size, trainer.max_steps) == (4, 12)
        assert trainer.max_proposals == variant.settings.get("max_proposals", 5)
        assert trainer.history == variant.settings.get("history", 2)
        sampling = {
            role: (ablated.models[role].temperature, ablated.models[role].extra.get("top_p"))
            for role in ("task", "backward", "optimizer")
        }
        assert sampling == {"task": (0.0, None), "backward": (1.0, 0.99), "optimizer": (1.0, 0.99)}
