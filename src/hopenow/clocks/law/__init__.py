"""The rules of the clocks as data: one YAML file per part of the law."""
