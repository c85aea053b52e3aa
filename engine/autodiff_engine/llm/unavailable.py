"""Ways in which nobody answers, told apart for the meter and the limiter alone."""

from __future__ import annotations

from ..errors import ModelRejected, ModelUnavailable


class NotBilled(ModelUnavailable):
    """The request cannot have cost anything: nothing listens there, or the provider answered with an error status."""


class RateLimited(NotBilled):
    """The provider wants fewer requests at once (429)."""


class NotSent(ModelRejected):
    """The client library could not make a request of what the config says: no call was made, and none ever will be."""
