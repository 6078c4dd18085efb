"""The benchmark rows in PyTorch. `build` gives a function that does one step and returns a number.

Written the way that PyTorch runs fastest: activations in place, fused optimisers, folded normalisations for inference.
"""

import warnings

import torch
import torch.nn.functional as F
from torch import nn

import workloads as work


class Shortcut(nn.Sequential):
    def __init__(self, inputs, outputs, stride):
        if inputs == outputs and stride == 1:
            super().__init__()
        else:
            super().__init__(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = Shortcut(inputs, outputs, stride)

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = self.norm2(self.conv2(y))
        y += self.shortcut(x)
        return F.relu(y, inplace=True)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True))
        blocks, inputs = [], 16
        for width, stride in ((16, 1), (32, 2), (64, 2)):
            for position in range(3):
                blocks.append(ResidualBlock(inputs, width, stride if position == 0 else 1))
                inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(64, work.CLASSES)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


def fold_norms(model):
    """Replaces each convolution followed by a normalisation by one convolution."""
    fuse = torch.nn.utils.fusion.fuse_conv_bn_eval
    for module in model.modules():
        if isinstance(module, ResidualBlock):
            module.conv1, module.norm1 = fuse(module.conv1, module.norm1), nn.Identity()
            module.conv2, module.norm2 = fuse(module.conv2, module.norm2), nn.Identity()
        if isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm2d):
            module[0], module[1] = fuse(module[0], module[1]), nn.Identity()
    return model


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        inner = inputs * work.EXPANSION
        self.expand = nn.Conv2d(inputs, inner, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(inner)
        self.depthwise = nn.Conv2d(inner, inner, work.KERNEL, stride, work.KERNEL // 2, groups=inner, bias=False)
        self.norm2 = nn.BatchNorm2d(inner)
        self.project = nn.Conv2d(inner, outputs, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = F.relu6(self.norm1(self.expand(x)), inplace=True)
        y = F.relu6(self.norm2(self.depthwise(y)), inplace=True)
        y = self.norm3(self.project(y))
        return x + y if self.residual else y


class MBConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6(inplace=True))
        self.blocks = nn.Sequential(*[InvertedResidual(*block) for block in work.MBCONV_BLOCKS])
        self.head = nn.Linear(80, work.CLASSES)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


def normalize(x, norm, channels):
    return F.batch_norm(x, None, None, norm.weight[:channels], norm.bias[:channels], training=True)


class Supernet(MBConvNet):
    def forward(self, x, subnet):
        x = F.relu6(normalize(self.stem[0](x), self.stem[1], 16), inplace=True)
        for number, expansion, kernel in subnet:
            block = self.blocks[number]
            inputs, _, stride = work.MBCONV_BLOCKS[number]
            inner, margin = inputs * expansion, (work.KERNEL - kernel) // 2
            y = F.relu6(normalize(F.conv2d(x, block.expand.weight[:inner]), block.norm1, inner), inplace=True)
            window = block.depthwise.weight[:inner, :, margin : margin + kernel, margin : margin + kernel]
            y = F.conv2d(y, window, None, stride, kernel // 2, 1, inner)
            y = F.relu6(normalize(y, block.norm2, inner), inplace=True)
            y = normalize(F.conv2d(y, block.project.weight[:, :inner]), block.norm3, block.norm3.num_features)
            x = x + y if block.residual else y
        return self.head(x.mean((2, 3)))


class TransformerBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(work.WIDTH), nn.LayerNorm(work.WIDTH)
        self.projections = nn.Linear(work.WIDTH, 3 * work.WIDTH)
        self.output = nn.Linear(work.WIDTH, work.WIDTH)
        self.feed_forward = nn.Sequential(
            nn.Linear(work.WIDTH, work.FEED_FORWARD), nn.GELU(), nn.Linear(work.FEED_FORWARD, work.WIDTH)
        )

    def forward(self, x):
        batch, positions, width = x.shape
        heads = self.projections(self.norm1(x)).view(batch, positions, 3, work.HEADS, width // work.HEADS)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(batch, positions, width)
        x = x + self.output(attended)
        return x + self.feed_forward(self.norm2(x))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(work.VOCABULARY, work.WIDTH)
        self.positions = nn.Parameter(torch.randn(work.POSITIONS, work.WIDTH) * 0.02)
        self.blocks = nn.Sequential(*[TransformerBlock() for _ in range(work.BLOCKS)])
        self.norm = nn.LayerNorm(work.WIDTH)
        self.head = nn.Linear(work.WIDTH, work.VOCABULARY)

    def forward(self, tokens):
        x = self.embedding(tokens) + self.positions
        return self.head(self.norm(self.blocks(x))).flatten(0, 1)


class GraphNetwork(nn.Module):
    def __init__(self, adjacency):
        super().__init__()
        self.adjacency = adjacency
        self.first = nn.Linear(work.FEATURES, work.HIDDEN)
        self.second = nn.Linear(work.HIDDEN, work.NODE_CLASSES)

    def forward(self, x):
        x = F.relu(self.adjacency @ self.first(x), inplace=True)
        return self.adjacency @ self.second(x)


def mlp(widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])


def cnn():
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(inplace=True), nn.Linear(128, work.CLASSES)),
    )


def optimizer_for(row, model):
    # The fused updates are the fastest that PyTorch has, but they do not accept parameters that took no part in a step.
    fused = row != "supernet-fresh"
    if row in work.ADAM:
        return torch.optim.Adam(model.parameters(), work.ADAM[row], fused=fused)
    return torch.optim.SGD(model.parameters(), work.LEARNING_RATE, work.MOMENTUM, fused=fused)


def images(row, layout):
    x, labels = work.classification(row)
    x = torch.from_numpy(x)
    if row in work.IMAGE_ROWS:
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=layout)
    return x, torch.from_numpy(labels)


