"""The benchmark rows in JAX (channels last). `build` gives a function that does one step and returns a number."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy
from jax import lax

import workloads as work


class Scope:
    """Parameters and running statistics by name. With a generator it makes them as the network asks for them."""

    def __init__(self, parameters=None, statistics=None, random=None):
        self.parameters, self.statistics, self.random = parameters or {}, statistics or {}, random

    def parameter(self, name, shape, scale=None, value=0.0):
        if self.random is not None and name not in self.parameters:
            drawn = value if scale is None else scale * self.random.standard_normal(shape)
            self.parameters[name] = numpy.full(shape, drawn, numpy.float32) if scale is None else drawn.astype(numpy.float32)
        return self.parameters[name]

    def dense(self, name, x, outputs):
        inputs = x.shape[-1]
        weight = self.parameter(f"{name}.weight", (inputs, outputs), (1 / inputs) ** 0.5)
        return x @ weight + self.parameter(f"{name}.bias", (outputs,))

    def convolution(self, name, x, outputs, kernel, stride=1, bias=False):
        inputs = x.shape[-1]
        weight = self.parameter(f"{name}.weight", (kernel, kernel, inputs, outputs), (2 / (inputs * kernel**2)) ** 0.5)
        y = convolve(x, weight, stride)
        return y + self.parameter(f"{name}.bias", (outputs,)) if bias else y

    def depthwise(self, name, x, kernel, stride):
        channels = x.shape[-1]
        weight = self.parameter(f"{name}.weight", (kernel, kernel, 1, channels), (2 / kernel**2) ** 0.5)
        return convolve(x, weight, stride, channels)

    def batch_norm(self, name, x):
        channels = x.shape[-1]
        weight = self.parameter(f"{name}.weight", (channels,), value=1.0)
        bias = self.parameter(f"{name}.bias", (channels,))
        y, mean, variance = normalize(x, weight, bias)
        count = x.size // channels
        for key, start, value in (("mean", 0.0, mean), ("variance", 1.0, variance * count / (count - 1))):
            old = self.statistics.get(f"{name}.{key}", numpy.full(channels, start, numpy.float32))
            self.statistics[f"{name}.{key}"] = old if self.random is not None else 0.9 * old + 0.1 * lax.stop_gradient(value)
        return y

    def layer_norm(self, name, x):
        weight = self.parameter(f"{name}.weight", x.shape[-1:], value=1.0)
        centred = x - x.mean(-1, keepdims=True)
        scale = lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-5)
        return centred * scale * weight + self.parameter(f"{name}.bias", x.shape[-1:])


def convolve(x, weight, stride=1, groups=1):
    margin = weight.shape[0] // 2
    return lax.conv_general_dilated(
        x,
        weight,
        (stride, stride),
        [(margin, margin)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )


def normalize(x, weight, bias):
    mean = x.mean((0, 1, 2))
    variance = jnp.square(x - mean).mean((0, 1, 2))
    return (x - mean) * (lax.rsqrt(variance + 1e-5) * weight) + bias, mean, variance


def relu6(x):
    return jnp.clip(x, 0, 6)


def pool(x):
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).max((2, 4))


def mlp(scope, x, widths):
    for index, outputs in enumerate(widths[1:]):
        x = scope.dense(f"{index}", x, outputs)
        if index + 2 < len(widths):
            x = jax.nn.relu(x)
    return x


def cnn(scope, x):
    x = pool(jax.nn.relu(scope.convolution("conv1", x, 32, 3, bias=True)))
    x = pool(jax.nn.relu(scope.convolution("conv2", x, 64, 3, bias=True)))
    x = jax.nn.relu(scope.dense("dense1", x.reshape(x.shape[0], -1), 128))
    return scope.dense("dense2", x, work.CLASSES)


def resnet20(scope, x, folded=False):
    def unit(name, x, outputs, kernel, stride=1):
        y = scope.convolution(name, x, outputs, kernel, stride, bias=folded)
        return y if folded else scope.batch_norm(f"{name}.norm", y)

    x = jax.nn.relu(unit("stem", x, 16, 3))
    for stage, width in enumerate((16, 32, 64)):
        for position in range(3):
            stride = 2 if stage > 0 and position == 0 else 1
            name = f"{stage}.{position}"
            y = jax.nn.relu(unit(f"{name}.conv1", x, width, 3, stride))
            y = unit(f"{name}.conv2", y, width, 3)
            shortcut = x if x.shape == y.shape else unit(f"{name}.shortcut", x, width, 1, stride)
            x = jax.nn.relu(y + shortcut)
    return scope.dense("head", x.mean((1, 2)), work.CLASSES)


def mbconv(scope, x):
    x = relu6(scope.batch_norm("stem.norm", scope.convolution("stem", x, 16, 3)))
    for index, (inputs, outputs, stride) in enumerate(work.MBCONV_BLOCKS):
        y = scope.convolution(f"{index}.expand", x, inputs * work.EXPANSION, 1)
        y = relu6(scope.batch_norm(f"{index}.norm1", y))
        y = relu6(scope.batch_norm(f"{index}.norm2", scope.depthwise(f"{index}.depthwise", y, work.KERNEL, stride)))
        y = scope.batch_norm(f"{index}.norm3", scope.convolution(f"{index}.project", y, outputs, 1))
        x = x + y if x.shape == y.shape else y
    return scope.dense("head", x.mean((1, 2)), work.CLASSES)


def supernet(scope, x, subnet):
    def norm(name, x, full):
        weight = scope.parameter(f"{name}.weight", (full,), value=1.0)
        channels = x.shape[-1]
        return normalize(x, weight[:channels], scope.parameter(f"{name}.bias", (full,))[:channels])[0]

    x = relu6(norm("stem.norm", scope.convolution("stem", x, 16, 3), 16))
    for number, expansion, kernel in subnet:
        inputs, outputs, stride = work.MBCONV_BLOCKS[number]
        full, inner, margin = inputs * work.EXPANSION, inputs * expansion, (work.KERNEL - kernel) // 2
        weight = scope.parameter(f"{number}.expand", (1, 1, inputs, full), (2 / inputs) ** 0.5)
        y = relu6(norm(f"{number}.norm1", convolve(x, weight[..., :inner]), full))
        weight = scope.parameter(f"{number}.depthwise", (work.KERNEL, work.KERNEL, 1, full), (2 / work.KERNEL**2) ** 0.5)
        window = weight[margin : margin + kernel, margin : margin + kernel, :, :inner]
        y = relu6(norm(f"{number}.norm2", convolve(y, window, stride, inner), full))
        weight = scope.parameter(f"{number}.project", (1, 1, full, outputs), (2 / full) ** 0.5)
        y = norm(f"{number}.norm3", convolve(y, weight[:, :, :inner]), outputs)
        x = x + y if x.shape == y.shape else y
    return scope.dense("head", x.mean((1, 2)), work.CLASSES)


def transformer(scope, tokens):
    x = scope.parameter("embedding", (work.VOCABULARY, work.WIDTH), 1.0)[tokens]
    x = x + scope.parameter("positions", (work.POSITIONS, work.WIDTH), 0.02)
    batch, positions, width = x.shape
    for block in range(work.BLOCKS):
        heads = scope.dense(f"{block}.projections", scope.layer_norm(f"{block}.norm1", x), 3 * width)
        query, key, value = jnp.moveaxis(heads.reshape(batch, positions, 3, work.HEADS, -1), 2, 0)
        scores = jnp.einsum("bqhd,bkhd->bhqk", query, key) * (width // work.HEADS) ** -0.5
        attended = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores, -1), value).reshape(x.shape)
        x = x + scope.dense(f"{block}.output", attended, width)
        y = scope.dense(f"{block}.wide", scope.layer_norm(f"{block}.norm2", x), work.FEED_FORWARD)
        x = x + scope.dense(f"{block}.narrow", jax.nn.gelu(y, approximate=False), width)
    return scope.dense("head", scope.layer_norm("norm", x), work.VOCABULARY).reshape(-1, work.VOCABULARY)


def graph_network(scope, x, rows, columns, values):
    def propagate(x):
        return jax.ops.segment_sum(values[:, None] * x[columns], rows, work.NODES, indices_are_sorted=True)

    x = jax.nn.relu(propagate(scope.dense("first", x, work.HIDDEN)))
    return propagate(scope.dense("second", x, work.NODE_CLASSES))


def initial(network, *arguments):
    """Parameters and statistics that the network asks for, without computing anything else."""
    scope = Scope(random=work.generator())
    jax.eval_shape(lambda: network(scope, *arguments))
    return scope.parameters, scope.statistics


def cross_entropy(logits, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean()


def loss_of(network):
    def loss(parameters, statistics, x, labels, *others):
        scope = Scope(parameters, dict(statistics))
        return cross_entropy(network(scope, x, *others), labels), scope.statistics

    return jax.value_and_grad(loss, has_aux=True)


def momentum_update(parameters, gradients, velocity):
    velocity = jax.tree.map(lambda v, g: work.MOMENTUM * v + g, velocity, gradients)
    return jax.tree.map(lambda p, v: p - work.LEARNING_RATE * v, parameters, velocity), velocity


def adam_update(parameters, gradients, state, rate):
    first, second, count = state
    count = count + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    scale, root = rate / (1 - 0.9**count), 1 / jnp.sqrt(1 - 0.999**count)
    parameters = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) * root + 1e-8), parameters, first, second)
    return parameters, (first, second, count)


def training(row, network, x, labels, *others):
    parameters, statistics = jax.tree.map(jnp.asarray, initial(network, x, *others))
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    rate = work.ADAM.get(row)
    state = (zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.float32(0)) if rate else zeros
    gradient = loss_of(network)

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def update(parameters, statistics, state, x, labels, *others):
        (value, statistics), gradients = gradient(parameters, statistics, x, labels, *others)
        if rate:
            parameters, state = adam_update(parameters, gradients, state, rate)
        else:
            parameters, state = momentum_update(parameters, gradients, state)
        return value, parameters, statistics, state

    held = [parameters, statistics, state]
    inputs = [jnp.asarray(array) for array in (x, labels, *others)]

    def step():
        value, *held[:] = update(*held, *inputs)
        return float(value)

    return step


def supernet_step():
    x, labels = map(jnp.asarray, work.classification("supernet-fresh"))
    largest = tuple((block, max(work.SUPERNET_EXPANSIONS), max(work.SUPERNET_KERNELS)) for block in range(len(work.MBCONV_BLOCKS)))
    parameters = jax.tree.map(jnp.asarray, initial(supernet, x, largest)[0])
    held = [parameters, jax.tree.map(jnp.zeros_like, parameters)]
    subnets = work.subnets()

    # The subnet is part of the program: a new one is compiled anew.
    @partial(jax.jit, static_argnums=2, donate_argnums=(0, 1))
    def update(parameters, velocity, subnet, x, labels):
        gradient = loss_of(lambda scope, x: supernet(scope, x, subnet))
        (value, _), gradients = gradient(parameters, {}, x, labels)
        return value, *momentum_update(parameters, gradients, velocity)

    def step():
        value, *held[:] = update(*held, next(subnets), x, labels)
        return float(value)

    return step


def inference(function, *arguments):
    evaluate = jax.jit(function)
    arguments = jax.tree.map(jnp.asarray, arguments)

    def step():
        return float(numpy.asarray(evaluate(*arguments)).flat[0])

    return step


def retrieve(state, patterns):
    for _ in range(work.UPDATES):
        state = jax.nn.softmax(work.BETA * (state @ patterns.T), -1) @ patterns
    return state


def small_operations(x, y):
    for _ in range(work.SMALL_OPERATIONS_ROUNDS):
        x = jnp.tanh(x * 1.01 + y)
        x = x - x.mean()
    return x


def build(row):
    if row in work.MLP_WIDTHS:
        return training(row, partial(mlp, widths=work.MLP_WIDTHS[row]), *work.classification(row))
    if row in {"cnn", "resnet20", "mbconv"}:
        return training(row, {"cnn": cnn, "resnet20": resnet20, "mbconv": mbconv}[row], *work.classification(row))
    if row == "transformer":
        tokens, targets = work.tokens()
        return training(row, transformer, tokens, targets.flatten())
    if row == "gcn":
        rows, columns, values, x, labels = work.graph()
        return training(row, graph_network, x, labels, rows, columns, values)
    if row.startswith("resnet20-infer"):
        x, _ = work.classification(row)
        network = partial(resnet20, folded=True)
        parameters, _ = initial(network, x)
        return inference(lambda parameters, x: network(Scope(parameters), x), parameters, x)
    if row == "hopfield":
        return inference(retrieve, *work.associations())
    if row == "product":
        return inference(jnp.matmul, *work.factors())
    if row == "small-ops":
        random = work.generator()
        return inference(small_operations, *(work.floats(random, work.SMALL_OPERATIONS_LENGTH) for _ in range(2)))
    return supernet_step()
