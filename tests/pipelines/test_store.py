"""Data in an object store: a real server that speaks S3, real requests."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest
from click.testing import CliRunner
from moto.server import ThreadedMotoServer
from sklearn.datasets import load_digits

from tfx_updaters.components import DataError
from tfx_updaters.components.examples import named, records
from tfx_updaters.pipelines import store
from tfx_updaters.pipelines.cli.main import main
from tfx_updaters.pipelines.data import IMAGES, RECORDS, STORED, Source

FOLDER = "s3://data/of last year"


class Bucket:
    """A bucket, and the server that has it."""

    def __init__(self) -> None:
        self.server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self.server.start()
        self.port = self.server.get_host_and_port()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        # What servers of this process had before is shared by all.
        urlopen(Request(f"{self.url}/moto-api/reset", method="POST")).close()
        self.client = boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1",
            aws_access_key_id="key", aws_secret_access_key="secret",
        )  # fmt: skip
        self.client.create_bucket(Bucket="data")

    def put(self, folder: Path, at: str = "of last year") -> None:
        for path in folder.rglob("*"):
            if path.is_file():
                key = f"{at}/{path.relative_to(folder)}"
                self.client.upload_file(str(path), "data", key)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    made = Bucket()
    monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
    yield made
    made.server.stop()


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    return named.write_digits(tmp_path / "digits")


def test_records_are_copied_once_and_again_when_they_change(bucket, digits, tmp_path):
    bucket.put(digits)
    source = Source(FOLDER)
    assert source.kind() == STORED
    here = source.here(tmp_path / "root")
    assert here.kind() == RECORDS and here.name == source.name and here.name.startswith("of-last")
    counts = records.inspect(here.prepare(tmp_path / "root")).counts
    assert sum(counts.values()) == len(load_digits().target)
    times = {path: path.stat().st_mtime_ns for path in here.folder.iterdir()}
    again = source.here(tmp_path / "root")
    assert again == here
    assert {path: path.stat().st_mtime_ns for path in again.folder.iterdir()} == times
    bucket.client.put_object(Bucket="data", Key="of last year/more/ä b", Body=b"new")
    changed = source.here(tmp_path / "root")
    assert changed.folder != here.folder
    assert (changed.folder / "more/ä b").read_bytes() == b"new"


def test_a_server_may_be_named_in_the_address(bucket, digits, tmp_path, monkeypatch):
    bucket.put(digits)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    address = f"s3://data/of last year?endpoint_override=127.0.0.1:{bucket.port}&scheme=http"
    assert Source(address).here(tmp_path).kind() == RECORDS


def test_the_command_shows_images_that_are_in_a_store(bucket, digits_as_images):
    bucket.put(digits_as_images)
    shown = CliRunner().invoke(main, ["data", FOLDER])
    assert shown.exit_code == 0, shown.output
    assert f"{IMAGES} in {FOLDER}" in shown.output and "8 x 8" in shown.output


@pytest.fixture
def digits_as_images(tmp_path: Path) -> Path:
    from PIL import Image

    found = load_digits()
    for number, (pixels, label) in enumerate(zip(found.images[:200], found.target, strict=False)):
        folder = tmp_path / "images" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 15).astype("uint8")).save(folder / f"{number}.png")
    return tmp_path / "images"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://data/x", r"data http://data/x: a folder, s3://BUCKET/FOLDER or gs://"),
        ("s3://nobody/x", r"s3://nobody/x cannot be listed: .*bucket does not exist"),
        ("s3://data/nothing", r"s3://data/nothing: there is nothing"),
        ("s3://", r"data s3://: a folder, s3://BUCKET/FOLDER or"),
        ("s3://key:secret@data/x", r"^data: an address with a key in it ends up in logs"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(bucket, address, said):
    with pytest.raises(DataError, match=said):
        Source(address).kind()


def test_a_server_that_does_not_answer_is_said(bucket, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    done = CliRunner().invoke(main, ["run", "--data", FOLDER])
    assert done.exit_code == 1 and f"data {FOLDER} cannot be listed" in done.output


def test_what_has_no_room_is_not_begun(bucket, digits, tmp_path, monkeypatch):
    bucket.put(digits)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 9, 99))
    with pytest.raises(DataError, match=r"has 0\.0 GB; .* has room for 0\.0 GB"):
        store.copy(FOLDER, tmp_path / "root", "it")
    assert not any((tmp_path / "root").iterdir())


def test_a_store_that_fails_meanwhile_leaves_nothing(bucket, digits, tmp_path, monkeypatch):
    bucket.put(digits)
    copied = []

    def failing(source, target, size):
        copied.append(target.name)
        if len(copied) == 2:
            bucket.server.stop()
            raise OSError("the connection was lost")
        target.write(source.read())

    monkeypatch.setattr(shutil, "copyfileobj", failing)
    with pytest.raises(DataError, match=r"was not copied: the connection was lost"):
        store.copy(FOLDER, tmp_path / "root", "it")
    assert len(copied) == 2 and not any((tmp_path / "root").iterdir())


def test_a_name_that_leads_out_of_the_folder_is_refused(bucket, tmp_path):
    bucket.client.put_object(Bucket="data", Key="of last year/../../out", Body=b"x")
    with pytest.raises(DataError, match="out"):
        store.copy(FOLDER, tmp_path / "root" / "in", "it")
    assert not list(tmp_path.rglob("out"))
