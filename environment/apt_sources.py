"""Rewrites apt's source files for another release of the same distribution.

Only entries of the release itself, its updates and its security fixes are kept: other suites are
third parties' for the most part, and need not exist for the other release.
"""

import re


def in_lines(text: str, own: str, wanted: str) -> str:
    """The one-line format (`sources.list`): type, options, address, suite, components."""
    kept = []
    for line in text.splitlines():
        found = re.match(r"(deb\s+(?:\[[^]]*\]\s+)?\S+\s+)(\S+)(\s.*)?$", line)
        if found and found[2] in _suites(own):
            kept.append(f"{found[1]}{_renamed(found[2], own, wanted)}{found[3] or ''}\n")
    return "".join(kept)


def in_stanzas(text: str, own: str, wanted: str) -> str:
    """The deb822 format (`*.sources`): stanzas of fields, a suite list in each."""
    kept = []
    for stanza in re.split(r"\n\s*\n", text.strip()):
        types = re.search(r"(?mi)^Types:(.*)$", stanza)
        found = re.search(r"(?mi)^Suites:(.*)$", stanza)
        suites = [name for name in found[1].split() if name in _suites(own)] if found else []
        if suites and types and "deb" in types[1].split():
            names = " ".join(_renamed(name, own, wanted) for name in suites)
            stanza = re.sub(r"(?mi)^Suites:.*$", f"Suites: {names}", stanza)
            kept.append(re.sub(r"(?mi)^Types:.*$", "Types: deb", stanza))
    return "\n\n".join(kept) + "\n"


FORMATS = {".list": in_lines, ".sources": in_stanzas}


def _suites(own: str) -> set[str]:
    return {own, f"{own}-updates", f"{own}-security"}


def _renamed(suite: str, own: str, wanted: str) -> str:
    return wanted + suite.removeprefix(own)
