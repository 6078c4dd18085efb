"""Losses and their gradients with respect to every floating-point input named in `gradients`."""

import torch
import torch.nn.functional as F

REDUCTIONS = ("mean", "sum", "none")


def add(fixture):
    add_classification(fixture)
    add_binary(fixture)
    add_regression(fixture)
    add_margins(fixture)
    add_segmentation(fixture)
    add_contrastive(fixture)


def reduced(losses, reduction):
    return {"mean": losses.mean, "sum": losses.sum, "none": lambda: losses}[reduction]()


def add_classification(fixture):
    labels = torch.tensor([2, 0, 4, 1])
    ignoring = torch.tensor([2, -100, 4, -100])
    weights = torch.tensor([1.0, 0.5, 2.0, 0.25, 1.5])
    # name: (labels, label smoothing, class weights)
    options = {
        "plain": (labels, 0.0, None),
        "smoothing": (labels, 0.1, None),
        "ignoring": (ignoring, 0.0, None),
        "ignoringSmoothing": (ignoring, 0.2, None),
        "weighted": (labels, 0.0, weights),
        "weightedSmoothing": (labels, 0.1, weights),
    }
    for case, (targets, smoothing, weight) in options.items():
        for reduction in REDUCTIONS:
            name = f"crossEntropy.{case}{reduction.capitalize()}"
            inputs = {"logits": fixture.random(f"crossEntropy.{case}").normal(4, 5) * 2, "labels": targets}
            if weight is not None:
                inputs["classWeights"] = weight

            # A weighted mean divides by the sum of the weights of the labels, an ignoring one by the number not ignored.
            def loss(logits, labels, classWeights=None):
                return F.cross_entropy(logits, labels, classWeights, label_smoothing=smoothing, reduction=reduction)

            attributes = {"smoothing": smoothing, "ignoredLabel": -100, "reduction": reduction}
            fixture.case(name, loss, inputs, attributes, gradients=["logits"], second=case == "plain" and reduction == "mean")
    for case, smoothing in (("softTargets", 0.0), ("softTargetsSmoothing", 0.1)):
        for reduction in REDUCTIONS:
            random = fixture.random(f"crossEntropy.{case}")
            inputs = {"logits": random.normal(4, 5) * 2, "targets": torch.softmax(random.normal(4, 5), -1)}
            fixture.case(
                f"crossEntropy.{case}{reduction.capitalize()}",
                lambda logits, targets: F.cross_entropy(logits, targets, label_smoothing=smoothing, reduction=reduction),
                inputs,
                {"smoothing": smoothing, "reduction": reduction},
            )
    random = fixture.random("crossEntropy.positions")
    inputs = {"logits": random.normal(2, 3, 4, 5), "labels": random.integers(0, 5, 2, 3, 4)}
    fixture.case(
        "crossEntropy.positions",
        lambda logits, labels: F.cross_entropy(logits.movedim(-1, 1), labels),
        inputs,
        {"smoothing": 0.0, "reduction": "mean", "classAxis": -1},
    )
    for case, targets in (("plain", labels), ("ignoring", ignoring)):
        inputs = {"logProbabilities": torch.log_softmax(fixture.random(f"nll.{case}").normal(4, 5), -1), "labels": targets}
        attributes = {"ignoredLabel": -100, "reduction": "mean"}
        fixture.case(f"negativeLogLikelihood.{case}", lambda inputs, labels: F.nll_loss(inputs, labels), inputs, attributes)


def add_binary(fixture):
    for reduction in REDUCTIONS:
        random = fixture.random("binaryCrossEntropy")
        inputs = {"logits": random.normal(3, 4) * 3, "targets": random.uniform(0, 1, 3, 4)}
        fixture.case(
            f"binaryCrossEntropyWithLogits.{reduction}",
            lambda logits, targets: F.binary_cross_entropy_with_logits(logits, targets, reduction=reduction),
            inputs,
            {"reduction": reduction},
        )
        inputs = {"probabilities": random.uniform(0.05, 0.95, 3, 4), "targets": random.uniform(0, 1, 3, 4)}
        fixture.case(
            f"binaryCrossEntropy.{reduction}",
            lambda probabilities, targets: F.binary_cross_entropy(probabilities, targets, reduction=reduction),
            inputs,
            {"reduction": reduction},
            gradients=["probabilities"],
        )
    inputs = {"logits": torch.tensor([800.0, -800.0, 30.0, -30.0]), "targets": torch.tensor([1.0, 0.0, 0.0, 1.0])}
    fixture.case("binaryCrossEntropyWithLogits.large", F.binary_cross_entropy_with_logits, inputs, {"reduction": "mean"})
    random = fixture.random("binaryCrossEntropyWithLogits.positiveWeight")
    inputs = {"logits": random.normal(3, 4), "targets": random.integers(0, 2, 3, 4).double(), "positiveWeight": random.uniform(0.5, 3, 4)}
    fixture.case(
        "binaryCrossEntropyWithLogits.positiveWeight",
        lambda logits, targets, weight: F.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight),
        inputs,
        {"reduction": "mean"},
        gradients=["logits"],
    )


