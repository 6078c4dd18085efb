"""Reductions, scans, orders, softmax."""

import torch

AXES = {"all": [0, 1, 2], "last": [2], "middle": [1], "firstAndLast": [0, 2]}


def product(x, axes, keep):
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


REDUCTIONS = {
    "sum": lambda x, axes, keep: x.sum(axes, keepdim=keep),
    "mean": lambda x, axes, keep: x.mean(axes, keepdim=keep),
    "reduceMaximum": lambda x, axes, keep: x.amax(axes, keepdim=keep),
    "reduceMinimum": lambda x, axes, keep: x.amin(axes, keepdim=keep),
    "product": product,
    "variance": lambda x, axes, keep: x.var(axes, correction=0, keepdim=keep),
    "standardDeviation": lambda x, axes, keep: x.std(axes, correction=1, keepdim=keep),
    "logSumExp": lambda x, axes, keep: torch.logsumexp(x, axes, keepdim=keep),
    "norm": lambda x, axes, keep: torch.linalg.vector_norm(x, 2, axes, keepdim=keep),
}
CORRECTION = {"variance": 0, "standardDeviation": 1}


def add(fixture):
    for name, function in REDUCTIONS.items():
        for case, axes in AXES.items():
            x = fixture.random(f"{name}.{case}").distinct(2, 3, 4)
            keep = case == "middle"
            attributes = {"axes": axes, "keepingAxes": keep}
            if name in CORRECTION:
                attributes["correction"] = CORRECTION[name]
            second = case == "last" and name in {"logSumExp", "product"}
            fixture.case(f"{name}.{case}", lambda input: function(input, axes, keep), {"input": x}, attributes, second=second)
    add_special(fixture)
    add_scans(fixture)
    add_orders(fixture)
    for axis, label in ((-1, "last"), (1, "middle")):
        for name, function in (("softmax", torch.softmax), ("logSoftmax", torch.log_softmax)):
            x = fixture.random(f"{name}.{label}").normal(2, 3, 4) * 3
            fixture.case(f"{name}.{label}", lambda input: function(input, axis), {"input": x}, {"axis": axis}, second=axis == -1)
    # Naive exponentials overflow here.
    large = torch.tensor([[1000.0, 1001.0, 998.0], [-1000.0, -1001.0, -900.0]])
    fixture.case("softmax.large", lambda input: torch.softmax(input, -1), {"input": large}, {"axis": -1})
    fixture.case("logSoftmax.large", lambda input: torch.log_softmax(input, -1), {"input": large}, {"axis": -1})
    masked = torch.tensor([[1.0, -torch.inf, 2.0], [0.5, 0.5, -torch.inf]])
    fixture.case("softmax.masked", lambda input: torch.softmax(input, -1), {"input": masked}, {"axis": -1})


def add_special(fixture):
    zeros = torch.tensor([[2.0, 3.0, -1.5], [2.0, 0.0, -1.5], [0.0, 3.0, 0.0]])
    fixture.case("product.zeros", lambda input: input.prod(1), {"input": zeros}, {"axes": [1], "keepingAxes": False})
    ties = torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    attributes = {"axes": [1], "keepingAxes": False}
    fixture.case("reduceMaximum.ties", lambda input: input.amax(1), {"input": ties}, attributes)
    fixture.case("reduceMinimum.ties", lambda input: input.amin(1), {"input": ties}, attributes)
    broken = torch.tensor([[1.0, torch.nan, 3.0], [2.0, -torch.inf, torch.inf]])
    for name in ("sum", "reduceMaximum", "reduceMinimum", "product"):
        fixture.case(f"{name}.special", lambda input: REDUCTIONS[name](input, [1], False), {"input": broken}, attributes, gradients=[])
    integers = fixture.random("sum.int64").integers(-5, 6, 3, 4)
    for name in ("sum", "reduceMaximum", "reduceMinimum", "product"):
        fixture.case(f"{name}.int64", lambda input: REDUCTIONS[name](input, [1], False), {"input": integers}, attributes)
    empty = torch.zeros(2, 0)
    fixture.case("sum.empty", lambda input: input.sum(1), {"input": empty}, attributes)
    fixture.case("product.empty", lambda input: input.prod(1), {"input": empty}, attributes)


def add_scans(fixture):
    for axis, label in ((0, "first"), (1, "middle"), (2, "last")):
        x = fixture.random(f"cumulativeSum.{label}").normal(3, 4, 2)
        fixture.case(f"cumulativeSum.{label}", lambda input: input.cumsum(axis), {"input": x}, {"axis": axis})
        fixture.case(f"cumulativeProduct.{label}", lambda input: input.cumprod(axis), {"input": x}, {"axis": axis})
    zeros = torch.tensor([[2.0, 0.0, 3.0, 1.5], [0.0, 0.0, 2.0, 1.0], [1.5, 2.0, -1.0, 0.0]])
    fixture.case("cumulativeProduct.zeros", lambda input: input.cumprod(1), {"input": zeros}, {"axis": 1})
    fixture.case("cumulativeSum.int64", lambda input: input.cumsum(0), {"input": torch.arange(-3, 4)}, {"axis": 0})


def add_orders(fixture):
    def order(values_indices):
        return {"values": values_indices.values, "indices": values_indices.indices}

    for axis, label in ((0, "first"), (1, "last")):
        x = fixture.random(f"sort.{label}").distinct(4, 5)
        for descending in (False, True):
            name = f"sort.{label}{'Descending' if descending else ''}"
            attributes = {"axis": axis, "descending": descending}
            fixture.case(name, lambda input: order(input.sort(axis, descending)), {"input": x}, attributes)
        fixture.case(f"argmax.{label}", lambda input: input.argmax(axis), {"input": x}, {"axis": axis})
        fixture.case(f"argmin.{label}", lambda input: input.argmin(axis), {"input": x}, {"axis": axis})
        for largest in (True, False):
            name = f"topK.{label}{'' if largest else 'Smallest'}"
            attributes = {"axis": axis, "count": 3, "largest": largest}
            fixture.case(name, lambda input: order(input.topk(3, axis, largest)), {"input": x}, attributes)
    # Equal elements keep their order.
    ties = torch.tensor([[2.0, 1.0, 2.0, 1.0, 0.0]])
    attributes = {"axis": 1, "descending": False, "stable": True}
    fixture.case("sort.stable", lambda input: order(torch.sort(input, dim=1, stable=True)), {"input": ties}, attributes)
    integers = fixture.random("sort.int64").permutation(9) - 4
    fixture.case("sort.int64", lambda input: order(input.sort(0)), {"input": integers}, {"axis": 0, "descending": False})
    # The first of equal extremes.
    fixture.case("argmax.ties", lambda input: input.argmax(1), {"input": torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])}, {"axis": 1})
