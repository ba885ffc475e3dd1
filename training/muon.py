"""Muon: momentum whose step is made orthogonal, for the matrices inside the layers.

A plain step of a matrix is dominated by a few directions. Five Newton-Schulz iterations push all
singular values of the step towards 1, so that rare directions are learnt as fast as common ones.
"""

import torch


def orthogonalise(steps, iterations=5):
    """steps [matrices, rows, columns] with their singular values pushed towards 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = steps.shape[1] > steps.shape[2]
    x = steps.transpose(1, 2).contiguous() if tall else steps
    x = x / (x.square().sum((1, 2), keepdim=True).sqrt() + 1e-7)
    for _ in range(iterations):
        gram = torch.bmm(x, x.transpose(1, 2))
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """`pieces` of a group: into how many matrices, stacked by rows, each of its weights divides.

    precision: of the iterations' products; torch.bfloat16 is enough for a direction.
    """

    def __init__(self, groups, lr=0.02, momentum=0.95, weight_decay=0.01, precision=torch.float32):
        super().__init__(groups, dict(lr=lr, momentum=momentum, weight_decay=weight_decay,
                                      pieces=1))
        self.precision = precision

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            by_shape = {}  # matrices of one shape go through the iterations together
            for weight in group["params"]:
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                average = state["momentum"]
                average.lerp_(weight.grad, 1 - group["momentum"])
                step = weight.grad.lerp(average, group["momentum"])
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                for part, change in zip(weight.chunk(group["pieces"]), step.chunk(group["pieces"])):
                    by_shape.setdefault(part.shape, []).append((part, change))
            for (rows, columns), pairs in by_shape.items():
                scale = max(1.0, rows / columns) ** 0.5
                changes = torch.stack([change for _, change in pairs]).to(self.precision)
                for (part, _), change in zip(pairs, orthogonalise(changes)):
                    part.add_(change, alpha=-group["lr"] * scale)
