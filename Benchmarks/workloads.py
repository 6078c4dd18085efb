"""The work of each benchmark row, as far as it does not depend on a framework: shapes, data, random subnets."""

import numpy

ROWS = [
    "mlp-tiny",
    "mlp",
    "cnn",
    "resnet20",
    "mbconv",
    "transformer",
    "gcn",
    "hopfield",
    "resnet20-infer-1",
    "resnet20-infer-128",
    "supernet-fresh",
    "product",
    "small-ops",
]

# Rows whose images may be laid out with channels first or last.
IMAGE_ROWS = {"cnn", "resnet20", "mbconv", "resnet20-infer-1", "resnet20-infer-128", "supernet-fresh"}

CLASSES = 10
SIDE = 2048
MLP_WIDTHS = {"mlp-tiny": [32, 64, 64, 10], "mlp": [784, 512, 512, 10]}
BATCH = {"mlp-tiny": 32, "resnet20-infer-1": 1}
IMAGE = {"cnn": (28, 28, 1)}

# (input channels, output channels, stride)
MBCONV_BLOCKS = [(16, 24, 2), (24, 24, 1), (24, 40, 2), (40, 40, 1), (40, 80, 2), (80, 80, 1)]
EXPANSION, KERNEL = 4, 5
SUPERNET_EXPANSIONS, SUPERNET_KERNELS, SUPERNET_DEPTHS = (2, 3, 4), (3, 5), (1, 2)

VOCABULARY, WIDTH, HEADS, FEED_FORWARD, BLOCKS, SEQUENCES, POSITIONS = 8192, 256, 4, 1024, 4, 16, 128
NODES, EDGES, FEATURES, HIDDEN, NODE_CLASSES = 2708, 10556, 1433, 16, 7
QUERIES, PATTERNS, DIMENSION, BETA, UPDATES = 1024, 4096, 512, 0.05, 3

LEARNING_RATE, MOMENTUM = 0.1, 0.9
ADAM = {"transformer": 1e-3, "gcn": 1e-2}

# Forty rounds of five operations: multiply, add, tanh, mean, subtract.
SMALL_OPERATIONS_ROUNDS, SMALL_OPERATIONS_LENGTH = 40, 64


def generator():
    return numpy.random.default_rng(0)


def floats(random, *shape):
    return random.standard_normal(shape, dtype=numpy.float32)


def classification(row):
    """Inputs (channels last) and integer labels."""
    random = generator()
    batch = BATCH.get(row, 128)
    shape = (MLP_WIDTHS[row][0],) if row in MLP_WIDTHS else IMAGE.get(row, (32, 32, 3))
    return floats(random, batch, *shape), random.integers(0, CLASSES, batch)


def tokens():
    """Token numbers and the numbers to predict, (sequences, positions)."""
    random = generator()
    return random.integers(0, VOCABULARY, (2, SEQUENCES, POSITIONS))


def graph():
    """Sorted rows and columns and the values of a symmetrically normalised adjacency matrix with self-loops; node
    features; labels."""
    random = generator()
    pairs = set()
    while len(pairs) < EDGES // 2:
        a, b = sorted(random.integers(0, NODES, 2).tolist())
        if a != b:
            pairs.add((a, b))
    entries = sorted(pairs | {(b, a) for a, b in pairs} | {(node, node) for node in range(NODES)})
    rows, columns = numpy.array(entries).T
    degrees = numpy.bincount(rows, minlength=NODES).astype(numpy.float32)
    values = 1 / numpy.sqrt(degrees[rows] * degrees[columns])
    return rows, columns, values, floats(random, NODES, FEATURES), random.integers(0, NODE_CLASSES, NODES)


def factors():
    """Two square matrices."""
    random = generator()
    return floats(random, SIDE, SIDE), floats(random, SIDE, SIDE)


def associations():
    """Queries and stored patterns."""
    random = generator()
    return floats(random, QUERIES, DIMENSION), floats(random, PATTERNS, DIMENSION)


def subnets():
    """Endless random subnets of the mbconv network: for each block that takes part, (number, expansion, kernel)."""
    random = generator()
    while True:
        chosen = []
        for stage in range(len(MBCONV_BLOCKS) // 2):
            for position in range(int(random.choice(SUPERNET_DEPTHS))):
                block = 2 * stage + position
                chosen.append((block, int(random.choice(SUPERNET_EXPANSIONS)), int(random.choice(SUPERNET_KERNELS))))
        yield tuple(chosen)
