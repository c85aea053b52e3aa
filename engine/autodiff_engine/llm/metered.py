"""The meter around a model: usage, cost, and a budget that is never overshot, whatever is in flight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ..errors import BudgetExhausted, ConfigError, ModelRefused, ModelRejected
from ..events import AtMost, Spent
from .budget import FREE, Caps, Price, Tokens, most_tokens, settled
from .excess import Excess
from .model import OUTSIDE, Call, Model, Reply, Usage
from .unavailable import NotBilled, NotSent

__all__ = ["FREE", "Caps", "Meter", "MeteredModel", "Price", "Totals"]

_UNKNOWN = Usage(None, None)
_NOTHING = Usage(0, 0)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a run's whole life."""

    spent: Spent = field(default_factory=Spent)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Reservation:
    """What one attempt was allowed by its request; None where there is no bound or no price."""

    model: str
    bound: Tokens | None
    price: Price | None


class Meter:
    """The ledger of a run, over all roles, and its one owner; used on the engine's event loop only.

    ``prices`` are by ``Request.model``; a model that is absent or None has no known price. ``before`` are the totals of
    earlier executions of a resumed run. ``clock`` counts seconds. ``on_change`` is called after each change,
    ``on_excess`` for the first answer of each model that took more than was set aside: with its call, what it took and
    what it may take.
    """

    def __init__(
        self,
        caps: Caps,
        prices: Mapping[str, Price | None],
        *,
        before: Totals | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[Meter], None] | None = None,
        on_excess: Callable[[Call, Tokens, Tokens], object] | None = None,
    ) -> None:
        self._caps = caps
        self._prices = dict(prices)
        self._clock = clock
        self._on_change = on_change
        self._on_excess = on_excess
        self._excess = Excess()
        self._told: set[str] = set()
        self._totals = before or Totals()
        self._started = clock() - self._totals.seconds
        self._open: dict[_Reservation, None] = {}
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def totals(self) -> Totals:
        """What is settled."""
        return replace(self._totals, seconds=self._clock() - self._started)

    @property
    def committed(self) -> Totals:
        """What is spent if we are killed now: the calls in flight are unsettled then."""
        totals, most = self.totals, self.reserved
        spent = totals.spent
        calls = replace(spent.calls, made=spent.calls.made + most.calls)
        return replace(totals, spent=replace(spent, calls=calls, unsettled=spent.unsettled + most))

    @property
    def reserved(self) -> AtMost:
        """The most that the calls in flight can take."""
        return sum(map(self._most, self._open), AtMost())

    @property
    def seconds_left(self) -> float | None:
        """Until the cap on minutes; None without one."""
        if self._caps.minutes is None:
            return None
        return max(0.0, self._caps.minutes * 60 - (self._clock() - self._started))

    def price(self, model: str) -> Price | None:
        """Return the price of a model, None when it is not known; a user's function is free."""
        return FREE if model.startswith(OUTSIDE) else self._prices.get(model)

    def hit(self, reply: Reply) -> None:
        """Count an answer that cost nothing now, with what it once cost in tokens."""
        spent, (said, _) = self._totals.spent, settled(reply.usage, None)
        tokens = replace(
            spent.tokens,
            cached_prompt=spent.tokens.cached_prompt + said.prompt,
            cached_completion=spent.tokens.cached_completion + said.completion,
        )
        calls = replace(spent.calls, cached=spent.calls.cached + 1)
        self._totals = replace(self._totals, spent=replace(spent, calls=calls, tokens=tokens))
        self._changed()

    async def reserve(self, call: Call) -> _Reservation:
        """Set aside the most that ``call`` can take, waiting for calls in flight while it does not fit.

        Raises:
            BudgetExhausted: It does not fit, and nothing in flight could free any.
            ConfigError: There is a cap that cannot be kept for this model.
        """
        reservation = self._asked(call)
        while (reason := self._over(reservation)) is not None:
            if not self._open:
                raise BudgetExhausted(*reason)
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        self._open[reservation] = None
        self._changed()
        if self.seconds_left == 0.0:  # to have it told took what was left of the time
            self._free(reservation)
            self._changed()
            raise BudgetExhausted(*self.out_of_time())
        return reservation

    def settle(
        self, call: Call, reservation: _Reservation, usage: Usage | None, *, failed: bool = False
    ) -> float | None:
        """Replace a reservation by what was used (None: nothing); return its cost in US dollars, None if unknown.

        What ``usage`` does not say stays unsettled, at its most.

        ``failed`` is for attempts that ended in an error; one that we cancelled ourselves neither failed nor answered.
        """
        most = self._most(reservation)
        self._free(reservation)
        said, unsaid = settled(usage or _NOTHING, Tokens(most.prompt, most.completion))
        price = FREE if usage is None else reservation.price
        usd = None if price is None else price.of(said)
        unsettled = AtMost()
        if usage is not None and None in (usage.prompt, usage.completion):
            unsettled = AtMost(1, unsaid.prompt, unsaid.completion, None if price is None else price.of(unsaid))
        self._totals = replace(self._totals, spent=_with_attempt(self._totals.spent, said, usd, unsettled, failed))
        if reservation.bound is not None:
            self._excess.learn(reservation.model, reservation.bound, said)
            self._tell_excess(call, reservation.bound, said, most, usd)
        self._changed()
        return usd if unsettled.cost_usd == 0 else None

    def release(self, reservation: _Reservation) -> None:
        """Take a reservation back: no call was made of it."""
        self._free(reservation)
        self._changed()

    def _tell_excess(self, call: Call, bound: Tokens, said: Tokens, most: AtMost, usd: float | None) -> None:
        over = said.total > most.tokens or (usd is not None and most.cost_usd is not None and usd > most.cost_usd)
        if over and call.request.model not in self._told:
            self._told.add(call.request.model)
            if self._on_excess is not None:
                self._on_excess(call, said, bound)

    def _free(self, reservation: _Reservation) -> None:
        del self._open[reservation]
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():  # a cancelled waiter is done
                waiter.set_result(None)

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change(self)

    def _most(self, reservation: _Reservation) -> AtMost:
        """Return the most that an attempt can take, by all that its model has said so far."""
        tokens = self._excess.most(reservation.model, reservation.bound or Tokens(0, 0))
        price = reservation.price
        return AtMost(1, tokens.prompt, tokens.completion, None if price is None else price.of(tokens))

    def _asked(self, call: Call) -> _Reservation:
        bound, price = most_tokens(call.request), self.price(call.request.model)
        paid = self._caps.usd is not None and price != FREE
        if bound is None and (paid or self._caps.tokens is not None):
            message = f"models.{call.role} has no max_tokens, so a budget in tokens or US dollars cannot be kept"
            raise ConfigError(message, f"set models.{call.role}.max_tokens")
        if price is None and self._caps.usd is not None:
            message = f"the price of {call.request.model} is not known, so a budget in US dollars cannot be kept"
            raise ConfigError(message, f"set models.{call.role}.price, or budget.tokens instead of budget.usd")
        return _Reservation(call.request.model, bound, price)

    def _over(self, ask: _Reservation) -> tuple[str, str] | None:
        """Return why ``ask`` does not fit now and how to mend it, or None when it fits."""
        caps, now = self._caps, self.committed.spent
        calls, tokens, usd = now.calls.made, now.most_tokens, now.most_usd or 0.0
        spent = self._totals.spent
        if caps.calls is not None and calls + 1 > caps.calls:
            return _refusal("calls", f"{spent.calls.made} of {caps.calls} calls are made", "")
        most = self._most(ask)
        if caps.tokens is not None and tokens + most.tokens > caps.tokens:
            done = _sum(spent.most_tokens, spent.unsettled.tokens, "{:d}")
            return _refusal("tokens", f"{done} of {caps.tokens} tokens are spent", f"up to {most.tokens}")
        if caps.usd is not None and usd + (most.cost_usd or 0.0) > caps.usd:
            done = _sum(spent.most_usd or 0.0, spent.unsettled.cost_usd or 0.0, "${:.4f}")
            return _refusal("usd", f"{done} of ${caps.usd:.4f} is spent", f"up to ${most.cost_usd:.4f}")
        if self.seconds_left == 0.0:
            return self.out_of_time()
        return None

    def out_of_time(self) -> tuple[str, str]:
        """Return the message and the hint of a run whose minutes are over."""
        return _refusal("minutes", f"{self._caps.minutes:g} of {self._caps.minutes:g} minutes are over", "")


