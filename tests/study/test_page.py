"""The page of a study: strict XML, nothing from outside, the numbers of its JSON and no others."""

import dataclasses
import itertools
import json
import re
import statistics
import xml.etree.ElementTree as ET

import made_study
import pytest

from tfx_updaters.components import TrainingConfig
from tfx_updaters.components.report.axis import short
from tfx_updaters.components.study.files import PAGE, RESULT, texts
from tfx_updaters.components.study.origin import Origin
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.trials import DIVERGED, FAILED, Point, Result
from tfx_updaters.components.study.tuning import Tuning

ORIGIN = Origin(
    "0f" * 32, "2 classes & more", ["tfx-updaters", "compare", "--updaters", "sgd,my own.json"]
)
OUTCOME = made_study.outcome()
ONE = dataclasses.replace(
    made_study.PLAN, arms=made_study.ARMS[:2], conditions=made_study.CONDITIONS[:1], target=None,
    tuning=None,
)  # fmt: skip


def written(outcome=OUTCOME, origin=ORIGIN):
    """The parsed page and the numbers beside it."""
    made = texts(outcome, origin)
    assert set(made) == {PAGE, RESULT}
    return ET.fromstring(made[PAGE]), json.loads(made[RESULT])


def words(element):
    return " ".join(" ".join(element.itertext()).split())


def tables(root):
    """Rows as texts, by caption."""
    return {
        table.findtext("caption"): [[words(cell) for cell in row] for row in table.iter("tr")]
        for table in root.iter("table")
    }


def headings(root):
    return [words(each) for each in root.iter("h2")]


def test_the_verdicts_come_first_each_as_its_sentence():
    root, document = written()
    header = root.find("body/main")[0]
    said = [words(item).split(maxsplit=1) for item in header.iter("li")]
    assert [sentence for _, sentence in said] == [v["sentence"] for v in document["verdicts"]]
    marks = {"better": "▲", "worse": "▼", "no difference shown": "○"}
    assert [mark for mark, _ in said] == [marks[v["call"]] for v in document["verdicts"]]
    assert {v["call"] for v in document["verdicts"]} == {"better", "no difference shown"}


