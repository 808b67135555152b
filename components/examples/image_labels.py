"""A list of labels: a CSV or JSONL file that names each image and its class."""

import csv
import difflib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tfx_updaters.components.errors import DataError

COLUMNS = ("file", "label")


def read(path: Path) -> dict[str, str]:
    """The label of each file, by its path as it is written there, with `/`.

    Raises:
        DataError: the file cannot be read, lacks a column, or a row has no file or no label, names
            a file outside of the folder, or one twice with two labels.
    """
    rows = _jsonl if path.suffix.lower() == ".jsonl" else _csv
    labels: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in rows(path, file):
                name, label = _checked(path, line, row)
                if labels.setdefault(name, label) != label:
                    raise DataError(
                        f"labels {path}, line {line}: {name} is '{label}' here and "
                        f"'{labels[name]}' before; an image has one label"
                    )
    except OSError as error:
        raise DataError(f"labels {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"labels {path} is not UTF-8") from error
    except csv.Error as error:
        raise DataError(f"labels {path} is no CSV: {error}") from error
    if not labels:
        raise DataError(f"labels {path} names no file")
    return labels


def _csv(path: Path, file) -> Iterator[tuple[int, dict]]:
    reader = csv.DictReader(file)
    _check_columns(path, list(reader.fieldnames or []))
    for row in reader:
        yield reader.line_num, row


def _jsonl(path: Path, file) -> Iterator[tuple[int, dict]]:
    for line, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except ValueError as error:
            raise DataError(f"labels {path}, line {line}: no JSON ({error})") from error
        if not isinstance(row, dict):
            raise DataError(f"labels {path}, line {line}: received {text.strip()[:60]}; an object "
                            'is needed, as {"file": "a.png", "label": "cat"}')  # fmt: skip
        _check_columns(path, list(row))
        yield line, row


def _check_columns(path: Path, names: list[str]) -> None:
    for column in COLUMNS:
        if column not in names:
            near = difflib.get_close_matches(column, names, 1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise DataError(
                f"labels {path} has no column '{column}' (found {', '.join(names) or 'none'}); "
                f"{hint}file,label is needed in the first line"
            )


def _checked(path: Path, line: int, row: dict) -> tuple[str, str]:
    name, label = (
        str(row[column] if row[column] is not None else "").strip() for column in COLUMNS
    )
    if not name or not label:
        raise DataError(f"labels {path}, line {line}: a file and a label are needed; found {row}")
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts:
        raise DataError(f"labels {path}, line {line}: {name} lies outside of the folder of images")
    return str(place), label
