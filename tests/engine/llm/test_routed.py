from tests.engine.llm.calls import a_call

from autodiff_engine.llm import ScriptedModel
from autodiff_engine.llm.routed import RoutedModel


async def test_each_role_is_answered_by_its_own_model() -> None:
    task, critic = ScriptedModel(lambda _: "task"), ScriptedModel(lambda _: "critic")
    model = RoutedModel({"task": task, "backward": critic, "judge": critic})

    texts = [(await model.complete(a_call(role=role))).text for role in ("task", "backward", "judge")]

    assert texts == ["task", "critic", "critic"]
