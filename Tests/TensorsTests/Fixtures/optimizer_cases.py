"""Parameters after each step of an optimiser that is fed fixed gradients, or that minimises a fixed function."""

import torch

STEPS = 20
SHAPES = {"weight": (3, 4), "bias": (4,)}


class LAMB:
    """You et al. 2020, algorithm 2, with phi the identity; a layer whose weights or update are all zero uses the ratio 1."""

    def __init__(self, groups, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        self.groups = [{"lr": lr, "weight_decay": weight_decay} | group for group in groups]
        self.betas, self.eps, self.count = betas, eps, 0
        self.moments = {}

    @torch.no_grad()
    def step(self):
        self.count += 1
        first, second = self.betas
        for group in self.groups:
            for x in group["params"]:
                m, v = self.moments.setdefault(x, (torch.zeros_like(x), torch.zeros_like(x)))
                m.mul_(first).add_(x.grad, alpha=1 - first)
                v.mul_(second).addcmul_(x.grad, x.grad, value=1 - second)
                ratio = (m / (1 - first**self.count)) / ((v / (1 - second**self.count)).sqrt() + self.eps)
                update = ratio + group["weight_decay"] * x
                weight_norm, update_norm = x.norm(), update.norm()
                trust = weight_norm / update_norm if weight_norm > 0 and update_norm > 0 else 1.0
                x.sub_(group["lr"] * trust * update)


OPTIMIZERS = {
    "sgd.plain": (torch.optim.SGD, {"lr": 0.1}),
    "sgd.momentum": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "sgd.nesterov": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "sgd.dampening": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    "sgd.weightDecay": (torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.05}),
    "sgd.momentumWeightDecay": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}),
    "sgd.nesterovWeightDecay": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    "adam.plain": (torch.optim.Adam, {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8}),
    "adam.betas": (torch.optim.Adam, {"lr": 0.05, "betas": (0.5, 0.9), "eps": 1e-4}),
    "adam.weightDecay": (torch.optim.Adam, {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1}),
    "adam.amsgrad": (torch.optim.Adam, {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "amsgrad": True}),
    "adamW.plain": (torch.optim.AdamW, {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}),
    "adamW.strongDecay": (torch.optim.AdamW, {"lr": 0.05, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.5}),
    "adamW.selective": (torch.optim.AdamW, {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.5}),
    "rmsprop.plain": (torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.99, "eps": 1e-8}),
    "rmsprop.momentum": (torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 1e-6, "momentum": 0.9}),
    "rmsprop.centered": (torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 1e-6, "centered": True}),
    "rmsprop.weightDecay": (torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 1e-6, "weight_decay": 0.1}),
    "adagrad.plain": (torch.optim.Adagrad, {"lr": 0.1, "eps": 1e-10}),
    "adagrad.options": (
        torch.optim.Adagrad,
        {"lr": 0.1, "eps": 1e-10, "lr_decay": 0.05, "weight_decay": 0.1, "initial_accumulator_value": 0.2},
    ),
    "lamb.plain": (LAMB, {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-6}),
    "lamb.weightDecay": (LAMB, {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-6, "weight_decay": 0.1}),
    "lamb.selective": (LAMB, {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-6, "weight_decay": 0.1}),
}


def add(fixture):
    random = fixture.random("optimizers")
    start = {key: random.normal(*shape) for key, shape in SHAPES.items()}
    # A sum of a trend and noise, so that momentum matters, of different size in each step.
    gradients = {key: random.normal(*shape) + random.normal(STEPS, *shape) * 1.5 for key, shape in SHAPES.items()}
    for key in SHAPES:
        fixture.value(f"start.{key}", start[key])
        fixture.value(f"gradients.{key}", gradients[key])

    for name, (kind, options) in OPTIMIZERS.items():
        record(fixture, name, kind, options, start, gradients)
    options = {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1}
    record(fixture, "adamW.cosine", torch.optim.AdamW, options, start, gradients, schedule=True)
    add_clipping(fixture, gradients)
    add_average(fixture, gradients)
    add_lbfgs(fixture)


