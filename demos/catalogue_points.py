"""The demos on points in the plane."""

from __future__ import annotations

from demos.knobs import Demo, Preset, choice, number

POINT_SETS = ("ring8", "grid25", "moons", "spiral", "gaussian")

GAN_2D = Demo(
    name="gan-2d",
    title="A GAN learns a ring of eight clusters",
    concept="generative adversarial network",
    summary=(
        "A generator turns noise into points, a discriminator tries to tell them from real ones, and each "
        "learns from the other. Watch the clusters being found. Then set d_lr to 0.0001, a tenth of g_lr, "
        "and watch one clump wander about; or set d_lr to 0.005 and g_lr to 0.0005 and see only a few "
        "clusters kept."
    ),
    knobs=(
        choice("data", POINT_SETS, "the points to be learned"),
        choice(
            "loss",
            ("ns", "lsgan", "wgan-gp", "rp"),
            "non-saturating, least squares, Wasserstein, or relativistic pairing with R1 and R2",
        ),
        number("g_lr", 1e-3, 1e-5, 2e-2, "learning rate of the generator"),
        number("d_lr", 1e-3, 1e-5, 2e-2, "learning rate of the discriminator"),
        number("d_steps", 1, 1, 5, "discriminator updates for each generator update"),
        number("noise_dim", 8, 1, 64, "numbers in the noise vector z"),
        number("width", 96, 8, 256, "neurons in each of the two hidden layers of either network"),
        number("batch", 256, 16, 2048, "real points, and generated points, in one update", "points"),
        number("penalty", 0.1, 0.0, 10.0, "weight of the gradient penalty, used by wgan-gp alone"),
        number("gamma", 0.02, 0.0, 10.0, "weight of the penalties R1 and R2, used by rp alone"),
        number("steps", 4000, 0, 20000, "generator updates; 0: as many as the budget allows", "updates"),
    ),
    presets={
        "quick": Preset(15, {"steps": 2500}),
        "normal": Preset(30),
        "long": Preset(90, {"steps": 12000}),
    },
    expected_s=9.0,
    run="demos.gan:run",
    draw="demos.gan_picture:draw",
    notes=("gan", "mode-collapse", "minimax-and-equilibrium", "evaluation-metrics"),
)

MODE_COLLAPSE = Demo(
    name="mode-collapse",
    title="Mode collapse, and a cure beside it",
    concept="mode collapse",
    summary=(
        "Several GANs at once, each from a seed of its own, with a generator that is too fast: most keep only a "
        "few of the eight clusters. Below, the same GANs from the same start, with one cure added. Choose "
        "another cure, or lr_ratio 1 to see whether there is anything to cure."
    ),
    knobs=(
        choice("data", ("ring8", "grid25"), "the points to be learned"),
        choice("cure", ("pacgan", "minibatch-std", "ttur", "r1-r2", "none"), "what the second row changes"),
        number("seeds", 4, 4, 8, "GANs trained at once in each row", "GANs"),
        number("g_lr", 3e-3, 1e-5, 2e-2, "learning rate of the generator; with ttur the other's"),
        number("lr_ratio", 5.0, 0.05, 20.0, "g_lr over d_lr; ttur swaps the two rates"),
        number("gamma", 0.5, 0.0, 10.0, "weight of the penalties R1 and R2, used by r1-r2 alone"),
        number("pac", 2, 1, 4, "points that are judged together, used by pacgan alone", "points"),
        number("noise_dim", 8, 1, 64, "numbers in the noise vector z"),
        number("width", 64, 8, 256, "neurons in each of the two hidden layers of every network"),
        number(
            "batch", 128, 16, 1024, "real points, and generated points, in one update of one GAN", "points"
        ),
        number("steps", 2300, 0, 20000, "generator updates; 0: as many as the budget allows", "updates"),
    ),
    presets={"quick": Preset(14), "normal": Preset(45), "long": Preset(90, {"steps": 4000})},
    expected_s=12.0,
    run="demos.collapse:run",
    draw="demos.collapse_picture:draw",
    notes=("mode-collapse", "minimax-and-equilibrium", "gan", "wgan"),
)

DIFFUSION_2D = Demo(
    name="diffusion-2d",
    title="Noise flows into eight clusters",
    concept="diffusion model",
    summary=(
        "A network learns to undo noise at every strength, then carries pure noise back to data in small "
        "steps. Compare flow matching with DDPM, the linear with the cosine schedule, and few steps with "
        "many."
    ),
    knobs=(
        choice("data", POINT_SETS, "the points to be learned"),
        choice("method", ("flow", "ddpm"), "flow matching, or DDPM with the network predicting the noise"),
        choice("schedule", ("cosine", "linear"), "how fast the noise grows, used by ddpm alone"),
        choice("sampler", ("auto", "euler", "heun", "ddpm", "ddim"), "euler, heun: flow; ddpm, ddim: ddpm"),
        number("t_max", 200, 10, 1000, "noise levels T, used by ddpm alone", "levels"),
        number("nfe", 32, 1, 200, "evaluations of the network for one sample", "evaluations"),
        number("lr", 1e-2, 1e-5, 2e-2, "learning rate"),
        number("width", 128, 16, 256, "neurons in each of the three hidden layers"),
        number("batch", 512, 32, 2048, "points in one update", "points"),
        number("steps", 2000, 0, 20000, "updates; 0: as many as the budget allows", "updates"),
    ),
    presets={"quick": Preset(12, {"steps": 1500}), "normal": Preset(30), "long": Preset(90, {"steps": 8000})},
    expected_s=9.0,
    run="demos.diffusion:run",
    draw="demos.diffusion_picture:draw",
    notes=("diffusion-models", "latent-space", "evaluation-metrics"),
)

DEMOS: tuple[Demo, ...] = (GAN_2D, DIFFUSION_2D, MODE_COLLAPSE)
