"""Asking a model: the protocol here; the concrete models and wrappers are imported by ``build`` alone."""

from .model import Call, Message, Model, Reply, Request, Role, Usage
from .scripted import ScriptedModel

__all__ = ["Call", "Message", "Model", "Reply", "Request", "Role", "ScriptedModel", "Usage"]
