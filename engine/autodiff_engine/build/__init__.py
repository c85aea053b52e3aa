"""RunConfig -> what can be executed; the one package that knows concrete parts."""

from ..ablation import Row, Spread
from .ablation import Ablation, Cell, ablation
from .demo import demo
from .evaluation import EvalReport, Evaluating, evaluation
from .options import RunOptions, store
from .training import training

__all__ = [
    "Ablation",
    "Cell",
    "EvalReport",
    "Evaluating",
    "Row",
    "RunOptions",
    "Spread",
    "ablation",
    "demo",
    "evaluation",
    "store",
    "training",
]
