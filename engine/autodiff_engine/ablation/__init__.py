"""A grid of runs, variants times seeds, and the table that it comes to (the paper's table 3)."""

from .folder import Manifest
from .measured import Executions, Measured, Paid, Used, executions_of, measure
from .table import Pairs, Passed, Row, Spread, table
from .variants import UNTRAINED, VARIANTS, Variant, applied, named

__all__ = [
    "UNTRAINED",
    "VARIANTS",
    "Executions",
    "Manifest",
    "Measured",
    "Paid",
    "Pairs",
    "Passed",
    "Row",
    "Spread",
    "Used",
    "Variant",
    "applied",
    "executions_of",
    "measure",
    "named",
    "table",
]
