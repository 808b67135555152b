"""The page of a decision: strict XML, nothing from outside, everything in it drawn and in words."""

import dataclasses
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import evaluations
import pytest

from tfx_updaters.components import Gate
from tfx_updaters.components.evaluator.check import Check, Part
from tfx_updaters.components.evaluator.decision import Decision, Fault
from tfx_updaters.components.evaluator.page import page

ACCURACY = "sparse_categorical_accuracy"
PLAIN = Check(
    metric=ACCURACY, slice="all", output="", change=False, value=0.912, lower=0.881, upper=0.934,
    confidence=0.95, slices=1, burden="model", judged=0.881, at_least=0.9, at_most=None,
    margin=-0.019, passed=False, counts={"eval": 450},
)  # fmt: skip
GAP = dataclasses.replace(
    PLAIN, metric=f"{ACCURACY}_gap", value=0.086, lower=0.071, upper=0.103, judged=0.103,
    at_least=None, at_most=0.05, margin=-0.053, counts={"train": 900, "eval": 450},
    parts=(
        Part(ACCURACY, "train", "all", 0.998, 0.99, 1.0, 900),
        Part(ACCURACY, "eval", "all", 0.912, 0.881, 0.934, 450),
    ),
)  # fmt: skip
WORST = dataclasses.replace(
    PLAIN, metric=f"worst_{ACCURACY}_by_label", value=0.8, lower=0.6, upper=0.9, at_least=0.7,
    judged=0.6, margin=-0.1, slices=2,
    parts=(
        Part(ACCURACY, "eval", "label: 2", 0.8, 0.6, 0.9, 40),
        Part(ACCURACY, "train", "label: 2", 0.95, 0.9, 0.99, 80, counted=False),
        Part(ACCURACY, "eval", "label: 10", 0.9, 0.7, 0.95, 40),
        Part(ACCURACY, "eval", "label: 3", 0.1, 0.0, 0.7, 3, counted=False),
    ),
)  # fmt: skip
DECISION = Decision((PLAIN, GAP, WORST), (), {"train": 900, "eval": 450}, shared=0.0)


def parsed(decision: Decision) -> ET.Element:
    """A strict parse: an unclosed element or a stray `&` is an error."""
    return ET.fromstring(page(decision))


