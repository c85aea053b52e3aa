from pathlib import Path

import pytest

from autodiff_engine.config import (
    Loaded,
    load,
)
from autodiff_engine.errors import ConfigError

SMALL = """
[task]
pipeline = "object_count"
[data]
source = "generated:object_count"
[models.task]
model = "openai/gpt-4o-mini"
"""


def written(folder: Path, text: str, name: str = "c.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def loaded(folder: Path, text: str, *overrides: str) -> Loaded:
    return load(written(folder, text), overrides)


def lines(folder: Path, text: str, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        loaded(folder, text, *overrides)
    return str(raised.value).replace(f"{folder / 'c.toml'}", "c.toml").splitlines()


@pytest.mark.parametrize("override", ["trainer.seed", "seed=3", "=3", "trainer.=3"])
def test_set_of_another_form_is_refused(tmp_path: Path, override: str) -> None:
    assert lines(tmp_path, SMALL, override) == [
        f"--set {override}: write table.key=value, as in --set trainer.batch_size=8"
    ]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("[trainer]\nbatch_sizes = 3", "c.toml: [trainer] has no key batch_sizes; did you mean batch_size?"),
        ('[trainer]\nbatch_size = "4"', "c.toml: [trainer] batch_size must be a whole number, not '4'"),
        ("[trainer]\nbatch_size = true", "c.toml: [trainer] batch_size must be a whole number, not True"),
        ("[trainer]\ncarry = 1", "c.toml: [trainer] carry must be true or false, not 1"),
        ("[trainer]\nbatch_size = 0", "c.toml: [trainer] batch_size must be greater than or equal to 1, not 0"),
        ("[trainer]\nbatch_size = 20", "c.toml: [trainer] max_batch (12) must be at least batch_size (20)"),
        ("[trainer]\nmodel = 1", "c.toml: [trainer] has no key model; there are seed, preset, batch_size, max_batch, "),
        ('[trainer]\naccept = "greter"', 'c.toml: [trainer] accept must be "greater" or "confident", '),
        ('[trainer]\npipeline = "x"', "c.toml: [trainer] has no key pipeline; [task] has it"),
        ("[trainer]\nthreshold = nan", "c.toml: [trainer] threshold must be "),
        ("[trainer]\ndemos = {raws = 2}", "c.toml: [trainer.demos] has no key raws; did you mean raw?"),
        ("[trainer]\ndemos = {raw = -1}", "c.toml: [trainer.demos] raw must be greater than or equal to 0, not -1"),
        ("[trainer]\ndemos = {start = 0}", "c.toml: [trainer.demos] start must be greater than or equal to 1, not 0"),
        ("[trainer]\ndemos = 2", "c.toml: trainer.demos must be a table, not 2"),
        ("[budget]\nusd = inf", "c.toml: [budget] usd must be a finite number, not inf"),
        ("[traner]\nseed = 1", "c.toml: there is no table [traner]; did you mean trainer?"),
        ("[models.taks]\nmodel = 'x'", "c.toml: [models] has no role taks; did you mean task?"),
        ("[models.judge]\ntemprature = 1", "c.toml: [models.judge] has no key temprature; did you mean temperature?"),
        ("[models.judge]\nprice = {promt = 1, completion = 1}", "c.toml: [models.judge.price] needs the key prompt"),
        ("[models.judge]\nsince = 2020-01-01", "c.toml: [models.judge] since is not a valid JSON value"),
        ("[retrieval]\nks = 3", "c.toml: [retrieval] has no key ks; did you mean k?"),
        ("[retrieval]\nk = 0", "c.toml: [retrieval] k must be greater than or equal to 1, not 0"),
        ("[retrieval]\nagent_steps = 0", "c.toml: [retrieval] agent_steps must be greater than or equal to 1, not 0"),
        ("[retrieval]\nagent_steps = 21", "c.toml: [retrieval] agent_steps must be less than or equal to 20, not 21"),
        ("[retrieval]\nagent_steps = 3", 'c.toml: [retrieval] agent_steps is only for task.pipeline = "react", not '),
        ("[retrieval]\nagent_step = 3", "c.toml: [retrieval] has no key agent_step; did you mean agent_steps?"),
        ("[trainer]\nsteps = 3", "c.toml: [trainer] has no key steps; did you mean max_steps?"),
        ("[retrieval]\ncorpus = 3", "c.toml: [retrieval] corpus must be a text in quotes, not 3"),
        ('[retrieval]\ncorpus = "bbh:x"', "c.toml: [retrieval] corpus must be FILE.jsonl, a folder of .txt and "),
        ('[retrieval]\ncorpus = "hotpot:"', "c.toml: [retrieval] corpus must name a file, a folder or data, "),
        ("[trainer]\ncorpus = 'x'", "c.toml: [trainer] has no key corpus; [retrieval] has it"),
        ("[retrival]\nk = 1", "c.toml: there is no table [retrival]; did you mean retrieval?"),
        ("[prompts]\nanswer.task = 'x'", 'c.toml: [prompts] answer is a table; a name with a dot needs quotes'),
        ("[prompts]\ntask = 3", "c.toml: [prompts] task must be a text in quotes, not 3"),
        ("[program]\nuser = 'x'", 'c.toml: [program] is only for task.pipeline = "prompt", not "object_count"'),
        ("[cache]\nmode = 'on'", 'c.toml: [cache] mode must be "read-write" or "read-only" or '),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_table_key_and_the_nearest_name(tmp_path: Path, more: str, line: str) -> None:
    found = lines(tmp_path, f"{SMALL}{more}\n")

    assert found[0].startswith(line), found


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('pipeline = "object_count"', "", "c.toml: [task] needs the key pipeline"),
        ('[task]\npipeline = "object_count"', "", "c.toml: needs a table [task]"),
        ('model = "openai/gpt-4o-mini"', "temperature = 1.0", "c.toml: [models.task] needs the key model"),
        ('[models.task]\nmodel = "openai/gpt-4o-mini"', "", "c.toml: needs a table [models]"),
        ('"object_count"', '"prompt"', 'c.toml: task.pipeline = "prompt" needs a table [program]'),
        ('"generated:object_count"', "3", 'c.toml: [data] source must be a text like "questions.csv", or {'),
        ("[task]", "trainer = 3\n[task]", "c.toml: trainer must be a table, not 3"),
        ("[task]", "seed = 3\n[task]", "c.toml: the key seed stands outside of a table; it belongs to [data]"),
        ("[models.task]", '[models]\ntask = "x"\n[models.judge]', "c.toml: models.task must be a table, not 'x'"),
        ("[task]", '[task]\nlosses = [{node = "a"}]', "c.toml: [task.losses.1] needs the key metric"),
        ("[task]", "[task]\nlosses = []", "c.toml: [task] losses must hold at least one loss; leave it out"),
        ("[task]", "[task]\nlosses = 'answer'", "c.toml: [task] losses must be a list, not 'answer'"),
        ("[task]", '[task]\nlosses = [{node = "a", metric = "f1", wieght = 2}]',
         "c.toml: [task.losses.1] has no key wieght; did you mean weight?"),
        ("[task]", '[task]\nlosses = [{node = "a", metric = "f1", weight = 0}]',
         "c.toml: [task.losses.1] weight must be greater than 0, not 0"),
        ("[task]", '[trainer]\nminibatch_metric = "f1"\n[task]\nlosses = [{node = "a", metric = "f1"}]',
         "c.toml: [trainer] minibatch_metric: with task.losses each loss names its metric; leave it out"),
        ("[task]", '[task]\nmetric = "judge"', 'c.toml: [task] needs the key judge: the criteria that '),
        ("[task]", '[task]\nlosses = [{node = "a", metric = "judge"}]', "c.toml: [task] needs the key judge: "),
        ("[task]", '[trainer]\nminibatch_metric = "judge"\n[task]', "c.toml: [task] needs the key judge: "),
        ("[task", "[tas[k", "c.toml: not TOML: "),
    ],
)  # fmt: skip
def test_what_is_missing_or_misplaced_is_told_in_one_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    found = lines(tmp_path, SMALL.replace(old, new, 1))

    assert len(found) == 1
    assert found[0].startswith(line), found