def training(row, model, x, targets, compiled):
    def loss(x, targets):
        return F.cross_entropy(model(x), targets)

    evaluate = torch.compile(loss) if compiled else loss
    optimizer = optimizer_for(row, model)

    def step():
        value = evaluate(x, targets)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        return value.item()

    return step


def inference(function, arguments, compiled):
    evaluate = torch.compile(function) if compiled else function

    @torch.inference_mode()
    def step():
        return evaluate(*arguments).flatten()[0].item()

    return step


def retrieve(state, patterns):
    for _ in range(work.UPDATES):
        state = torch.softmax(work.BETA * (state @ patterns.T), -1) @ patterns
    return state


def small_operations(x, y):
    for _ in range(work.SMALL_OPERATIONS_ROUNDS):
        x = torch.tanh(x * 1.01 + y)
        x = x - x.mean()
    return x


def supernet_step(layout):
    model = Supernet().to(memory_format=layout)
    x, labels = images("supernet-fresh", layout)
    optimizer, subnets = optimizer_for("supernet-fresh", model), work.subnets()

    def step():
        value = F.cross_entropy(model(x, next(subnets)), labels)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        return value.item()

    return step


def build(row, compiled, layout, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layout = torch.channels_last if layout == "channels-last" else torch.contiguous_format
    if row in work.MLP_WIDTHS:
        return training(row, mlp(work.MLP_WIDTHS[row]), *images(row, layout), compiled)
    if row in {"cnn", "resnet20", "mbconv"}:
        model = {"cnn": cnn, "resnet20": ResNet20, "mbconv": MBConvNet}[row]().to(memory_format=layout)
        return training(row, model, *images(row, layout), compiled)
    if row == "transformer":
        tokens, targets = torch.from_numpy(work.tokens())
        return training(row, Transformer(), tokens, targets.flatten(), compiled)
    if row == "gcn":
        rows, columns, values, x, labels = work.graph()
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state")
        torch.sparse.check_sparse_tensor_invariants.disable()
        indices = torch.stack((torch.from_numpy(rows), torch.from_numpy(columns)))
        adjacency = torch.sparse_coo_tensor(indices, torch.from_numpy(values), (work.NODES, work.NODES)).to_sparse_csr()
        return training(row, GraphNetwork(adjacency), torch.from_numpy(x), torch.from_numpy(labels), compiled)
    if row.startswith("resnet20-infer"):
        model = fold_norms(ResNet20().eval()).to(memory_format=layout)
        return inference(model, [images(row, layout)[0]], compiled)
    if row == "hopfield":
        return inference(retrieve, [torch.from_numpy(x) for x in work.associations()], compiled)
    if row == "product":
        return inference(torch.matmul, [torch.from_numpy(x) for x in work.factors()], compiled)
    if row == "small-ops":
        random = work.generator()
        vectors = [torch.from_numpy(work.floats(random, work.SMALL_OPERATIONS_LENGTH)) for _ in range(2)]
        return inference(small_operations, vectors, compiled)
    return supernet_step(layout)