class MeteredModel:
    """Reserves before each attempt and settles after it; one without a known end stays unsettled, at its maximum.

    A call that is in flight when the minutes are over is cancelled.
    """

    def __init__(self, inner: Model, meter: Meter) -> None:
        self._inner = inner
        self._meter = meter

    async def complete(self, call: Call) -> Reply:
        """Ask; the reply carries its cost.

        Raises:
            BudgetExhausted: The call does not fit what is left, or the time was over before it was answered.
        """
        reservation = await self._meter.reserve(call)
        try:
            reply = await self._in_time(call)
        except NotSent as error:
            self._meter.release(reservation)
            raise ModelRejected(str(error), error.hint) from error  # who asks is to know no further kind
        except (NotBilled, ModelRefused, ModelRejected):
            self._meter.settle(call, reservation, None, failed=True)
            raise
        except asyncio.CancelledError:  # by us: no failure, but the provider may have worked for us
            self._meter.settle(call, reservation, _UNKNOWN)
            raise
        except BaseException:
            self._meter.settle(call, reservation, _UNKNOWN, failed=True)
            raise
        return replace(reply, cost_usd=self._meter.settle(call, reservation, reply.usage))

    async def _in_time(self, call: Call) -> Reply:
        clock = asyncio.timeout(self._meter.seconds_left)
        try:
            async with clock:
                return await self._inner.complete(call)
        except TimeoutError as late:
            if not clock.expired():
                raise
            raise BudgetExhausted(*self._meter.out_of_time()) from late


def _with_attempt(spent: Spent, tokens: Tokens, usd: float | None, unsettled: AtMost, failed: bool) -> Spent:
    calls, sums = spent.calls, spent.tokens
    return Spent(
        replace(calls, made=calls.made + 1, failed=calls.failed + failed),
        replace(sums, prompt=sums.prompt + tokens.prompt, completion=sums.completion + tokens.completion),
        None if usd is None or spent.cost_usd is None else spent.cost_usd + usd,
        spent.unsettled + unsettled,
    )


def _sum(total: float, unsettled: float, form: str) -> str:
    """Return what is spent, and how much of it nobody knows for sure."""
    return form.format(total) + (f" (up to {form.format(unsettled)} of it unsettled)" if unsettled else "")


def _refusal(cap: str, state: str, ask: str) -> tuple[str, str]:
    needs = f" and the next call may take {ask}" if ask else ""
    message = f"the budget in {cap} is spent: {state}{needs}"
    flag = {"usd": "--budget-usd", "tokens": "--budget-tokens", "calls": "--budget-calls"}.get(cap, "--budget-minutes")
    return message, f"raise budget.{cap} (or {flag}) and run it again: what was answered is stored and costs nothing"