def numbers(value):
    """Every number of a JSON document."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def test_every_number_of_a_table_is_one_of_the_json():
    root, document = written()
    known = {text for n in numbers(document) for text in (f"{n:.4f}", f"{n:+.4f}", f"{n:g}")}
    known |= {f"{100 * n:.4g}" for n in numbers(document)} | {"1.5", "0.316", "3.16"}
    curves = [
        name for name in tables(root)
        if re.search(r" on test( by class)?$| on the batches|^share that|^norm of|^cosine", name)
    ]  # fmt: skip
    assert len(curves) == 7
    checked = 0
    for name, rows in tables(root).items():
        if name not in curves:
            for cell in itertools.chain(*rows[1:]):
                for text in re.findall(r"(?<![\w.])[+-]?\d+\.\d{3,}(?![\w])", cell):
                    checked += 1
                    padded = {text, f"{float(text):.4f}", f"{float(text):+.4f}"}
                    assert padded & known, (name, cell)
    assert checked > 60


def test_the_summaries_are_those_of_the_json():
    root, document = written()
    found = tables(root)
    for condition in ("clean", "outliers 10 %"):
        rows = {row[0]: row for row in found[f"{condition}, 8 seeds"][1:]}
        for arm in (arm for arm in document["arms"] if arm["condition"] == condition):
            row = rows[arm["arm"]]
            assert row[1:3] == [arm["learning_rate"], f"{arm['final']['mean']:.4f}"]
            assert row[3] == " to ".join(f"{end:.4f}" for end in arm["final_interval"])
            ended = arm["trainings"] - arm["failed"]
            assert row[7] == f"{arm['diverged']} of {ended}" and row[9] == str(arm["failed"])
            finals = [t["curve"][0 if t["status"] == "diverged" else -1]["test"]["accuracy"]
                      for t in arm["trials"] if t["status"] != "failed"]  # fmt: skip
            assert arm["final"]["mean"] == pytest.approx(statistics.fmean(finals))
            low, high = arm["final_interval"]
            assert low <= arm["final"]["mean"] <= high


def test_a_curve_is_the_mean_of_the_trainings_that_gave_a_model_and_its_band_holds_all():
    root, document = written()
    plots = [svg for svg in root.iter("svg") if svg.get("class") == "plot"]
    assert len(plots) == 2 * 3 + 1
    for condition, plot in (("clean", plots[0]), ("outliers 10 %", plots[2])):
        arms = [arm for arm in document["arms"] if arm["condition"] == condition]
        lines = list(plot.iter("polyline"))
        for arm, line, band in zip(arms, lines, plot.iter("polygon"), strict=True):
            done = [t["curve"] for t in arm["trials"] if t["status"] == "done"]
            at = [tuple(map(float, p.split(","))) for p in line.get("points").split()]
            ends = [tuple(map(float, p.split(","))) for p in band.get("points").split()]
            means = [statistics.fmean(p["test"]["accuracy"] for p in points)
                     for points in zip(*done, strict=True)]  # fmt: skip
            # Positions are linear in the values, from the top.
            scale = (at[-1][1] - at[0][1]) / (means[-1] - means[0])
            assert scale < 0
            for (_, y), mean in zip(at, means, strict=True):
                assert y == pytest.approx(at[0][1] + scale * (mean - means[0]), abs=0.03)
            lows, highs = ends[: len(at)], ends[len(at) :][::-1]
            for (_, low), (_, y), (_, high) in zip(lows, at, highs, strict=True):
                assert high - 0.02 <= y <= low + 0.02
    legend = words(root)
    assert "momentum, 6 of 8 trainings" in legend and "sgd, 7 of 8 trainings" in legend


def test_the_worst_class_of_each_arm_is_named_and_all_are_in_the_table():
    root, document = written()
    found = tables(root)["clean: accuracy on test by class"]
    assert found[0] == ["class", "sgd", "momentum", "clip"]
    assert [row[0] for row in found[1:]] == ["0", "1", "2"]
    labels = [svg.get("aria-label") for svg in root.iter("svg") if svg.get("class") == "bars"]
    for place, arm in enumerate(document["arms"][:3], start=1):
        worst = "1" if arm["arm"] == "sgd" else "2"
        column = [float(row[place]) for row in found[1:]]
        assert min(column) == column[int(worst)]
        mean = statistics.fmean(t["classes"][int(worst)] for t in arm["trials"])
        assert f"{mean:.4f}" == found[1 + int(worst)][place]
        assert any(f"{arm['arm']}: " in each and f", class {worst};" in each for each in labels)


def test_what_the_updates_did_is_told_by_layer_and_what_is_not_known_is_said():
    root, document = written()
    clip = next(arm for arm in document["arms"] if arm["arm"] == "clip")
    each = [statistics.fmean(t["dynamics"]["clipped"]["conv/kernel"]) for t in clip["trials"]]
    mean, low, high = statistics.fmean(each), min(each), max(each)
    (section,) = [f for f in root.iter("figure") if "cosine" in words(f) and "clean" in words(f)]
    share, ratio, cosine = [[[words(cell) for cell in row] for row in table.iter("tr")]
                            for table in section.iter("table")]  # fmt: skip
    assert share[0] == ["where", "sgd", "momentum", "clip"]
    assert share[1] == ["conv/kernel", "-", "-", f"{short(mean)} ({short(low)} to {short(high)})"]
    assert ratio[2] == ["head/kernel", *["0.0117 (0.0117 to 0.0117)"] * 3]
    assert cosine[1][1] == "0.45 (0.45 to 0.45)"
    said = "share that a clip made smaller: nothing was recorded of sgd, momentum."
    assert said in words(section)
    assert "nothing was recorded of sgd, momentum" in words(written(made_study.outcome(ONE))[0])


def test_differences_lie_where_they_are_beside_zero():
    root, document = written()
    charts = [svg for svg in root.iter("svg") if svg.find("line[@class='zero']") is not None]
    assert len(charts) == len(document["verdicts"])
    for verdict, chart in zip(document["verdicts"], charts, strict=True):
        percent = lambda element, name: float(element.get(name).removesuffix("%"))  # noqa: E731
        zero = percent(chart.find("line[@class='zero']"), "x1")
        value = percent(chart.find("g/svg"), "x")
        assert (value > zero) == (verdict["difference"] > 0)
        single = chart.findall("g/line[@class='single']")
        assert len(single) == len(verdict["differences"])
        assert all(0 <= percent(line, "x1") <= 100 for line in chart.iter("line"))


def test_it_asks_for_nothing_from_outside_and_runs_nothing():
    root, _ = written()
    names = {element.tag for element in root.iter()}
    assert not names & {"script", "link", "img", "image", "iframe", "object", "use", "base", "a"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not {n for n in attributes if re.search(r"^(on|src|href|style|action)|:href", n)}
    assert not re.search(r"url\(|@import|https?:", texts(OUTCOME, ORIGIN)[PAGE])


def test_every_picture_has_words_and_a_table():
    root, _ = written()
    pictures = [svg for svg in root.iter("svg") if svg.get("class") in ("plot", "bars")]
    assert pictures and all(svg.get("role") == "img" for svg in pictures)
    assert all(re.search(r"\d", svg.get("aria-label")) for svg in pictures)
    for figure in root.iter("figure"):
        assert figure.find(".//table/caption") is not None
        assert len(list(figure.iter("table"))) >= sum(
            svg.get("class") == "plot" for svg in figure.iter("svg")
        )
    scrolling = [box for box in root.iter("div") if box.get("class") == "scroll"]
    assert len(scrolling) == len(list(root.iter("table")))
    assert all(box.get("tabindex") == "0" and box.get("aria-label") for box in scrolling)


def contrast(first, second):
    """The ratio of two colours: WCAG 2.2, relative luminance."""

    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_texts_and_lines_stand_out(theme):
    style = written()[0].findtext("head/style")
    found = re.findall(r":root \{(.*?)\}", style)[theme]
    colours = dict(re.findall(r"--(\w+): (#\w{6});", found))
    assert len(colours) == 13
    for name in set(colours) - {"paper", "card", "line"}:
        for ground in ("paper", "card"):
            assert contrast(colours[name], colours[ground]) >= 4.5, name


def test_hostile_names_are_text_and_nothing_else():
    hostile = "<script>alert('&\"')</script>\x00\x1b\udcff{{ 1 }}"
    plan = dataclasses.replace(
        ONE, model_args={hostile: hostile}, metric="accuracy",
        training=TrainingConfig(epochs=3, metrics=["accuracy", hostile], loss=hostile),
    )  # fmt: skip

    def train(trial):
        if trial.arm.name == "sgd" and trial.seed == 1:
            return Result(FAILED, hostile)
        return made_study.made(trial)

    root, _ = written(made_study.outcome(plan, train), Origin(hostile, hostile, [hostile]))
    assert "script" not in {element.tag for element in root.iter()}
    shown = hostile.replace("\x00\x1b\udcff", "\ufffd" * 3)
    assert words(root).count(shown) >= 3
    texts(made_study.outcome(plan, train), Origin(hostile, hostile, [hostile]))[PAGE].encode()


def test_the_protocol_and_the_command_that_repeats_it():
    root, document = written()
    text = words(root)
    for said in (
        "8: 1 to 8, the same for all updaters", "10 epochs, batches of 32",
        f"{ORIGIN.what}; SHA-256 {ORIGIN.data}",
        "3 a factor of 3.16 apart, each trained with 1 seeds (0 to 0)",
        "tfx-updaters compare --updaters 'sgd,my own.json'",
        *document["origin"]["versions"].values(), *document["notes"],
    ):  # fmt: skip
        assert said in text, said
    assert Plan.from_json(document["plan"]) == made_study.PLAN
    assert document["origin"]["command"] == "tfx-updaters compare --updaters 'sgd,my own.json'"
    shown = [json.loads(words(pre)) for pre in root.iterfind(".//dd/details/pre")]
    assert shown == [arm["updater"] for arm in document["plan"]["arms"]]
    assert "Again:" not in words(written(origin=Origin("d", "e"))[0])


def test_trainings_without_a_model_are_told_with_their_reason():
    found = tables(written()[0])["Trainings without a model"]
    assert [row[:4] for row in found[1:]] == [
        ["sgd", "outliers 10 %", "3", "failed"],
        ["momentum", "outliers 10 %", "4", "diverged"],
        ["momentum", "outliers 10 %", "6", "diverged"],
    ]
    assert all(made_study.WHY in row[4] for row in found[1:])


def test_one_condition_without_tuning_and_target_has_no_such_sections():
    root, _ = written(made_study.outcome(ONE))
    assert headings(root) == [
        "In the end", "Differences to sgd", "Learning curves", "Worst classes",
        "What the updates did, by layer", "How it was made", "Updaters",
    ]  # fmt: skip
    assert list(root.iter("h3")) == []
    assert headings(written()[0])[4:8] == [
        "What the updates did, by layer", "Learning rates", "Steps to 0.85 accuracy",
        "Trainings that gave no model",
    ]  # fmt: skip


def test_a_target_that_is_always_missed():
    root, document = written(made_study.outcome(dataclasses.replace(made_study.PLAN, target=0.999)))
    found = tables(root)
    assert {row[1] for row in found["clean: steps to 0.999 accuracy"][1:]} == {"missed"}
    assert document["notes"][-1] == "No training reached the target of 0.999 accuracy."
    assert found["share of the trainings that reach the target"][1][1:] == ["0"] * 3


@pytest.mark.parametrize("status", [DIVERGED, FAILED])
def test_arms_that_gave_no_model_at_all(status):
    def train(trial):
        if trial.arm.name == "momentum":
            return Result(status, "nan", [Point(0, 0.0, {}, {"accuracy": 0.1}, {"accuracy": 0.1})])
        return made_study.made(trial)

    root, _ = written(made_study.outcome(made_study.PLAN, train))
    assert "momentum, 0 of 8 trainings" in words(root)
    row = next(row for row in tables(root)["clean, 8 seeds"] if row[0] == "momentum")
    assert row[2] == ("-" if status == FAILED else "0.1000")

    def nothing(trial):
        return Result(status, "nan", [Point(0, 0.0, {}, {"accuracy": 0.1}, {"accuracy": 0.1})])

    root, _ = written(made_study.outcome(made_study.PLAN, nothing))
    assert words(root).count("No training gave a model.") == 2
    assert words(root).count("No rate trained.") == 2


def test_two_seeds_have_no_interval_and_many_arms_are_told_apart():
    plan = dataclasses.replace(ONE, seeds=2)
    root, document = written(made_study.outcome(plan))
    assert document["arms"][0]["final_interval"] == [None, None]
    assert tables(root)["clean, 2 seeds"][1][3] == "-"
    styles = [key.get("class") for key in root.iterfind(".//figure/p/span/svg")]
    assert len(set(styles)) == 2


def test_rates_that_do_not_train_are_left_out_of_the_picture():
    plan = dataclasses.replace(ONE, tuning=Tuning(rates=3, seeds=1))

    def train(trial):
        if trial.place == 1:
            return Result(FAILED, "no")
        return made_study.made(trial)

    root, document = written(made_study.outcome(plan, train))
    rows = tables(root)["accuracy on validation"]
    assert [row[0] for row in rows[1:]] == ["0.316", "1"]
    scores = document["arms"][0]["tuning"]["scores_by_factor"]
    assert scores["3.162"] is None and rows[2][1] == f"{scores['1']:.4f}".rstrip("0")
