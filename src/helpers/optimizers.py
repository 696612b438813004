"""Optimizers: from gradients to new parameters, all parameters as one flat vector.

A layer more costs one more copy, not ten more operations, so small networks train fast.
"""

from math import cos, pi

from .backend import array_module


class Optimizer:
    """What all optimizers share: gather the gradients, subtract an update in place.

    Parameters
    ----------
    params : list of arrays
        Changed in place by `step`, and by nothing else.
    learning_rate : float
        May be set at any time, for example by a schedule.
    weight_decay : float
        Each step first multiplies the parameters by ``1 - learning_rate*weight_decay``,
        apart from the gradient (decoupled).

    References
    ----------
    Loshchilov and Hutter (2019), Decoupled weight decay regularization.
    """

    def __init__(self, params, learning_rate: float, weight_decay: float = 0.0):
        self.params = list(params)
        if not self.params:
            raise ValueError("params is empty: there is nothing to train.")
        if not learning_rate >= 0 <= weight_decay:
            raise ValueError(
                f"learning_rate is {learning_rate} and weight_decay is {weight_decay}; "
                "both must be 0 or more."
            )
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.steps = 0

    def step(self, grads):
        """Take one step along `grads`, a list in the order and shapes of the parameters.

        Raises
        ------
        ValueError
            A gradient does not have its parameter's shape.
        """
        grads = list(grads)
        shapes, expected = [g.shape for g in grads], [p.shape for p in self.params]
        if shapes != expected:
            raise ValueError(
                f"The gradients have shapes {shapes}, the parameters {expected}."
            )
        self.steps += 1
        xp, start = array_module(grads[0]), 0
        update = self.update(xp, xp.concatenate([g.reshape(-1) for g in grads]))
        for p in self.params:
            if self.weight_decay:
                p *= 1 - self.learning_rate * self.weight_decay
            p -= update[start : start + p.size].reshape(p.shape)
            start += p.size

    def update(self, xp, grad):
        """Return what to subtract, given all gradients as one vector that may be reused."""
        raise NotImplementedError


class SGD(Optimizer):
    """Stochastic gradient descent: ``p -= learning_rate*g``. Built in lesson 10."""

    def __init__(self, params, learning_rate: float = 0.1, weight_decay: float = 0.0):
        super().__init__(params, learning_rate, weight_decay)

    def update(self, xp, grad):
        """Return the gradient times the learning rate."""
        grad *= self.learning_rate
        return grad


class Momentum(Optimizer):
    """Descent with inertia: ``v = momentum*v + g; p -= learning_rate*v``. Lesson 10.

    References
    ----------
    Sutskever et al. (2013), On the importance of initialization and momentum.
    """

    def __init__(
        self,
        params,
        learning_rate: float = 0.1,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ):
        super().__init__(params, learning_rate, weight_decay)
        self.momentum, self.velocity = momentum, None

    def update(self, xp, grad):
        """Return the velocity times the learning rate."""
        if self.velocity is None:
            self.velocity = xp.zeros_like(grad)
        self.velocity *= self.momentum
        self.velocity += grad
        return self.learning_rate * self.velocity


class Adam(Optimizer):
    """Descent in units of each gradient's own size. Built in lesson 10.

    ``m = b1*m + (1 - b1)*g``, ``v = b2*v + (1 - b2)*g*g``,
    ``p -= learning_rate * m/(1 - b1**t) / (sqrt(v/(1 - b2**t)) + eps)``

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization.
    """

    def __init__(
        self,
        params,
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        super().__init__(params, learning_rate, weight_decay)
        self.betas, self.eps = betas, eps
        self.mean = self.square = None

    def update(self, xp, grad):
        """Return the corrected mean over the root of the corrected mean square."""
        if self.mean is None:
            self.mean, self.square = xp.zeros_like(grad), xp.zeros_like(grad)
        (b1, b2), t = self.betas, self.steps
        self.mean += (1 - b1) * (grad - self.mean)
        grad *= grad
        grad -= self.square
        grad *= 1 - b2
        self.square += grad
        root = xp.sqrt(self.square, out=grad)
        root *= (1 - b2**t) ** -0.5
        root += self.eps
        update = xp.divide(self.mean, root, out=root)
        update *= self.learning_rate / (1 - b1**t)
        return update


def cosine(
    step: int, steps: int, peak: float, warmup: int = 0, floor: float = 0.0
) -> float:
    """Return the learning rate of a step: rise in a line, fall along half a cosine.

    Built in lesson 12.

    Parameters
    ----------
    step, steps : int
        Steps taken so far, and in all.
    peak, floor : float
        Largest and last learning rate.
    warmup : int
        Steps of the rise.

    References
    ----------
    Loshchilov and Hutter (2017), SGDR.
    """
    if not 0 <= warmup < steps:
        raise ValueError(
            f"warmup is {warmup} of {steps} steps; it must be 0 or more, below."
        )
    if step < warmup:
        return peak * (step + 1) / warmup
    part = min((step - warmup) / (steps - warmup), 1.0)
    return floor + (peak - floor) * (1 + cos(pi * part)) / 2
