"""The exception tree: grouped by what the caller does next, not by where it was raised.

EngineError                 anything that we raise on purpose; its text is one line for a person
├── ConfigError             what the user wrote cannot be run (config, flag, data, program): mend it, nothing was spent
│   └── DataError           the data cannot be read, split or told apart
├── GraphError              a program recorded something that is not a graph of calls
├── ProgramError            the user's own pipeline or metric raised
│   └── ProgramUnusable     … while it was imported: also a ConfigError, nothing was spent
├── TemplateError           a template asks for a slot that nobody fills
├── RunDiffers              executed again, a run says something else than its journal
├── NetworkForbidden        something wanted to connect while nothing may
├── StorageError            a file or folder of ours cannot be read or written
├── ModelError              an LLM gave no usable answer
│   ├── ModelRefused        it was asked and said no to *this* request (too long, filtered): the candidate's doing
│   ├── ModelUnavailable    nobody answered (timeout, 429, 5xx, connection): try again later, never a score
│   ├── ModelUnreadable      it answered, but no reply could be read: no score, and waiting cannot help
│   ├── ModelRejected       the provider will never answer us (key, model name, account): mend the config
│   └── AnswerMissing       only recorded answers were allowed and there is none
├── BudgetExhausted         the next call does not fit what is left
└── RunStopped              a person asked to stop and keep the best
"""

from __future__ import annotations

_LONGEST = 2000


def line(text: str) -> str:
    """Return ``text`` as one line that can be shown: what is not printable as an escape, of a long one the ends."""
    kept = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in kept)


class EngineError(Exception):
    """A failure that we foresaw: ``str(error)`` names the thing and the place, ``hint`` the way to mend it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(EngineError):
    """What the user wrote cannot be run; nothing was created and nothing was spent."""


class DataError(ConfigError):
    """A data source cannot be read, split, or its splits overlap; always one line, whatever the data holds."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(line(message), line(hint))


class GraphError(EngineError):
    """A program recorded calls that do not form a graph (two open calls of one name, an unknown skip)."""


class ProgramError(EngineError):
    """The user's own code raised, or gave what no program may give; an original exception is the cause.

    ``traceback`` has the user's own frames as text, without locals and secrets; empty when nothing was raised.
    """

    def __init__(self, message: str, hint: str = "", *, traceback: str = "") -> None:
        super().__init__(message, hint)
        self.traceback = traceback


class ProgramUnusable(ProgramError, ConfigError):
    """The user's own file raised while it was imported; nothing was created and nothing was spent."""


class TemplateError(EngineError):
    """A template cannot be parsed, or names a slot that nobody fills."""


class StorageError(EngineError):
    """A file or folder of ours cannot be read or written."""


class RunDiffers(EngineError):
    """Executed again, a run says something else than its journal: what it is made of, or an answer, has changed."""


class NetworkForbidden(EngineError):
    """Something in this process wanted to connect while nothing may; no OSError, so that nobody tries it again."""


class ModelError(EngineError):
    """An LLM gave no answer that can be used."""


class ModelRefused(ModelError):
    """The request was refused for what it says (context too long, content filter): retrying cannot help."""


class ModelUnavailable(ModelError):
    """No answer arrived in spite of retries (timeout, rate limit, 5xx, connection); nothing about the prompt.

    ``retry_after_s`` is the wait that the provider asked for, if it did.
    """

    def __init__(self, message: str, hint: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(message, hint)
        self.retry_after_s = retry_after_s


class ModelUnreadable(ModelError):
    """A judge answered, also when asked anew, but no grade could be read: its doing, so there is no score."""


class ModelRejected(ModelError):
    """The provider rejects us whatever we send: wrong key, unknown model, closed account."""


class AnswerMissing(ModelError):
    """Only recorded answers were allowed (``--offline``, the demo) and this request has none."""


class BudgetExhausted(EngineError):
    """The next call does not fit what is left of the budget and nothing in flight could free any."""


class RunStopped(EngineError):
    """A person asked the run to stop and keep the best; calls in flight have finished and are stored."""
