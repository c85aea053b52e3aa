"""RunConfig -> what can be executed; the one package that knows concrete parts."""

from ..ablation import Row, Spread
from .ablation import Ablation, Cell, ablation
from .ablation_forecast import AblationForecast, ablation_forecast
from .checkup import Finding, Level, checkup, refused, roles
from .demo import demo
from .evaluation import EvalReport, Evaluating, evaluation
from .forecasting import CapForecast, Forecast, Range, RoleForecast, SplitForecast
from .machine import ask_each, installed, storage
from .options import RunOptions, store
from .packing import Packed, Packing, packing
from .preparing import Prepared, forecast, prepared, training
from .resuming import Resumption, resumption
from .unpacked import OpenedPack, VerifyingPack, opened, verification_of
from .verification import Verified, Verifying, verification

__all__ = [
    "Ablation",
    "AblationForecast",
    "CapForecast",
    "Cell",
    "EvalReport",
    "Evaluating",
    "Finding",
    "Forecast",
    "Level",
    "OpenedPack",
    "Packed",
    "Packing",
    "Prepared",
    "Range",
    "Resumption",
    "RoleForecast",
    "Row",
    "RunOptions",
    "SplitForecast",
    "Spread",
    "Verified",
    "Verifying",
    "VerifyingPack",
    "ablation",
    "ablation_forecast",
    "ask_each",
    "checkup",
    "demo",
    "evaluation",
    "forecast",
    "installed",
    "opened",
    "packing",
    "prepared",
    "refused",
    "resumption",
    "roles",
    "storage",
    "store",
    "training",
    "verification",
    "verification_of",
]
