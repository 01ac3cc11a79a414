"""Noise schedules and the ways back to data: Euler and Heun for flows, DDIM and DDPM for noise prediction."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

Network = Callable[[Tensor, Tensor], Tensor]
"""(xt [n, 2], t [n] in 0..1) -> [n, 2]."""


@dataclass(frozen=True)
class Trail:
    """Points on their way from noise to data: points [s, n, 2], and noise levels t [s] from 1 down to 0."""

    points: Tensor
    t: Tensor


def alpha_bars(schedule: str, t_max: int) -> Tensor:
    """alpha_bar [t_max + 1], the share of the data's variance left at each level; alpha_bar[0] = 1.

    alpha_bar_t = prod (1 - beta_s), s = 1..t (arXiv 2006.11239, section 2). linear: beta from 1e-4 to 0.02
    over 1000 levels (same, section 4), times 1000 / T for other T, at most 0.999. cosine: beta_t =
    min(0.999, 1 - f(t) / f(t - 1)), f(t) = cos^2((t / T + 0.008) / 1.008 x pi / 2) (arXiv 2102.09672, eq.
    17).
    """
    if schedule == "linear":
        beta = torch.linspace(1e-4, 0.02, t_max, dtype=torch.float64) * (1000 / t_max)
    else:
        t = torch.arange(t_max + 1, dtype=torch.float64) / t_max
        f = ((t + 0.008) / 1.008 * (math.pi / 2)).cos().square()
        beta = 1 - f[1:] / f[:-1]
    kept = (1 - beta.clamp(max=0.999)).cumprod(dim=0)
    return torch.cat([torch.ones(1, dtype=torch.float64), kept]).float()


def flow_trail(velocity: Network, start: Tensor, nfe: int, sampler: str) -> Trail:
    """Integrates dx/dt = velocity(x, t) from t = 1 (`start` [n, 2], unit noise) to t = 0 in even steps.

    euler: nfe steps of one evaluation each. heun: each step looks ahead and averages two velocities, so nfe
    // 2 steps (at least one, the last one a plain Euler step if nfe is 1).
    """
    heun = sampler == "heun" and nfe > 1
    times = torch.linspace(1, 0, (nfe // 2 if heun else nfe) + 1, device=start.device)
    points = [start]
    for now, then in pairwise(times):
        x = points[-1]
        step = then - now
        v = velocity(x, now.expand(len(x)))
        if heun:
            v = (v + velocity(x + step * v, then.expand(len(x)))) / 2
        points.append(x + step * v)
    return Trail(torch.stack(points), times)


def ddim_step(
    xt: Tensor, eps: Tensor, kept: Tensor, kept_next: Tensor, eta: float, z: Tensor, limit: float = math.inf
) -> Tensor:
    """One move of xt [n, 2] from alpha_bar `kept` to the larger `kept_next` (arXiv 2010.02502, eq. 12 and
    16).

    x0 = (xt - sqrt(1 - kept) eps) / sqrt(kept), held within +-limit, and eps made to agree with it
    sigma = eta sqrt((1 - kept_next) / (1 - kept)) sqrt(1 - kept / kept_next)
    x_next = sqrt(kept_next) x0 + sqrt(1 - kept_next - sigma^2) eps + sigma z

    eta = 0 is DDIM; eta = 1 is DDPM's own step, with the variance of its posterior (arXiv 2006.11239, eq.
    7). Where kept_next = 1 (the last move) sigma is 0: no noise is added. The limit matters near pure
    noise, where the division by sqrt(kept) turns a small error of eps into a large one of x0.
    """
    x0 = ((xt - (1 - kept).sqrt() * eps) / kept.sqrt()).clamp(-limit, limit)
    eps = (xt - kept.sqrt() * x0) / (1 - kept).sqrt()
    sigma = eta * ((1 - kept_next) / (1 - kept)).sqrt() * (1 - kept / kept_next).sqrt()
    straight = (1 - kept_next - sigma.square()).clamp(min=0).sqrt()
    return kept_next.sqrt() * x0 + straight * eps + sigma * z


def ddim_trail(
    noise: Network,
    start: Tensor,
    alpha_bar: Tensor,
    nfe: int,
    eta: float,
    source: torch.Generator,
    limit: float = math.inf,
) -> Trail:
    """Carries `start` [n, 2] from level T to 0 in `nfe` moves (at most T), evenly spaced over the levels.

    `noise` predicts eps; `alpha_bar` [T + 1] starts with 1; `source` gives the noise that eta > 0 adds;
    `limit` bounds each coordinate of the guessed data.
    """
    t_max = len(alpha_bar) - 1
    levels = torch.linspace(t_max, 0, min(nfe, t_max) + 1).round().long().to(start.device)
    points = [start]
    for now, then in pairwise(levels):
        x = points[-1]
        eps = noise(x, (now / t_max).expand(len(x)))
        z = torch.randn(x.shape, generator=source, device=x.device)
        points.append(ddim_step(x, eps, alpha_bar[now], alpha_bar[then], eta, z, limit))
    return Trail(torch.stack(points), levels / t_max)
