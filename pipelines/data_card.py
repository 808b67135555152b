"""What `tfx-updaters data` prints."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tfx_updaters.pipelines.data import Source
from tfx_updaters.pipelines.found import Found

# A class that is larger by this is said to be.
IMBALANCED = 2.0
GROUPS = 10


def show(console: Console, source: Source, found: Found) -> None:
    """Prints a table of the classes, then what there is to know; every skipped file."""
    where = source.text if source.is_named else f"{source.kind()} in {source.shown}"
    console.print(where, soft_wrap=True, markup=False)
    console.print(_table(found))
    for fact in found.facts:
        console.print(fact, markup=False)
    large, small, times = found.imbalance()
    if times >= IMBALANCED:
        console.print(Text(f"{large} has {times:.1f} times as many as {small}", "yellow"))
    copied = sum(map(len, found.copies))
    if copied:
        console.print(f"{len(found.copies):,} groups of near-copies, {copied:,} files, each group "
                      "in one split")  # fmt: skip
    if found.moved:
        console.print(f"{len(found.moved):,} moved to train, where they have near-copies")
    for group in found.contradictions[:GROUPS]:
        console.print(Text(f"near-copies with different labels: {', '.join(group)}", "yellow"))
    if len(found.contradictions) > GROUPS:
        console.print(f"and {len(found.contradictions) - GROUPS:,} more such groups")
    for each in found.skipped:
        console.print(Text(f"skipped {each.file}: {each.reason}", "yellow"), soft_wrap=True)


def _table(found: Found) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("class", overflow="fold")
    for split in (*found.splits(), "all"):
        table.add_column(split, justify="right")
    for name, of in found.counts.items():
        table.add_row(Text(name), *(f"{n:,}" for n in (*of.values(), sum(of.values()))))
    totals = [sum(of[split] for of in found.counts.values()) for split in found.splits()]
    table.add_row(Text("all", "bold"), *(f"{n:,}" for n in (*totals, sum(totals))))
    return table
