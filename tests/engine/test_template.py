import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.errors import TemplateError
from autodiff_engine.template import Template, markers

HOSTILE = (
    "{{ x }}",
    "{x}",
    "{% raw %}",
    "{%",
    "{#",
    "}}",
    "100 %",
    "$HOME",
    "<b>&amp;</b>",
    "```\ncode\n```",
    "\\n",
    "\r\n",
)


@given(st.text())
@pytest.mark.parametrize("around", HOSTILE)
def test_what_fills_a_slot_goes_in_verbatim(around: str, value: str) -> None:
    whole = f"{around}{value}{around}"
    assert Template("before {{ x }} after").fill({"x": whole}) == f"before {whole} after"


@pytest.mark.parametrize("value", [*HOSTILE, "é", "\ud800", "\x00", "😀"])
def test_every_kind_of_value_passes_alone_in_lists_and_in_mappings(value: str) -> None:
    template = Template("[{{ x }}]{% for each in many %}[{{ each.text }}]{% endfor %}|")
    assert template.fill({"x": value, "many": [{"text": value}, {"text": value}]}) == f"[{value}][{value}][{value}]|"


def test_white_space_around_the_whole_text_is_off() -> None:
    assert Template("\n {{ x }} \n").fill({"x": "a  b"}) == "a  b"


def test_slots_are_what_must_be_filled_sorted() -> None:
    template = Template("{{ b }}{% for each in a %}{{ each }}{{ loop.index }}{% endfor %}{% set c = 1 %}{{ c }}")
    assert template.slots == ("a", "b")


def test_a_slot_that_nobody_fills_is_named_with_what_is_filled() -> None:
    with pytest.raises(TemplateError, match=r"^\[program\] user: 'question' is undefined; filled are format, task$"):
        Template("{{ question }}", "[program] user").fill({"task": "", "format": ""})


@pytest.mark.parametrize(
    "source", ["{{ x", "{% if x %}", "{% nonsense %}", "{{ x | no_such_filter }}", "{{ x is odder }}"]
)
def test_a_template_that_cannot_work_is_refused_when_it_is_made(source: str) -> None:
    with pytest.raises(TemplateError, match=r"^\[program\] system: line 2: "):
        Template(f"first\n{source}", "[program] system")


@pytest.mark.parametrize(
    "source",
    [
        "{{ x + 1 }}",
        "{{ 1 / 0 }}",
        "{{ range(10**9) | list }}",
        "{{ x * 1000000000000000 }}",
        "{{ 1000000000000000 * (x ~ x) }}",
        "{{ [x] * 5000000000 }}",
        "{{ 2 ** 1000000000 }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    ],
)
def test_a_template_that_fails_while_it_is_filled_is_an_error_of_the_template(source: str) -> None:
    with pytest.raises(TemplateError, match=r"^\[program\] user: "):
        Template(source, "[program] user").fill({"x": "7"})


@pytest.mark.parametrize("source", ["{{ x.__class__.__mro__ }}", "{{ many.append(1) }}", "{{ ''.__class__ }}"])
def test_a_template_cannot_leave_its_sandbox(source: str) -> None:
    with pytest.raises(TemplateError):
        Template(source).fill({"x": "7", "many": ["a"]})


@pytest.mark.parametrize("name", ["self", "args", "context", "loop", "name", "role"])
def test_a_slot_may_have_any_name(name: str) -> None:
    filled = Template("{{ other }}").fill({name: "a", "other": "b"})
    assert filled == "b"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Look at {{ question }}.", ("question",)),
        ("Look at {question} and {  task}.", ("question", "task")),
        ("{questions} {{ other }} question", ()),
        ("{{question}}", ("question",)),
        ("set {a, b} of 100 %", ()),
    ],
)
def test_markers_are_slots_that_a_text_names(text: str, found: tuple[str, ...]) -> None:
    assert markers(text, ("question", "task")) == found
