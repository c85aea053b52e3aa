"""What a model's table may not send along; and litellm's own lists, which each version of it may lengthen."""

import inspect
from pathlib import Path

import pytest

from autodiff_engine.config import load, parse, priced_apart
from autodiff_engine.config.model_keys import EVERYWHERE, LITELLM, refusal
from autodiff_engine.config.problems import forbidden
from autodiff_engine.config.tables import ModelConfig
from autodiff_engine.errors import ConfigError

pytestmark = pytest.mark.timeout(300)  # one imports litellm, which takes long on a busy machine

SENT = {
    "allowed_openai_params", "api_version", "extra_headers", "frequency_penalty", "headers", "logit_bias", "logprobs",
    "metadata", "organization", "presence_penalty", "prompt_cache_key", "prompt_cache_retention", "reasoning_effort",
    "region_name", "response_format", "safety_identifier", "seed", "service_tier", "ssl_verify", "stop", "store",
    "supports_system_message", "thinking", "top_logprobs", "top_p", "user", "verbosity",
}  # fmt: skip
"""Names of litellm's that are sent, or say how the provider is reached: somebody decided that for each of them."""
SMALL = """
[task]
pipeline = "object_count"
[data]
source = "generated:object_count"
[models.task]
model = "openai/x"
"""


def lines(tmp_path: Path, toml: str, *overrides: str) -> list[str]:
    (tmp_path / "c.toml").write_text(SMALL + toml, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "c.toml", overrides)
    return str(raised.value).replace(f"{tmp_path}/", "").splitlines()


def test_each_name_that_litellm_knows_is_sent_or_refused_because_somebody_decided_so() -> None:
    """A name that is new here is to be put into ``model_keys``, with why, or above: what does it do to a call?"""
    from autodiff_engine.llm.litellm_client import _load  # pyright: ignore[reportPrivateUsage]  # the import that is quiet

    litellm = _load()
    from litellm import constants
    from litellm.types.utils import all_litellm_params

    known = {
        *all_litellm_params,
        *constants.OPENAI_CHAT_COMPLETION_PARAMS,
        *constants.DEFAULT_CHAT_COMPLETION_PARAM_VALUES,
    }
    known |= {*constants.OUTPUT_TOKEN_CEILING_PARAMS, *inspect.signature(litellm.acompletion).parameters}
    foreign = known - ModelConfig.model_fields.keys()

    assert len(foreign) > 300
    assert {name for name in foreign if not forbidden({"models": {"task": {name: 1}}}, {}, "c.toml")} == SENT


