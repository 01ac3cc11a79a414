"""The demos on drawn faces: a face space, and diffusion within it."""

from __future__ import annotations

from demos.knobs import Demo, Preset, choice, number

FACE_VAE = Demo(
    name="face-vae",
    title="A VAE finds a space of faces",
    concept="variational autoencoder",
    summary=(
        "An encoder squeezes each cartoon face into a few numbers z and a decoder draws it again. The space of z "
        "turns out to have axes for hair, smile, age and glasses. Raise beta to 20 and watch smile and age vanish "
        "and most numbers fall idle; lower it to 0.01 and watch new faces from the prior fall apart."
    ),
    knobs=(
        number("beta", 0.1, 0.001, 100.0, "weight of the KL term against the squared error of the pixels"),
        number("latent", 24, 1, 64, "numbers in the code z", "numbers"),
        number("lr", 5e-3, 1e-5, 1.0, "learning rate"),
        number("width", 384, 16, 1024, "neurons in each of the two hidden layers of either network"),
        number("batch", 128, 16, 1024, "faces in one update", "faces"),
        number("steps", 4000, 0, 30000, "updates; 0: as many as the budget allows", "updates"),
        choice("size", ("32", "64"), "side of the pictures in pixels"),
    ),
    presets={
        "quick": Preset(12, {"steps": 1200, "width": 256}),
        "normal": Preset(45),
        "long": Preset(120, {"steps": 16000}),
    },
    expected_s=10.0,
    run="demos.face_vae:run",
    draw="demos.face_vae_picture:draw",
    notes=("vae-and-elbo", "latent-space", "reparameterisation-trick", "kl-divergence"),
)

LATENT_DIFFUSION = Demo(
    name="latent-diffusion",
    title="Diffusion in the space of faces, against diffusion of pixels",
    concept="latent diffusion",
    summary=(
        "A VAE learns a space of faces, then a flow learns where in that space faces lie. With as many "
        "multiplications to spend, a flow on the pixels themselves comes out blurred, and each of its "
        "faces costs many times more. Ask for hair, smile, age and glasses; raise guidance to 4 and see "
        "variety shrink."
    ),
    knobs=(
        number("guidance", 1.0, 0.0, 8.0, "weight w of the wish: 0 ignores it, 1 is plain, more exaggerates"),
        number("nfe", 16, 1, 100, "evaluations of the network for one sample", "evaluations"),
        number(
            "pixel_share", 1.0, 0.0, 4.0, "multiplications for the pixel flow, over those of the latent path"
        ),
        number("latent", 24, 2, 64, "numbers in the code z", "numbers"),
        number("lr", 5e-3, 1e-5, 1.0, "learning rate of the flows"),
        number("width", 256, 16, 1024, "neurons in each of the three hidden layers of the flows"),
        number("batch", 128, 16, 1024, "faces in one update of a flow", "faces"),
        number(
            "steps",
            6000,
            0,
            40000,
            "updates of VAE and latent flow; 0: as many as the budget allows",
            "updates",
        ),
    ),
    presets={
        "quick": Preset(14, {"steps": 1100}),
        "normal": Preset(55),
        "long": Preset(180, {"steps": 20000}),
    },
    expected_s=13.0,
    run="demos.latent_diffusion:run",
    draw="demos.latent_diffusion_picture:draw",
    notes=(
        "latent-diffusion-and-stable-diffusion",
        "latent-space",
        "flow-matching",
        "classifier-free-guidance",
    ),
)

DEMOS: tuple[Demo, ...] = (FACE_VAE, LATENT_DIFFUSION)
