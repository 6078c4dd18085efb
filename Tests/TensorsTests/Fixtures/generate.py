"""Writes the fixtures with PyTorch; README.md describes their content.

    python generate.py [NAME ...] [--check]

NAME is one of operations, layers, losses, optimizers, schedules (default: all). With --check nothing is written: the
committed files are compared with what PyTorch gives now, and a difference above 1e-9 is an error.
"""

import argparse
import pathlib
import sys

import torch

import attention_cases
import convolution_cases
import elementwise_cases
import indexing_cases
import layer_cases
import linear_algebra_cases
import loss_cases
import movement_cases
import normalization_cases
import optimizer_cases
import pooling_cases
import recurrent_cases
import reduction_cases
import schedule_cases
import spectral_cases
from recorder import Fixture

CONTENT = {
    "operations": [
        elementwise_cases,
        movement_cases,
        reduction_cases,
        indexing_cases,
        convolution_cases,
        pooling_cases,
        linear_algebra_cases,
        spectral_cases,
        normalization_cases,
    ],
    "layers": [layer_cases, attention_cases, recurrent_cases],
    "losses": [loss_cases],
    "optimizers": [optimizer_cases],
    "schedules": [schedule_cases],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which files; default all")
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing")
    options = parser.parse_args()
    unknown = set(options.names) - set(CONTENT)
    if unknown:
        parser.error(f"no such fixture: {', '.join(sorted(unknown))}; there are {', '.join(CONTENT)}")

    torch.set_default_dtype(torch.float64)
    # The order of sums depends on the number of threads.
    torch.set_num_threads(1)
    failed = False
    for name in options.names or CONTENT:
        fixture = Fixture(pathlib.Path(__file__).with_name(f"{name}.safetensors"))
        for module in CONTENT[name]:
            module.add(fixture)
        if options.check:
            differences = fixture.differences()
            failed |= bool(differences)
            print(f"{name}: {'as committed' if not differences else ''}", *differences, sep="\n  " if differences else "")
        else:
            fixture.write()
            print(f"{name}: {len(fixture.cases)} cases, {fixture.path.stat().st_size} bytes")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
