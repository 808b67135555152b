"""The one prediction pass: examples of all splits through the models, to sums and to metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from apache_beam.io.textio import WriteToText
from apache_beam.pvalue import PCollection
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.extractors import unbatch_extractor
from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.proto import config_pb2, validation_result_pb2
from tfx_bsl.tfxio import tfxio

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.evaluator import contents, corrupted, judge
from tfx_updaters.components.evaluator.corruptions import Corruption
from tfx_updaters.components.evaluator.decision import Decision
from tfx_updaters.components.evaluator.inner import Inner
from tfx_updaters.components.evaluator.judge import Judgement, Rules
from tfx_updaters.components.evaluator.metrics.gated import EVALUATION, GatedMetric
from tfx_updaters.components.evaluator.samples import CLEAN
from tfx_updaters.components.evaluator.tally import (
    CONTENTS,
    FAULT,
    VIEW,
    Cell,
    Plan,
    Tally,
    TallyFn,
    merged,
)

SEED = 0
DECISION_FILE = "judgement.json"
# Extracts that TFMA does not know.
OURS = (VIEW, CLEAN, FAULT)


@dataclass(frozen=True)
class Pass:
    """What goes through the pass.

    Attributes:
        sources: where the examples of each view are.
        corruptions: views that are made of the evaluation examples, and how.
        schema: of the examples, serialized, if they are read with one.
        extractors: TFMA's, or the user's.
        models: TFMA's shared models.
        plan: what is tallied.
        rules: what the candidate is judged by.
        batch: number of examples that go through the models at once.
        output: folder of the evaluation.
    """

    sources: Mapping[str, tfxio.TFXIO]
    corruptions: Mapping[str, Corruption]
    schema: bytes | None
    extractors: Sequence[Any]
    models: Sequence[Any]
    plan: Plan
    rules: Rules
    batch: int
    output: str


def evaluate(pipeline: beam.Pipeline, what: Pass) -> None:
    """Adds the pass to a pipeline; results and `judgement.json` are written to `what.output`."""
    config = what.rules.config
    batches = _predicted(pipeline, what)
    tally = _tallied(pipeline, batches, what)
    own = _own_metrics(batches, what)
    sides = [beam.pvalue.AsList(own.pop(constants.METRICS_KEY))] if own else []
    inner = _inner_metrics(batches, what)
    judgement: Any = tally | "Judge" >> beam.Map(
        _judged, what.rules, list(inner), bool(sides), *sides,
        *(beam.pvalue.AsList(found) for found in inner.values()),
    )  # fmt: skip
    results = {
        **own,
        constants.METRICS_KEY: judgement | "Metrics" >> beam.FlatMap(lambda made: made.metrics),
        constants.VALIDATIONS_KEY: judgement | "Validations" >> beam.FlatMap(_validations),
    }
    models: Any = what.models[0] if len(what.models) == 1 else list(what.models)
    writers = tfma.default_writers(what.output, eval_shared_model=models, eval_config=config)
    _ = results | "Write" >> tfma.WriteResults(writers=writers)
    _write(judgement, what)


def examine(pipeline: beam.Pipeline, what: Pass) -> None:
    """Adds only what finds the faults of examples, without what TFMA computes row by row."""
    batches = _predicted(pipeline, what)
    judgement: Any = _tallied(pipeline, batches, what) | "Judge" >> beam.Map(
        lambda tally: judge.judge(tally, {}, (), what.rules)
    )
    _write(judgement, what)


def _tallied(
    pipeline: beam.Pipeline, batches: Mapping[str, PCollection], what: Pass
) -> PCollection:
    """One tally of everything, also of nothing."""
    tally = TallyFn(what.plan, what.rules.config)
    found: list[Any] = [
        each | f"Tally[{view}]" >> beam.ParDo(tally).with_outputs(CONTENTS, main="sums")
        for view, each in batches.items()
    ]
    overlaps = (
        [each[CONTENTS] for each in found]
        | "Contents" >> beam.Flatten()
        | "Shards" >> beam.CombinePerKey(contents.gathered)
        | "Overlaps" >> beam.Map(_overlapping, what.rules.apart)
    )
    none = pipeline | "Nothing" >> beam.Create([Tally()])
    together = beam.CombineGlobally(merged).without_defaults()
    tallies = [none, overlaps, *(each["sums"] for each in found)]
    return tallies | "Tallies" >> beam.Flatten() | "Together" >> together


def _overlapping(
    shard: tuple[int, Mapping[str, contents.Part]], pairs: Sequence[tuple[str, str]]
) -> Tally:
    _, parts = shard
    return Tally(
        overlaps={
            (mine, other): contents.overlap(parts[mine], parts.get(other, contents.NONE))
            for mine, other in pairs
            if mine in parts
        }
    )


def _write(judgement: PCollection, what: Pass) -> None:
    _ = (
        judgement
        | "Decision" >> beam.Map(lambda made: _decision(made).to_json())
        | "WriteDecision" >> WriteToText(f"{what.output}/{DECISION_FILE}", shard_name_template="")
    )


def _predicted(pipeline: beam.Pipeline, what: Pass) -> dict[str, PCollection]:
    """Batches of extracts with predictions, by view.

    They stay apart until they are sums: Beam's local runner keeps in memory what it flattens.
    """
    found = {}
    for view, source in what.sources.items():
        batches = (
            pipeline
            | f"Read[{view}]" >> source.BeamSource(batch_size=what.batch)
            | f"View[{view}]" >> beam.Map(_extracts, view)
        )
        found[view] = _extracted(batches, what, view)
    for view, corruption in what.corruptions.items():
        variants = found[EVALUATION] | f"Corrupt[{view}]" >> beam.Map(
            corrupted.variant, view, corruption, what.schema
        )
        predicted = _extracted(variants, what, view)
        found[view] = predicted | f"Compare[{view}]" >> beam.Map(corrupted.compared)
    return found


def _extracted(batches: PCollection, what: Pass, view: str) -> PCollection:
    for extractor in what.extractors[: _first_by_row(what.extractors)]:
        batches = batches | f"{extractor.stage_name}[{view}]" >> extractor.ptransform
    return batches


def _extracts(batch: Any, view: str) -> dict[str, Any]:
    return {constants.ARROW_RECORD_BATCH_KEY: batch, VIEW: np.full(batch.num_rows, view)}


def _first_by_row(extractors: Sequence[Any]) -> int:
    """The number of the extractor that takes batches apart."""
    for number, extractor in enumerate(extractors):
        if extractor.stage_name == unbatch_extractor.UNBATCH_EXTRACTOR_STAGE_NAME:
            return number
    raise ArgumentError(
        f"custom_extractors: received {[each.stage_name for each in extractors]}, which do not "
        "take batches apart; tfma.default_extractors and what is put between them are allowed"
    )


def _own_metrics(batches: Mapping[str, PCollection], what: Pass) -> dict[str, PCollection]:
    """What TFMA makes of the user's own metrics, on the evaluation split alone."""
    config = config_pb2.EvalConfig()
    config.CopyFrom(what.rules.config)
    for spec in config.metrics_specs:
        kept = [m for m in spec.metrics if not isinstance(_made(m), GatedMetric)]
        del spec.metrics[:]
        spec.metrics.extend(kept)
    specs = [spec for spec in config.metrics_specs if spec.metrics or spec.thresholds]
    if not specs:
        return {}
    del config.metrics_specs[:]
    config.metrics_specs.extend(specs)
    found = _computed(batches[EVALUATION], what, config, f"Own[{EVALUATION}]")
    found.pop(constants.VALIDATIONS_KEY, None)
    return found


