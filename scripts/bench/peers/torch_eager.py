"""HyperCRL's training step and the planner's rollout in eager PyTorch, as published methods write them; see torch_peers.py.

Letters: B batch, N samples, H horizon, X observation, U action, I inputs of the dynamics network, P its weights,
E embedding, T earlier tasks.
"""

import math

import torch
import torch.nn.functional as F

ACTIVATIONS = {"relu": torch.relu, "elu": F.elu, "tanh": torch.tanh}
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def generate(theta, activation, e):
    """Hypernetwork: embeddings [R, E] to weights [R, P]; theta is weight, bias, weight, bias, ..."""
    for i in range(0, len(theta) - 2, 2):
        e = activation(F.linear(e, theta[i], theta[i + 1]))
    return F.linear(e, theta[-2], theta[-1])


def layers_of(flat, sizes):
    """Cuts weights [P] into (weight [in, out], bias [out]) per layer."""
    layers, at = [], 0
    for fan_in, out in zip(sizes, sizes[1:]):
        weight = flat[at : at + fan_in * out].view(fan_in, out)
        at += fan_in * out
        layers.append((weight, flat[at : at + out]))
        at += out
    return layers


def mlp(layers, activation, x):
    """Dynamics network: [B, I] to [B, X]."""
    for weight, bias in layers[:-1]:
        x = activation(torch.addmm(bias, x, weight))
    weight, bias = layers[-1]
    return torch.addmm(bias, x, weight)


def weight_count(sizes):
    return sum((fan_in + 1) * out for fan_in, out in zip(sizes, sizes[1:]))


class Training:
    """HyperCRL's minibatch step with every earlier task in the regulariser."""

    def __init__(self, job, theta, embedding, earlier, data):
        self.job = job
        self.theta = [torch.nn.Parameter(p) for p in theta]
        self.embedding = torch.nn.Parameter(embedding)
        self.earlier_embeddings, self.earlier_targets = earlier
        self.inputs, self.targets, self.mean, self.scale = data
        self.activation = ACTIVATIONS[job["activation"]]
        self.dynamics_activation = ACTIVATIONS[job["dynamicsActivation"]]
        self.optimizer = torch.optim.Adam(self.theta, lr=job["learningRate"])
        self.embedding_optimizer = torch.optim.Adam([self.embedding], lr=job["embeddingLearningRate"])

    @classmethod
    def random(cls, job):
        """A job of the given sizes on random data."""
        sizes = [job["embedding"], *job["hidden"], weight_count(job["dynamics"])]
        theta = []
        for fan_in, out in zip(sizes, sizes[1:]):
            weight = torch.empty(out, fan_in)
            torch.nn.init.xavier_uniform_(weight)
            theta += [weight, torch.zeros(out)]
        embeddings = torch.randn(job["earlier"], sizes[0])
        with torch.no_grad():
            targets = generate(theta, ACTIVATIONS[job["activation"]], embeddings)
        inputs, outputs = job["dynamics"][0], job["dynamics"][-1]
        data = (torch.randn(1000, inputs), torch.randn(1000, outputs), torch.zeros(inputs), torch.ones(inputs))
        return cls(job, theta, torch.randn(1, sizes[0]), (embeddings, targets), data)

    def run(self):
        for _ in range(self.job["steps"]):
            self.step(torch.randint(len(self.inputs), (self.job["batch"],)))

    def step(self, rows):
        job = self.job
        sizes = job["dynamics"]
        self.optimizer.zero_grad()
        self.embedding_optimizer.zero_grad()
        flat = generate(self.theta, self.activation, self.embedding)[0]
        x = (self.inputs[rows] - self.mean) * self.scale
        predicted = mlp(layers_of(flat, sizes), self.dynamics_activation, x)
        loss = (predicted - self.targets[rows]).square().sum() / sizes[-1]
        loss.backward()
        if len(self.earlier_embeddings) > 0:
            ahead = [p + d for p, d in zip(self.theta, self.look_ahead())]
            factor = job["beta"] * job["batch"] / len(self.earlier_embeddings)
            (factor * self.drift(ahead)).backward()
        torch.nn.utils.clip_grad_norm_(self.theta, job["clipNorm"])
        torch.nn.utils.clip_grad_norm_([self.embedding], job["clipNorm"])
        self.optimizer.step()
        self.embedding_optimizer.step()

    def drift(self, ahead):
        """Squared distance of what is generated for the earlier tasks from their targets."""
        pairs = (
            [(self.earlier_embeddings, self.earlier_targets)]
            if self.job["batchedTasks"]
            else zip(self.earlier_embeddings.split(1), self.earlier_targets.split(1))
        )
        return sum((generate(ahead, self.activation, e) - target).square().sum() for e, target in pairs)

    @torch.no_grad()
    def look_ahead(self):
        """The step that Adam would make with the task loss's gradient alone; not applied."""
        deltas = []
        for p in self.theta:
            state = self.optimizer.state[p]
            t = int(state["step"]) + 1 if state else 1
            m = state["exp_avg"] * BETA1 if state else torch.zeros_like(p)
            v = state["exp_avg_sq"] * BETA2 if state else torch.zeros_like(p)
            m.add_(p.grad, alpha=1 - BETA1)
            v.addcmul_(p.grad, p.grad, value=1 - BETA2)
            v.sqrt_().div_(math.sqrt(1 - BETA2**t)).add_(EPSILON)
            deltas.append(m.div_(v).mul_(-self.job["learningRate"] / (1 - BETA1**t)))
        return deltas


PUSH_GOAL = (0.07, -0.08, 0.07, 0.08, 0.23, -0.08, 0.23, 0.08)


def push_reward(x, u):
    """Reward [N, H] of the first push task in states [N, H, X] after actions [N, H, U]."""
    distances = (x[..., 2:10] - torch.tensor(PUSH_GOAL)).unflatten(-1, (4, 2)).norm(dim=-1)
    return (1 - torch.tanh(10 * distances)).sum(-1) - 0.25 * u.norm(dim=-1)


def returns(layers, normalizer, x0, actions):
    """Sums of rewards [N] of actions [N, H, U] from a state [X]."""
    input_mean, input_scale, target_mean, target_std = normalizer
    x = x0.expand(len(actions), -1)
    states = []
    for h in range(actions.shape[1]):
        inputs = (torch.cat([x, actions[:, h]], 1) - input_mean) * input_scale
        x = x + target_mean + target_std * mlp(layers, torch.relu, inputs)
        states.append(x)
    return push_reward(torch.stack(states, 1), actions).sum(1)


class Rollout:
    """Returns of N sequences of H actions, through a network that is given."""

    def __init__(self, job):
        self.layers = layers_of(torch.tensor(job["weights"]), job["dynamics"])
        names = ("inputMean", "inputScale", "targetMean", "targetStd")
        self.normalizer = [torch.tensor(job["normalizer"][name]) for name in names]
        self.x0 = torch.tensor(job["state"])
        # The caller has the horizon first.
        actions = torch.tensor(job["actions"]).view(job["horizon"], job["samples"], -1)
        self.actions = actions.transpose(0, 1).contiguous()

    @torch.no_grad()
    def run(self):
        return returns(self.layers, self.normalizer, self.x0, self.actions)


class Gemm:
    """One 1024 x 1024 x 1024 product."""

    def __init__(self):
        self.a, self.b, self.c = (torch.rand(1024, 1024) for _ in range(3))

    def run(self):
        torch.mm(self.a, self.b, out=self.c)
