"""The child process that serves one model file by llama.cpp on loopback, run by ``python -m``.

It prints the address that it listens on as its only line on stdout once the model is loaded; llama.cpp's log goes to
stderr. It ends when its stdin does, so that it cannot outlive whoever started it.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import os
import signal
import sys
import threading
from typing import Any

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str] | None = None) -> None:
    """Load the model and serve it until stdin ends."""
    parser = argparse.ArgumentParser(prog="local_server", description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--context-per-slot", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args(arguments)
    _die_with_the_parent()
    report = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever llama.cpp prints is log; the address alone goes to whoever waits for it
    gone = threading.Thread(target=_exit_at_end_of_stdin, daemon=True)
    gone.start()
    server = _serve(options.path, options.slots, options.context_per_slot, options.threads)
    with report:
        report.write(f"{server.listening_address}\n")
    gone.join()


def _serve(path: str, slots: int, context_per_slot: int, threads: int) -> Any:  # noqa: ANN401 - has no types
    try:
        xllamacpp: Any = importlib.import_module("xllamacpp")
    except ImportError as error:
        sys.exit(f"xllamacpp cannot be imported: {error}")
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {"local"}  # else the file's path is in each answer
    params.n_parallel = slots
    params.n_ctx = slots * context_per_slot
    params.kv_unified = False  # each slot has its own context: a long neighbour cannot take it away
    params.ctx_shift = False  # a prompt that is too long is refused, never cut
    params.fit_params = False  # else a machine short of memory gets a smaller context without a word
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.cors_origins = ""  # no web page in the user's browser may ask it
    params.ui = False
    params.endpoint_slots = False  # would show prompts to whoever asks
    params.cache_ram_mib = 0
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        flush_log(xllamacpp.xllamacpp.__file__)
        sys.exit(f"llama.cpp could not load the model: {error}")


def flush_log(library: str) -> None:
    """Wait until llama.cpp has written all its log: a thread of its own does so, and an exit takes the rest away.

    The reason why a model cannot be loaded is there, and nowhere else. ``library`` is the extension module's file;
    where it names these functions otherwise (Windows), nothing is waited for.
    """
    log = ctypes.CDLL(library)
    main, flush = getattr(log, "_Z15common_log_mainv", None), getattr(log, "_Z16common_log_flushP10common_log", None)
    if main is None or flush is None:
        return
    main.restype = ctypes.c_void_p
    flush.argtypes = [ctypes.c_void_p]
    flush(main())


def _exit_at_end_of_stdin() -> None:
    while os.read(0, 4096):
        continue
    os._exit(0)  # nothing to save, and a load in progress must not hold it up


def _die_with_the_parent() -> None:
    """Ask Linux for a signal at the parent's death: stdin alone is not read while a library holds the interpreter."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
