"""Did it help, and whom: outcomes, fairness, lending standards and research files, from loan histories."""
