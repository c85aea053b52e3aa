from pathlib import Path

from autodiff_engine.imports import imported_files


def made(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def names(folder: Path, file: str = "main.py") -> set[str]:
    found = list(imported_files(folder / file))
    assert len(found) == len(set(found))
    return {path.relative_to(folder).as_posix() for path in found}


def test_every_import_counts_wherever_it_stands_and_what_that_file_imports(tmp_path: Path) -> None:
    made(
        tmp_path,
        main="import top\ndef f():\n    import late\n    if f:\n        from later import name\n",
        top="try:\n    import optional, json\nexcept ImportError:\n    pass\n",
        late="import main, top",
        later="name = 1",
        optional="",
        unnamed="",
        json="",
    )
    assert names(tmp_path) == {"top.py", "late.py", "later.py", "optional.py"}


def test_packages_and_relative_imports_are_found_by_the_folder(tmp_path: Path) -> None:
    made(
        tmp_path,
        main="import pkg.inner.deep\nfrom other import part",
        pkg__init="",
        pkg__inner__deep="from . import near\nfrom .. import upper\nfrom ..upper import *\nfrom .... import beyond",
        pkg__inner__near="",
        pkg__upper="from .inner.near import x",
        other__part="",
        beyond="",
    )
    (tmp_path / "pkg" / "__init__.py").write_text("", encoding="utf-8")
    assert names(tmp_path) == {
        "pkg/__init__.py", "pkg/inner/deep.py", "pkg/inner/near.py", "pkg/upper.py", "other/part.py",
    }  # fmt: skip


def test_what_cannot_be_parsed_names_nothing_and_counts_itself(tmp_path: Path) -> None:
    made(tmp_path, main="import broken", broken="import never (", never="")
    assert names(tmp_path) == {"broken.py"}
    assert names(tmp_path, "broken.py") == set()
