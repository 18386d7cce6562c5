"""Payment, term, balance, schedule, rate steps and ARM resets: the arithmetic, exact to the cent."""
