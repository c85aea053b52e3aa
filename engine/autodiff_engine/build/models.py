"""The models of a run with all that stands around them: gate, cache, limits, meter."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..concurrency import close_all
from ..config import RunConfig
from ..control import Control
from ..events import CallFinished, CallStarted, Event, LedgerUpdated, Spent, Warned
from ..llm import Call, Model, Reply, Role
from ..llm.cached import CachedModel, KeptModel
from ..llm.deadline import DeadlineModel
from ..llm.excess import excess
from ..llm.gated import AdmittedModel, CallReport, GatedModel
from ..llm.limited import LimitedModel
from ..llm.litellm_client import LiteLLMModel
from ..llm.local import LocalModels
from ..llm.metered import Caps, Meter, MeteredModel
from ..llm.noted import Note, NotedModel
from ..llm.outside import OutsideModel
from ..llm.recorded import RecordedModel, SteeredRecord
from ..llm.repeated import RepeatedModel
from ..llm.routed import RoutedModel
from ..llm.store import AnswerStore
from ..llm.stored import StoredAnswers
from ..past import BEAT_S
from ..rerun import Rerun
from ..trace import Asker
from .heartbeat import Heartbeat
from .players import Cast

LOCAL_SLOTS = 4
"""Calls that a local server computes at once: measured, four give four times the tokens of one, more give no more."""


@dataclass(frozen=True, slots=True)
class Record:
    """Answers by key, in place of all models; each is waited for ``pace`` times as long as it once took."""

    answers: Mapping[str, Reply]
    pace: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where the models of a run keep things: answers, the log of local servers, and under which name."""

    run_id: str
    answers: Path
    log: Path
    offline: bool = False
    record: Record | None = None
    rerun: Rerun | None = None
    """Given where the run is executed again."""
    note: Note | None = None
    """Hears of every answer that the run gets, whoever gave it."""
    again: str = "resume it"
    """How a person goes on whose disk was full."""


