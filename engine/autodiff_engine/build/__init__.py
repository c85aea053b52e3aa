"""RunConfig -> what can be executed; the one package that knows concrete parts."""

from ..ablation import Row, Spread
from .ablation import Ablation, Cell, ablation
from .demo import demo
from .evaluation import EvalReport, Evaluating, evaluation
from .options import RunOptions, store
from .resuming import Resumption, resumption
from .training import training
from .verification import Verified, Verifying, verification

__all__ = [
    "Ablation",
    "Cell",
    "EvalReport",
    "Evaluating",
    "Resumption",
    "Row",
    "RunOptions",
    "Spread",
    "Verified",
    "Verifying",
    "ablation",
    "demo",
    "evaluation",
    "resumption",
    "store",
    "training",
    "verification",
]
