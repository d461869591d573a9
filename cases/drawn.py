"""The class of conformance cases, and the generator of their inputs."""

from dataclasses import dataclass, field

import torch

torch.set_default_dtype(torch.float64)


@dataclass
class Case:
    loss: str
    name: str
    options: dict
    inputs: dict  # name -> tensor (float64 holding float32-exact values, or int)
    diff: list  # names of the differentiated inputs
    fn: object = None  # inputs -> loss tensor
    error: str | None = None
    rtol: float = 1e-5
    atol: float = 1e-7
    tensors: dict = field(default_factory=dict)
    draws: object = None  # the generator of its upstream gradient, if it is not the common one


class Gen:
    """Draws float32-exact random inputs."""

    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)

    def normal(self, *shape, scale=1.0, shift=0.0):
        x = torch.randn(shape, generator=self.g, dtype=torch.float32) * scale + shift
        return x.double()

    def uniform(self, *shape, lo=0.0, hi=1.0):
        x = torch.rand(shape, generator=self.g, dtype=torch.float32) * (hi - lo) + lo
        return x.double()

    def ints(self, *shape, lo=0, hi=2):
        return torch.randint(lo, hi, shape, generator=self.g, dtype=torch.int64)

    def binary(self, *shape):
        return self.ints(*shape).double()

    def probs(self, *shape, dim):
        p = torch.softmax(self.normal(*shape, scale=2.0), dim).float().double()
        return p

    def ignoring(self, labels, value, share=0.2):
        drop = torch.rand(labels.shape, generator=self.g) < share
        return torch.where(drop, torch.full_like(labels, value), labels)


def reduce(x, reduction):
    if reduction == "mean":
        return x.mean()
    if reduction == "sum":
        return x.sum()
    if reduction == "batch_mean":
        return x.sum() / x.shape[0]
    return x


REDUCTIONS = ["mean", "sum", "none"]
