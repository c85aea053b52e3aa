"""Errors of a client library that it raised while it made up a request, before anything was sent.

They are known by where they were raised: a defect in reading an answer has the same classes, and that answer may have
been paid for.
"""

from __future__ import annotations

import traceback
from types import FrameType

_DEFECTS = (AttributeError, AssertionError, LookupError, NotImplementedError, TypeError, ValueError)
_PREPARING = {"_build_request", "_build_headers", "function_setup", "get_optional_params", "map_openai_params"}
"""Functions of litellm and of its clients that have nothing else to do than to make a request."""


def is_unsent(error: BaseException) -> bool:
    """Return whether ``error``, the first of its chain, is a defect in what was to be sent; no is the safe answer."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if not isinstance(error, _DEFECTS) or not frames:
        return False
    return _takes_arguments(frames[-1]) or any(each.f_code.co_name in _PREPARING for each in frames)


def _takes_arguments(last: FrameType) -> bool:
    """Whether it is the call of the library itself, or stands where that takes its arguments apart."""
    module = str(last.f_globals.get("__name__"))
    return module.startswith(f"{__package__}.") or (module, last.f_code.co_name) == ("litellm.main", "completion")
