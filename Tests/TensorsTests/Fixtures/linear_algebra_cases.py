"""Matrix products, einsum, decompositions and solves."""

import torch


def add(fixture):
    add_products(fixture)
    add_einsum(fixture)
    add_decompositions(fixture)
    add_solves(fixture)


def add_products(fixture):
    # name: (left shape, right shape, whether the last two axes of each are exchanged first)
    cases = {
        "plain": ((3, 4), (4, 5), False, False),
        "leftTransposed": ((4, 3), (4, 5), True, False),
        "rightTransposed": ((3, 4), (5, 4), False, True),
        "bothTransposed": ((4, 3), (5, 4), True, True),
        "batched": ((2, 3, 4), (2, 4, 2), False, False),
        "batchedRightTransposed": ((2, 3, 4), (2, 5, 4), False, True),
        "batchedLeftTransposed": ((2, 4, 3), (2, 4, 5), True, False),
        "sharedRight": ((2, 3, 4), (4, 5), False, False),
        "broadcastBatch": ((2, 1, 3, 4), (3, 4, 2), False, False),
        "inner": ((4,), (4,), False, False),
        "matrixVector": ((3, 4), (4,), False, False),
        "vectorMatrix": ((4,), (4, 5), False, False),
        "emptyInner": ((3, 0), (0, 2), False, False),
    }
    for case, (left, right, turn_left, turn_right) in cases.items():
        random = fixture.random(f"matmul.{case}")
        fixture.case(
            f"matmul.{case}",
            lambda left, right: (left.mT if turn_left else left) @ (right.mT if turn_right else right),
            {"left": random.normal(*left), "right": random.normal(*right)},
            {"leftTransposed": turn_left, "rightTransposed": turn_right},
            second=case == "batched",
        )


def add_einsum(fixture):
    cases = {
        "matrixProduct": ("ij,jk->ik", [(3, 4), (4, 2)]),
        "batchedAttention": ("bqhd,bkhd->bhqk", [(2, 3, 2, 4), (2, 3, 2, 4)]),
        "outer": ("i,j->ij", [(3,), (4,)]),
        "trace": ("ii->", [(4, 4)]),
        "diagonal": ("bii->bi", [(2, 3, 3)]),
        "transpose": ("ijk->kij", [(2, 3, 4)]),
        "sumOverOne": ("ij->j", [(3, 4)]),
        "bilinear": ("bi,oij,bj->bo", [(2, 3), (2, 3, 4), (2, 4)]),
        "ellipsis": ("...ij,...jk->...ik", [(2, 2, 3), (2, 3, 2)]),
        "hadamard": ("ij,ij->ij", [(3, 2), (3, 2)]),
        "sumBothFree": ("ij,kl->il", [(3, 2), (2, 4)]),
    }
    for case, (equation, shapes) in cases.items():
        random = fixture.random(f"einsum.{case}")
        inputs = {name: random.normal(*shape) for name, shape in zip(("a", "b", "c"), shapes)}
        fixture.case(f"einsum.{case}", lambda *tensors: torch.einsum(equation, *tensors), inputs, {"equation": equation})


def symmetrized(x):
    return (x + x.mT) / 2


def positive_definite(random, *shape):
    x = random.normal(*shape)
    return x @ x.mT / shape[-1] + 0.5 * torch.eye(shape[-1])


def sign_of_largest(vectors):
    """+1 or -1 for each column: the sign of its element of largest magnitude."""
    largest = vectors.abs().argmax(-2, keepdim=True)
    return vectors.gather(-2, largest).sign()


def cholesky(input):
    return torch.linalg.cholesky(symmetrized(input))


def eigh(input):
    values, vectors = torch.linalg.eigh(symmetrized(input))
    return {"values": values, "vectors": vectors * sign_of_largest(vectors)}


