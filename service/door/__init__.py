"""The door: who knocks (sign-in), what they may do, and how a no is said over HTTP."""
