import json
import sys
from pathlib import Path

import datasets
import huggingface_hub.constants
import pytest
from datasets.data_files import DataFilesDict
from datasets.packaged_modules.json.json import Json

from autodiff_engine import network
from autodiff_engine.build.retrieval import corpus
from autodiff_engine.config import parse
from autodiff_engine.corpus_readers import read_corpus
from autodiff_engine.dataset_readers import Record, read
from autodiff_engine.errors import DataError
from autodiff_engine.hub import HubName, read_rows

HOTPOT = Path(__file__).parent / "hotpot_small.json"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the library takes for data sets by their names, as it does for any below the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return tmp_path


def put(hub: Path, name: str, rows: list[dict[str, object]], *, config: str = "small", split: str = "train") -> None:
    folder = hub / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    head = f"configs:\n- config_name: {config}\n  data_files:\n  - split: {split}\n    path: {split}.jsonl\n"
    (folder / "README.md").write_text(f"---\n{head}---\n", encoding="utf-8")


def kept(folder: Path, name: str, rows: list[dict[str, object]], *, config: str = "small") -> None:
    """Put rows into the library's cache as it does with what it downloads from the hub."""
    (folder / "downloaded.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    files = DataFilesDict({"train": [str(folder / "downloaded.jsonl")]})
    place = Path(datasets.config.HF_DATASETS_CACHE) / name.replace("/", "___") / config / "0.0.0" / "0123456789abcdef"
    builder = Json(
        dataset_name=name.partition("/")[2], config_name=config, data_files=files, cache_dir=str(folder / "w")
    )
    builder.download_and_prepare(str(place))
    (folder / "downloaded.jsonl").unlink()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("gsm8k", HubName("gsm8k", None, None, "train")),
        ("openai/gsm8k#main:test", HubName("openai/gsm8k", None, "main", "test")),
        ("a/b@refs/convert/parquet#c", HubName("a/b", "refs/convert/parquet", "c", "train")),
        ("a/b#:validation[:10]", HubName("a/b", None, None, "validation[:10]")),
        ("a/b@1a2b", HubName("a/b", "1a2b", None, "train")),
    ],
)
def test_a_name_says_revision_config_and_split(text: str, name: HubName) -> None:
    assert HubName.of(text) == name


@pytest.mark.parametrize("text", ["", "../x", "/home/x", "a/b/c", "a b", "a#b#c", "a@", "#x", "./a"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="not the name of a data set on the hub") as raised:
        HubName.of(text)
    assert "hf:owner/name#config:split" in raised.value.hint


def test_rows_go_through_the_columns_as_those_of_a_file_do(hub: Path) -> None:
    put(hub, "owner/set", [{"text": "q", "label": 8, "more": ["x"]}, {"text": "r", "label": 9, "more": []}])

    found = read("hf:owner/set#small:train", hub, {"question": "text", "answer": "label"}, count=5, seed=0)

    assert found == [
        Record({"question": "q", "more": '["x"]'}, "8", 1),
        Record({"question": "r", "more": "[]"}, "9", 2),
    ]
    with pytest.raises(DataError, match=r"hf:owner/set: has no column answer"):
        read("hf:owner/set", hub, {}, count=5, seed=0)


def test_classes_are_told_by_their_names(hub: Path) -> None:
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["LOC", "NUM"])})
    (hub / "owner" / "classes").mkdir(parents=True)
    rows = datasets.Dataset.from_dict({"text": ["q", "r", "s"], "label": [1, 0, -1]}, features=features)
    rows.to_parquet(hub / "owner" / "classes" / "train.parquet")

    assert [row["label"] for row in read_rows("owner/classes")] == ["NUM", "LOC", -1]


def test_rows_that_look_like_hotpotqa_are_read_as_such_and_bring_their_corpus(hub: Path) -> None:
    (row,) = [each for each in json.loads(HOTPOT.read_text(encoding="utf-8")) if isinstance(each["context"], dict)]
    put(hub, "owner/hotpot", [row], config="distractor", split="validation")
    named = "hf:owner/hotpot#distractor:validation"

    (found,) = read(named, hub, {}, count=5, seed=0)

    assert found.gold == {"gold_titles": "Ysa Korrin\nLower Brisk"}
    assert list(found.inputs) == ["question"]
    tables = {"task": {"pipeline": "object_count"}, "data": {"source": named}, "models": {"task": {"model": "a/b"}}}
    titles = [each.title for each in corpus(parse(tables), hub, program="multi_hop").passages]
    assert titles == ["Ysa Korrin", "Ostrel Clock", "Lower Brisk"]


def test_rows_without_paragraphs_bring_no_corpus(hub: Path) -> None:
    put(hub, "owner/set", [{"question": "q", "answer": "a"}])

    with pytest.raises(DataError, match="its rows hold no paragraphs: they have question, answer"):
        read_corpus("hf:owner/set", hub, count=1, seed=0)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("owner/set#small:test", "cannot be read: .*test"),
        ("owner/set#large", "cannot be read: .*large"),
        ("owner/gone", "cannot be read: .*owner/gone"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(hub: Path, name: str, line: str) -> None:
    put(hub, "owner/set", [{"question": "q", "answer": "a"}])

    with pytest.raises(DataError, match=line) as raised:
        read_rows(name)
    assert "\n" not in str(raised.value)


def test_nothing_is_painted_while_rows_are_read(hub: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(hub, "owner/set", [{"question": "q", "answer": "a"}])

    read_rows("owner/set")

    assert capfd.readouterr() == ("", "")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)

    with pytest.raises(DataError, match="the library that reads the hub is not installed") as raised:
        read_rows("owner/set")
    assert raised.value.hint == "pip install 'autodiff-tui[data]'"


def test_where_no_network_may_be_used_rows_come_from_the_librarys_own_cache(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    kept(hub, "owner/far", [{"question": "q", "answer": "a"}])

    with network.forbidden() as refused:
        assert read_rows("owner/far#small:train") == [{"question": "q", "answer": "a"}]
        assert read_rows("owner/far") == [{"question": "q", "answer": "a"}]
        for lacking in ("owner/far#large:train", "owner/far#small:test", "owner/never"):
            with pytest.raises(DataError, match=f"hf:{lacking}.: is not in the cache of datasets in {hub}") as raised:
                read_rows(lacking)
            assert "\n" not in str(raised.value)

    assert refused == []
    assert (datasets.config.HF_HUB_OFFLINE, huggingface_hub.constants.HF_HUB_OFFLINE) == (False, False)
