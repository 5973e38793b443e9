"""The parts of a mail: what of them is text, what is a picture in it, and what is a file beside it."""
