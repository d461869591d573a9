"""Cases of losses of pictures, which compare neighbouring pixels."""

import torch
import torch.nn.functional as F
from pytorch_msssim import ms_ssim as reference_of_levels
from pytorch_msssim import ssim as reference

from drawn import REDUCTIONS, Case, reduce


def variation(g):
    def total_variation(input, p, r):
        steps = (input.diff(dim=-1), input.diff(dim=-2))
        return reduce(sum((d.abs() ** p).flatten(1).sum(1) for d in steps), r)

    for red in REDUCTIONS:
        for p in (1, 2):
            for shape in ((2, 3, 9, 7), (3, 1, 1, 5), (1, 2, 33, 70)):
                yield Case("total_variation", f"{red}_p{p}_{'x'.join(map(str, shape))}", {"reduction": red, "p": p}, {"input": g.normal(*shape)}, ["input"],
                           lambda input, p=p, r=red: total_variation(input, p, r))
    flat = g.ints(2, 2, 6, 6, hi=3).double()
    yield Case("total_variation", "equal_pixels", {}, {"input": flat}, ["input"], lambda input: total_variation(input, 1, "mean"))
    yield Case("total_variation", "one_pixel", {"reduction": "none"}, {"input": g.normal(2, 3, 1, 1)}, [], lambda input: total_variation(input, 1, "none"))
    yield Case("total_variation", "refuses_p", {"p": 3}, {"input": flat}, [], error="invalid_option")
    yield Case("total_variation", "refuses_rows", {}, {"input": g.normal(4, 5)}, [], error="shape_mismatch")


def windows(g):
    def ssim(input, target, window=11, sigma=1.5, data_range=1.0, padding="valid", r="mean"):
        bell = torch.exp(-((torch.arange(window) - window // 2) ** 2) / (2 * sigma**2))
        bell = bell / bell.sum()
        if padding == "valid":
            # passes the window, since the window that the library makes is float32
            return reduce(1 - reference(input, target, data_range=data_range, size_average=False, win=bell.expand(input.shape[1], 1, 1, window)), r)
        # as in the losses of Gaussian splatting: zeros around the pictures, and the same windows
        bell = bell.outer(bell).expand(input.shape[1], 1, window, window)
        mean = lambda x: F.conv2d(x, bell, padding=window // 2, groups=input.shape[1])
        mx, my = mean(input), mean(target)
        c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
        covariance, variances = mean(input * target) - mx * my, mean(input**2 + target**2) - mx**2 - my**2
        similarity = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (variances + c2))
        return reduce(1 - similarity.flatten(1).mean(1), r)

    both = ["input", "target"]
    for padding in ("valid", "same"):
        for red in REDUCTIONS:
            for shape in ((2, 3, 16, 19), (1, 1, 11, 11), (1, 2, 30, 45)):
                x = g.uniform(*shape)
                t = (x + 0.1 * g.normal(*shape)).float().double()
                yield Case("ssim", f"{padding}_{red}_{'x'.join(map(str, shape))}", {"reduction": red, "padding": padding}, {"input": x, "target": t}, both,
                           lambda input, target, p=padding, r=red: ssim(input, target, padding=p, r=r))
        for window, sigma, data_range in ((3, 0.8, 1.0), (7, 2.5, 255.0), (1, 1.5, 2.0), (17, 4.0, 0.5)):
            x, t = g.uniform(2, 2, 20, 18, hi=data_range), g.uniform(2, 2, 20, 18, hi=data_range)
            yield Case("ssim", f"{padding}_window{window}", {"window": window, "sigma": sigma, "data_range": data_range, "padding": padding}, {"input": x, "target": t}, both,
                       lambda input, target, w=window, s=sigma, d=data_range, p=padding: ssim(input, target, w, s, d, p))
    x = g.uniform(1, 2, 12, 12)
    yield Case("ssim", "opposite", {"data_range": 4.0}, {"input": g.normal(1, 2, 14, 12), "target": -g.normal(1, 2, 14, 12)}, both, lambda input, target: ssim(input, target, data_range=4.0))
    yield Case("ssim", "refuses_small", {}, {"input": g.uniform(1, 1, 10, 30), "target": g.uniform(1, 1, 10, 30)}, [], error="shape_mismatch")
    yield Case("ssim", "refuses_shape", {}, {"input": x, "target": g.uniform(1, 1, 12, 12)}, [], error="shape_mismatch")
    yield Case("ssim", "refuses_even_window", {"window": 8}, {"input": x, "target": x}, [], error="invalid_option")
    yield Case("ssim", "refuses_sigma", {"sigma": 0.0}, {"input": x, "target": x}, [], error="invalid_option")


def levels(g):
    def ms_ssim(input, target, window=11, sigma=1.5, data_range=1.0, r="mean"):
        bell = torch.exp(-((torch.arange(window) - window // 2) ** 2) / (2 * sigma**2))
        bell = (bell / bell.sum()).expand(input.shape[1], 1, 1, window)
        return reduce(1 - reference_of_levels(input, target, data_range=data_range, size_average=False, win=bell), r)

    # pixels with few digits, which compress well
    def alike(*shape, share=0.25, hi=1.0):
        x, own = (g.ints(*shape, hi=257) / 256 * hi for _ in range(2))
        return x, (1 - share) * x + share * own

    both = ["input", "target"]
    for red, shape, of in (("mean", (1, 1, 33, 34), both), ("sum", (1, 2, 35, 33), ["input"]), ("none", (2, 1, 33, 33), ["target"])):
        x, t = alike(*shape)
        yield Case("ms_ssim", f"{red}_{'x'.join(map(str, shape))}", {"reduction": red, "window": 3}, {"input": x, "target": t}, of,
                   lambda input, target, r=red: ms_ssim(input, target, 3, r=r))
    x, t = alike(2, 3, 5, 6)
    yield Case("ms_ssim", "window1", {"window": 1}, {"input": x, "target": t}, both, lambda input, target: ms_ssim(input, target, 1))
    x, t = alike(1, 1, 65, 66, hi=255)
    yield Case("ms_ssim", "window5", {"window": 5, "sigma": 2.0, "data_range": 255.0}, {"input": x, "target": t}, [],
               lambda input, target: ms_ssim(input, target, 5, 2.0, 255.0))
    x, t = (F.interpolate(x, scale_factor=(2, 3)) for x in alike(1, 1, 81, 54))
    yield Case("ms_ssim", "window11", {}, {"input": x, "target": t}, [], ms_ssim)
    # a level without any similarity: autograd's gradient is NaN, and wgloss's is 0
    x = g.ints(1, 2, 33, 33, hi=257) / 256 - 0.5
    t = torch.cat([-x[:, :1], 0.5 * x[:, 1:]], 1)
    yield Case("ms_ssim", "opposite", {"window": 3}, {"input": x, "target": t}, [], lambda input, target: ms_ssim(input, target, 3))
    x = torch.zeros(1, 1, 160, 1)
    yield Case("ms_ssim", "refuses_small", {}, {"input": x, "target": x}, [], error="shape_mismatch")
    yield Case("ms_ssim", "refuses_even_window", {"window": 2}, {"input": x, "target": x}, [], error="invalid_option")
    yield Case("ms_ssim", "refuses_sigma", {"window": 1, "sigma": 0.0}, {"input": x, "target": x}, [], error="invalid_option")


PICTURES = [variation, windows, levels]
