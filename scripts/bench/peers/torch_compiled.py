"""The jobs of torch_eager.py through torch.compile: each step is one graph, which inductor makes C++ of."""

import torch

from torch_eager import ACTIVATIONS, BETA1, BETA2, EPSILON, Rollout, Training, generate, layers_of, mlp, returns


def compiled(function):
    return torch.compile(function, fullgraph=True, dynamic=False)


def clipped(gradients, limit):
    """The same as clip_grad_norm_."""
    norm = torch.stack([g.square().sum() for g in gradients]).sum().sqrt()
    factor = torch.clamp(limit / (norm + 1e-6), max=1.0)
    return [g * factor for g in gradients]


def adam(gradient, m, v, corrections, rate):
    """Adam's change of a parameter (Kingma & Ba 2015), and its moments after it."""
    m = BETA1 * m + (1 - BETA1) * gradient
    v = BETA2 * v + (1 - BETA2) * gradient.square()
    of_m, of_root_v = corrections
    return -rate * of_m * m / (v.sqrt() * of_root_v + EPSILON), m, v


def corrections_at(t):
    """Adam's factors of m and of the root of v in step t; made in the graph, they would be made anew for each number."""
    return torch.tensor(1 / (1 - BETA1**t)), torch.tensor((1 - BETA2**t) ** -0.5)


def training_step(job):
    """A function that makes one step in place."""
    activation, dynamics_activation = ACTIVATIONS[job["activation"]], ACTIVATIONS[job["dynamicsActivation"]]
    sizes = job["dynamics"]

    def task_loss(theta, embedding, x, y):
        flat = generate(theta, activation, embedding)[0]
        predicted = mlp(layers_of(flat, sizes), dynamics_activation, x)
        return (predicted - y).square().sum() / sizes[-1]

    def drift(theta, embeddings, targets):
        factor = job["beta"] * job["batch"] / len(embeddings)
        return factor * (generate(theta, activation, embeddings) - targets).square().sum()

    def step(theta, embedding, moments, corrections, x, y, embeddings, targets):
        gradients, embedding_gradient = torch.func.grad(task_loss, argnums=(0, 1))(theta, embedding, x, y)
        rate = job["learningRate"]
        if len(embeddings) > 0:
            ahead = [p + adam(g, m, v, corrections, rate)[0] for p, g, (m, v) in zip(theta, gradients, moments)]
            added = torch.func.grad(drift)(ahead, embeddings, targets)
            gradients = [g + a for g, a in zip(gradients, added)]
        gradients = clipped(gradients, job["clipNorm"]) + clipped([embedding_gradient], job["clipNorm"])
        rates = [rate] * len(theta) + [job["embeddingLearningRate"]]
        for p, g, (m, v), own_rate in zip([*theta, embedding], gradients, moments, rates):
            change, new_m, new_v = adam(g, m, v, corrections, own_rate)
            p.add_(change)
            m.copy_(new_m)
            v.copy_(new_v)

    return step


class CompiledTraining(Training):
    """HyperCRL's minibatch step; earlier tasks go through the hypernetwork in one product."""

    def __init__(self, job, theta, embedding, earlier, data):
        super().__init__(job, theta, embedding, earlier, data)
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in (*theta, embedding)]
        self.count = 0
        self.update = compiled(training_step(job))

    def step(self, rows):
        x = (self.inputs[rows] - self.mean) * self.scale
        theta = [p.detach() for p in self.theta]
        earlier = (self.earlier_embeddings, self.earlier_targets)
        self.count += 1
        corrections = corrections_at(self.count)
        self.update(theta, self.embedding.detach(), self.moments, corrections, x, self.targets[rows], *earlier)


class CompiledRollout(Rollout):
    """The same with all H steps in one graph."""

    def __init__(self, job):
        super().__init__(job)
        self.returns = compiled(returns)

    @torch.no_grad()
    def run(self):
        return self.returns(self.layers, self.normalizer, self.x0, self.actions)
