"""Make a folder that installs missingmodels where there is no network: wheels, their hashes, and an install script.

    make_bundle.py UV [--python 3.13] [--platform windows] [--extras cluster] [--with 'pandas<3'] [-o dist]

``--python`` and ``--platform`` are those of the machine to install on, by default this one. Versions are the lock's;
``--with`` asks for others, within what pyproject.toml allows. Only wheels go in, so that nothing is built there.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}
# uv's word for a platform, and the tags of wheels that run there, newest first
LINUX = [f"manylinux_2_{minor}_x86_64" for minor in (35, 34, 31, 28, 27, 24, 17, 12, 5)]
TAGS = {
    "linux": ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", *LINUX, "linux_x86_64"],
    "windows": ["win_amd64"],
    "macos": [f"macosx_{major}_0_{arch}" for major in (14, 13, 12, 11) for arch in ("arm64", "universal2")],
}


def run(*command: str | Path) -> None:
    """Run a command quietly; its own words are shown only if it fails."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        sys.exit(f"this step failed: {' '.join(map(str, command[:4]))} …")


def resolve(uv: list[str], asked: argparse.Namespace, folder: Path) -> Path:
    """The requirements of the package itself, tests left out, pinned as in the lock, with hashes."""
    wanted, lock = folder / "wanted.in", folder / "lock.txt"
    extras = f"[{asked.extras}]" if asked.extras else ""
    wanted.write_text("\n".join([f"{ROOT}{extras}", *asked.with_]) + "\n", encoding="utf-8")
    moved = {text.split("<")[0].split(">")[0].split("=")[0].strip() for text in asked.with_}
    pins = [line.split(" \\")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line]
    lock.write_text("\n".join(pin for pin in pins if pin.split("==")[0] not in moved) + "\n", encoding="utf-8")
    out = folder / "resolved.txt"
    run(*uv, "pip", "compile", "--quiet", wanted, "-c", lock, "-o", out, "--generate-hashes", "--no-annotate",
        "--no-header", "--no-emit-index-url", "--no-emit-package", "missingmodels",
        "--python-platform", asked.platform, "--python-version", asked.python)  # fmt: skip
    return out


def download(uv: list[str], requirements: Path, asked: argparse.Namespace, wheels: Path) -> None:
    """The wheels of the platform asked for, each held against its hash."""
    tags = [part for tag in TAGS[asked.platform] for part in ("--platform", tag)]
    run(*uv, "tool", "run", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", "--require-hashes", "--python-version", asked.python, "--implementation", "cp",
        *tags, "-d", wheels, "-r", requirements)  # fmt: skip


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make(uv: list[str], asked: argparse.Namespace) -> Path:
    """The bundle, which takes its place when it is whole."""
    asked.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=asked.output, prefix=".bundle-") as scratch_name:
        scratch = Path(scratch_name)
        bundle, wheels = scratch / "bundle", scratch / "bundle" / "wheels"
        wheels.mkdir(parents=True)
        download(uv, resolve(uv, asked, scratch), asked, wheels)
        run(*uv, "build", "--quiet", "--wheel", "--out-dir", wheels, ROOT)
        (wheels / ".gitignore").unlink(missing_ok=True)
        held = [f"{path.name.split('-')[0]}=={path.name.split('-')[1]} --hash=sha256:{digest(path)}"
                for path in sorted(wheels.glob("*.whl"))]  # fmt: skip
        (bundle / "requirements.txt").write_text("\n".join(held) + "\n", encoding="utf-8")
        for path in sorted((ROOT / "scripts" / "bundle").iterdir()):
            shutil.copy2(path, bundle / path.name)
        version = next(wheels.glob("missingmodels-*.whl")).name.split("-")[1]
        target = asked.output / f"missingmodels-{version}-{asked.platform}-python{asked.python}"
        shutil.rmtree(target, ignore_errors=True)
        bundle.replace(target)
    return target


def main() -> None:
    """Read the command line, make the bundle, say where it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("uv", help="the command that runs uv")
    parser.add_argument("--python", default=f"{sys.version_info.major}.{sys.version_info.minor}")
    parser.add_argument("--platform", default=HERE.get(platform.system(), "linux"), choices=sorted(TAGS))
    parser.add_argument("--extras", default="", help="optional parts, for example cluster")
    parser.add_argument("--with", dest="with_", action="append", default=[], metavar="'pandas<3'")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "dist")
    asked = parser.parse_args()
    target = make(asked.uv.split(), asked)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{target}: {len(list((target / 'wheels').iterdir()))} wheels, {size / 2**20:.0f} MiB")
    print("Carry it over and run install.sh there, or install.bat on Windows.")


if __name__ == "__main__":
    main()
