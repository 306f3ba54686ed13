"""Instructions of one regression, which no other program on the machine changes: compares them with those on record.

    python bench/instructions.py            counts, and fails where a design takes over 3 % more than bench/instructions.json
    python bench/instructions.py --write    puts the counts on record

Needs valgrind. Counts are those of one thread and of one call: a process with three calls less a process with one, over
two, so that reading the columns and coding the effects, which the first call does, are not among them."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from fixed_effects import CLUSTER, DESIGNS, make
from run import ROOT, build

RECORD = ROOT / "bench" / "instructions.json"
ROWS, ALLOWED = 100_000, 1.03


def counted(effects: list[str], folder: Path, calls: int) -> int:
    """Instructions of a whole process."""
    program = ROOT / "target" / "release" / "examples" / "bench_fit"
    words = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", str(program)]
    words += [f"y ~ x | {' + '.join(effects)}", CLUSTER, str(folder), str(calls)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=os.environ | {"RAYON_NUM_THREADS": "1"})
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if not found:
        sys.exit(f"valgrind did not say how many instructions it saw:\n{done.stderr}")
    return int(found[1].replace(",", ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the counts on record")
    write = parser.parse_args().write
    build("fit")
    known = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    counts, slower = {}, False
    with tempfile.TemporaryDirectory() as folder:
        for design in sorted({design for design, _ in DESIGNS.values()}):
            make(design, ROWS, Path(folder))
        for title, (design, effects) in DESIGNS.items():
            columns = Path(folder) / f"{design}-{ROWS}"
            counts[title] = (counted(effects, columns, 3) - counted(effects, columns, 1)) // 2
            before = known.get(title)
            share = counts[title] / before if before else None
            slower |= share is not None and share > ALLOWED
            print(f"{title:28} {counts[title]:14,}", "" if share is None else f"{100 * (share - 1):+.1f} %", flush=True)
    if write:
        RECORD.write_text(json.dumps(counts, indent=2) + "\n")
    elif slower:
        sys.exit("some designs take more instructions than those on record; --write accepts them")


if __name__ == "__main__":
    main()