def qr(input):
    q, r = torch.linalg.qr(input)
    signs = r.diagonal(dim1=-2, dim2=-1).sign()
    return {"q": q * signs[..., None, :], "r": r * signs[..., :, None]}


def svd(input):
    u, s, vh = torch.linalg.svd(input, full_matrices=False)
    signs = sign_of_largest(u)
    return {"u": u * signs, "s": s, "vh": vh * signs.mT}


def add_decompositions(fixture):
    for case, shape in {"plain": (4, 4), "batched": (2, 3, 3), "one": (1, 1)}.items():
        x = positive_definite(fixture.random(f"cholesky.{case}"), *shape)
        fixture.case(f"cholesky.{case}", cholesky, {"input": x}, {"symmetrized": True})
        x = fixture.random(f"eigh.{case}").normal(*shape)
        fixture.case(f"eigh.{case}", eigh, {"input": x}, {"symmetrized": True, "signs": "largest component of a column positive"})
    for case, shape in {"square": (3, 3), "tall": (5, 3), "batchedTall": (2, 4, 2)}.items():
        x = fixture.random(f"qr.{case}").normal(*shape)
        fixture.case(f"qr.{case}", qr, {"input": x}, {"mode": "reduced", "signs": "diagonal of r positive"})
    for case, shape in {"square": (3, 3), "tall": (5, 3), "wide": (2, 4), "batchedTall": (2, 4, 2)}.items():
        x = fixture.random(f"svd.{case}").normal(*shape)
        attributes = {"mode": "reduced", "signs": "largest component of a column of u positive"}
        fixture.case(f"svd.{case}", svd, {"input": x}, attributes)
        fixture.case(f"singularValues.{case}", torch.linalg.svdvals, {"input": x})


def add_solves(fixture):
    def well_conditioned(random, *shape):
        return random.normal(*shape) + 3 * torch.eye(shape[-1])

    for case, (left, right) in {"vector": ((4, 4), (4,)), "matrix": ((4, 4), (4, 2)), "batched": ((2, 3, 3), (2, 3, 2))}.items():
        random = fixture.random(f"solve.{case}")
        inputs = {"matrix": well_conditioned(random, *left), "right": random.normal(*right)}
        fixture.case(f"solve.{case}", lambda matrix, right: torch.linalg.solve(matrix, right), inputs, second=case == "matrix")
    # name: (matrix shape, right shape, upper, unit diagonal, transposed)
    triangular = {
        "lower": ((4, 4), (4, 2), False, False, False),
        "upper": ((4, 4), (4, 2), True, False, False),
        "lowerUnit": ((3, 3), (3, 2), False, True, False),
        "lowerTransposed": ((3, 3), (3, 2), False, False, True),
        "upperTransposed": ((3, 3), (3, 2), True, False, True),
        "batched": ((2, 3, 3), (2, 3, 2), False, False, False),
    }
    for case, (left, right, upper, unit, transposed) in triangular.items():
        random = fixture.random(f"triangularSolve.{case}")

        # The whole matrix is given, and what lies on the other side of the diagonal must be ignored.
        def solve(matrix, right):
            triangle = matrix.triu() if upper else matrix.tril()
            turned = triangle.mT if transposed else triangle
            return torch.linalg.solve_triangular(turned, right, upper=upper != transposed, unitriangular=unit)

        fixture.case(
            f"triangularSolve.{case}",
            solve,
            {"matrix": well_conditioned(random, *left), "right": random.normal(*right)},
            {"upper": upper, "unitDiagonal": unit, "transposed": transposed},
        )
    random = fixture.random("inverse.plain")
    fixture.case("inverse.plain", lambda matrix: torch.linalg.inv(matrix), {"matrix": well_conditioned(random, 3, 3)})
    random = fixture.random("logDeterminant.plain")
    fixture.case("logDeterminant.plain", lambda matrix: torch.logdet(matrix), {"matrix": positive_definite(random, 2, 3, 3)})
