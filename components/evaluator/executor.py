"""Runs the pass over the splits, and blesses the model or refuses it."""

from typing import Any

import tensorflow as tf
import tensorflow_model_analysis as tfma
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.proto import config_pb2
from tfx import types
from tfx.components.util import examples_utils, tfxio_utils, udf_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import io_utils, json_utils, path_utils, proto_utils
from tfx_bsl.tfxio import tensor_adapter, tfxio

from tfx_updaters.components import local_beam
from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator import one_pass
from tfx_updaters.components.evaluator.batches import batch_size
from tfx_updaters.components.evaluator.blessing import bless, clear
from tfx_updaters.components.evaluator.config import require_gate
from tfx_updaters.components.evaluator.decision import Decision, Fault
from tfx_updaters.components.evaluator.judge import Rules
from tfx_updaters.components.evaluator.metrics.gap import GeneralizationGap
from tfx_updaters.components.evaluator.metrics.gated import EVALUATION, REFERENCE, GatedMetric
from tfx_updaters.components.evaluator.tally import Plan, Wanted

Artifacts = dict[str, list[types.Artifact]]
DRIFT = "drift"
DRIFT_EXAMPLES = "drift_examples"


class Executor(base_beam_executor.BaseBeamExecutor):
    """The executor of `tfx_updaters.components.Evaluator`."""

    def __init__(self, context: Any = None):
        """Takes TFX's context; workers on this machine need no sources of TFX."""
        super().__init__(local_beam.context(context))

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Evaluates, and writes the blessing or the refusal with its `decision.json`.

        What forbids a blessing is a refusal; only what keeps the node from working at all is
        raised, and then nothing of an earlier attempt is left that says BLESSED.

        Raises:
            ArgumentError: the configuration cannot be taken.
        """
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        clear(blessing.uri)
        clear(artifact_utils.get_single_uri(output_dict["evaluation"]))
        self._log_startup(input_dict, output_dict, exec_properties)
        packages = self._packages(exec_properties)
        with udf_utils.TempPipInstallContext(packages):
            found = _Evaluation(input_dict, output_dict, exec_properties).decide(
                self._make_beam_pipeline
            )
        bless(blessing, found, input_dict, exec_properties)

    def _packages(self, exec_properties: dict[str, Any]) -> list[str]:
        """The user's module, on this machine and on Beam's workers."""
        _, extra = udf_utils.decode_user_module_key(
            exec_properties.get(standard_component_specs.MODULE_PATH_KEY) or ""
        )
        packages = [io_utils.ensure_local(path) for path in extra]
        self._beam_pipeline_args += [f"--extra_package={path}" for path in packages]
        return packages


class _Evaluation:
    """One run of the node."""

    def __init__(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ):
        self.inputs, self.properties = input_dict, exec_properties
        self.output = artifact_utils.get_single_uri(output_dict["evaluation"])
        self.splits = json_utils.loads(exec_properties.get("example_splits") or "null") or ["eval"]
        self.reference = exec_properties.get("reference_split") or "train"
        self.baseline = (input_dict.get("baseline_model") or [None])[0]
        given = config_pb2.EvalConfig()
        proto_utils.json_to_proto(exec_properties["eval_config"], given)
        require_gate(given, self.splits, self.reference, bool(input_dict.get(DRIFT_EXAMPLES)))
        self.config = tfma.utils.update_eval_config_with_defaults(
            given, has_baseline=self.baseline is not None, rubber_stamp=True
        )
        tfma.utils.verify_eval_config(self.config)
        if not self.config.slicing_specs:
            self.config.slicing_specs.add()  # All examples, as for TFMA.
        self.notes = [] if self.baseline else _unjudged(given)
        entries = metric_specs.keys_and_metrics_from_specs(
            self.config, list(self.config.metrics_specs)
        )
        self.gated = [(key, made) for key, _, made in entries if isinstance(made, GatedMetric)]
        self.corruptions = {
            view: each for _, metric in self.gated for view, each in metric.corruptions().items()
        }
        self.schema = self._schema()

    def decide(self, make_pipeline: Any) -> Decision:
        """Evaluates and reads what came of it."""
        names = {self._view(view) for _, metric in self.gated for view in metric.needs()} | {
            EVALUATION
        }
        files, faults = self._files(sorted(names - set(self.corruptions)))
        if faults:
            return self._refused(faults)
        try:
            what = self._pass(names, files)
            with make_pipeline() as pipeline:
                one_pass.evaluate(pipeline, what)
        except Exception as error:
            said = f" ({type(error).__name__})"
            found = [Fault(why + said) for why in self._broken_models()]
            found = found or self._faulty_examples(names, files, make_pipeline)
            if not found:
                raise
            return self._refused(found)
        return self._decision()

    def _pass(self, names: set[str], files: dict[str, list[str]]) -> one_pass.Pass:
        sources = {view: self._source(patterns) for view, patterns in files.items()}
        models = self._models()
        return one_pass.Pass(
            sources, self.corruptions, self.schema and self.schema.SerializeToString(),
            self._extractors(models, sources), models, self._plan(names), self._rules(names),
            batch_size(files[EVALUATION][0]), self.output,
        )  # fmt: skip

    def _faulty_examples(
        self, names: set[str], files: dict[str, list[str]], make_pipeline: Any
    ) -> list[Fault]:
        """What is wrong with the examples, if TFMA failed on them."""
        try:
            with make_pipeline() as pipeline:
                one_pass.examine(pipeline, self._pass(names, files))
        except Exception:
            return []  # It is not the examples: the first error says what it is.
        return [fault for fault in self._found().faults if fault.split]

    def _schema(self) -> schema_pb2.Schema | None:
        if not self.inputs.get("schema"):
            return None
        folder = artifact_utils.get_single_uri(self.inputs["schema"])
        return io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(folder))

    def _view(self, name: str) -> str:
        """The view that a metric means by the name of a split."""
        if name == self.reference:
            return REFERENCE
        return EVALUATION if [name] == self.splits else name

    def _files(self, views: list[str]) -> tuple[dict[str, list[str]], list[Fault]]:
        """Patterns of the files of each view; what is missing."""
        found, faults = {}, self._uncorruptible()
        for view in views:
            splits = {EVALUATION: self.splits, REFERENCE: [self.reference]}.get(view, [view])
            examples = self.inputs["examples"]
            if view == DRIFT and self.inputs.get(DRIFT_EXAMPLES):
                examples = self.inputs[DRIFT_EXAMPLES]
                splits = artifact_utils.decode_split_names(examples[0].split_names)
            found[view] = []
            for split in splits:
                known = artifact_utils.decode_split_names(examples[0].split_names)
                if split not in known:
                    faults.append(Fault(f"there is no such split; there are {known}", split))
                    continue
                patterns = [
                    io_utils.all_files_pattern(uri)
                    for uri in artifact_utils.get_split_uris(examples, split)
                ]
                full = [pattern for pattern in patterns if tf.io.gfile.glob(pattern)]
                if not full:
                    faults.append(Fault("there are no examples", split))
                found[view] += full
        return found, faults

    def _uncorruptible(self) -> list[Fault]:
        """Records that hold more than a corrupted copy would."""
        kind = examples_utils.get_payload_format_string(self.inputs["examples"][0])
        if not self.corruptions or kind == "FORMAT_TF_EXAMPLE":
            return []
        return [Fault(f"only FORMAT_TF_EXAMPLE records can be corrupted, and these are {kind}")]

    def _source(self, patterns: list[str]) -> tfxio.TFXIO:
        factory = tfxio_utils.get_tfxio_factory_from_artifact(
            examples=self.inputs["examples"],
            telemetry_descriptors=["Evaluator"],
            schema=self.schema,
            raw_record_column_name=tfma.constants.ARROW_INPUT_COLUMN,
        )
        return factory(patterns)

    def _models(self) -> list[Any]:
        """The candidate and the baseline as TFMA's shared models."""
        make = (
            udf_utils.try_get_fn(self.properties, "custom_eval_shared_model")
            or tfma.default_eval_shared_model
        )
        made = [
            make(
                eval_saved_model_path=self._path(spec.is_baseline),
                model_name=spec.name, eval_config=self.config, add_metrics_callbacks=None,
            )
            for spec in self.config.model_specs
        ]  # fmt: skip
        if not tfma.is_batched_input(made if len(made) > 1 else made[0], self.config):
            raise ArgumentError("model_type: an EvalSavedModel of an estimator cannot be judged")
        return made

    def _path(self, baseline: bool) -> str:
        model = self.baseline if baseline else self.inputs["model"][0]
        if model is None:
            raise ArgumentError("the eval_config has a baseline, and no baseline_model was given")
        return path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model))

    def _extractors(self, models: list[Any], sources: dict[str, tfxio.TFXIO]) -> list[Any]:
        adapter = None
        if self.schema is not None:
            source = sources[EVALUATION]
            adapter = tensor_adapter.TensorAdapterConfig(
                arrow_schema=source.ArrowSchema(),
                tensor_representations=source.TensorRepresentations(),
            )
        shared = models if len(models) > 1 else models[0]
        custom = udf_utils.try_get_fn(self.properties, "custom_extractors")
        make = custom or tfma.default_extractors
        return make(
            eval_shared_model=shared, eval_config=self.config, tensor_adapter_config=adapter
        )

    def _plan(self, names: set[str]) -> Plan:
        wanted: dict[str, list[Wanted]] = {view: [] for view in sorted(names)}
        slicing = list(self.config.slicing_specs)
        for key, metric in self.gated:
            slicing += metric.slicing()
            for view, inners in metric.needs().items():
                for inner in inners:
                    one = Wanted(inner, key.output_name or "", bool(key.example_weighted))
                    if one not in wanted[self._view(view)]:
                        wanted[self._view(view)].append(one)
        named = {name for spec in self.config.metrics_specs for name in spec.output_names}
        labelled = {name for spec in self.config.model_specs for name in spec.label_keys}
        outputs = sorted(named or labelled or {""})
        compared = {view for pair in self._apart(names) for view in pair}
        return Plan(wanted, outputs, slicing, compared)

    def _rules(self, names: set[str]) -> Rules:
        splits = ", ".join(self.splits)
        shown = {EVALUATION: splits, REFERENCE: self.reference} | {
            view: view.replace(EVALUATION, splits, 1) for view in self.corruptions
        }
        asked = {view for _, metric in self.gated for view in metric.needs()}
        return Rules(
            config=self.config,
            views={name: self._view(name) for name in asked},
            shown={view: shown.get(view, view) for view in sorted(names)},
            apart=self._apart(names),
            max_overlap=float(self.properties.get("max_overlap") or 0.0),
        )

    def _apart(self, names: set[str]) -> list[tuple[str, str]]:
        """Views that may share no examples: what is judged, and what was trained on."""
        gaps = [getattr(metric, "of", metric) for _, metric in self.gated]
        pairs = {
            (self._view(gap.evaluation), self._view(gap.reference))
            for gap in gaps
            if isinstance(gap, GeneralizationGap)
        }
        if REFERENCE in names:
            pairs |= {(name, REFERENCE) for name in names - {REFERENCE, *self.corruptions}}
        return sorted(pairs)

    def _decision(self) -> Decision:
        found = self._found()
        told = self._told(found)
        result = tfma.load_validation_result(self.output)
        if result.validation_ok != told.blessed:
            verdict = "blesses" if result.validation_ok else "refuses"
            return self._told(found, [Fault(f"TFMA's own validation {verdict} the model")])
        return told

    def _found(self) -> Decision:
        with tf.io.gfile.GFile(f"{self.output}/{one_pass.DECISION_FILE}") as file:
            return Decision.from_json(file.read())

    def _refused(self, faults: list[Fault]) -> Decision:
        return self._told(Decision((), tuple(faults)))

    def _told(self, found: Decision, more: list[Fault] | None = None) -> Decision:
        return Decision(
            found.checks, (*found.faults, *(more or ())), found.splits, found.shared,
            tuple(self.notes), self.inputs["model"][0].uri,
            self.baseline.uri if self.baseline else None,
        )  # fmt: skip

    def _broken_models(self) -> list[str]:
        """Which models cannot be loaded; asked only after something failed."""
        broken = []
        for spec in self.config.model_specs:
            try:
                tf.saved_model.load(self._path(spec.is_baseline))
            except Exception as error:
                name = "baseline" if spec.is_baseline else "candidate"
                broken.append(f"the {name} does not load: {str(error).splitlines()[0][:200]}")
        return broken


def _unjudged(config: config_pb2.EvalConfig) -> list[str]:
    """What a first run cannot judge."""
    names = sorted(
        {
            key.name
            for key, pairs in metric_specs.metric_thresholds_from_metrics_specs(
                config.metrics_specs, eval_config=config
            ).items()
            for _, threshold in pairs
            if isinstance(threshold, config_pb2.GenericChangeThreshold)
        }
    )
    first = "no model was blessed before: there is no baseline"
    return [f"{first}, and no change of {', '.join(names)} was judged" if names else first]
