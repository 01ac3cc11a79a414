"""How the bundled weights are made: the examples, and the fits that turn them into small corrections of MiniLM."""
