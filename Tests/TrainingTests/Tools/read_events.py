"""Prints what TensorBoard's own reader finds in a run's event files: python read_events.py RUN/tensorboard

Needs the package tensorboard. The reader checks the checksum of every record and refuses files that are not as it writes them.
"""
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "histograms": 0, "tensors": 0})
events.Reload()
tags = events.Tags()
for kind in ("scalars", "histograms", "images", "tensors"):
    for tag in tags.get(kind, []):
        if kind == "scalars":
            values = events.Scalars(tag)
            print(f"scalar     {tag}: {len(values)} points, last {values[-1].value:.6g} at step {values[-1].step}")
        elif kind == "histograms":
            values = events.Histograms(tag)
            histogram = values[-1].histogram_value
            print(f"histogram  {tag}: {len(values)}, last of {histogram.num:.0f} values from {histogram.min:.4g} to {histogram.max:.4g}")
        elif kind == "images":
            values = events.Images(tag)
            print(f"image      {tag}: {len(values)}, last {values[-1].width} x {values[-1].height}, {len(values[-1].encoded_image_string)} bytes")
        else:
            print(f"tensor     {tag}: {len(events.Tensors(tag))}")
