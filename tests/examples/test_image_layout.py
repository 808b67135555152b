"""The class and the split of each file, by folder or by a list, and what is passed over."""

import os

import pytest

from tfx_updaters.components import DataError
from tfx_updaters.components.examples.image_layout import find, looks_like


def laid_out(listing):
    return {(file.path, file.label, file.split) for file in listing.files}


def test_the_folder_is_the_class_however_deep(folder):
    listing = find(folder("cat/1.png", "cat/more/2.jpg", "dog/ä b/ü.webp", "dog/4.BMP"))
    assert laid_out(listing) == {
        ("cat/1.png", "cat", ""), ("cat/more/2.jpg", "cat", ""),
        ("dog/ä b/ü.webp", "dog", ""), ("dog/4.BMP", "dog", ""),
    }  # fmt: skip
    assert (listing.splits, listing.skipped) == ((), ())


@pytest.mark.parametrize("held_out", ["eval", "val", "valid", "validation", "Test"])
def test_folders_at_the_top_are_splits(folder, held_out):
    listing = find(folder("train/cat/1.png", f"{held_out}/cat/2.png"))
    assert laid_out(listing) == {
        ("train/cat/1.png", "cat", "train"), (f"{held_out}/cat/2.png", "cat", "eval")
    }  # fmt: skip
    assert set(listing.splits) == {"train", "eval"}


def test_a_test_split_beside_another_one_stays(folder):
    listing = find(folder("train/a/1.png", "val/a/2.png", "test/a/3.png"))
    assert {file.split for file in listing.files} == {"train", "eval", "test"}


def test_a_folder_train_alone_is_a_class(folder):
    listing = find(folder("train/1.png", "bus/2.png"))
    assert listing.classes == ("bus", "train")


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["train/a/1.png", "eval/a/2.png", "cats/3.png"], "cats lies beside"),
        (["train/a/1.png", "eval/a/2.png", "val/a/3.png"], "eval and val"),
        (["1.png"], "no image of a class"),
    ],
)
def test_a_layout_that_is_unclear_is_refused(folder, paths, expected):
    with pytest.raises(DataError, match=expected):
        find(folder(*paths))


def test_a_path_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        find(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        find(tmp_path / "file")


def test_what_is_no_image_is_listed_and_junk_is_passed_over(folder):
    root = folder("a/1.png", "b/2.png", "top.png")
    for name in ("a/notes.txt", "a/.hidden.png", "b/Thumbs.db", "README.md"):
        (root / name).write_text("text")
    (root / ".git").mkdir()
    listing = find(root)
    reasons = {each.file: each.reason for each in listing.skipped}
    assert set(reasons) == {"a/notes.txt", "top.png"}
    assert ".jpg" in reasons["a/notes.txt"] and "no folder of a class" in reasons["top.png"]


def test_links_are_followed_but_loops_and_dead_ends_are_listed(folder):
    root = folder("a/1.png", "b/2.png")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "self").symlink_to(root / "a" / "self")
    (root / "b" / "gone.png").symlink_to(root / "nowhere.png")
    (root / "c").symlink_to(folder("3.png", at="elsewhere"))
    os.mkfifo(root / "b" / "pipe.png")
    listing = find(root)
    assert laid_out(listing) == {("a/1.png", "a", ""), ("b/2.png", "b", ""), ("c/3.png", "c", "")}
    assert {each.file for each in listing.skipped} == {
        "a/up", "a/self", "b/gone.png", "b/pipe.png"
    }  # fmt: skip


def test_a_name_that_is_not_utf8_is_listed(folder):
    root = folder("a/1.png", "b/2.png")
    os.rename(root / "a/1.png", os.fsencode(root / "a") + b"/\xff.png")
    listing = find(root)
    assert [each.reason for each in listing.skipped] == ["its name is not UTF-8"]


def test_empty_folders_of_classes_are_known(folder):
    root = folder("a/1.png")
    (root / "empty").mkdir()
    assert find(root).classes == ("a", "empty")


CSV = "file,label\none.png,cat\nsub/two words.png,dog\n"
JSONL = '{"file": "one.png", "label": 3}\n\n{"file": "sub/two words.png", "label": "dog"}\n'


@pytest.mark.parametrize(
    ("name", "text", "first"), [("l.csv", CSV, "cat"), ("l.JSONL", JSONL, "3")]
)
def test_a_list_has_the_labels(folder, name, text, first):
    root = folder("one.png", "sub/two words.png", "unnamed.png")
    (root / name).write_text("\ufeff" + text if name == "l.csv" else text, encoding="utf-8")
    listing = find(root, name)
    assert laid_out(listing) == {("one.png", first, ""), ("sub/two words.png", "dog", "")}
    assert listing.unlabelled == 1


def test_a_list_goes_with_folders_of_splits(folder):
    root = folder("train/1.png", "val/2.png")
    (root / "l.csv").write_text("file,label\ntrain/1.png,a\nval/2.png,b\ngone.png,b\n")
    listing = find(root, "l.csv")
    assert laid_out(listing) == {("train/1.png", "a", "train"), ("val/2.png", "b", "eval")}
    assert [each.file for each in listing.skipped] == ["gone.png"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("l.csv", "", "no column 'file'"),
        ("l.csv", "file,lable\n1.png,a\n", "did you mean 'lable'"),
        ("l.csv", "1.png,a\n", "file,label is needed"),
        ("l.csv", "file,label\n", "names no file"),
        ("l.csv", "file,label\n1.png\n", "line 2: a file and a label"),
        ("l.csv", "file,label\n1.png,a\n1.png,b\n", "line 3: 1.png is 'b' here and 'a' before"),
        ("l.csv", "file,label\n../1.png,a\n", "outside"),
        ("l.csv", "file,label\n/etc/1.png,a\n", "outside"),
        ("l.jsonl", "{", "line 1: no JSON"),
        ("l.jsonl", "[1]\n", "an object"),
        ("l.jsonl", '{"file": "1.png"}', "no column 'label'"),
        ("l.jsonl", '{"file": "1.png", "label": null}', "a file and a label"),
    ],
)
def test_a_list_that_cannot_be_taken_is_refused(folder, name, text, expected):
    root = folder("1.png")
    (root / name).write_text(text)
    with pytest.raises(DataError, match=expected):
        find(root, name)


def test_a_list_that_is_missing_or_no_text_is_refused(folder):
    root = folder("1.png")
    with pytest.raises(DataError, match="No such file"):
        find(root, "l.csv")
    (root / "l.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="UTF-8"):
        find(root, "l.csv")


def test_a_folder_of_images_is_told_from_others(folder, tmp_path):
    assert looks_like(folder("a/1.png"))
    assert looks_like(folder("train/a/1.JPG", at="deeper"))
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "train.tfrecord").write_bytes(b"x")
    assert not looks_like(tmp_path / "records")