def add_regression(fixture):
    losses = {
        "meanSquaredError": (F.mse_loss, {}),
        "meanAbsoluteError": (F.l1_loss, {}),
        "huber": (lambda x, y, reduction: F.huber_loss(x, y, delta=0.7, reduction=reduction), {"delta": 0.7}),
        "smoothL1": (lambda x, y, reduction: F.smooth_l1_loss(x, y, beta=0.5, reduction=reduction), {"beta": 0.5}),
    }
    for op, (function, attributes) in losses.items():
        for reduction in REDUCTIONS:
            random = fixture.random(op)
            fixture.case(
                f"{op}.{reduction}",
                lambda predictions, targets: function(predictions, targets, reduction=reduction),
                {"predictions": random.normal(3, 4), "targets": random.normal(3, 4)},
                attributes | {"reduction": reduction},
            )
    # KL(target || model) = sum target (log target - log model). "batchMean" divides the sum by the first extent.
    def divergence(logs, targets, reduction):
        terms = F.kl_div(logs, targets, reduction="none")
        return terms.sum() / len(terms) if reduction == "batchMean" else reduced(terms, reduction)

    for reduction in ("mean", "sum", "none", "batchMean"):
        random = fixture.random("klDivergence")
        inputs = {
            "logProbabilities": torch.log_softmax(random.normal(3, 4), -1),
            "targets": torch.softmax(random.normal(3, 4), -1),
        }
        fixture.case(
            f"klDivergence.{reduction}",
            lambda logs, targets: divergence(logs, targets, reduction),
            inputs,
            {"reduction": reduction, "logTargets": False},
        )
    random = fixture.random("klDivergence.logTargets")
    logs = {name: torch.log_softmax(random.normal(3, 4), -1) for name in ("logProbabilities", "targets")}
    fixture.case(
        "klDivergence.logTargets",
        lambda model, targets: F.kl_div(model, targets, reduction="batchmean", log_target=True),
        logs,
        {"reduction": "batchMean", "logTargets": True},
    )


def add_margins(fixture):
    for power, op in ((1, "hinge"), (2, "squaredHinge")):
        for reduction in REDUCTIONS:
            random = fixture.random(op)
            signs = 1.0 - 2.0 * random.integers(0, 2, 6).double()
            fixture.case(
                f"{op}.{reduction}",
                lambda scores, signs: reduced(torch.relu(1 - signs * scores) ** power, reduction),
                {"scores": random.normal(6) * 1.5, "signs": signs},
                {"margin": 1.0, "reduction": reduction},
                gradients=["scores"],
            )
    for power in (1, 2):
        random = fixture.random(f"multiclassHinge.power{power}")
        # Mean over the batch of sum over wrong classes of max(0, margin - score of label + score)^power / classes.
        fixture.case(
            f"multiclassHinge.power{power}",
            lambda scores, labels: F.multi_margin_loss(scores, labels, p=power, margin=0.8),
            {"scores": random.normal(4, 5), "labels": random.integers(0, 5, 4)},
            {"margin": 0.8, "power": power, "reduction": "mean", "dividedByClasses": True},
        )
    random = fixture.random("tripletMargin.plain")
    fixture.case(
        "tripletMargin.plain",
        lambda anchor, positive, negative: F.triplet_margin_loss(anchor, positive, negative, margin=1.0, eps=0.0),
        {key: random.normal(4, 3) for key in ("anchor", "positive", "negative")},
        {"margin": 1.0, "reduction": "mean"},
    )


