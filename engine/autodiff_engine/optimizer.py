"""Feedback and history -> proposals: the gradient-driven prompt optimizer (GDPO, §3.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .candidate import TrainedText
from .concurrency import in_order
from .events import TextChange
from .instructions import Instructions
from .llm import Message, Reply
from .proposal import Evidence, Proposal, Situation
from .rewrite import Rewrite, read_rewrite
from .sentences import QUOTE_WORDS, estimated_tokens, runs, words
from .shots import in_brief
from .template import Filling
from .trace import Asker

Gradients = Literal["text", "data", "none"]

_WHAT: Mapping[Gradients, str] = {
    "text": "feedback from examples where the system failed",
    "data": "examples of what the system answered and what was expected",
    "none": "the scores of earlier versions",
}
_OF_ALL = "feedback from examples, those that the system got right among them"
"""What feedback is of without selection (the ablation ``no-selective``)."""
_BASIS: Mapping[Gradients, str] = {"text": "feedback", "data": "examples", "none": "scores"}
_HEADING: Mapping[Gradients, str] = {
    "text": "FEEDBACK, each with the call that it is about",
    "data": "EXAMPLES",
    "none": "",
}


@dataclass(frozen=True, slots=True)
class Optimizer:
    """Writes proposals by asking an LLM, one call for each text that evidence asks to rewrite; never of kind demos.

    ``max_words`` caps a new text; it is told to the LLM and checked by the lint.
    """

    texts: Sequence[TrainedText]
    asker: Asker
    instructions: Instructions
    seed: int
    update: Literal["joint", "rotate"]
    gradients: Gradients
    techniques: bool
    max_words: int
    selective: bool = True

    async def propose(self, situation: Situation) -> Proposal:
        """Return proposal ``situation.k``; a reply that is unusable twice makes it a proposal with a problem.

        Raises:
            ModelUnavailable, ModelRefused: The optimizer gave no answer.
        """
        names = self.rewritten(situation)
        rewrites = await in_order([lambda name=name: self._rewrite(situation, name) for name in names])
        by_name = dict(zip(names, rewrites, strict=True))
        problem = "; ".join(f"{name}: {each.problem}" for name, each in by_name.items() if each.problem)
        changes = tuple(
            TextChange(name, each.text, each.method, each.reasoning, each.asked_by, each.left_out)
            for name, each in by_name.items()
        )
        tried = tuple(f"{name}: {each.tried}" for name, each in by_name.items() if each.tried)
        texts = {} if problem else {change.name: change.value for change in changes}
        return Proposal(
            situation.step, situation.k, situation.parent, situation.parent.with_texts(texts), changes, problem, tried
        )

    def rewritten(self, situation: Situation) -> list[str]:
        """Return the texts to rewrite: all that have evidence, or in turn one of them; none when nothing asks."""
        order = [text.name for text in self.texts if text.kind == "prompt"]
        free = [name for name in order if name not in situation.frozen]
        asked = [name for name in free if self.gradients == "none" or situation.evidence.get(name)]
        if self.update == "joint" or len(asked) < 2:
            return asked
        first = situation.step % len(order)
        return [next(name for name in (*order[first:], *order[:first]) if name in asked)]

    async def _rewrite(self, situation: Situation, name: str) -> Rewrite:
        evidence = list(situation.evidence.get(name, ()))
        messages = self._messages(situation, name, evidence, 0)
        left_out = 0
        while evidence and not self._fits(messages):  # the oldest goes first; the text itself never
            evidence, left_out = evidence[1:], left_out + 1
            messages = self._messages(situation, name, evidence, left_out)
        before = situation.parent.texts[name]
        rewrite = _checked(read_rewrite(await self._ask(situation, name, messages)), before, messages)
        problem = rewrite.problem or self._idle(rewrite, before)
        if problem:
            again = self.instructions.ask_again(messages, rewrite.raw if rewrite.problem else "", problem)
            if self._fits(again):
                reply = await self._ask(situation, name, again)
                second = _checked(read_rewrite(reply, unclosed=True), before, messages)
                if rewrite.problem or not second.problem:  # else the old text stays, and spoils no rewrite of another
                    rewrite = replace(second, tried=problem) if second.problem else second
        return rewrite.because_of(tuple(dict.fromkeys(piece.example for piece in evidence)), left_out)

    def _idle(self, rewrite: Rewrite, before: str) -> str:
        """Return what is wrong with a text that did not change: a small LLM writes the old one, and better if asked."""
        if words(rewrite.text) != words(before):
            return ""
        return f"the new text is the old one; it has to hold what follows from the {_BASIS[self.gradients]}"

    def _fits(self, messages: Sequence[Message]) -> bool:
        asked = sum(estimated_tokens(message.content) for message in messages)
        answer = self.asker.params.get("max_tokens")
        return asked + (answer if isinstance(answer, int) else 0) <= self.asker.context

    async def _ask(self, situation: Situation, name: str, messages: Sequence[Message]) -> Reply:
        draw = (self.seed * 1_000 + situation.step) * 1_000 + situation.k
        at = f"{situation.step}/optimizer/p{situation.k}/{name}/1"
        return await self.asker.model.complete(self.asker.call(messages, at=at, draw=draw))

    def _messages(
        self, situation: Situation, name: str, evidence: Sequence[Evidence], left_out: int
    ) -> tuple[Message, ...]:
        text = next(text for text in self.texts if text.name == name)
        together = situation.peers.get(name, ())
        values: dict[str, Filling] = {
            "evidence": _WHAT[self.gradients] if self.selective or self.gradients != "text" else _OF_ALL,
            "basis": _BASIS[self.gradients],
            "techniques": self.techniques,
            "max_words": self.max_words,
            "stale": situation.stale,
            "name": name,
            "role": text.role,
            "value": situation.parent.texts[name],
            "forms": list(situation.forms.get(name, ())),
            "peers": self._described(
                situation, [each for each in self.texts if situation.show_peers and each.name in together]
            ),
            "others": self._described(
                situation, [each for each in self.texts if each.name != name and each.name not in together]
            ),
            "accepted": [
                {
                    "score": version.score,
                    "method": version.method.get(name, "none, not changed"),
                    "value": version.candidate.texts[name],
                }
                for version in situation.accepted
            ],
            "failed": _failed(situation, name),
            "right": situation.right,
            "total": situation.total,
            "heading": _HEADING[self.gradients],
            "pieces": [piece.shown for piece in evidence],
            "left_out": left_out,
        }
        return self.instructions.ask("optimizer", values)

    def _described(self, situation: Situation, texts: Sequence[TrainedText]) -> list[Filling]:
        values = {text.name: situation.parent.texts[text.name] for text in texts}
        shown = [text for text in texts if text.kind == "prompt" or values[text.name]]
        return [
            {
                "name": text.name,
                "role": text.role,
                "value": values[text.name] if text.kind == "prompt" else in_brief(values[text.name]),
            }
            for text in shown
        ]


def _checked(rewrite: Rewrite, before: str, asked: Sequence[Message]) -> Rewrite:
    """Return it with a problem when it quotes our instructions: a small LLM takes their example for its own task."""
    ours = runs(asked[0].content, QUOTE_WORDS) - runs(before, QUOTE_WORDS)
    if rewrite.problem or not runs(rewrite.text, QUOTE_WORDS) & ours:
        return rewrite
    problem = "it repeats these instructions; the new text has to be about the old text's own subject"
    return replace(rewrite, problem=problem, raw="")


def _failed(situation: Situation, name: str) -> list[Filling]:
    """Return what was tried for this text in this step: value, method, reasoning and both gates' verdict (CH)."""
    return [
        {"value": change.value, "method": change.method, "reasoning": change.reasoning, "result": failed.result}
        for failed in situation.failed
        for change in failed.proposal.changes
        if change.name == name and change.value
    ]
