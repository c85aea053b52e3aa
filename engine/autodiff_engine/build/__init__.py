"""RunConfig -> what can be executed; the one package that knows concrete parts."""

from ..ablation import Row, Spread
from .ablation import Ablation, Cell, ablation
from .checkup import Finding, Level, checkup, refused, roles
from .demo import demo
from .evaluation import EvalReport, Evaluating, evaluation
from .forecasting import CapForecast, Forecast, Range, RoleForecast, SplitForecast, forecast
from .machine import ask_each, installed, storage
from .options import RunOptions, store
from .resuming import Resumption, resumption
from .training import training
from .verification import Verified, Verifying, verification

__all__ = [
    "Ablation",
    "CapForecast",
    "Cell",
    "EvalReport",
    "Evaluating",
    "Finding",
    "Forecast",
    "Level",
    "Range",
    "Resumption",
    "RoleForecast",
    "Row",
    "RunOptions",
    "SplitForecast",
    "Spread",
    "Verified",
    "Verifying",
    "ablation",
    "ask_each",
    "checkup",
    "demo",
    "evaluation",
    "forecast",
    "installed",
    "refused",
    "resumption",
    "roles",
    "storage",
    "store",
    "training",
    "verification",
]
