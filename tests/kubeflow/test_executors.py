"""The nodes that stand for what KFP has not: the ledger, conditions, fingerprints."""

import json
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import made
import pytest
from pyarrow import fs
from tfx.components import CsvExampleGen
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.experimental.conditionals.conditional import Cond
from tfx.proto import example_gen_pb2, range_config_pb2
from tfx.types.standard_artifacts import Model, ModelBlessing, String

from tfx_updaters.kfp import conditions, fingerprint, latest_blessed
from tfx_updaters.kfp.errors import LedgerError
from tfx_updaters.kfp.ledger import Blessed, Ledger, address, opened


def artifact(kind, path, **properties):
    """An artifact at a path of a run."""
    new = kind()
    new.uri = str(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for name, value in properties.items():
        new.set_int_custom_property(name, value)
    return new


def train(root, run, blessed=1):
    """What a Trainer and an Evaluator of a run leave, and the ledger's node after them."""
    model = artifact(Model, root / "digits" / run / "Trainer" / "model")
    (root / "digits" / run / "Trainer" / "model" / "Format-Serving").mkdir(parents=True)
    (root / "digits" / run / "Trainer" / "model" / "Format-Serving" / "weights").write_text(run)
    blessing = artifact(ModelBlessing, root / "digits" / run / "Evaluator" / "b", blessed=blessed)
    (root / "digits" / run / "Evaluator" / "b").mkdir()
    (root / "digits" / run / "Evaluator" / "b" / "BLESSED").touch()
    added = artifact(String, root / "digits" / run / "ledger" / "added")
    latest_blessed.AddExecutor().Do(
        {"model": [model], "blessing": [blessing]}, {"added": [added]}, {"run": run}
    )
    return added.value


def find(root, run):
    """What the node that finds the latest blessed model gives in a run."""
    model = artifact(Model, root / "digits" / run / "resolver" / "model")
    blessing = artifact(ModelBlessing, root / "digits" / run / "resolver" / "model_blessing")
    latest_blessed.FindExecutor().Do(
        {}, {"model": [model], "model_blessing": [blessing]}, {"run": run}
    )
    return model, blessing


def weights(root, run):
    """The weights that a run found."""
    return (root / "digits" / run / "resolver/model/Format-Serving/weights").read_text()


def test_on_the_first_run_there_is_none_and_it_is_no_error(tmp_path):
    model, blessing = find(tmp_path, "first")
    assert model.get_int_custom_property("none") == blessing.get_int_custom_property("none") == 1


def test_the_latest_blessed_model_is_copied_whole(tmp_path):
    for run in ("a", "b"):
        train(tmp_path, run)
    model, blessing = find(tmp_path, "c")
    assert not model.has_custom_property("none")
    assert weights(tmp_path, "c") == "b"
    assert model.get_string_custom_property("copy_of").endswith("digits/b/Trainer/model")
    assert blessing.get_int_custom_property("blessed") == 1
    assert (tmp_path / "digits/c/resolver/model_blessing/BLESSED").exists()


def test_a_model_that_is_not_blessed_is_not_added(tmp_path):
    assert train(tmp_path, "a") != ""
    assert train(tmp_path, "b", blessed=0) == ""
    find(tmp_path, "c")
    assert weights(tmp_path, "c") == "a"


def test_a_model_from_the_cache_does_not_become_the_latest_again(tmp_path):
    ledger = Ledger(str(tmp_path / "ledger"))
    for model in ("a", "b", "a"):
        (tmp_path / model).mkdir(exist_ok=True)
        ledger.append(Blessed(model=str(tmp_path / model), blessing="x", run=model))
    latest = ledger.latest()
    assert latest is not None and latest.model == str(tmp_path / "b")


def test_runs_that_finish_at_once_all_have_their_entry(tmp_path):
    ledger = Ledger(str(tmp_path / "ledger"))
    with ThreadPoolExecutor(16) as pool:
        entries = [Blessed(model=f"m{i}", blessing="b", run=str(i)) for i in range(64)]
        list(pool.map(ledger.append, entries))
    found = [json.loads(path.read_text())["model"] for path in (tmp_path / "ledger").iterdir()]
    assert sorted(found) == sorted(entry.model for entry in entries)


def test_a_model_that_is_gone_is_no_missing_baseline(tmp_path):
    train(tmp_path, "a")
    (tmp_path / "digits/a/Trainer/model").rename(tmp_path / "elsewhere")
    with pytest.raises(LedgerError, match="digits/a/Trainer/model is gone"):
        find(tmp_path, "b")


def test_a_broken_entry_is_named(tmp_path):
    train(tmp_path, "a")
    (entry,) = (tmp_path / "digits/blessed-models").iterdir()
    entry.write_text('{"model": 1')
    with pytest.raises(LedgerError, match=entry.name):
        find(tmp_path, "b")


def test_an_artifact_of_another_run_gives_no_ledger():
    with pytest.raises(LedgerError, match="minio://b/digits/other"):
        Ledger.beside("/minio/b/digits/other/Trainer/model", "this")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/minio/bucket/x", "minio://bucket/x"),
        ("/s3/bucket/x", "s3://bucket/x"),
        ("/gcs/bucket/x", "gs://bucket/x"),
        ("/other/x", "/other/x"),
    ],
    ids=["minio", "s3", "gcs", "other"],
)
def test_a_mount_stands_for_an_address(path, wanted):
    assert address(path) == wanted


