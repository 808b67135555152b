"""The executor runs a user's module with the updater, and says on the artifact what it did."""

import json

import numpy as np
import pytest

from tfx_updaters.components import ArgumentError, InjectionError
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.optimizers import UpdaterError, get

UPDATER = Choice.of(get("momentum", learning_rate=0.25))


def test_a_module_is_trained_with_the_updater(execute, module_file):
    path = module_file()
    before = path.read_bytes()
    model, model_run = execute(updater=UPDATER.text, module_file=path)
    assert path.read_bytes() == before
    assert model.get_string_custom_property("updater") == UPDATER.text
    assert model.get_string_custom_property("updater_fingerprint") == UPDATER.fingerprint
    assert model.get_int_custom_property("updater_steps") == 2
    (use,) = json.loads(model.get_string_custom_property("updater_replaced"))
    assert (use["model"], use["optimizer"]) == ("dense_model", "Adam")
    assert use["config"]["learning_rate"] == pytest.approx(0.1)

    by_hand = module_file(
        """
        def train(fn_args):
            from tfx_updaters.components import updater_from
            model = dense()
            model.compile(updater_from(fn_args), "mse")
            model.fit(X, Y, epochs=1, batch_size=8, verbose=0)
            return model
        """,
        "by_hand.py",
    )
    weights = np.load(model_run / "weights.npy")
    model, _ = execute(updater=UPDATER.text, module_file=by_hand)
    np.testing.assert_array_equal(np.load(model_run / "weights.npy"), weights)
    (use,) = json.loads(model.get_string_custom_property("updater_replaced"))
    assert use["optimizer"] is None


def test_a_run_fn_by_its_dotted_name(execute, module_file, monkeypatch):
    monkeypatch.syspath_prepend(module_file(name="dotted_module.py").parent)
    model, _ = execute(updater="adam", run_fn="dotted_module.run_fn")
    assert model.get_string_custom_property("updater") == Choice.of("adam").text


def test_the_users_custom_config_comes_along(execute, module_file):
    path = module_file(
        """
        def train(fn_args):
            assert fn_args.custom_config["epochs"] == 3
            assert fn_args.custom_config["updater"]["updater"] == "momentum"
            assert fn_args.hyperparameters is None and fn_args.train_steps == 2
            model = dense()
            model.compile("sgd", "mse")
            model.fit(X, Y, epochs=fn_args.custom_config["epochs"], verbose=0)
            return model
        """
    )
    model, _ = execute(updater=UPDATER.text, module_file=path, custom_config={"epochs": 3})
    assert model.get_int_custom_property("updater_steps") == 3


def test_a_second_updater_in_custom_config_is_refused(execute, module_file):
    with pytest.raises(ArgumentError, match=r"custom_config\['updater'\]: received 'sgd'"):
        execute(updater="adam", module_file=module_file(), custom_config={"updater": "sgd"})


@pytest.mark.parametrize("updater", ["", "momentun", '{"updater": "adam", "beta1": 2}'])
def test_a_wrong_runtime_value_is_refused_before_the_module_is_trained(
    execute, module_file, updater
):
    path = module_file("def train(fn_args):\n    raise AssertionError('it trained')\n")
    with pytest.raises(UpdaterError):
        execute(updater=updater, module_file=path)


def test_a_transform_of_the_users_own_is_known_from_their_module(execute, module_file):
    path = module_file(
        """
        import dataclasses
        from tfx_updaters.optimizers import Transform, register

        @register("halve_in_a_module")
        @dataclasses.dataclass(frozen=True)
        class Halve(Transform):
            def update(self, update, context):
                return update / 2

        def train(fn_args):
            model = dense()
            model.compile("sgd", "mse")
            model.fit(X, Y, verbose=0)
            return model
        """
    )
    chain = {"learning_rate": 0.1, "transforms": [{"transform": "halve_in_a_module"}]}
    model, _ = execute(updater=json.dumps(chain), module_file=path)
    assert "halve_in_a_module" in model.get_string_custom_property("updater")


def test_scikit_learn_is_refused(execute, module_file):
    path = module_file(
        """
        def run_fn(fn_args):
            import os, pickle
            from sklearn.linear_model import LinearRegression
            os.makedirs(fn_args.serving_model_dir)
            with open(fn_args.serving_model_dir + "/model.pkl", "wb") as file:
                pickle.dump(LinearRegression().fit(X, Y), file)
        """
    )
    with pytest.raises(InjectionError, match="scikit-learn and tf_keras cannot use it"):
        execute(updater="adam", module_file=path)


def test_the_users_error_comes_through(execute, module_file):
    path = module_file("def train(fn_args):\n    raise KeyError('their own')\n")
    with pytest.raises(KeyError, match="their own"):
        execute(updater="adam", module_file=path)
    path = module_file("def train(fn_args):\n    from nowhere import x\n", "other.py")
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        execute(updater="adam", module_file=path)
