"""Benchmarks: how fast, in how much memory, against what people use today. Run ``python -m benchmarks``."""
