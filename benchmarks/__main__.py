"""Run the benchmarks: a table on the screen, a JSON file and a picture.

``python -m benchmarks [--threads 1|2] [--instructions own|avx2] [--only GROUP ...]``
"""

import argparse
import datetime
import json
from pathlib import Path

from .setting import INSTRUCTIONS, describe, settle

GROUPS = (
    "conv",
    "float64",
    "groups",
    "loops",
    "filters",
    "layers",
    "steps",
    "epochs",
    "memory",
)


def options():
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--threads", type=int, default=1, choices=(1, 2))
    parser.add_argument("--instructions", default="own", choices=INSTRUCTIONS)
    parser.add_argument("--only", nargs="*", choices=GROUPS, default=GROUPS)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"))
    return parser.parse_args()


def run(chosen) -> dict:
    """Measure the chosen groups; the libraries are imported here, after `settle`."""
    from . import cases, memory, nets
    from .rivals import torch

    t = chosen.threads
    if torch:
        torch.set_num_threads(t)
    report = {
        "command": f"python -m benchmarks --threads {t} --instructions "
        + chosen.instructions,
        "date": str(datetime.date.today()),
        "clock": "thread CPU time" if t == 1 else "wall clock",
        **describe(),
    }
    peak = report["peaks"] = cases.peaks(t)
    print({k: round(v) for k, v in peak.items()}, flush=True)
    groups = {
        "conv": lambda: [
            cases.convolution(n, s, t, peak, index=True) for n, s in cases.SHAPES.items()
        ],
        "float64": lambda: [
            cases.convolution(n, s, t, peak, "float64") for n, s in cases.SHAPES.items()
        ],
        "groups": lambda: [
            cases.convolution(n, s, t, peak) for n, s in cases.GROUPED.items()
        ],
        "loops": lambda: [cases.slow_loops(n, cases.SHAPES[n], t) for n in cases.SLOW],
        "filters": lambda: cases.big_filters(t),
        "layers": lambda: cases.other_layers(t),
        "steps": lambda: [nets.steps(n, t) for n in nets.NETS],
        "epochs": lambda: [nets.epochs(n, t) for n in nets.NETS],
        "memory": lambda: [
            memory.compare(n, ["ours", "torch"] if torch else ["ours"])
            for n in memory.NAMES
        ],
    }
    for group in chosen.only:
        report[group] = groups[group]()
        print(f"\n{group}")
        for row in report[group]:
            print("  " + line(row), flush=True)
    for group in ("conv", "float64"):
        if group in report and torch:
            rows = report[group]
            mean = cases.geometric_mean(r["ratio"]["torch"][2] for r in rows)
            report[f"{group} geometric mean"] = round(mean, 3)
            print(
                f"\n{group}, forward + backward against torch, geometric mean: {mean:.2f}"
            )
    report["load_average at the end"] = describe()["load_average"]
    return report


def line(row) -> str:
    """Write one row: the ratios of our time to the others', forward / backward / both."""
    text = f"{row['name']:22}"
    for lib, values in row.get("ratio", {}).items():
        text += f" {lib} " + " / ".join(f"{v:5.2f}" for v in values)
    for key in ("share of peak", "GFLOP/s", "seconds", "accuracy", "MB", "loops/ours"):
        if key in row:
            text += f"   {key} {row[key]}"
    return text


def draw(report, path):
    """Draw the ratios to PyTorch as bars, one per shape, with a line at equal speed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rows = [r for g in ("conv", "layers", "steps") for r in report.get(g, ()) if r["ratio"]]
    if not rows or "torch" not in rows[0]["ratio"]:
        return
    plt.style.use("petroff10")
    fig, ax = plt.subplots(figsize=(7, 0.28 * len(rows) + 1.2), layout="constrained")
    values = [r["ratio"]["torch"][-1] for r in rows]
    ax.barh([r["name"] for r in rows], values)
    for k, v in enumerate(values):
        ax.text(v, k, f" {v:.2f}", va="center", fontsize=8)
    ax.axvline(1, color="black", linewidth=1)
    ax.margins(x=0.1)
    ax.invert_yaxis()
    ax.set_xlabel("our time / PyTorch's time, forward + backward (shorter is faster)")
    ax.set_title(f"{report['blas'][0]}, {report['clock']}, {report['date']}", fontsize=9)
    fig.savefig(path, dpi=80)


def main():
    """Run, print, write."""
    chosen = options()
    settle(chosen.threads, chosen.instructions)
    report = run(chosen)
    chosen.output.mkdir(parents=True, exist_ok=True)
    stem = chosen.output / f"cpu_{chosen.instructions}_{chosen.threads}"
    stem.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")
    draw(report, stem.with_suffix(".png"))
    print(f"\nwritten: {stem}.json, {stem}.png")


main()
