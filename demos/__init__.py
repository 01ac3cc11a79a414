"""Demos that train small generative models live, each in a process of its own.

Importing the package loads nothing heavy: the catalogue names each demo's functions, and torch and matplotlib
are loaded only when one of them runs.
"""