def record(fixture, name, kind, options, start, gradients, schedule=False):
    parameters = {key: value.clone().requires_grad_() for key, value in start.items()}
    groups = [{"params": [parameters["weight"]]}, {"params": [parameters["bias"]]}]
    attributes = dict(options)
    if name.endswith("selective"):
        groups[1]["weight_decay"] = 0.0
        attributes["withoutWeightDecay"] = ["bias"]
    optimizer = kind(groups, **options)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS) if schedule else None
    trajectory = {key: [] for key in SHAPES}
    rates = []
    for step in range(STEPS):
        for key, parameter in parameters.items():
            parameter.grad = gradients[key][step].clone()
        if scheduler:
            rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if scheduler:
            scheduler.step()
        for key, parameter in parameters.items():
            trajectory[key].append(parameter.detach().clone())
    for key, values in trajectory.items():
        fixture.value(f"{name}/out.{key}", torch.stack(values))
    if rates:
        fixture.value(f"{name}/rates", torch.tensor(rates))
    fixture.describe(name, outputs=list(SHAPES), attributes=attributes)


def add_clipping(fixture, gradients):
    for limit in (1.0, 100.0):
        parameters = [torch.zeros(shape, requires_grad=True) for shape in SHAPES.values()]
        for parameter, key in zip(parameters, SHAPES):
            parameter.grad = gradients[key][0].clone()
        norm = torch.sqrt(sum(gradients[key][0].square().sum() for key in SHAPES))
        # The exact quotient; torch.nn.utils adds 1e-6 to the norm.
        factor = min(1.0, limit / norm.item())
        name = f"clipByNorm.limit{limit:g}"
        for key in SHAPES:
            fixture.value(f"{name}/out.{key}", gradients[key][0] * factor)
        fixture.value(f"{name}/norm", norm)
        fixture.describe(name, outputs=list(SHAPES), attributes={"limit": limit})
    for key in SHAPES:
        fixture.value(f"clipByValue.limit1/out.{key}", gradients[key][0].clamp(-1, 1))
    fixture.describe("clipByValue.limit1", outputs=list(SHAPES), attributes={"limit": 1.0})


def add_average(fixture, gradients):
    """The exponential moving average of the values `gradients.weight`, starting at the first of them."""
    for decay in (0.9, 0.999):
        average = gradients["weight"][0].clone()
        history = [average.clone()]
        for value in gradients["weight"][1:]:
            average = decay * average + (1 - decay) * value
            history.append(average)
        name = f"movingAverage.decay{decay:g}"
        fixture.value(f"{name}/out.weight", torch.stack(history))
        fixture.describe(name, outputs=["weight"], attributes={"decay": decay})


def add_lbfgs(fixture):
    random = fixture.random("lbfgs")
    root = random.normal(5, 5)
    matrix, linear = root @ root.T / 5 + 0.5 * torch.eye(5), random.normal(5)
    fixture.value("quadratic.matrix", matrix)
    fixture.value("quadratic.linear", linear)
    fixture.value("quadratic.minimum", torch.linalg.solve(matrix, linear))

    def quadratic(x):
        return x @ matrix @ x / 2 - linear @ x

    def rosenbrock(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    cases = {
        "lbfgs.quadratic": (quadratic, torch.zeros(5), {"lr": 1.0, "history_size": 10, "line_search_fn": None}, 12),
        "lbfgs.quadraticShortHistory": (quadratic, torch.zeros(5), {"lr": 1.0, "history_size": 2, "line_search_fn": None}, 12),
        "lbfgs.quadraticWolfe": (quadratic, torch.zeros(5), {"lr": 1.0, "history_size": 10, "line_search_fn": "strong_wolfe"}, 12),
        "lbfgs.rosenbrockWolfe": (
            rosenbrock,
            torch.tensor([-1.2, 1.0, 0.8]),
            {"lr": 1.0, "history_size": 10, "line_search_fn": "strong_wolfe"},
            60,
        ),
    }
    for name, (function, start, options, steps) in cases.items():
        x = start.clone().requires_grad_()
        # One iteration a step; the line search needs a budget of its own, or it never moves.
        optimizer = torch.optim.LBFGS([x], max_iter=1, max_eval=50, tolerance_grad=0.0, tolerance_change=0.0, **options)

        def closure():
            optimizer.zero_grad()
            value = function(x)
            value.backward()
            return value

        points, values = [], []
        for _ in range(steps):
            # At the minimum there is no direction left.
            if torch.autograd.grad(function(x), x)[0].norm() < 1e-7:
                break
            optimizer.step(closure)
            points.append(x.detach().clone())
            values.append(function(x).detach())
        fixture.value(f"{name}/in.start", start)
        fixture.value(f"{name}/out.points", torch.stack(points))
        fixture.value(f"{name}/out.values", torch.stack(values))
        fixture.describe(name, inputs=["start"], outputs=["points", "values"], attributes=options | {"steps": len(points)})