def test_a_ledger_in_a_store_of_another_machine_is_in_its_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KFP_MOUNT_ROOT", str(tmp_path / "mount"))
    monkeypatch.setenv("KFP_STORE_ROOT", str(tmp_path / "store"))
    ledger = Ledger.beside(f"{tmp_path}/mount/minio/bucket/v2/digits/run/x", "run")
    assert ledger.uri == "minio://bucket/v2/digits/blessed-models"
    (tmp_path / "store/minio/bucket/model").mkdir(parents=True)
    ledger.append(Blessed(model="minio://bucket/model", blessing="b", run="run"))
    assert len(list((tmp_path / "store/minio/bucket/v2/digits/blessed-models").iterdir())) == 1
    assert ledger.latest() == Blessed(model="minio://bucket/model", blessing="b", run="run")


def test_minio_is_asked_at_the_address_of_the_variable(monkeypatch):
    asked = []

    class Store(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_):
            """Writes nothing."""

    with HTTPServer(("127.0.0.1", 0), Store) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        store, path = opened("minio://bucket/v2/model")
        assert store.get_file_info(path).type == fs.FileType.NotFound
        server.shutdown()
    assert "/bucket/v2/model" in asked


def predicate(folder):
    """The compiled predicate of a Pusher that hangs on a blessing, and the name of its input."""
    model = Importer(source_uri="s3://bucket/m", artifact_type=Model).with_id("model")
    blessing = Importer(source_uri="s3://bucket/b", artifact_type=ModelBlessing).with_id("blessing")
    with Cond(blessing.outputs["result"].future()[0].custom_property("blessed") == 1):
        node = made.Write(model=model.outputs["result"])
    document = made.compiled(made.pipeline([model, blessing, node]), folder)
    inputs = document.task("condition-1")["inputs"]
    (name,) = inputs["artifacts"]
    return inputs["parameters"]["predicate"]["runtimeValue"]["constant"], name


@pytest.mark.parametrize(("blessed", "wanted"), [(1, "true"), (0, "false")], ids=["yes", "no"])
def test_a_condition_is_computed_as_tfx_does(tmp_path, blessed, wanted):
    blessing = artifact(ModelBlessing, tmp_path / "b", blessed=blessed)
    holds = artifact(String, tmp_path / "holds")
    text, name = predicate(tmp_path)
    conditions.Executor().Do({name: [blessing]}, {"holds": [holds]}, {"predicate": text})
    assert (tmp_path / "holds").read_text() == wanted


def fingerprint_of(folder, **properties):
    """The fingerprint of a CsvExampleGen's files."""
    node = CsvExampleGen(str(folder), **properties)
    written = artifact(String, folder.parent / "out" / "fingerprint")
    given = {key: value for key, value in node.exec_properties.items() if value is not None}
    fingerprint.Executor().Do({}, {fingerprint.KEY: [written]}, given)
    return written.value


def test_a_fingerprint_changes_with_the_files_and_only_then(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("x\n1\n")
    before = fingerprint_of(tmp_path / "data")
    assert fingerprint_of(tmp_path / "data") == before
    (tmp_path / "data/a.csv").write_text("x\n1\n2\n")
    assert fingerprint_of(tmp_path / "data") != before


def test_a_fingerprint_is_that_of_the_span(tmp_path):
    for span in ("1", "2"):
        (tmp_path / "data" / span).mkdir(parents=True)
        (tmp_path / "data" / span / "a.csv").write_text("x\n1\n")
    config = example_gen_pb2.Input(
        splits=[example_gen_pb2.Input.Split(name="all", pattern="{SPAN}/*")]
    )
    ranges = range_config_pb2.RangeConfig(
        static_range=range_config_pb2.StaticRange(start_span_number=1, end_span_number=1)
    )
    latest = fingerprint_of(tmp_path / "data", input_config=config)
    first = fingerprint_of(tmp_path / "data", input_config=config, range_config=ranges)
    assert latest.startswith("span:2") and first.startswith("span:1")
