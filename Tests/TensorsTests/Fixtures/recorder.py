"""Collects cases (inputs, outputs, cotangents, gradients, attributes) and writes them as one safetensors file."""

import json
import zlib

import torch
from safetensors import safe_open
from safetensors.torch import save_file


class Random:
    """Random inputs of one case. The stream depends on the case's name alone, so that adding a case changes no other."""

    def __init__(self, name):
        self.generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))

    def normal(self, *shape):
        return torch.randn(shape, generator=self.generator)

    def uniform(self, low, high, *shape):
        return low + (high - low) * torch.rand(shape, generator=self.generator)

    def integers(self, low, high, *shape):
        """Integers in [low, high)."""
        return torch.randint(low, high, shape, generator=self.generator)

    def permutation(self, count):
        return torch.randperm(count, generator=self.generator)

    def away_from(self, kinks, margin, *shape):
        """Normal values pushed at least `margin` away from points where a function has no derivative."""
        values = self.normal(*shape)
        for kink in kinks:
            distance = values - kink
            push = torch.where(distance < 0, -margin, margin)
            values = torch.where(distance.abs() < margin, kink + push, values)
        return values

    def distinct(self, *shape):
        """Values no two of which are closer than 0.05, so that orders and extremes are unambiguous."""
        count = int(torch.tensor(shape).prod())
        steps = self.permutation(count) - count // 2
        return (steps * 0.1 + self.uniform(-0.02, 0.02, count)).reshape(shape)


def named_outputs(result):
    """Gives the outputs of a function names: a dictionary has its own, a single tensor is called `output`."""
    return result if isinstance(result, dict) else {"output": result}


class Fixture:
    def __init__(self, path):
        self.path = path
        self.tensors = {}
        self.cases = {}

    def random(self, name):
        return Random(name)

    def value(self, key, tensor):
        assert key not in self.tensors, key
        self.tensors[key] = tensor.detach().contiguous().clone()

    def case(self, name, function, inputs, attributes=None, *, gradients=None, second=False):
        """Evaluates `function` on the inputs, in their order, and records everything a test needs to repeat it.

        `gradients` names the inputs to differentiate with respect to; by default every floating-point input, if any output
        is differentiable. `second` adds the derivative of the gradients along random directions.
        """
        assert name not in self.cases, name
        inputs = {key: tensor.detach().clone() for key, tensor in inputs.items()}
        wanted = [key for key, tensor in inputs.items() if tensor.dtype == torch.float64] if gradients is None else list(gradients)
        for key in wanted:
            inputs[key].requires_grad_()
        outputs = named_outputs(function(*inputs.values()))
        flowing = {key: tensor for key, tensor in outputs.items() if tensor.requires_grad}
        if not flowing:
            wanted = []

        random = Random(name + "/cotangent")
        cotangents = {key: random.normal(*tensor.shape) for key, tensor in flowing.items()}
        for key, tensor in inputs.items():
            self.value(f"{name}/in.{key}", tensor)
        for key, tensor in outputs.items():
            self.value(f"{name}/out.{key}", tensor)
        description = {"op": name.split(".")[0], "inputs": list(inputs), "outputs": list(outputs)}
        if wanted:
            total = sum((tensor * cotangents[key]).sum() for key, tensor in flowing.items())
            sources = [inputs[key] for key in wanted]
            found = torch.autograd.grad(total, sources, create_graph=second, materialize_grads=True)
            for key, tensor in cotangents.items():
                self.value(f"{name}/cotangent.{key}", tensor)
            for key, tensor in zip(wanted, found):
                self.value(f"{name}/grad.{key}", tensor)
            description["cotangents"] = list(cotangents)
            description["gradients"] = wanted
            if second:
                directions = [random.normal(*source.shape) for source in sources]
                inner = sum((gradient * direction).sum() for gradient, direction in zip(found, directions))
                twice = torch.autograd.grad(inner, sources, materialize_grads=True)
                for key, direction, tensor in zip(wanted, directions, twice):
                    self.value(f"{name}/direction.{key}", direction)
                    self.value(f"{name}/second.{key}", tensor)
        description["second"] = bool(wanted) and second
        description["attributes"] = attributes or {}
        self.cases[name] = description

    def describe(self, name, **description):
        """Records a case whose tensors were stored with `value`."""
        assert name not in self.cases, name
        self.cases[name] = {"op": name.split(".")[0], **description}

    def metadata(self):
        # One key only: the order of several is not fixed by the writer, and the file shall be reproducible byte for byte.
        return {"cases": json.dumps(self.cases, sort_keys=True, separators=(",", ":"))}

    def write(self):
        save_file(self.tensors, self.path, metadata=self.metadata())

    def differences(self, tolerance=1e-9):
        """What the committed file holds that differs from what was just computed, in words."""
        found = []
        with safe_open(self.path, "pt") as file:
            if file.metadata() != self.metadata():
                found.append("the descriptions of the cases differ")
            keys = set(file.keys())
            found += [f"{key} is in one of them only" for key in sorted(keys ^ set(self.tensors))]
            for key in sorted(keys & set(self.tensors)):
                old, new = file.get_tensor(key), self.tensors[key]
                if old.dtype != new.dtype or old.shape != new.shape:
                    found.append(f"{key}: {old.dtype} {tuple(old.shape)} became {new.dtype} {tuple(new.shape)}")
                elif not torch.allclose(old.double(), new.double(), rtol=tolerance, atol=tolerance, equal_nan=True):
                    found.append(f"{key} differs by {(old.double() - new.double()).abs().max().item():.3g}")
        return found
