#!/usr/bin/env python3
"""Look up every name of comparison.md in the packages that the page compares wgloss with.

    pip download --no-deps -d WHEELS torch torchvision monai optax keras liger-kernel trl sentence-transformers \
        pytorch-metric-learning
    python comparison.py WHEELS [BURN_NN]

WHEELS holds the packages, BURN_NN is the source of the crate burn-nn, from cargo's registry. Prints each name that is not
there, and each package whose version is not the page's; exits with 1 if there is one.
"""

import pathlib
import re
import sys
import zipfile

PACKAGES = {
    "PyTorch": "torch",
    "torchvision": "torchvision",
    "MONAI": "monai",
    "optax": "optax",
    "Keras": "keras",
    "Liger-Kernel": "liger_kernel",
    "TRL": "trl",
    "sentence-transformers": "sentence_transformers",
    "pytorch-metric-learning": "pytorch_metric_learning",
}
DEFINED = re.compile(r"""\b(?:class|def|struct)\s+(\w+)|["'](\w+)["']""")


def names_of(texts):
    """The classes, functions and strings of source files."""
    return {name for text in texts for pair in DEFINED.findall(text) for name in pair}


def library(wheels, name, version):
    """The names that a package defines, of the version that the page names."""
    found = list(wheels.glob(f"{PACKAGES[name]}-{version}-*.whl"))
    if not found:
        return None
    with zipfile.ZipFile(found[0]) as wheel:
        files = [file for file in wheel.namelist() if file.endswith(".py")]
        return names_of(wheel.read(file).decode("utf-8", "ignore") for file in files)


def rows(page):
    """Each entry of the tables: the library and a name."""
    heads = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells or set(line) <= set("|-"):
            heads = heads if cells else []
            continue
        if not heads:
            heads = cells
            continue
        for head, cell in list(zip(heads, cells))[1:]:
            for of, name in re.findall(r"(?:([\w-]+) )?\(?`([^`]+)`", cell):
                yield (of or (cells[0] if head == "losses" else head)), name


def main():
    page = (pathlib.Path(__file__).parent / "comparison.md").read_text()
    versions = dict(re.findall(r"([\w-]+) (\d+\.\d+\.\d+)", page))
    wheels = pathlib.Path(sys.argv[1])
    known = {name: library(wheels, name, versions[name]) for name in PACKAGES}
    if len(sys.argv) > 2:
        known["burn-nn"] = names_of(file.read_text() for file in pathlib.Path(sys.argv[2]).rglob("*.rs"))
    missing = [f"{name} {versions[name]} is not in {wheels}" for name, names in known.items() if names is None]
    checked = 0
    for of, name in rows(page):
        if known.get(of) is not None:
            checked += 1
            missing += [] if name in known[of] else [f"{of} has no {name}"]
    print("\n".join(missing) or f"{checked} names found")
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
