"""RunConfig -> what can be executed; the one package that knows concrete parts."""

from ..ablation import Row, Spread
from .ablation import Ablation, Cell, ablation
from .checkup import Finding, Level, checkup, refused, roles
from .demo import demo
from .evaluation import EvalReport, Evaluating, evaluation
from .machine import ask_each, installed, storage
from .options import RunOptions, store
from .training import training

__all__ = [
    "Ablation",
    "Cell",
    "EvalReport",
    "Evaluating",
    "Finding",
    "Level",
    "Row",
    "RunOptions",
    "Spread",
    "ablation",
    "ask_each",
    "checkup",
    "demo",
    "evaluation",
    "installed",
    "refused",
    "roles",
    "storage",
    "store",
    "training",
]
