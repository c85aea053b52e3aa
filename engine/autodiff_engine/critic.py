"""The critic that is an LLM: one call gives feedback to all targets of a node, by key (eq. 5, 7, 10)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .backward import Said
from .fitting import WHOLE, Fitted, fits, fitted
from .graph import Exchange, Feedback, Kind, Node
from .instructions import Instructions
from .llm import Message
from .sentences import first_sentences
from .template import Filling
from .trace import Asker

SENTENCES = 3
FORM = "For inputs like ..., the right output is ..., because ..."
"""What stands for feedback in the form of a reply: a small LLM goes on from it; one that copies it has said nothing."""
SKIPPED = " (this step was not given it; it acts on this step through earlier ones)"
"""What is said of a target at the far end of a skip connection."""
RIGHT = "(this much is right) "
_CONTEXT = ("sent", "neighbours")
_STAGES = (_CONTEXT, (*_CONTEXT, "reply", "parsed", "expected"), (*_CONTEXT, "reply", "parsed", "expected", "targets"))
"""What is shortened where a prompt does not fit: what is around the call first, what its targets upstream hold last."""
_BLOCK = re.compile(  # with nothing to try twice: a reply that goes on with white space for ever is read in no time
    r"<feedback\s++(?:key|for|name)\s*+=\s*+[\"']?+([^\"'>]++)[\"']?+\s*+>(.*?)(?=</feedback\s*+>|<feedback\b|\Z)", re.S
)
_NOT_TO_BLAME = re.compile(r"^\W*not\s+to\s+blame\b[\s.:;,–-]*", re.I)


@dataclass(frozen=True, slots=True)
class LLMCritic:
    """Asks the backward model about the calls of one example.

    ``expected`` is the example's expected answer, or None: then no line about it is sent. With ``peers`` False every
    target costs a call of its own and no other target is shown (the ablation ``no-peers``). Where all feedback on a
    node says why its output is right, nothing is said to be wrong.
    """

    asker: Asker
    instructions: Instructions
    draw: int
    step: int
    example: str
    expected: str | None
    peers: bool = True

    async def blame(
        self, node: Node, feedback: Sequence[Feedback], targets: Sequence[Node], *, calls: int
    ) -> Mapping[Node, Said]:
        """Ask about all targets at once; a reply with wrong keys is asked for once more, then a call a target is made.

        What is too long for the model's context is shortened in its middle, but for trained texts (``fitting``).

        Raises:
            ModelRefused: A prompt does not fit, or was refused; what other calls said of this node is lost with it.
            ModelUnavailable: A call failed, likewise.
        """
        how = "llm" if node.kind is Kind.ANSWER else "attribution"
        said = await self._together(node, feedback, targets, calls) if self.peers and len(targets) > 1 else None
        if said is None:
            said = [await self._alone(node, feedback, target, targets, calls) for target in targets]
        return {
            target: replace(_said(text, how), left_out=left_out)
            for target, (text, left_out) in zip(targets, said, strict=True)
        }

    async def _together(
        self, node: Node, feedback: Sequence[Feedback], targets: Sequence[Node], calls: int
    ) -> list[tuple[str, int]] | None:
        """Return the feedback in the order of ``targets``, each with the characters that were left out of the prompt.

        None when two replies had wrong keys, or the first had and there is no room to ask again.
        """
        keys = keys_of(targets)
        values = self._values(node, feedback, targets, [each for each in node.parents if each not in targets], calls)
        prompt = self._fitted("backward", values, node)
        messages: tuple[Message, ...] = prompt.messages
        for _ in range(2):
            reply = await self._ask(messages, node, "")
            found, problem = read_keyed(reply, keys)
            if not problem:
                return [(found[key], prompt.left_out) for key in keys]
            messages = self.instructions.ask_again(messages, reply, problem)
            if not fits(self.asker, messages):
                break
        return None

    async def _alone(
        self, node: Node, feedback: Sequence[Feedback], target: Node, targets: Sequence[Node], calls: int
    ) -> tuple[str, int]:
        """Return the feedback to one target; a free text, so that no form can be got wrong."""
        shown = node.parents if self.peers else [each for each in node.parents if each not in targets]
        neighbours = [each for each in shown if each is not target]
        values = self._values(node, feedback, (target,), neighbours, calls)
        key = keys_of(targets)[targets.index(target)]
        prompt = self._fitted("backward_one", values, node)
        reply = await self._ask(prompt.messages, node, f".{key}")
        return re.sub(r"</?feedback[^<>]*>", "", reply), prompt.left_out

    def _fitted(self, form: str, values: Mapping[str, Filling], node: Node) -> Fitted:
        what = f"the prompt for feedback on what led to {node.name}"
        return fitted(self.asker, lambda told: self.instructions.ask(form, told), values, _STAGES, what=what)

    async def _ask(self, messages: tuple[Message, ...], node: Node, suffix: str) -> str:
        at = f"{self.step}/backward/{self.example}/{node.name}{suffix}/{node.t}"
        return (await self.asker.model.complete(self.asker.call(messages, at=at, draw=self.draw))).text

    def _values(
        self,
        node: Node,
        feedback: Sequence[Feedback],
        targets: Sequence[Node],
        neighbours: Sequence[Node],
        calls: int,
    ) -> dict[str, Filling]:
        exchange = node.exchange
        return {
            "node": node.name,
            "role": node.role,
            "t": node.t,
            "calls": calls,
            "exchange": exchange is not None,
            "sent": sent(exchange) if exchange else "",
            "reply": exchange.reply if exchange else node.value,
            "parsed": exchange.parsed if exchange else node.value,
            "form": exchange.form if exchange else "",
            "expected": self.expected,
            "right": all(each.right for each in feedback),
            "feedback": _in_words(feedback),
            "targets": _described(targets, [each for each in node.skips if each not in node.parents]),
            "neighbours": _described([each for each in neighbours if each.kind is not Kind.DEMOS]),  # sent has them
        }


def sent(exchange: Exchange) -> str:
    """Return the request of an exchange as one text."""
    return f"[system]\n{exchange.system}\n\n[user]\n{exchange.user}" if exchange.system else exchange.user


def keys_of(nodes: Sequence[Node]) -> list[str]:
    """Return a key for each node: its name, with ``#t`` where the name occurs more than once."""
    names = [node.name for node in nodes]
    return [f"{node.name}#{node.t}" if names.count(node.name) > 1 else node.name for node in nodes]


