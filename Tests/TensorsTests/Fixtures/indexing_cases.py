"""Gather, scatter, segments, one-hot, sparse products."""

import torch
import torch.nn.functional as F


def add(fixture):
    random = fixture.random("gather.rows")
    table, indices = random.normal(5, 3), torch.tensor([[0, 4, 4], [2, 0, 1]])
    # Output axes: those of `indices` in the place of the gathered axis. Repeated indices must add up in the gradient.
    fixture.case("gather.rows", lambda input, indices: input[indices], {"input": table, "indices": indices}, {"axis": 0})
    random = fixture.random("gather.middle")
    chosen = torch.tensor([3, 0, 3, 1])
    fixture.case(
        "gather.middle",
        lambda input, indices: input.index_select(1, indices),
        {"input": random.normal(2, 4, 3), "indices": chosen},
        {"axis": 1},
    )
    random = fixture.random("gatherAlongAxis.last")
    fixture.case(
        "gatherAlongAxis.last",
        lambda input, indices: input.gather(1, indices),
        {"input": random.normal(3, 5), "indices": random.integers(0, 5, 3, 4)},
        {"axis": 1},
    )
    random = fixture.random("gatherAlongAxis.first")
    fixture.case(
        "gatherAlongAxis.first",
        lambda input, indices: input.gather(0, indices),
        {"input": random.normal(4, 3), "indices": random.integers(0, 4, 6, 3)},
        {"axis": 0},
    )

    random = fixture.random("scatterAdd.rows")
    fixture.case(
        "scatterAdd.rows",
        lambda input, indices, updates: input.index_add(0, indices, updates),
        {"input": random.normal(5, 3), "indices": torch.tensor([1, 4, 1, 0]), "updates": random.normal(4, 3)},
        {"axis": 0},
    )
    random = fixture.random("scatterAdd.middle")
    fixture.case(
        "scatterAdd.middle",
        lambda input, indices, updates: input.index_add(1, indices, updates),
        {"input": random.normal(2, 4, 2), "indices": torch.tensor([3, 3, 0]), "updates": random.normal(2, 3, 2)},
        {"axis": 1},
    )
    random = fixture.random("scatterAddAlongAxis.last")
    fixture.case(
        "scatterAddAlongAxis.last",
        lambda input, indices, updates: input.scatter_add(1, indices, updates),
        {"input": random.normal(3, 5), "indices": random.integers(0, 5, 3, 7), "updates": random.normal(3, 7)},
        {"axis": 1},
    )
    add_segments(fixture)
    fixture.case("oneHot.plain", lambda input: F.one_hot(input, 5).double(), {"input": torch.tensor([[3, 0], [4, 3]])}, {"count": 5})
    add_sparse(fixture)


def add_segments(fixture):
    segments = torch.tensor([2, 0, 2, 4, 0, 2, 1])
    # Segment 3 is empty: its sum, mean and (as a documented choice of the reference) extremes are 0.
    for reduction in ("sum", "mean", "amax", "amin", "prod"):
        label = {"sum": "sum", "mean": "mean", "amax": "maximum", "amin": "minimum", "prod": "product"}[reduction]
        name = f"segmentReduce.{label}"
        values = fixture.random(name).distinct(7, 3)

        def reduce(values, segments):
            start = torch.full((5, 3), 1.0 if reduction == "prod" else 0.0)
            index = segments[:, None].expand(-1, 3)
            return start.scatter_reduce(0, index, values, reduction, include_self=reduction == "prod")

        empty = 1.0 if reduction == "prod" else 0.0
        attributes = {"count": 5, "reduction": label, "empty": empty}
        fixture.case(name, reduce, {"values": values, "segments": segments}, attributes)


def add_sparse(fixture):
    # Row 1 is empty; row 3 holds one column twice (values add up); columns are not sorted within a row.
    starts = torch.tensor([0, 2, 2, 5, 8])
    columns = torch.tensor([4, 0, 1, 3, 2, 2, 0, 2])
    rows = torch.repeat_interleave(torch.arange(4), starts.diff())
    for transposed in (False, True):
        name = f"sparseMatmul.{'transposed' if transposed else 'plain'}"
        random = fixture.random(name)

        def multiply(rowStarts, columns, values, dense):
            matrix = torch.zeros(4, 5).index_put((rows, columns), values, accumulate=True)
            return (matrix.T if transposed else matrix) @ dense

        inputs = {
            "rowStarts": starts,
            "columns": columns,
            "values": random.normal(8),
            "dense": random.normal(4 if transposed else 5, 3),
        }
        fixture.case(name, multiply, inputs, {"shape": [4, 5], "transposed": transposed}, second=not transposed)
