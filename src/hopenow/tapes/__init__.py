"""Loan files in: readers for published layouts and for any mapped CSV or Parquet file, with findings."""
