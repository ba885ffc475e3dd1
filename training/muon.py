"""Muon: momentum whose step is made orthogonal, for the matrices inside the layers.

A plain step of a matrix is dominated by a few directions. Five Newton-Schulz iterations push all
singular values of the step towards 1, so that rare directions are learnt as fast as common ones.
"""

import torch


def orthogonalise(step, iterations=5):
    """step [rows, columns] with its singular values pushed towards 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = step.shape[0] > step.shape[1]
    x = step.t().contiguous() if tall else step
    x = x / (x.norm() + 1e-7)
    for _ in range(iterations):
        gram = x @ x.t()
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.t() if tall else x


class Muon(torch.optim.Optimizer):
    """`pieces` of a group: into how many matrices, stacked by rows, each of its weights divides."""

    def __init__(self, groups, lr=0.02, momentum=0.95, weight_decay=0.01):
        super().__init__(groups, dict(lr=lr, momentum=momentum, weight_decay=weight_decay,
                                      pieces=1))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                average = state["momentum"]
                average.lerp_(weight.grad, 1 - group["momentum"])
                step = weight.grad.lerp(average, group["momentum"])
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                for part, change in zip(weight.chunk(group["pieces"]), step.chunk(group["pieces"])):
                    scale = max(1.0, part.shape[0] / part.shape[1]) ** 0.5
                    part.add_(orthogonalise(change), alpha=-group["lr"] * scale)
