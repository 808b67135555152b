"""What set-up takes over from the user's package clients: apt's sources and pip's settings."""

from pathlib import Path

import apt_sources
import pip_settings

LINES = """\
# deb http://mirror.test/debian bookworm main
deb http://mirror.test/debian bookworm main contrib
deb-src http://mirror.test/debian bookworm main
deb [signed-by=/k/a.gpg arch=amd64] http://mirror.test/bookworm bookworm-updates main
deb http://mirror.test/security bookworm-security main
deb http://mirror.test/debian bookworm-backports main
deb http://third.test/cloud cloud-sdk-bookworm main
deb http://third.test/node nodistro main
"""

STANZAS = """\
# The release
Types: deb deb-src
URIs: http://mirror.test/bookworm
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/a.gpg

Types: deb
URIs: http://mirror.test/security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://third.test/node
Suites: nodistro
Components: main

Types: deb-src
URIs: http://mirror.test/debian
Suites: bookworm
Components: main
"""


def test_lines_of_the_release_are_rewritten_and_no_others() -> None:
    assert apt_sources.in_lines(LINES, "bookworm", "trixie").splitlines() == [
        "deb http://mirror.test/debian trixie main contrib",
        "deb [signed-by=/k/a.gpg arch=amd64] http://mirror.test/bookworm trixie-updates main",
        "deb http://mirror.test/security trixie-security main",
    ]


def test_stanzas_of_the_release_are_rewritten_and_no_others() -> None:
    rewritten = apt_sources.in_stanzas(STANZAS, "bookworm", "trixie")
    stanzas = rewritten.strip().split("\n\n")
    assert stanzas[0].splitlines()[1:] == [
        "Types: deb",
        "URIs: http://mirror.test/bookworm",
        "Suites: trixie trixie-updates",
        "Components: main",
        "Signed-By: /usr/share/keyrings/a.gpg",
    ]
    assert [line for line in stanzas[1].splitlines() if "Suites" in line] == [
        "Suites: trixie-security"
    ]
    assert len(stanzas) == 2


def test_same_release_stays_as_it_is() -> None:
    assert "trixie main\n" in apt_sources.in_lines(
        "deb http://m.test/d trixie main", "trixie", "trixie"
    )


def test_pip_settings_reach_uv_under_its_names(tmp_path: Path) -> None:
    listed = (
        f":env:.find-links='{tmp_path} {tmp_path}/absent'\n"
        "global.cert='/certificates.crt'\n"
        "global.extra-index-url='\\nhttps://a.test/simple\\nhttps://b.test/simple'\n"
        "global.index-url='https://older.test/simple'\n"
        "global.timeout='60'\n"
        "install.index-url='https://newer.test/simple'\n"
    )
    assert pip_settings.translated(listed) == {
        "SSL_CERT_FILE": "/certificates.crt",
        "UV_DEFAULT_INDEX": "https://newer.test/simple",
        "UV_FIND_LINKS": str(tmp_path),
        "UV_INDEX": "https://a.test/simple https://b.test/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_no_settings_are_no_variables() -> None:
    assert pip_settings.translated("") == {}
