"""Rules shared by the conventional programs. Fannie Mae and Freddie Mac differ in parameters, not in code."""