def test_a_word_that_is_not_allowed_is_answered_with_the_nearest(tmp_path: Path) -> None:
    assert lines(tmp_path, f'{SMALL}[trainer]\naccept = "greter"\n') == [
        'c.toml: [trainer] accept must be "greater" or "confident", not \'greter\'; did you mean greater?'
    ]


def test_several_errors_are_several_lines_and_one_is_not_repeated_for_each_role(tmp_path: Path) -> None:
    text = SMALL.replace('"openai/gpt-4o-mini"', "3") + "[trainer]\nseeds = 1\n"

    assert lines(tmp_path, text) == [
        "c.toml: [models.task] model must be a text in quotes, not 3",
        "c.toml: [trainer] has no key seeds; did you mean seed?",
    ]


def test_an_error_names_the_flag_or_variable_that_gave_the_value(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)

    with pytest.raises(ConfigError) as raised:
        load(path, ["trainer.acept=confident"], environ={"AUTODIFF_SEED": "abc"}, flags={"max_steps": -1})

    assert str(raised.value).splitlines() == [
        "AUTODIFF_SEED: [trainer] seed must be a whole number, not 'abc'",
        "--max-steps: [trainer] max_steps must be greater than or equal to 0, not -1",
        "--set trainer.acept: [trainer] has no key acept; did you mean accept?",
    ]


@pytest.mark.parametrize(
    "more",
    [
        'api_key = "sk-1"',
        'apiKey = "sk-1"',
        'extra_headers = {Authorization = "Bearer x"}',
        'aws_secret_access_key = "x"',
        'api_base = "https://me:pw@host/v1"',
        'api_base = "https://host/v1?api-key=x"',
        '[api_key]\nx = "sk-1"',
        '[trainer]\napi_key = "sk-1"',
    ],
)
def test_a_secret_is_refused_wherever_it_stands_and_never_repeated(tmp_path: Path, more: str) -> None:
    found = lines(tmp_path, f"{SMALL}{more}\n")

    assert len(found) == 1
    assert "come from the environment only" in found[0]
    assert not any(secret in found[0] for secret in ("sk-1", "Bearer", "me:pw"))


