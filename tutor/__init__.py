"""A chat tutor for generative AI that answers from study notes on the student's own machine."""

__version__ = "0.1.0"