def words(element: ET.Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def charts(decision: Decision) -> list[ET.Element]:
    return [e for e in parsed(decision).iter("svg") if e.get("class") == "bars"]


def percent(element: ET.Element, name: str) -> float:
    return float(element.attrib[name].removesuffix("%"))


def test_the_node_writes_it_beside_the_decision(tmp_path):
    splits = {"train": evaluations.rows(400, 1.0, seed=1), "eval": evaluations.rows(400, 0.99)}
    result = evaluations.run(tmp_path, splits, Gate(burden="gate").eval_config())
    assert result.files == ["BLESSED", "decision.html", "decision.json"]
    written = (Path(result.blessing.uri) / "decision.html").read_text()
    assert written == page(result.decision)
    assert result.decision.sentence() in words(ET.fromstring(written))


def test_a_refusal_without_checks_has_its_page_and_no_old_one_stays(tmp_path):
    old = tmp_path / "ours" / "blessing"
    old.mkdir(parents=True)
    (old / "decision.html").write_text("blessed")
    splits = {"train": evaluations.rows(4, 1.0), "later": evaluations.rows(4, 1.0)}
    result = evaluations.run(tmp_path, splits, Gate().eval_config())
    assert result.files == ["NOT_BLESSED", "decision.html", "decision.json"]
    text = words(ET.parse(old / "decision.html").getroot())
    assert "✗ Refused there is no such split" in text and "No check was made." in text


def test_it_asks_for_nothing_from_outside_and_runs_nothing():
    root = parsed(DECISION)
    names = {element.tag for element in root.iter()}
    assert not names & {"script", "link", "img", "image", "iframe", "object", "use", "base", "a"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not {n for n in attributes if re.search(r"^(on|src|href|style|action)|:href", n)}
    assert not re.search(r"url\(|@import|https?:", page(DECISION))
    policy = root.find("head/meta[@http-equiv='Content-Security-Policy']")
    assert policy.get("content").startswith("default-src 'none'")


def test_it_is_for_phones_and_for_light_and_dark():
    style = parsed(DECISION).findtext("head/style")
    assert "prefers-color-scheme: dark" in style and "max-width" in style
    assert parsed(DECISION).find("head/meta[@name='viewport']") is not None


def test_what_the_data_say_is_text_and_nothing_else():
    hostile = "<script>alert('&\"')</script>\x00\x1b\udcff%s{{ 1 }}"
    shown = hostile.replace("\x00\x1b\udcff", "\ufffd" * 3)
    check = dataclasses.replace(
        WORST, metric=hostile, slice=hostile, output=hostile, counts={hostile: 3},
        parts=(Part(hostile, hostile, hostile, 0.8, None, None, 3),),
    )  # fmt: skip
    broken = dataclasses.replace(check, value=None, why=hostile)
    decision = Decision(
        (check, broken), (Fault(hostile, hostile, 1),), {hostile: 1}, notes=(hostile,),
        model=hostile, baseline=hostile,
    )  # fmt: skip
    root = parsed(decision)
    page(decision).encode()  # It can be written.
    assert [e.tag for e in root.iter()].count("script") == 0
    assert words(root).count(shown) > 10
    labels = [svg.get("aria-label") for svg in root.iter("svg") if svg.get("role") == "img"]
    assert labels and all(shown in label for label in labels)


def test_every_reason_and_every_check_is_on_it():
    fault = Fault("prediction of the candidate is NaN or infinite", "eval", 7)
    text = words(parsed(dataclasses.replace(DECISION, faults=(fault,), notes=("a note",))))
    for said in (fault.sentence(), *(check.sentence() for check in DECISION.checks), "a note"):
        assert said in text
    rows = parsed(DECISION).findall(".//table[@class='stacked']/tbody/tr")
    assert [words(row.find("td")) for row in rows] == ["✗ failed"] * 3
    assert "worst where label: 2" in words(rows[0])


def test_every_picture_has_its_numbers_in_words():
    labels = [chart.get("aria-label") for chart in charts(DECISION)]
    assert labels[0] == "all: 0.912 (0.881 to 0.934), n = 450; limit: at least 0.9; "
    assert labels[2].startswith("all: train 0.998 (0.99 to 1), n = 900; eval 0.912 (0.881")
    assert all(chart.get("role") == "img" for chart in charts(DECISION))


def test_every_picture_has_its_numbers_as_a_table():
    (figure,) = [
        each for each in parsed(DECISION).iter("figure") if "gap" in words(each.find("h3"))
    ]
    first, second = [[[words(cell) for cell in row] for row in table.iter("tr")]
                     for table in figure.iter("table")]  # fmt: skip
    assert first == [["where", "value"], ["all", "0.086 (0.071 to 0.103), n = 450"]]
    assert second[0] == ["where", "train", "eval"] and second[1][1] == "0.998 (0.99 to 1), n = 900"
    assert words(figure.find(".//caption")).endswith(", at most 0.05")


def test_slices_are_in_the_order_of_their_numbers():
    labels = [chart.get("aria-label").partition(": ")[2] for chart in charts(DECISION)[-3:]]
    assert [label.partition(":")[0] for label in labels] == ["2", "3", "10"]


def test_marks_lie_where_their_values_are():
    """On one axis: intervals around values, in the order of the numbers, limits at theirs."""
    for check, chart in zip((PLAIN, GAP), (charts(DECISION)[0], charts(DECISION)[1]), strict=True):
        (bar,) = chart.findall("g/line")
        low, high = percent(bar, "x1"), percent(bar, "x2")
        value = percent(chart.find("g/svg"), "x")
        limit = check.at_least if check.at_least is not None else check.at_most
        line = percent(chart.find("line"), "x1")
        scale = (high - low) / (check.upper - check.lower)
        assert value == pytest.approx(low + scale * (check.value - check.lower), abs=0.02)
        assert line == pytest.approx(low + scale * (limit - check.lower), abs=0.02)
        beyond = chart.find("rect")
        edges = percent(beyond, "x"), percent(beyond, "x") + percent(beyond, "width")
        assert edges == pytest.approx((0, line) if check.at_least else (line, 100), abs=0.02)
        assert min(low, line) >= 0 and max(high, line) <= 100


def test_what_is_not_judged_is_faint_and_shapes_tell_the_splits_apart():
    groups = [group for chart in charts(DECISION)[-3:] for group in chart.findall("g")]
    assert [group.get("class") for group in groups] == [
        "series0 aside", "series1", "series1 aside", "series1",
    ]  # fmt: skip
    shapes = [group.find("svg")[0].tag for group in groups]
    assert shapes == ["circle", "rect", "rect", "rect"]


def test_a_check_without_a_number_has_no_picture_and_is_on_the_page():
    unknown = dataclasses.replace(
        PLAIN, value=None, lower=None, upper=None, judged=None, margin=None, why="it is nan"
    )
    decision = Decision((unknown,), ())
    assert charts(decision) == []
    assert "eval accuracy could not be computed: it is nan" in words(parsed(decision))


def test_checks_of_many_slices_are_one_figure():
    each = [dataclasses.replace(PLAIN, slice=f"group: {g}", value=0.9 + g / 100) for g in range(3)]
    root = parsed(Decision(tuple(each), ()))
    assert len(root.findall(".//figure")) == 1
    assert len(charts(Decision(tuple(each), ()))) == 3


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 1e-9, 1e9])
def test_one_number_alone_is_drawn_on_an_axis(value):
    alone = dataclasses.replace(PLAIN, value=value, lower=None, upper=None, at_least=None)
    (chart,) = charts(Decision((alone,), ()))
    assert 0 < percent(chart.find("g/svg"), "x") < 100