class Models:
    """The models of one run, made on its event loop; the owner of the cache's handle, the meter and local servers."""

    def __init__(
        self, players: Cast, config: RunConfig, place: Place, control: Control, emit: Callable[[Event], object]
    ) -> None:
        self._emit = emit
        self._shown = {player.name: player.shown for player in players.values()}
        self._rerun = place.rerun
        budget = config.budget
        self.meter = Meter(
            Caps(budget.usd, budget.tokens, budget.calls, budget.minutes),
            {player.name: player.price for player in players.values()},
            before=place.rerun.before if place.rerun else None,
            clock=control.worked,
            on_change=self._reserved,
            on_excess=lambda call, said, most: emit(Warned(excess(self._shown[call.request.model], said, most))),
        )
        self._open = 0
        self._close: list[Callable[[], Awaitable[None]]] = []
        self._control = control
        self._at_once = config.limits.in_flight
        model = self._recorded(place.record) if place.record else self._asking(players, config, place)
        self.model: Model = NotedModel(model, place.note) if place.note else model

    def _recorded(self, record: Record) -> Model:
        model = self._admitted(RecordedModel(record.answers, pace=record.pace, on_hit=self._hit))
        if self._rerun is not None and self._rerun.replay:  # it is to say again all that was said, and no more
            return model
        return SteeredRecord(model, record.answers, self._control, lambda told: self._emit(Warned(told)))

    def _admitted(self, inner: Model) -> Model:
        return AdmittedModel(inner, self._control, self._started, self._finished, at_once=self._at_once)

    def _asking(self, players: Cast, config: RunConfig, place: Place) -> Model:
        in_flight = config.limits.in_flight
        remote = LiteLLMModel()
        client = DeadlineModel(remote, config.limits.timeout_s)
        contexts = [player.context for player in players.values() if player.file is not None]
        local = LocalModels(
            client, place.log, slots=min(LOCAL_SLOTS, in_flight), context_per_slot=max(contexts, default=1)
        )
        store = self._store(place)

        async def close_store() -> None:
            try:
                if isinstance(store, AnswerStore):
                    store.notice()  # also where the last answers were deleted; the journal is still open
            finally:
                store.close()

        beat = Heartbeat(BEAT_S, lambda: self._tell_ledger() if self.meter.reserved.calls else None)
        self._close = [beat.aclose, local.aclose, remote.aclose, close_store]
        routed = RoutedModel({role: local.at(each.file) if each.file else client for role, each in players.items()})
        metered = MeteredModel(OutsideModel(routed), self.meter)
        mode = config.cache.mode
        kept = KeptModel(metered, store, place.run_id, mode) if isinstance(store, AnswerStore) else metered
        limited = LimitedModel(self._admitted(kept), in_flight, seed=config.trainer.seed)  # a pause stops retries
        cached = CachedModel(
            limited, store, place.run_id, mode=mode, offline=place.offline, keeps=False, on_hit=self._hit
        )
        gated = GatedModel(cached, self._control, self._hit_started, self._hit_finished, again=self._ungated)
        return RepeatedModel(gated, place.rerun.failures) if place.rerun else gated

    def _store(self, place: Place) -> AnswerStore | StoredAnswers:
        """Open the answers: only to read where the run is to say again what it said, perhaps where nobody may write."""
        warn = logging.getLogger("autodiff.cache").warning
        reads = self._rerun is not None and self._rerun.replay
        if reads:
            return StoredAnswers(place.answers, warn)
        return AnswerStore(place.answers, warn, lambda told: self._emit(Warned(told)), place.again)

    def spent(self) -> Spent:
        """The ledger so far."""
        return self.meter.totals.spent

    async def aclose(self) -> None:
        """End local servers, close connections and the store, each whatever becomes of the others."""
        await close_all(self._close)

    def _again(self) -> bool:
        """Whether the run says again what it has said: answers that it had are then neither counted nor told."""
        return self._rerun is not None and self._rerun.checking

    def _ungated(self) -> bool:
        return self._again() and not (self._rerun and self._rerun.replay)

    def _hit(self, reply: Reply) -> None:
        if not self._again():
            self.meter.hit(reply)

    def _hit_started(self, call: Call, in_flight: int) -> None:
        if not self._again():
            self._started(call, in_flight)

    def _hit_finished(self, report: CallReport) -> None:
        if not self._again():
            self._finished(report)

    def _reserved(self, meter: Meter) -> None:
        """Tell what a call may take before it is sent, so that it counts though this process is killed."""
        reserved, before = meter.reserved, self._open
        self._open = reserved.calls
        if reserved.calls > before:
            self._tell_ledger()

    def _started(self, call: Call, in_flight: int) -> None:
        self._emit(CallStarted(call.at, call.role, node_of(call.at), in_flight))

    def _finished(self, report: CallReport) -> None:
        call, reply = report.call, report.reply
        self._emit(
            CallFinished(
                at=call.at,
                role=call.role,
                node=node_of(call.at),
                model=self._shown.get(call.request.model, call.request.model),
                key=call.request.key,
                seconds=round(reply.seconds, 3) if reply else 0.0,
                prompt_tokens=reply.usage.prompt if reply else None,
                completion_tokens=reply.usage.completion if reply else None,
                cost_usd=reply.cost_usd if reply else None,
                cached=reply.cached if reply else False,
                error=report.error,
                in_flight=report.in_flight,
            )
        )
        self._tell_ledger()

    def _tell_ledger(self) -> None:
        spent = self.spent()
        self._emit(LedgerUpdated(spent.calls, spent.tokens, spent.cost_usd, self.meter.reserved, spent.unsettled))


def asker(players: Cast, role: Role, model: Model) -> Asker:
    """Return who answers the calls of ``role``."""
    player = players[role]
    return Asker(model, player.name, player.endpoint, player.params, role, player.context)


def draw_of(config: RunConfig, role: Role) -> int:
    """Return the draw index of a role's calls: 0 where answers do not vary, else the trainer's seed."""
    return 0 if config.models[role].temperature == 0 else config.trainer.seed


def node_of(at: str) -> str:
    """Return the node that a structural id ``step/phase/example/node/t`` names."""
    return at.split("/")[-2]
