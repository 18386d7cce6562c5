"""The demonstration: a made-up alliance, made by the same actions that people use, and signing in with one click."""
