"""RunConfig -> what can be executed; the one package that knows concrete parts."""

from .evaluation import EvalReport, Evaluating, evaluation
from .options import RunOptions, store
from .training import training

__all__ = ["EvalReport", "Evaluating", "RunOptions", "evaluation", "store", "training"]
