"""``react``: an agent that plans, looks things up and finishes, in at most N steps (§4, figure 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..answer import Reader
from ..candidate import TrainedText
from ..graph import Node
from ..llm.redact import one_line
from ..pipeline import Pipeline
from ..prompt import Prompt
from ..trace import Trace
from .rag import QUESTION, Search

RETRIEVE, FINISH = "retrieve", "finish"
NOTHING = "error: no passage was found; ask in other words"

_ASKED = (
    "Question: {{ question }}\n\n{% if history %}What you did so far:\n{{ history }}\n\n{% endif %}"
    "This is step {{ step }} of {{ steps }}"
)
_SYSTEM = "{{ task }}\n\nTools:\n{{ tools }}"
PLAN = Prompt(user=f"{_ASKED}.\n\n{{{{ format }}}}", system=_SYSTEM)
LAST = Prompt(
    user=f"{_ASKED}, the last one. Reply with one line, which begins with 'Action: finish(' and holds the answer in as "
    "few words as possible.",
    system=_SYSTEM,
)
"""The plan of the last step: the trained form is not sent, and so gets no feedback from there."""
TEXTS = (
    TrainedText(
        "plan.task",
        "says what the agent has to do in each step, when to look something up and when to finish",
        "Answer the question. In each step think about what is not known yet, then use one tool. "
        "In the last step, finish.",
    ),
    TrainedText(
        "plan.tools",
        "describes the two tools, which must keep their names: when to use each, and with what between the brackets",
        "retrieve(query): finds passages for a search query.\n"
        "finish(answer): ends with the answer, in as few words as possible.",
    ),
    TrainedText(
        "plan.format",
        "says in which form the agent has to reply, so that the tool can be read from the last `Action:`",
        "Reply with two lines. The first begins with 'Thought:' and says what is not known yet. The second begins with "
        "'Action:' and uses one tool, as in 'Action: retrieve(height of Mont Blanc)' or 'Action: finish(4808 m)'.",
    ),
)

_ACTION = re.compile(r"action\s*+:\s*+[`*]*+\s*+(\w+)\s*+\(", re.I)


@dataclass(frozen=True, slots=True)
class Action:
    """A tool and what stands between its brackets, without quotes around it."""

    tool: str
    argument: str


def react(search: Search, *, k: int, steps: int) -> Pipeline:
    """Return the agent: at most ``steps`` plans, after each but a finishing one what its action gave.

    In the last step it is asked for the answer alone: a small LLM that was told its form there looked things up again.
    A tool that cannot be used as asked gives an error in words, which the next plan sees. An agent that never finishes
    answers nothing. Feedback on the answer goes to the actions, and by a skip connection to the agent's task (§3.3.4).
    """

    def execute(plan: str, most: str) -> str:
        return _observation(plan, search, int(most))

    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        question, top = trace.input(QUESTION, given[QUESTION]), trace.hyperparameter("k", k)
        seen: list[Node] = []
        history: Node | str = ""
        for step in range(1, steps + 1):
            plan = await trace.generate(
                "plan",
                template=LAST if step == steps else PLAN,
                prompts=("plan.task", "plan.tools") if step == steps else tuple(text.name for text in TEXTS),
                parse=ACTION,
                role="the agent's next action",
                question=question,
                history=history,
                step=str(step),
                steps=str(steps),
            )
            if action_of(plan.value).tool == FINISH:
                seen.append(await trace.apply("finish", _answer, plan, role="the answer that the agent finishes with"))
                break
            observed = await trace.apply(
                "execute_action", execute, plan, top, role="what the tool gave, or why it could not be used"
            )
            seen.append(observed)
            past = (history,) if isinstance(history, Node) else ()
            history = await trace.apply("history", _noted, *past, plan, observed, role="the steps so far")
        return await trace.apply(
            "combine",
            _last if seen[-1].name == FINISH else _nothing,
            *seen,
            role="the program's answer, nothing if the agent did not finish",
            skip=("plan.task",),
        )

    return Pipeline("react", run, TEXTS, (QUESTION,), PLAN.slots)


def action_of(plan: str) -> Action:
    """Return the last action of a plan; one without a tool when there is none to be read.

    Its argument ends where its bracket is closed, or with its line where it never is.
    """
    found = list(_ACTION.finditer(plan))
    if not found:
        return Action("", "")
    argument = _inside(plan[found[-1].end() :])
    return Action(found[-1][1].lower(), " ".join(argument.split()).strip("\"'`").strip())


def _inside(text: str) -> str:
    depth = 1
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return text[:place]
    return text.partition("\n")[0]


def _parse(reply: str) -> str | None:
    action = action_of(reply)
    return f"Action: {action.tool}({action.argument})" if action.tool else None


ACTION = Reader(_parse, "`Action: retrieve(...)` or `Action: finish(...)`, the last one of the reply")


def _observation(plan: str, search: Search, k: int) -> str:
    action = action_of(plan)
    if not action.tool:
        return "error: no action could be read; write `Action: retrieve(...)` or `Action: finish(...)`"
    if action.tool != RETRIEVE:
        return f"error: there is no tool {action.tool}; there are retrieve and finish"
    if not action.argument:
        return "error: retrieve needs a search query between its brackets"
    try:
        return search(action.argument, k) or NOTHING
    except Exception as error:  # noqa: BLE001 - whatever a search engine raises is told to the agent, which may ask anew
        return f"error: the search failed: {one_line(f'{type(error).__name__}: {error}')}"


def _answer(plan: str) -> str:
    return action_of(plan).argument


def _last(*made: str) -> str:
    return made[-1]


def _nothing(*made: str) -> str:
    return ""


def _noted(*parts: str) -> str:
    return "\n".join(part if place < len(parts) - 1 else f"Observation: {part}" for place, part in enumerate(parts))
