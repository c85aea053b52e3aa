"""RunConfig -> what can be executed; the one package that knows concrete parts."""

from .demo import demo
from .evaluation import EvalReport, Evaluating, evaluation
from .options import RunOptions, store
from .training import training

__all__ = ["EvalReport", "Evaluating", "RunOptions", "demo", "evaluation", "store", "training"]