def read_keyed(reply: str, keys: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return the feedback blocks of ``reply`` by key, and what is wrong with them (empty when nothing is)."""
    blocks = [(key.strip(), text.strip()) for key, text in _BLOCK.findall(reply)]
    found = {key: text for key, text in blocks if text and text != FORM}
    named = [key for key, _ in blocks]
    missing = [key for key in keys if key not in found]
    unknown = [key for key in named if key not in keys]
    doubled = sorted({key for key in named if named.count(key) > 1})
    problems = [("no feedback for", missing), ("unknown keys", unknown), ("more than one block for", doubled)]
    return found, "; ".join(f"{what} {', '.join(which)}" for what, which in problems if which)


def _in_words(feedback: Sequence[Feedback]) -> list[str]:
    """Return the texts, with how often each was said.

    Where one loss finds the output wrong and another does not, the praise says that it is some.
    """
    mixed = len({each.right for each in feedback}) > 1
    return [f"{RIGHT if mixed and each.right else ''}{times(each)}{each.text}" for each in feedback]


def times(feedback: Feedback) -> str:
    """Return how often a piece was said, to stand before it; nothing for once (§3.3.1: merged, but counted)."""
    return f"(said {feedback.count} times) " if feedback.count > 1 else ""


def _described(nodes: Sequence[Node], skips: Sequence[Node] = ()) -> list[Filling]:
    return [
        {
            "key": key,
            "role": f"{node.role}{SKIPPED if node in skips else ''}",
            "value": node.value,
            "form": FORM,
            WHOLE: node.kind is Kind.TEXT,
        }
        for key, node in zip(keys_of(nodes), nodes, strict=True)
    ]


def _said(text: str, how: str) -> Said:
    blameless = _NOT_TO_BLAME.match(text)
    body = text[blameless.end() :] if blameless else text
    return Said(first_sentences(body, SENTENCES) or "no reason given", blameless is None, how)