def _inner_metrics(batches: Mapping[str, PCollection], what: Pass) -> dict[str, PCollection]:
    """Inner metrics that are no sums over batches, as TFMA computes them, by view."""
    found = {}
    for view, wanted in what.plan.wanted.items():
        inners = {each.inner for each in wanted if each.inner.measure() is None}
        if inners:
            config = _inner_config(what.rules, inners)
            metrics = _computed(batches[view], what, config, f"Inner[{view}]")
            found[view] = metrics[constants.METRICS_KEY]
    return found


def _inner_config(rules: Rules, inners: set[Inner]) -> config_pb2.EvalConfig:
    """These metrics in the place of those of the gate that hold them, with a jackknife."""
    config = config_pb2.EvalConfig()
    config.CopyFrom(rules.config)
    bounded = False
    for spec in config.metrics_specs:
        made = [each for each in map(_made, spec.metrics) if isinstance(each, GatedMetric)]
        held = {i for each in made for held in each.needs().values() for i in held} & inners
        bounded |= any(each.burden != "none" for each in made)
        del spec.metrics[:]
        spec.metrics.extend(inner.proto() for inner in sorted(held))
    specs = [spec for spec in config.metrics_specs if spec.metrics]
    del config.metrics_specs[:]
    config.metrics_specs.extend(specs)
    config.options.include_default_metrics.value = False
    config.options.compute_confidence_intervals.value = bounded
    config.options.confidence_intervals.method = config_pb2.ConfidenceIntervalOptions.JACKKNIFE
    config.options.ClearField("min_slice_size")
    return config


def _computed(
    batches: PCollection, what: Pass, config: config_pb2.EvalConfig, stage: str
) -> dict[str, PCollection]:
    """TFMA's own metrics on these examples, which are taken one by one for it."""
    rows = batches | f"{stage}Plain" >> beam.Map(
        lambda extracts: {k: v for k, v in extracts.items() if k not in OURS}
    )
    for extractor in what.extractors[_first_by_row(what.extractors) :]:
        rows = rows | f"{stage}{extractor.stage_name}" >> extractor.ptransform
    models: Any = what.models[0] if len(what.models) == 1 else list(what.models)
    evaluators = tfma.default_evaluators(
        eval_shared_model=models, eval_config=config, random_seed_for_testing=SEED
    )
    found: dict[str, PCollection] = {}
    for evaluator in evaluators:
        made: Any = rows | f"{stage}{evaluator.stage_name}" >> evaluator.ptransform
        found.update(made)
    return found


def _made(metric: config_pb2.MetricConfig) -> Any:
    return metric_specs.metric_instance(metric)


def _judged(tally: Any, rules: Rules, views: Any, own: bool, *found: Any) -> Judgement:
    metrics = found[0] if own else ()
    rows = {
        Cell(view, where): values
        for view, each in zip(views, found[int(own) :], strict=True)
        for where, values in each
    }
    return judge.judge(tally, rows, metrics, rules)


def _validations(made: Judgement) -> list[validation_result_pb2.ValidationResult]:
    """TFMA's, and one more that says no if there are faults, or thresholds of no slice."""
    found = list(made.validations)
    reasons = [fault.sentence() for fault in made.faults]
    reasons += [check.sentence() for check in made.checks if not check.slices]
    if reasons:
        refusal = validation_result_pb2.ValidationResult(validation_ok=False)
        failures = refusal.metric_validations_per_slice.add()
        for reason in reasons:
            failures.failures.add(message=reason)
        found.append(refusal)
    return found


def _decision(made: Judgement) -> Decision:
    return Decision(tuple(made.checks), tuple(made.faults), dict(made.splits), made.shared)