def test_a_text_about_passwords_is_no_secret(tmp_path: Path) -> None:
    config = loaded(tmp_path, f'{SMALL}[prompts]\npassword = "Ask for it."\n').config

    assert dict(config.prompts.texts) == {"password": "Ask for it."}


def test_a_missing_config_is_answered_with_the_nearest_file(tmp_path: Path) -> None:
    written(tmp_path, SMALL, "train.toml")

    with pytest.raises(ConfigError, match=r"trian\.toml: no such file; did you mean .*train\.toml\?"):
        load(tmp_path / "trian.toml")
    with pytest.raises(ConfigError, match=r"no file can have this name: it is too long$"):
        load(tmp_path / ("x" * 300))
    with pytest.raises(ConfigError, match=r"questions\.toml: no such file$"):
        load(tmp_path / "questions.toml")
    with pytest.raises(ConfigError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(ConfigError, match=r"no such file$"):
        load(tmp_path / "none" / "x.toml")


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("models.taks.model=x", "--set models.taks.model: [models] has no role taks; did you mean task?"),
        ("traner.seed=1", "--set traner.seed: there is no table [traner]; did you mean trainer?"),
    ],
)
def test_a_table_that_a_flag_brought_is_the_flags(tmp_path: Path, setting: str, line: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(written(tmp_path, SMALL), [setting])

    assert str(raised.value) == line


def test_a_home_folder_that_nobody_has_is_said_in_one_line(tmp_path: Path) -> None:
    for config, settings, place in (
        (SMALL, ["cache.dir=~nobody99/x"], "--set cache.dir"),
        (SMALL + "[cache]\ndir = '~nobody99/x'", [], "/c.toml: [cache] dir"),
    ):
        with pytest.raises(ConfigError) as raised:
            load(written(tmp_path, config), settings)
        assert str(raised.value).replace(str(tmp_path), "") == f"{place}: ~nobody99/x: there is no such home folder"


def test_a_home_that_nobody_may_look_into_holds_no_config_for_us(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, SMALL), user=tmp_path / ("x" * 300) / "config.toml")

    assert loaded.config.trainer.seed == 0


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("[prompts]\nfile = \"a\\u0000b\"", "c.toml: [prompts] file names a file that cannot be: it holds a zero byte"),
        (f"[retrieval]\ncorpus = \"{'x' * 300}.jsonl\"", "c.toml: [retrieval] corpus names a file that cannot be: it "),
        ("[cache]\ndir = \"~nobody-of-that-name/x\"", "c.toml: [cache] dir: ~nobody-of-that-name/x: there is no such "),
        ("[models.judge]\nmodel = 'x'\n\"a\\nb\" = {api_key = 1}", "c.toml: [models.judge.a\\nb] api_key is refused"),
        ("top_p = nan", "c.toml: [models.task] top_p must be a finite number, not nan"),
        ("stop = [inf]", "c.toml: [models.task] stop must be a finite number, not inf"),
        ("\"x\\ny\" = 1\n[trainer]\n\"b\\nc\" = 1", "c.toml: [trainer] has no key b\\nc; there are "),
        ("[trainer]\n\"²\" = {a = 1}", "c.toml: [trainer] has no key ²; there are "),
        ("[models.\"²\"]\na = {b = 1}", "c.toml: [models] has no role ²; there are "),
    ],
)  # fmt: skip
def test_what_no_file_and_no_provider_can_have_is_told_in_one_line(tmp_path: Path, more: str, line: str) -> None:
    found = lines(tmp_path, f"{SMALL}{more}\n")

    assert len(found) == 1
    assert found[0].startswith(line), found
    assert found[0].isprintable()


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("models.task" + ".a" * 3000 + "=1", "write table.key=value"),
        ("models.task.a=" + "[" * 3000 + "]" * 3000, "too deep"),
        ("trainer.seed=9223372036854775808", "64 bits"),
        ("cache.dir=~nobody-of-that-name/x", "there is no such home folder"),
    ],
)
def test_an_override_that_would_be_too_much_is_told_in_one_line(tmp_path: Path, override: str, why: str) -> None:
    (line,) = lines(tmp_path, SMALL, override)

    assert why in line
    assert len(line) < 2500


def test_a_value_that_is_a_secret_of_the_environment_is_refused_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-of-sixteen-and-more")

    for more in ("user = 'canary-of-sixteen-and-more'", "[prompts]\ntask = 'Say canary-of-sixteen-and-more.'"):
        (line,) = lines(tmp_path, f"{SMALL}{more}\n")
        assert "holds the value of MY_TOKEN: keys come from the environment only" in line
        assert "canary" not in line