def test_the_names_are_sorted_each_stands_once_and_none_is_a_key_of_ours() -> None:
    names = [*EVERYWHERE, *LITELLM]
    groups = [
        [name for name in table if table[name] == why] for table in (EVERYWHERE, LITELLM) for why in table.values()
    ]

    assert all(group == sorted(group) for group in groups)
    assert len(names) == len(set(names))
    assert set(names) & ModelConfig.model_fields.keys() == {"max_tokens", "model"}  # in tables below a model's own
    assert not SENT & set(names)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("n = 5", "[models.task] n is refused: it asks for more answers than the one that is read"),
        ("max_completion_tokens = 1", "[models.task] max_completion_tokens is refused: max_tokens alone bounds an"),
        ("maxOutputTokens = 9000", "[models.task] maxOutputTokens is refused: max_tokens alone"),
        ('fallbacks = ["openai/sage", "x"]', "[models.task] fallbacks is refused: another model could answer"),
        ('models = ["a", "b"]', "[models.task] models is refused: another model could answer"),
        ("num_retries = 3", "[models.task] num_retries is refused: calls are repeated and timed by us; set limits."),
        ("timeout = 3", "[models.task] timeout is refused: calls are repeated and timed by us; set limits.timeout_s"),
        ("stream = true", "[models.task] stream is refused: an answer is read when it is whole; leave it out"),
        ("drop_params = true", "[models.task] drop_params is refused: all that a config says is sent"),
        ('additional_drop_params = ["max_tokens"]', "[models.task] additional_drop_params is refused: all that"),
        ("messages = []", "[models.task] messages is refused: the program's prompt alone is sent; write it there"),
        ('mock_response = "8"', "[models.task] mock_response is refused: answers come from the model or from our own"),
        ("tools = []", "[models.task] tools is refused: nobody here calls a function"),
        ('base_url = "http://x/v1"', "[models.task] base_url is refused: another model could answer in its place"),
        ("input_cost_per_token = 0.1", "[models.task] input_cost_per_token is refused: [models.ROLE] price = {prompt"),
        ("_litellm_control = 1", "[models.task] _litellm_control is refused: it is litellm's own and reaches no"),
        ('litellm_system_prompt = "x"', "[models.task] litellm_system_prompt is refused: it is litellm's own"),
        ("extra_body = {max_tokens = 5000}", "[models.task.extra_body] max_tokens is refused: max_tokens alone"),
        ("extra_body = {options = {num_predict = 9}}", "[models.task.extra_body.options] num_predict is refused: max"),
        ("extra_body = {a = [{n = 2}, {n = 3}]}", "[models.task.extra_body.a.1] n is refused: it asks for more"),
        ("generationConfig = {candidateCount = 2}", "[models.task.generationConfig] candidateCount is refused: it"),
        ('extra_body = {model = "big"}', "[models.task.extra_body] model is refused: another model could answer"),
        ("extra_body = {stream = true, extra_headers = {n = 1}}", "[models.task.extra_body] stream is refused: an"),
    ],
)  # fmt: skip
def test_what_would_change_how_many_answers_come_or_whose_is_refused_in_one_line(
    tmp_path: Path, written: str, said: str
) -> None:
    found = lines(tmp_path, f"{written}\n")

    assert found[0].startswith(f"c.toml: {said}")
    assert len(found) == (2 if written.startswith("extra_body = {a") else 1)


def test_it_is_refused_from_wherever_it_comes(tmp_path: Path) -> None:
    assert lines(tmp_path, "", "models.optimizer.n=2")[0].startswith(
        "--set models.optimizer.n: [models.optimizer] n is"
    )
    assert lines(tmp_path, "[models.judge]\nn = 2\n")[0].startswith("c.toml: [models.judge] n is refused")
    with pytest.raises(ConfigError, match=r"config: \[models\.task\] stream is refused"):
        parse({"models": {"task": {"model": "openai/x", "stream": True}}})


@pytest.mark.parametrize(
    "written",
    [
        'top_k = 7\nmin_p = 0.1\nrepetition_penalty = 1.1\nseed = 3\nstop = ["x"]\nlogit_bias = {"50256" = -100}',
        'reasoning_effort = "low"\nthinking = {type = "enabled", budget_tokens = 500}\nreasoning = {max_tokens = 9}',
        'response_format = {type = "json_schema", json_schema = {name = "n", schema = {properties = {n = {}}}}}',
        'extra_headers = {X-Team = "a"}\nextra_query = {n = "b"}\nmetadata = {model = "a"}\nuser = "u"',
        'extra_body = {guided_json = {properties = {stream = {}}}, chat_template_kwargs = {enable_thinking = false}}',
        'api_version = "1"\norganization = "o"\naws_region_name = "r"\nvertex_project = "p"\nwhatever_comes = {x = 1}',
        'extra_body = {provider = {order = ["a"]}, options = {num_ctx = 8192}}',
    ],
)  # fmt: skip
def test_what_is_a_providers_own_is_sent_as_it_is(tmp_path: Path, written: str) -> None:
    (tmp_path / "c.toml").write_text(f"{SMALL}{written}\n", encoding="utf-8")

    assert len(load(tmp_path / "c.toml").config.models["task"].extra) == written.count("\n") + 1


def test_a_key_of_our_own_is_no_part_of_a_path_that_is_looked_at() -> None:
    assert refusal(("top_p",)) == (0, "")
    assert refusal(("extra_body", "options", "nPredict")) == (3, EVERYWHERE["n_predict"])


def test_what_changes_a_providers_prices_is_known() -> None:
    assert priced_apart({"service_tier": "priority"})
    assert priced_apart({"extra_body": {"service_tier": "flex"}})
    assert not priced_apart({"top_p": 1, "extra_body": {"x": 1}})
    assert not priced_apart({"extra_body": 5})