def add_segmentation(fixture):
    for reduction in REDUCTIONS:
        random = fixture.random("sigmoidFocal")
        inputs = {"logits": random.normal(3, 4) * 2, "targets": random.integers(0, 2, 3, 4).double()}

        # Lin et al. 2017, equation 5: -alpha_t (1 - p_t)^gamma log p_t.
        def sigmoid_focal(logits, targets):
            p = torch.sigmoid(logits)
            agreement = targets * p + (1 - targets) * (1 - p)
            weight = 0.25 * targets + 0.75 * (1 - targets)
            entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
            return reduced(weight * (1 - agreement) ** 2 * entropy, reduction)

        attributes = {"alpha": 0.25, "gamma": 2.0, "reduction": reduction}
        fixture.case(f"sigmoidFocal.{reduction}", sigmoid_focal, inputs, attributes, gradients=["logits"])
    random = fixture.random("focal.mean")

    def focal(logits, labels):
        log_p = torch.log_softmax(logits, -1).gather(1, labels[:, None])[:, 0]
        return (-((1 - log_p.exp()) ** 1.5) * log_p).mean()

    inputs = {"logits": random.normal(4, 5), "labels": random.integers(0, 5, 4)}
    fixture.case("focal.mean", focal, inputs, {"gamma": 1.5, "reduction": "mean"})

    for squared in (False, True):
        name = f"dice.{'squared' if squared else 'plain'}"
        random = fixture.random(name)
        targets = F.one_hot(random.integers(0, 3, 2, 4, 4), 3).double()

        # One minus the overlap of each image and class, averaged; the squared form is that of Milletari et al. 2016.
        def dice(probabilities, targets):
            overlap = (probabilities * targets).sum((1, 2))
            power = 2 if squared else 1
            total = (probabilities**power).sum((1, 2)) + (targets**power).sum((1, 2))
            return (1 - (2 * overlap + 1.0) / (total + 1.0)).mean()

        inputs = {"probabilities": torch.softmax(random.normal(2, 4, 4, 3), -1), "targets": targets}
        attributes = {"smoothing": 1.0, "squared": squared, "layout": "(batch, height, width, class)", "reduction": "mean"}
        fixture.case(name, dice, inputs, attributes, gradients=["probabilities"])


def add_contrastive(fixture):
    # Rows with equal index belong together; the other rows are the negatives.
    def info_nce(queries, keys, temperature, symmetric):
        scores = F.normalize(queries, dim=-1) @ F.normalize(keys, dim=-1).T / temperature
        matches = torch.arange(len(queries))
        loss = F.cross_entropy(scores, matches)
        return (loss + F.cross_entropy(scores.T, matches)) / 2 if symmetric else loss

    for case, symmetric in (("plain", False), ("symmetric", True)):
        random = fixture.random(f"infoNCE.{case}")
        fixture.case(
            f"infoNCE.{case}",
            lambda queries, keys: info_nce(queries, keys, 0.2, symmetric),
            {"queries": random.normal(4, 3), "keys": random.normal(4, 3)},
            {"temperature": 0.2, "symmetric": symmetric, "normalized": True},
        )

    # Chen et al. 2020 (SimCLR): 2n views, each against the 2n - 1 others.
    def nt_xent(first, second, temperature=0.5):
        views = F.normalize(torch.cat((first, second)), dim=-1)
        scores = (views @ views.T / temperature).fill_diagonal_(-torch.inf)
        count = len(first)
        partners = torch.cat((torch.arange(count, 2 * count), torch.arange(count)))
        return F.cross_entropy(scores, partners)

    random = fixture.random("ntXent.plain")
    fixture.case("ntXent.plain", nt_xent, {"first": random.normal(4, 3), "second": random.normal(4, 3)}, {"temperature": 0.5})

    # Hadsell et al. 2006, without the factor 1/2: d^2 for equal pairs, max(0, margin - d)^2 for the others.
    def pairwise(left, right, same):
        distance = (left - right).square().sum(-1).sqrt()
        return torch.where(same, distance.square(), torch.relu(1.5 - distance).square()).mean()

    random = fixture.random("pairwiseContrastive.plain")
    inputs = {"left": random.normal(6, 3), "right": random.normal(6, 3), "same": random.integers(0, 2, 6).bool()}
    fixture.case("pairwiseContrastive.plain", pairwise, inputs, {"margin": 1.5, "reduction": "mean"})

    random = fixture.random("cosineEmbedding.plain")
    inputs = {"left": random.normal(6, 3), "right": random.normal(6, 3), "signs": 1 - 2 * random.integers(0, 2, 6)}
    fixture.case(
        "cosineEmbedding.plain",
        lambda left, right, signs: F.cosine_embedding_loss(left, right, signs, margin=0.1),
        inputs,
        {"margin": 0.1, "reduction": "mean"},
    )
