"""Measures the rows of `apus bench` with Apus, PyTorch and JAX in one run. See README.md.

One JSON line per row and peer goes to standard output, everything else to standard error.
"""

import argparse
import json
import math
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

import workloads

APUS = pathlib.Path(__file__).parent.parent / "apus"
PEERS = ["apus", "torch-eager", "torch-compile", "jax-jit"]
LAYOUTS = ["channels-first", "channels-last"]

# Compiling a new graph takes PyTorch many seconds, and sparse matrices are not compiled.
LEFT_OUT = {
    ("supernet-fresh", "torch-compile"): "every step would be a new compilation of many seconds",
    ("gcn", "torch-compile"): "sparse matrices are not compiled",
}
WARM_UP_STEPS, LEAST_STEPS = 3, 3


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def build(row, peer, layout, threads):
    """The step to measure, and the peak resident size once the framework alone is loaded."""
    if peer == "jax-jit":
        os.environ["JAX_PLATFORMS"] = "cpu"
        import peers_jax

        imported = peak_bytes()
        return peers_jax.build(row), imported
    import peers_torch

    imported = peak_bytes()
    return peers_torch.build(row, peer == "torch-compile", layout, threads), imported


def measure(row, peer, layout, seconds):
    """Runs in a process of its own, so that its peak memory is this row's alone."""
    threads = len(os.sched_getaffinity(0))
    step, imported = build(row, peer, layout, threads)
    start = time.perf_counter()
    step()
    first = time.perf_counter() - start
    for _ in range(WARM_UP_STEPS - 1):
        step()

    times = []
    begin = time.perf_counter()
    while len(times) < LEAST_STEPS or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        value = step()
        times.append(time.perf_counter() - start)
    if not math.isfinite(value):
        sys.exit(f"{row} with {peer} ended with the value {value}; its times mean nothing")
    result = {
        "name": row,
        "peer": peer,
        "ms_median": round(statistics.median(times) * 1e3, 4),
        "ms_min": round(min(times) * 1e3, 4),
        "n": len(times),
        "peakBytes": peak_bytes(),
        "importBytes": imported,
        "firstMs": round(first * 1e3, 1),
        "threads": threads,
        "load": round(os.getloadavg()[0], 2),
    }
    if layout:
        result["layout"] = layout
    return result


def spawn(row, peer, layout, seconds):
    command = [sys.executable, str(pathlib.Path(__file__)), "--measure", row, peer, layout or "-", "--seconds", str(seconds)]
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        print(f"{row} with {peer} {layout or ''} failed with status {finished.returncode}", file=sys.stderr)
        return None
    return json.loads(finished.stdout.splitlines()[-1])


def run_apus(row, program, seconds):
    """Apus measures itself; its fields are those of the other peers and more."""
    finished = subprocess.run([program, "bench", row, "--json", "--seconds", str(seconds)], stdout=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        print(f"{row} with apus failed with status {finished.returncode}", file=sys.stderr)
        return None
    return {"peer": "apus", **json.loads(finished.stdout)}


def floors(results):
    """Milliseconds a row's operations take at the speed of the fastest large product, where that was measured.

    A bound for programs that do these operations: algorithms with fewer multiplications (Winograd's for convolutions) are not held by it.
    """
    operations = 2 * workloads.SIDE**3
    speeds = [operations / result["ms_min"] for result in results if result["name"] == "product"]
    own = [result for result in results if result["peer"] == "apus" and result.get("gflops", 0) > 0]
    return {result["name"]: result["gflops"] * 1e6 * result["ms_median"] / max(speeds) for result in own} if speeds else {}


def markdown(results):
    """Milliseconds a step, median: a line a row, a column a peer."""
    floor = floors(results)
    peers = [peer for peer in PEERS if any(result["peer"] == peer for result in results)]
    lines = ["| row | " + " | ".join(peers) + " | at the speed of `product` |", "|---" * (len(peers) + 2) + "|"]
    for row in workloads.ROWS:
        found = {result["peer"]: f"{result['ms_median']:.3g}" for result in results if result["name"] == row}
        if found:
            bound = f"{floor[row]:.3g}" if row in floor else "-"
            lines.append(f"| {row} | " + " | ".join(found.get(peer, "-") for peer in peers) + f" | {bound} |")
    return "\n".join(lines)


def names(allowed):
    def parse(text):
        found = text.split(",")
        unknown = [name for name in found if name not in allowed]
        if unknown:
            raise argparse.ArgumentTypeError(f"no such name: {', '.join(unknown)}; there are {', '.join(allowed)}")
        return found

    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=names(workloads.ROWS), default=workloads.ROWS, metavar="A,B", help="default: all")
    parser.add_argument("--peers", type=names(PEERS), default=PEERS, metavar="A,B", help="default: all")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long to measure each row after warm-up (default 4)")
    parser.add_argument("--apus", default=APUS, metavar="PATH", help="the program (default: the launcher of this repository)")
    parser.add_argument("--markdown", action="store_true", help="a table at the end")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        row, peer, layout = options.measure
        print(json.dumps(measure(row, peer, None if layout == "-" else layout, options.seconds)))
        return

    failed, best = False, []
    for row in options.rows:
        for peer in options.peers:
            if (row, peer) in LEFT_OUT:
                print(f"{row} with {peer} left out: {LEFT_OUT[row, peer]}", file=sys.stderr)
                continue
            if peer == "apus":
                results = [run_apus(row, options.apus, options.seconds)]
            else:
                layouts = LAYOUTS if row in workloads.IMAGE_ROWS and peer != "jax-jit" else [None]
                results = [spawn(row, peer, layout, options.seconds) for layout in layouts]
            failed |= None in results
            results = [result for result in results if result]
            if results:
                best.append(min(results, key=lambda result: result["ms_median"]))
                print(json.dumps(best[-1]), flush=True)
    if options.markdown:
        print(markdown(best))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
