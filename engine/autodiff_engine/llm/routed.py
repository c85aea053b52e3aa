"""One model made of several: each role has its own, everything around them is shared."""

from __future__ import annotations

from collections.abc import Mapping

from .model import Call, Model, Reply, Role


class RoutedModel:
    """Asks the model of the call's role; stands innermost, so that cache, limits, meter and gate are over all roles."""

    def __init__(self, models: Mapping[Role, Model]) -> None:
        self._models = dict(models)

    async def complete(self, call: Call) -> Reply:
        """Ask the role's model.

        Raises:
            KeyError: No model plays this role: a defect of whoever composed the models.
        """
        return await self._models[call.role].complete(call)
